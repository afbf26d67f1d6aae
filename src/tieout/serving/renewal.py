"""Renewal: a process at work takes changed settings, mappings and policy files between two batches, whole or not at all.

Files are taken once they have stood unchanged for a look, so that what somebody is still writing is not read. What does not
validate, or cannot change while a process runs, is refused whole: the roles go on by what they have, the log says why, and
so does a case until the files are good again.
"""

import hashlib
import socket
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path

import msgspec

from tieout.app import Tieout, terms_of
from tieout.errors import SettingsError, TieoutError
from tieout.runtime.looks import REFUSED_FILES, RefusedFiles
from tieout.settings import FILE, Settings, load, secret_at
from tieout.store.database import fetch, run
from tieout.telemetry.logs import LOG, fields, reason_of

LOOK_SECONDS = 1.0
"""Between two looks at the files; what has changed is taken when the next look finds it the same."""


class Renewal:
    """Watches the files of a project at work. `renewed` is called once other terms have been taken."""

    def __init__(self, project: Tieout, renewed: Callable[[], None], environment: dict[str, str]) -> None:
        self.refused = ""
        self._project = project
        self._renewed = renewed
        self._environment = environment
        self._known = self._last = self._digest()
        self._is_told = False
        self._owes_judging = False
        run(project.connection, "forget_meta", REFUSED_FILES)

    def look(self, now: datetime) -> None:
        """See whether the files are others, and take them if they are good. Raises when the database is away; look again then."""
        found, before = self._digest(), self._last
        self._last = found
        if found != self._known and found == before:
            self._take()
            self._known = found
        self._tell(now)
        if self._owes_judging:
            self._project.judge_again()
            self._owes_judging = False

    def _take(self) -> None:
        project = self._project
        try:
            terms = terms_of(load(project.folder), project.folder)
            _refuse_fixed(project.settings, terms.settings)
            for name, table in terms.settings.systems.items():
                for secret, place in table.secrets.items():
                    secret_at(place, f"systems.{name}.secrets.{secret}", project.folder, self._environment)
            project.take(terms)
        except (TieoutError, OSError, UnicodeDecodeError) as bad:
            self.refused = str(bad)
            LOG.error("changed files are not taken", extra=fields(fault=reason_of(bad)))
            return
        self.refused, self._owes_judging = "", True
        self._renewed()
        LOG.info("changed files are taken", extra=fields(policy=[table.version for table in terms.driving.checkpoints.tables]))

    def _tell(self, now: datetime) -> None:
        """Keep what is refused where the next tick makes a case of it; another process may have cleared it meanwhile."""
        connection = self._project.connection
        if self.refused and not fetch(connection, "meta", REFUSED_FILES):
            where = f"{FILE} of {self._project.folder.name} on {socket.gethostname()}"
            run(connection, "set_meta", REFUSED_FILES, msgspec.json.encode(RefusedFiles(where, now, self.refused)).decode())
        elif self._is_told and not self.refused:
            run(connection, "forget_meta", REFUSED_FILES)
        self._is_told = bool(self.refused)

    def _digest(self) -> str:
        """What the files of the project hold, those it names now and those it went by until now."""
        folder = self._project.folder
        made = hashlib.sha256()
        for path in sorted({folder / FILE, *(folder / name for name in _named(self._project.settings)), *self._newly_named()}):
            made.update(f"\0{path}\0".encode() + _bytes(path))
        return made.hexdigest()

    def _newly_named(self) -> Iterable[Path]:
        """Files that `tieout.toml` names as it is now; none while it does not validate."""
        try:
            return [self._project.folder / name for name in _named(load(self._project.folder))]
        except (TieoutError, OSError):
            return []


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _named(settings: Settings) -> list[str]:
    """The files that settings name."""
    tables = [*settings.policy.files.values(), settings.work.files]
    return [table.mapping for table in settings.systems.values() if table.mapping] + [name for names in tables for name in names]


def _refuse_fixed(before: Settings, after: Settings) -> None:
    """What a process cannot change while it runs. Raises SettingsError."""
    was, wanted = _fixed(before), _fixed(after)
    changed = sorted(key for key in was.keys() | wanted.keys() if was.get(key) != wanted.get(key))
    if changed:
        raise SettingsError(f"{FILE}: {', '.join(changed)} cannot change while this runs.", "Start it again, or take that change back.")


def _fixed(settings: Settings) -> dict[str, object]:
    """By key what was set up when the process started: where it stores, who may sign in how, which systems it has and asks for news."""
    project = settings.project
    made: dict[str, object] = {f"project.{key}": getattr(project, key) for key in ("database", "schema", "log_level", "clock", "switches")}
    made["sign_in"] = settings.sign_in
    for name, table in settings.systems.items():
        made[f"systems.{name}"] = (table.connector, table.role)
        made[f"systems.{name}.poll_seconds"] = table.poll_seconds is None
    made["systems.drive"] = any(table.drive or table.stand_in for table in settings.systems.values())
    return made
