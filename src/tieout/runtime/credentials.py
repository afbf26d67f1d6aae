"""The credentials of systems: where they lie, until when they hold, and how new ones take their place once they were tried."""

import contextlib
import os
import tempfile
from base64 import urlsafe_b64decode
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from tieout.connectors import Secrets, System
from tieout.errors import OperatorError, SettingsError
from tieout.runtime.batch import Connection
from tieout.runtime.reaching import Reached, reach
from tieout.runtime.transport import Transport
from tieout.settings import WEBHOOK_SECRET
from tieout.store.database import fetch, run

TEXT_MAX = 20_000


class Rotation(msgspec.Struct, frozen=True, omit_defaults=True):
    """When credentials were last changed from here, by whom, and until when they hold as that person said; kept in `meta`."""

    at: datetime | None = None
    by: str = ""
    expires: datetime | None = None


class Place(msgspec.Struct, frozen=True):
    """Where one secret lies. `why_not` says why it is not changed from here; empty when it is."""

    name: str
    place: str
    why_not: str = ""


def _none(system: str) -> Secrets:
    return {}


class Access(msgspec.Struct, frozen=True):
    """How systems are reached: their secrets, where these lie by the settings (relative to `folder`), and the folders of those that take
    documents."""

    secrets: Callable[[str], Secrets] = _none
    stated: Mapping[str, Mapping[str, str]] = {}
    folder: Path = Path()
    folders: Mapping[str, Path] = {}

    def reach(self, connection: Connection, system: System, secrets: Secrets | None = None) -> Reached:
        """Ask a system something harmless, with the secrets of today or others. Raises SettingsError when one is missing."""
        with Transport() as transport:
            known = self.secrets(system.name) if secrets is None else secrets
            return reach(connection, system, known, self.folders.get(system.name), transport)

    def expires(self, connection: Connection, system: str) -> datetime | None:
        """Until when the credentials of a system hold, as far as anybody knows."""
        try:
            return expiry(rotation(connection, system), self.secrets(system))
        except SettingsError:
            return rotation(connection, system).expires

    def rotate(
        self, connection: Connection, system: System, new: Mapping[str, str], who: str, expires: datetime | None, now: datetime
    ) -> Reached:
        """Put new secrets in the place of old ones, once the system has answered to them. Raises OperatorError; then nothing was changed."""
        stated, known = self.stated.get(system.name, {}), Rotation(now, who, expires)
        present = self.secrets(system.name)
        return rotate(connection, system.name, stated, self.folder, new, present, lambda them: self.reach(connection, system, them), known)


def places(stated: Mapping[str, str]) -> list[Place]:
    """The secrets of a system by name, as the settings place them; never the secrets."""
    return [Place(name, place, _why_not(name, place)) for name, place in sorted(stated.items())]


def rotation(connection: Connection, system: str) -> Rotation:
    """What is known of the last change."""
    found = fetch(connection, "meta", f"credentials:{system}")
    return msgspec.json.decode(found[0][0], type=Rotation) if found else Rotation()


def expiry(known: Rotation, secrets: Secrets) -> datetime | None:
    """The earliest end: as somebody said, or as a token itself says."""
    ends = [end for end in (known.expires, *map(_own_end, secrets.values())) if end is not None]
    return min(ends, default=None)


def rotate(
    connection: Connection,
    system: str,
    stated: Mapping[str, str],
    folder: Path,
    new: Mapping[str, str],
    present: Secrets,
    try_out: Callable[[Secrets], Reached],
    known: Rotation,
) -> Reached:
    """Try new secrets together with those that stay; only when the system answers do they take the place of the old ones.

    Raises OperatorError, and then nothing was changed. The caller writes down who did it.
    """
    named = {one.name: one for one in places(stated)}
    for name, text in new.items():
        if name not in named or named[name].why_not:
            raise OperatorError(
                f"{name[:60]!r} is not changed from here.", named[name].why_not if name in named else "See the list of its secrets."
            )
        if not text or len(text) > TEXT_MAX or "\0" in text:
            raise OperatorError(f"The new {name} is empty or too long.", f"Write up to {TEXT_MAX:,} characters.")
    if not new:
        raise OperatorError("No new secret was given.", "Fill in at least one.")
    reached = try_out({**present, **new})
    if not reached.well:
        raise OperatorError(
            f"{system} does not answer to the new credentials: {reached.why}", "The old ones are still in use; nothing was changed."
        )
    for name, text in new.items():
        _replace(folder / stated[name].partition(":")[2], text)
    run(connection, "set_meta", f"credentials:{system}", msgspec.json.encode(known).decode())
    return reached


def _why_not(name: str, place: str) -> str:
    kind, _, where = place.partition(":")
    if name.startswith(WEBHOOK_SECRET):
        return (
            "The sender signs with it, so no question of ours can try it. Add the new one beside the old, change it there, then remove the old."
        )
    if kind == "env":
        return f"It lies in the environment variable {where}, which is set where the process is started. Place it in a file to change it here."
    return ""


def _replace(path: Path, text: str) -> None:
    """Write a file whole or not at all, readable by this user alone."""
    try:
        handle, made = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(made).replace(path)
    except OSError as bad:
        with contextlib.suppress(OSError, UnboundLocalError):
            Path(made).unlink()
        raise OperatorError(
            f"{path.name} cannot be written: {bad.strerror}.", "Let this user write there, or change the file by hand."
        ) from bad


def _own_end(text: str) -> datetime | None:
    """The end that a signed token (JWT) states itself; it is not checked, only shown."""
    parts = text.split(".")
    if len(parts) != 3:
        return None
    try:
        claims = msgspec.json.decode(urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)), type=dict[str, object])
        end = claims.get("exp")
        return datetime.fromtimestamp(end, UTC) if isinstance(end, int) else None
    except (ValueError, OverflowError, msgspec.DecodeError):
        return None
