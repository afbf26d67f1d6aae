"""Files that people put to an exception: kept in the store as they came, given back as a download and nothing else."""

import hashlib
import re
from datetime import datetime

import msgspec

from tieout.cases import content
from tieout.cases.act import write_events
from tieout.cases.talk import seen
from tieout.errors import Forbidden, OperatorError
from tieout.people import audit
from tieout.people.person import Person, Right
from tieout.runtime.batch import Connection
from tieout.store.database import fetch, fetch_by, run

FILE_MAX = 10 * 1024 * 1024
FILES_MAX = 20
FILES_SIZE_MAX = 50 * 1024 * 1024
NAME = re.compile(r"[^\w.,()+ -]")


class File(msgspec.Struct, frozen=True):
    """A file put to an exception; `media` is what it is by its bytes."""

    id: int
    at: datetime
    who: str
    name: str
    media: str
    size: int
    hash: str


def attach(connection: Connection, person: Person, work: int, name: str, raw: bytes, now: datetime) -> int:
    """Put a file to an exception; its number. The same bytes again are the same file. Nothing ever opens what is attached."""
    person.need(Right.COMMENT)
    plain_name = NAME.sub("_", name.rpartition("/")[2].rpartition("\\")[2]).strip(" .")[-200:]
    if not plain_name:
        raise OperatorError("The file has no name.", "Give it one of letters and digits.")
    if not 1 <= len(raw) <= FILE_MAX:
        raise OperatorError(
            f"A file has up to {FILE_MAX // 1024 // 1024} MB, this one {len(raw):,} bytes.", "Attach a smaller one that is not empty."
        )
    kind = content.check(plain_name, raw)
    with connection.transaction():
        row = seen(connection, person, work)
        ((many, size),) = fetch(connection, "count_files", work)
        if many >= FILES_MAX or size + len(raw) > FILES_SIZE_MAX:
            raise OperatorError(f"{row.ref} has {many} files of {size:,} bytes.", f"At most {FILES_MAX} files of 50 MB together are kept.")
        hash_ = hashlib.sha256(raw).digest()
        found = fetch_by(
            connection,
            "insert_file",
            work=work,
            now=now,
            who=person.login,
            name=plain_name,
            media=kind.name,
            size=len(raw),
            hash=hash_,
            raw=raw,
        )
        if not found:
            return next(file.id for file in files(connection, person, work) if file.hash == hash_.hex())
        detail = {"file": found[0][0], "name": plain_name, "kind": kind.name, "size": len(raw), "sha256": hash_.hex()}
        write_events(connection, person.login, [(work, None, "attached", detail)], now)
        audit.write(connection, person, "attach", row.ref, detail, now)
    return int(found[0][0])


def files(connection: Connection, person: Person, work: int) -> list[File]:
    """The files of an exception."""
    seen(connection, person, work, hold=False)
    return [File(*row) for row in fetch(connection, "work_files", work)]


def download(connection: Connection, person: Person, file: int, now: datetime, *, of: int | None = None) -> tuple[str, bytes]:
    """Name and bytes of a file, for a download and nothing else; who took it is written down. Raises OperatorError."""
    row, name, raw, hash_, _ = _one(connection, person, file, of, hold=False)
    if hashlib.sha256(raw).digest() != hash_:
        raise OperatorError(f"The file {name} is not what was attached.", "Do not use it; tell an engineer.")
    audit.write(connection, person, "download file", row, {"file": file, "name": name, "sha256": hash_.hex()}, now)
    return name, raw


def remove(connection: Connection, person: Person, file: int, now: datetime, *, of: int | None = None) -> str:
    """Take a file of one's own away: it is shown and given out no more; that it was there stays in the history. Its name."""
    person.need(Right.COMMENT)
    with connection.transaction():
        ref, name, _, hash_, who = _one(connection, person, file, of, hold=True)
        if who != person.login:
            raise Forbidden(f"{name} was attached by {who}.", "Only who attached a file takes it away.")
        run(connection, "remove_file", file, person.login, now)
        detail = {"file": file, "name": name, "sha256": hash_.hex()}
        work = fetch(connection, "work_of_file", file)[0][0]
        write_events(connection, person.login, [(work, None, "file removed", detail)], now)
        audit.write(connection, person, "remove file", ref, detail, now)
    return name


def _one(connection: Connection, person: Person, file: int, of: int | None, *, hold: bool) -> tuple[str, str, bytes, bytes, str]:
    """Reference of its exception, name, bytes, hash and author of a file that this person may see. Raises OperatorError."""
    found = fetch(connection, "work_file", file)
    if not found or (of is not None and found[0][0] != of):
        raise OperatorError(f"There is no file {file}.", "See the files of the exception.")
    work, name, _, raw, hash_, who = found[0]
    return seen(connection, person, work, hold=hold).ref, name, bytes(raw), bytes(hash_), who
