"""The record of what people did: append-only, and sealed by a chain of digests that shows whether anything in it was changed."""

import contextlib
import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import msgspec
import psycopg

from tieout.people.person import Person
from tieout.store.database import Connection, fetch, run
from tieout.store.sql import sql

COMMAND_LINE = "command line"
READ_MASKED = "read masked"
FIRST = b"tieout actions"
SEAL_MILLISECONDS = 500


class Action(msgspec.Struct, frozen=True):
    """Something that was done. `who` is the login at that time; `person` is None for the command line and for strangers."""

    id: int
    at: datetime
    person: int | None
    who: str
    action: str
    object: str
    detail: Mapping[str, Any]


def write(
    connection: Connection, person: Person | None, action: str, object_: str, detail: Mapping[str, Any], now: datetime, *, who: str = ""
) -> None:
    """Write down that somebody did something to something, in the transaction that does it. No secret belongs in `detail`."""
    more = {**detail, "key": person.key} if person is not None and person.key else detail
    name = person.login if person is not None else who or COMMAND_LINE
    text = msgspec.json.encode(more, order="deterministic").decode()
    run(connection, "insert_action", now, (person.id or None) if person is not None else None, name, action, object_, text)


def read_masked(connection: Connection, person: Person, object_: str, what: Iterable[str], now: datetime) -> None:
    """Write down that somebody looked at data that is masked for others: before it is shown."""
    write(connection, person, READ_MASKED, object_, {"what": sorted(what)}, now)


def actions(
    connection: Connection,
    *,
    before: int | None = None,
    person: int | None = None,
    object_: str | None = None,
    action: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int = 100,
) -> list[Action]:
    """The newest actions, or those before one; of a person, on an object, in a time."""
    arguments = {
        "before": before, "person": person, "object": object_, "action": action, "since": since, "until": until, "limit": limit,
    }  # fmt: skip
    return [Action(*row) for row in connection.execute(sql("actions"), arguments).fetchall()]


def seal(connection: Connection, now: datetime) -> int:
    """Take all actions since the last seal into the chain; how many. None while somebody is acting: the next time, then."""
    with contextlib.suppress(psycopg.errors.LockNotAvailable), connection.transaction():
        connection.execute(f"set local lock_timeout to {SEAL_MILLISECONDS}")
        fetch(connection, "lock_actions")
        upto, digest = _last(connection)
        rows = fetch(connection, "actions_between", upto, None, None)
        if rows:
            run(connection, "insert_seal", rows[-1][0], now, len(rows), _digest(digest, rows))
        return len(rows)
    return 0


def verify(connection: Connection) -> list[str]:
    """What is wrong with the sealed actions; empty when they are as they were written."""
    upto, digest, wrong = 0, FIRST, []
    for end, _, count, stated in fetch(connection, "seals"):
        rows = fetch(connection, "actions_between", upto, end, end)
        digest = _digest(digest, rows)
        if len(rows) != count or digest != bytes(stated):
            wrong.append(f"The actions {upto + 1} to {end} are not what was sealed: {len(rows)} of {count} are there.")
        upto, digest = end, bytes(stated)
    return wrong


def _last(connection: Connection) -> tuple[int, bytes]:
    found = fetch(connection, "last_seal")
    return (found[0][0], bytes(found[0][1])) if found else (0, FIRST)


def _digest(before: bytes, rows: Iterable[tuple[Any, ...]]) -> bytes:
    made = hashlib.sha256(before)
    for row in rows:
        made.update(msgspec.json.encode(row) + b"\n")
    return made.digest()
