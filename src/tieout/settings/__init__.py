"""`tieout.toml`: what a project is, which systems speak, and how this company judges. Every error names file, key and rule."""

import difflib
import re
import tomllib
from typing import Any

import msgspec

from tieout.errors import SettingsError
from tieout.policy.project import DelegationTable, PersonTable, PolicyTable, WaitTable
from tieout.policy.work import MailTable, StepTable, TeamTable, WorkTable
from tieout.settings.checks import CONCURRENCY_MAX, PEOPLE_ROLES, POLL_SECONDS_MAX, SECRET_PLACE, check
from tieout.settings.folder import FILE, Folder, Overlay
from tieout.settings.made import driving_of, folders_of, limits_of, policy_of, systems_of, targets_of, work_of
from tieout.settings.secrets import secret_at, secrets_of
from tieout.settings.tables import (
    LOG_LEVELS,
    WEBHOOK_SECRET,
    WEBHOOKS,
    CalendarTable,
    ChannelTable,
    DeadlineTable,
    ProjectTable,
    SendingTable,
    Settings,
    SignInTable,
    SystemTable,
    ToleranceTable,
)

__all__ = [
    "CONCURRENCY_MAX",
    "FILE",
    "LOG_LEVELS",
    "PEOPLE_ROLES",
    "POLL_SECONDS_MAX",
    "SECRET_PLACE",
    "WEBHOOKS",
    "WEBHOOK_SECRET",
    "CalendarTable",
    "ChannelTable",
    "DeadlineTable",
    "Folder",
    "Overlay",
    "ProjectTable",
    "SendingTable",
    "Settings",
    "SignInTable",
    "SystemTable",
    "ToleranceTable",
    "driving_of",
    "folders_of",
    "limits_of",
    "load",
    "policy_of",
    "secret_at",
    "secrets_of",
    "systems_of",
    "targets_of",
    "work_of",
]


def load(folder: Folder) -> Settings:
    """Read and check a project's settings. Raises SettingsError with file, key, rule and next step."""
    path = folder / FILE
    if not path.is_file():
        raise SettingsError(f"There is no {path.name} in {path.parent}.", f"Run `tieout init {path.parent}` to make a project there.")
    try:
        data = tomllib.loads(path.read_text("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as bad:
        raise SettingsError(f"{path} is not valid TOML: {bad}.", "Correct the line it names.") from bad
    try:
        settings = msgspec.convert(data, Settings)
    except msgspec.ValidationError as bad:
        raise SettingsError(f"{path}: {_plain(str(bad), data)}.", "See docs/reference/settings.md.") from bad
    check(settings, path, folder)
    return settings


def _plain(message: str, data: Any) -> str:
    """A validation message in plain words, with a suggestion for a misspelt key."""
    found = re.match(r"Object contains unknown field `(.+?)`(?: - at `\$\.?(.*?)`)?$", message)
    if not found:
        return message.replace(" - at `$.", " at `").replace("Object", "the table")
    name, place = found[1], found[2] or ""
    tables = {"project": ProjectTable, "systems": SystemTable, "channels": ChannelTable, "calendars": CalendarTable,
              "tolerances": ToleranceTable, "deadlines": DeadlineTable, "policy": PolicyTable, "waits": WaitTable,
              "people": PersonTable, "delegations": DelegationTable, "sign_in": SignInTable, "work": WorkTable, "": Settings}  # fmt: skip
    inner = {"sending": SendingTable, "mail": MailTable}.get(place.rpartition(".")[2])
    if place.startswith("work."):
        inner = TeamTable if place.startswith("work.teams.") else StepTable if place.startswith("work.chains.") else inner
    table = inner or tables.get(re.split(r"[.\[]", place)[0], Settings)
    near = difflib.get_close_matches(name, table.__struct_fields__, 1)
    where = f" in `{place}`" if place else ""
    return f"unknown key `{name}`{where}" + (f" (did you mean `{near[0]}`?)" if near else "")
