"""Driving in a drill: what the simulated company's project is told to drive, and Tieout's sending by the world's time."""

import contextlib
import re
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any

from tieout.app import Tieout
from tieout.errors import InputMissing, SettingsError
from tieout.runtime.consider import consider
from tieout.runtime.dispatch import Dispatcher
from tieout.runtime.lease import LEASE
from tieout.settings import folders_of, limits_of

OVERLAY, TOLD = "driven.toml", "told.toml"
SOONER = (("settle_seconds = 120", "settle_seconds = 20"), ("longest_seconds = 60", "longest_seconds = 5"))
"""What a Tieout that is served is told besides: how soon it looks up what is in doubt, and tries again."""
PORT = 8479
"""Where the simulated systems listen for a Tieout that is served."""
MARK = "@BASE@"
OUTBOX = "outbox/edi"
"""The folder of the project that documents for EDI customers go to."""
TOKEN = "shop-token"  # noqa: S105 - the name of a file
QUIET = 2
"""How many steps in a row without anything to do mean that nothing can be done at this moment."""
WAITING = "select exists (select from command where state in ('queued', 'sending', 'unknown'))"
SENDING = "select exists (select from command where state = 'sending')"


def drive_project(folder: Path, base: str, *, is_served: bool = False) -> None:
    """Let the project in a folder drive the systems that answer at an address; one that drives already is only told the address.

    Where it `is_served`, real time passes while the world's stands still: what is in doubt is looked up sooner, and customers are not
    written to, since a document bears the real time. Raises SettingsError where the project says itself what is driven.
    """
    settings = folder / "tieout.toml"
    text = settings.read_text("utf-8")
    there = address_of(folder)
    if there:
        text = text.replace(f'"{there}/', f'"{base}/')
    else:
        for overlay in (OVERLAY,) if is_served else (OVERLAY, TOLD):
            text = _overlaid(text, files(__package__).joinpath(overlay).read_text("utf-8"), settings).replace(MARK, base)
        for slow, soon in SOONER if is_served else ():
            text = text.replace(slow, soon)
    settings.write_text(text, "utf-8")
    (folder / TOKEN).write_text("simulated\n", "utf-8")
    (folder / OUTBOX).mkdir(parents=True, exist_ok=True)


def address_of(folder: Path) -> str:
    """Where the project in a folder tells the simulated systems things, `http://127.0.0.1:8479`; empty if it tells them nothing.
    Raises InputMissing or SettingsError."""
    erp = _systems(folder).get("erp", {})
    return str(erp.get("options", {}).get("base", "")).removesuffix("/erp") if erp.get("drive") else ""


def tells_customers(folder: Path) -> bool:
    """Whether the project in a folder writes to the X12 customers. Raises InputMissing or SettingsError."""
    return bool(_systems(folder).get("edi", {}).get("drive"))


def _systems(folder: Path) -> dict[str, Any]:
    settings = folder / "tieout.toml"
    try:
        found = tomllib.loads(settings.read_text("utf-8")).get("systems", {})
    except (OSError, UnicodeDecodeError) as bad:
        raise InputMissing(f"{settings} cannot be read: {bad}.", "Name a folder that `tieout drill --company` has made.") from bad
    except tomllib.TOMLDecodeError as bad:
        raise SettingsError(f"{settings} is no TOML: {bad}.", "Correct the line that is named.") from bad
    return found if isinstance(found, dict) else {}


def _overlaid(text: str, overlay: str, settings: Path) -> str:
    """Settings with lines at the head of some tables and tables of their own. Raises SettingsError."""
    heads, _, tables = overlay.partition("# Tables of their own.\n")
    for head, lines in re.findall(r"(?m)^(\[.*\])\n((?:.+\n?)+)", heads):
        if f"\n{head}\n" not in text:
            raise SettingsError(
                f"{settings} has no table {head}.", "A drill that drives wants the simulated company's systems; leave --drive out."
            )
        text = text.replace(f"\n{head}\n", f"\n{head}\n{lines}", 1)
    for head in (line for line in tables.splitlines() if line.startswith("[")):
        if f"\n{head}\n" in text:
            raise SettingsError(
                f"{settings} has a table {head} of its own.", "A drill says itself what is driven: take it out, or leave --drive out."
            )
    return f"{text}\n{tables}"


class Sending:
    """Tieout's outbox at work: a dispatcher that goes by the world's time, as far as time is not the network's."""

    def __init__(self, project: Tieout, lease: timedelta = LEASE) -> None:
        self._project = project
        self._now = datetime.now(UTC)
        self._dispatcher = Dispatcher(
            lambda: project.database.session(writer=True), project.configuration, project.secrets_of,
            limits=limits_of(project.settings), folders=folders_of(project.settings, project.folder), lease=lease, clock=lambda: self._now,
        )  # fmt: skip

    def send(self, now: datetime) -> bool:
        """Decide and send until nothing more can be done at this moment; whether something is left for a later one."""
        quiet, self._now = 0, now
        while quiet < QUIET:
            self._dispatcher.wake()
            wait = self._dispatcher.step(now)
            decided = consider(self._project.connection, self._project.configuration, now)
            if self._dispatcher.held or decided or self._asks(SENDING):
                quiet = 0
                self._dispatcher.wait(wait)
            else:
                quiet += 1
        return self._asks(WAITING)

    def close(self) -> None:
        """End it."""
        self._dispatcher.close()

    def _asks(self, query: str) -> bool:
        ((found,),) = self._project.connection.execute(query).fetchall()
        return bool(found)


@contextlib.contextmanager
def sending(project: Tieout, lease: timedelta = LEASE) -> Iterator[Sending | None]:
    """The sending of an open project, until the block ends; None where it tells nobody anything."""
    if project.configuration.driving is None:
        yield None
        return
    found = Sending(project, lease)
    try:
        yield found
    finally:
        found.close()
