"""What people say to each other about an exception: comments with mentions, files, watching. None of it changes the exception."""

import hashlib
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from tieout.cases import notices
from tieout.cases.act import lock, write_events
from tieout.cases.item import Locked, Target
from tieout.cases.notices import Notice
from tieout.errors import OperatorError
from tieout.people import audit
from tieout.people.accounts import accounts
from tieout.people.person import Person, Right
from tieout.runtime.batch import Connection
from tieout.store.database import fetch, fetch_by, run

TEXT_MAX = 10_000
FILE_MAX = 10 * 1024 * 1024
FILES_MAX = 20
FILES_SIZE_MAX = 50 * 1024 * 1024
MENTION = re.compile(r"(?<![\w@.])@([a-z0-9][a-z0-9._@+-]{0,99})", re.IGNORECASE)
NAME = re.compile(r"[^\w.,()+ -]")
MEDIA = re.compile(r"[a-z]+/[a-z0-9.+-]{1,100}")


class Event(msgspec.Struct, frozen=True):
    """A step in the life of an exception."""

    id: int
    at: datetime
    event: str
    who: str
    detail: dict[str, Any]


class File(msgspec.Struct, frozen=True):
    """A file put to an exception; `media` is what its sender called it and nothing relies on it."""

    id: int
    at: datetime
    who: str
    name: str
    media: str
    size: int
    hash: str


def comment(connection: Connection, person: Person, work: int, text: str, now: datetime) -> int:
    """Say something about an exception; its number. Who is mentioned and may see it, and who watches it, is told."""
    person.need(Right.COMMENT)
    said = text.replace("\0", "").strip()
    if not 1 <= len(said) <= TEXT_MAX:
        raise OperatorError(f"A comment has 1 to {TEXT_MAX} characters.", "Shorten it, or attach a file.")
    with connection.transaction():
        row = _seen(connection, person, work)
        known = {account.person.login: account for account in accounts(connection) if account.disabled is None}
        wanted = dict.fromkeys(match.rstrip(".-").casefold() for match in MENTION.findall(said))
        mentioned = [login for login in wanted if login in known and _sees(known[login].person, row)]
        (id_,) = write_events(connection, person.login, [(work, None, "commented", {"text": said, "mentions": mentioned})], now)
        watching = {login for (login,) in fetch(connection, "watchers", work)} - {person.login, *mentioned}
        told = [
            Notice(login, "email", f"{person.login} mentioned you", work, f"{row.ref}: {said}") for login in mentioned if login != person.login
        ]
        told += [Notice(login, "email", f"comment by {person.login}", work, f"{row.ref}: {said}") for login in sorted(watching)]
        notices.keep(connection, told, now)
        run(connection, "watch_work", person.login, now, [work])
        audit.write(connection, person, "comment", row.ref, {"event": id_}, now)
    return id_


def watch(connection: Connection, person: Person, works: Sequence[int], now: datetime, *, stop: bool = False) -> None:
    """Watch exceptions, or stop: whoever watches is told what others do with them."""
    person.need(Right.COMMENT)
    with connection.transaction():
        seen = sorted(lock(connection, person, [Target(work) for work in works]))
        if stop:
            run(connection, "unwatch_work", person.login, seen)
        else:
            run(connection, "watch_work", person.login, now, seen)


def attach(connection: Connection, person: Person, work: int, name: str, media: str, raw: bytes, now: datetime) -> int:
    """Put a file to an exception; its number. The same bytes again are the same file. Nothing ever opens what is attached."""
    person.need(Right.COMMENT)
    plain_name = NAME.sub("_", name.rpartition("/")[2].rpartition("\\")[2]).strip(" .")[:200]
    if not plain_name:
        raise OperatorError("The file has no name.", "Give it one of letters and digits.")
    if not 1 <= len(raw) <= FILE_MAX:
        raise OperatorError(f"A file has 1 to {FILE_MAX // 1024 // 1024} MB, this one {len(raw)} bytes.", "Attach a smaller one.")
    with connection.transaction():
        row = _seen(connection, person, work)
        ((many, size),) = fetch(connection, "count_files", work)
        if many >= FILES_MAX or size + len(raw) > FILES_SIZE_MAX:
            raise OperatorError(f"{row.ref} has {many} files of {size} bytes.", f"At most {FILES_MAX} files of 50 MB together are kept.")
        kind = media.lower() if MEDIA.fullmatch(media.lower()) else "application/octet-stream"
        hash_ = hashlib.sha256(raw).digest()
        found = fetch(connection, "insert_file", work, now, person.login, plain_name, kind, len(raw), hash_, raw)
        if not found:
            return next(file.id for file in files(connection, person, work) if file.hash == hash_.hex())
        detail = {"file": found[0][0], "name": plain_name, "size": len(raw), "sha256": hash_.hex()}
        write_events(connection, person.login, [(work, None, "attached", detail)], now)
        audit.write(connection, person, "attach", row.ref, detail, now)
    return int(found[0][0])


def files(connection: Connection, person: Person, work: int) -> list[File]:
    """The files of an exception."""
    _seen(connection, person, work)
    return [File(*row) for row in fetch(connection, "work_files", work)]


def download(connection: Connection, person: Person, file: int) -> tuple[str, bytes]:
    """Name and bytes of a file, for a download and nothing else. Raises OperatorError."""
    found = fetch(connection, "work_file", file)
    if not found:
        raise OperatorError(f"There is no file {file}.", "See the files of the exception.")
    work, name, _, raw, hash_ = found[0]
    _seen(connection, person, work)
    if hashlib.sha256(raw).digest() != bytes(hash_):
        raise OperatorError(f"The file {name} is not what was attached.", "Do not use it; tell an engineer.")
    return name, bytes(raw)


def history(connection: Connection, person: Person, work: int, *, before: int | None = None, limit: int = 100) -> list[Event]:
    """The life of an exception, newest first."""
    _seen(connection, person, work)
    rows = fetch_by(connection, "work_history", work=work, before=before, limit=min(limit, 1000))
    return [Event(id_, at, event, who, msgspec.json.decode(detail)) for id_, at, event, who, detail in rows]


def _seen(connection: Connection, person: Person, work: int) -> Locked:
    """The exception, if this person may see it. Raises OperatorError."""
    with connection.transaction():
        found = lock(connection, person, [Target(work)])
    if work not in found:
        raise OperatorError(f"There is no exception EX-{work} among those you may see.", "Check the number.")
    return found[work]


def _sees(person: Person, row: Locked) -> bool:
    return person.may(Right.READ) and person.scopes.sees(team=row.team, channel=row.channel, warehouse=row.warehouse)
