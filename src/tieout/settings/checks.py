"""What settings have to keep to, besides their types. Every error names file, key and rule."""

import difflib
import ipaddress
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tieout.core.facts.kinds import KINDS
from tieout.errors import SettingsError
from tieout.flows import accounts
from tieout.policy.project import WaitTable
from tieout.settings.folder import Folder
from tieout.settings.tables import LOG_LEVELS, WEBHOOK_SECRET, WEBHOOKS, DeadlineTable, Settings, SignInTable, ToleranceTable

SECRET_PLACE = re.compile(r"env:[A-Za-z_][A-Za-z0-9_]{0,99}|file:[^\0]{1,500}")
POLL_SECONDS_MAX = 7 * 24 * 3600
CONCURRENCY_MAX = 64
PEOPLE_ROLES = ("viewer", "analyst", "approver", "engineer", "admin")


def check(settings: Settings, path: Path, folder: Folder) -> None:
    """Raise SettingsError for the first thing that could not work."""
    project = settings.project

    def need(good: bool, what: str, next_step: str) -> None:
        if not good:
            raise SettingsError(f"{path}: {what}.", next_step)

    need(project.log_level in LOG_LEVELS, f"`project.log_level` is {project.log_level!r}", f"Write one of {', '.join(LOG_LEVELS)}.")
    need(
        re.fullmatch(r"[a-z][a-z0-9-]{0,19}", project.environment) is not None,
        f"`project.environment` is {project.environment!r}", "Write a short word, such as prod or test.",
    )  # fmt: skip
    need(project.clock in ("feeds", "wall"), f"`project.clock` is {project.clock!r}", 'Write "feeds" or "wall".')
    need(
        re.fullmatch(r"[a-z_][a-z0-9_]{0,40}", project.schema) is not None,
        f"`project.schema` {project.schema!r} is no plain name", "Use small letters, digits and _.",
    )  # fmt: skip
    zones = [("project.timezone", project.timezone)]
    zones += [(f"systems.{n}.timezone", s.timezone) for n, s in settings.systems.items() if s.timezone]
    zones += [(f"calendars.{n}.timezone", c.timezone) for n, c in settings.calendars.items() if c.timezone]
    for key, zone in zones:
        need(_is_zone(zone), f"`{key}` {zone!r} is no time zone", "Use an IANA name such as America/Chicago.")
    for name, system in settings.systems.items():
        need(re.fullmatch(r"[a-z0-9_-]{1,30}", name) is not None, f"`systems.{name}` is no plain name", "Use a-z, 0-9, _ and -.")
        for kind in (*system.states, *system.ignore):
            need(kind in KINDS, f"`systems.{name}` names the fact type {kind!r}, which does not exist", _near(kind, KINDS))
        need(
            not system.mapping or (folder / system.mapping).is_file(),
            f"`systems.{name}.mapping` {system.mapping!r} is not a file", "The path is relative to tieout.toml.",
        )  # fmt: skip
        for secret, place in system.secrets.items():
            need(
                SECRET_PLACE.fullmatch(place) is not None,
                f"`systems.{name}.secrets.{secret}` does not say where the secret lies",
                f'Write {secret} = "env:NAME" or "file:PATH"; a secret itself stands in no settings file. If it did, change it.',
            )
        need(
            system.poll_seconds is None or 1 <= system.poll_seconds <= POLL_SECONDS_MAX,
            f"`systems.{name}.poll_seconds` is {system.poll_seconds}", f"Write a number from 1 to {POLL_SECONDS_MAX} (a week).",
        )  # fmt: skip
        need(system.webhook in ("", *WEBHOOKS), f"`systems.{name}.webhook` is {system.webhook!r}", f"Write one of {', '.join(WEBHOOKS)}.")
        need(
            not system.webhook or any(secret.startswith(WEBHOOK_SECRET) for secret in system.secrets),
            f"`systems.{name}` takes webhooks and has no secret to check them with",
            f'Add secrets = {{ {WEBHOOK_SECRET} = "env:NAME" }}.',
        )
        for key in ("settle_seconds", "first_seconds", "longest_seconds", "concurrency", "rate", "rate_seconds", "burst"):
            need(getattr(system.sending, key) >= 1, f"`systems.{name}.sending.{key}` is below 1", "Write a whole number from 1.")
        need(system.sending.remembers_hours >= 0, f"`systems.{name}.sending.remembers_hours` is below 0", "Write 0 if it never does.")
        need(
            system.sending.longest_seconds >= system.sending.first_seconds,
            f"`systems.{name}.sending.longest_seconds` is less than `first_seconds`", "Let the waits grow.",
        )  # fmt: skip
        need(
            system.sending.concurrency <= CONCURRENCY_MAX,
            f"`systems.{name}.sending.concurrency` is {system.sending.concurrency}", f"Write at most {CONCURRENCY_MAX}.",
        )  # fmt: skip
    _check_sign_in(settings.sign_in, need)
    names = {a.name for a in accounts().values()} | set(accounts())
    rows: list[tuple[str, ToleranceTable | DeadlineTable | WaitTable]] = [("tolerances", r) for r in settings.tolerances]
    rows += [("deadlines", r) for r in settings.deadlines]
    rows += [("waits", r) for r in settings.waits]
    for table, row in rows:
        need(
            row.account in names | {""},
            f"`{table}` names the account {row.account!r}, which does not exist",
            _near(row.account, names),
        )
        need(row.side in ("", "debit", "credit"), f"`{table}` has side {row.side!r}", "Write debit or credit.")
    for tolerance in settings.tolerances:
        for text in (tolerance.quantity, tolerance.quantity_percent, tolerance.value, tolerance.value_percent):
            need(text is None or _is_limit(text), f"`tolerances` has the limit {text!r}", 'Write a number as text: "0.50".')


def _check_sign_in(table: SignInTable, need: Callable[[bool, str, str], None]) -> None:
    need(
        not table.address or re.fullmatch(r"https?://[a-z0-9.:\[\]-]{1,250}", table.address) is not None,
        f"`sign_in.address` {table.address!r} is no address", 'Write it without a path: "https://tieout.example.com".',
    )  # fmt: skip
    for proxy in table.proxies:
        need(_is_network(proxy), f"`sign_in.proxies` names {proxy!r}", 'Write a network such as "10.0.0.0/8".')
    for role in table.second_factor:
        need(role in PEOPLE_ROLES, f"`sign_in.second_factor` names the role {role!r}", f"The roles are {', '.join(PEOPLE_ROLES)}.")
    need(
        not table.key or SECRET_PLACE.fullmatch(table.key) is not None,
        "`sign_in.key` does not say where the key lies", 'Write key = "env:NAME" or "file:PATH". If it was the key, make another.',
    )  # fmt: skip
    if not table.issuer:
        need(table.passwords, "`sign_in.passwords` is false and there is no `issuer`: nobody could sign in", "Name an issuer or leave it out.")
        need(not table.client and not table.roles, "`sign_in` names a client or roles and no `issuer`", "Name who vouches for people.")
        return
    here = table.issuer.startswith("http://") and _is_loopback(urlsplit(table.issuer).hostname or "")
    need(table.issuer.startswith("https://") or here, f"`sign_in.issuer` {table.issuer!r} is not https", "Use the provider's https address.")
    need(bool(table.client), "`sign_in.issuer` is named without a `client`", "Register Tieout there and name the client id it got.")
    need(
        bool(table.address),
        "`sign_in.issuer` is named without an `address`",
        "Say where browsers reach the console; the provider sends them back there.",
    )
    need(
        not table.secret or SECRET_PLACE.fullmatch(table.secret) is not None,
        "`sign_in.secret` does not say where the secret lies", 'Write secret = "env:NAME" or "file:PATH". If it was the secret, change it.',
    )  # fmt: skip
    need("openid" in table.scope.split(), "`sign_in.scope` lacks `openid`", 'Write scope = "openid profile email", and more if groups need it.')
    need(
        bool(table.roles),
        "`sign_in` lets nobody in: no group has a role",
        'Add [sign_in.roles] with lines such as "tieout-analysts" = ["analyst"].',
    )
    for group, roles in table.roles.items():
        for role in roles:
            need(role in PEOPLE_ROLES, f"`sign_in.roles` gives {group!r} the role {role!r}", f"The roles are {', '.join(PEOPLE_ROLES)}.")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text)
    except ValueError:
        return False
    return True


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _is_limit(text: str) -> bool:
    return re.fullmatch(r"\d{1,15}(\.\d{1,9})?", text) is not None


def _near(word: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(word, list(known), 1)
    return f"Did you mean {near[0]}?" if near else "See docs/reference."
