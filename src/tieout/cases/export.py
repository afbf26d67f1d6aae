"""A list as a file: its columns; and long lists, which an operation writes in the background from one snapshot and keeps for some days."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from tieout.cases import csv_text
from tieout.cases.csv_text import Number
from tieout.cases.filter import Filter, parse, where
from tieout.cases.listing import count, ordering
from tieout.errors import Forbidden, OperatorError
from tieout.people import audit
from tieout.people.accounts import account
from tieout.people.person import Person, Right
from tieout.runtime.batch import Connection
from tieout.store.database import fetch, run, run_by
from tieout.store.sql import sql

ACTION = "export"
SENT_MAX = 100_000
"""Up to so many rows a list is sent while somebody waits."""
ROWS_MAX = 2_000_000
KEPT = timedelta(days=7)
PART = 1024 * 1024
HEAD = (
    "ref", "class", "title", "what_disagrees", "state", "progress", "owner", "team", "priority", "transaction", "number", "system", "partner",
    "item", "channel", "warehouse", "value", "currency", "due", "since", "opened", "tags", "hint",
)  # fmt: skip
NUMBERS = (8, 16)


class Begun(msgspec.Struct, frozen=True):
    """An export that was begun: its reference and how many rows it is about."""

    ref: str
    many: int


class Told(msgspec.Struct, frozen=True):
    """What an export was asked for: the filters as pairs, and the sort."""

    terms: list[tuple[str, list[str]]]
    sort: str


def numbered(rows: Iterable[Sequence[Any]]) -> Iterator[list[object]]:
    """Rows with their numbers marked as numbers, so that they go out raw."""
    for row in rows:
        yield [Number(value) if place in NUMBERS and value != "" else value for place, value in enumerate(row)]


def begin(connection: Connection, person: Person, wanted: Filter, sort: str, key: str, now: datetime) -> Begun:
    """Have a list written as a file; with a key that was used before, that one. Raises OperatorError, Forbidden."""
    person.need(Right.EXPORT)
    ordering(sort)
    if not 8 <= len(key) <= 200:
        raise OperatorError("An export needs an idempotency key of 8 to 200 characters.", "Send the one that the form was given.")
    with connection.transaction():
        run(connection, "lock_key", key)
        if known := fetch(connection, "operation_by_key", key):
            id_, owner = known[0]
            if owner != person.login:
                raise Forbidden("This idempotency key is somebody else's.", "Make a key of your own.")
            return Begun(f"OP-{id_}", fetch(connection, "one_operation", id_)[0][7])
        many = count(connection, wanted, person, now)
        if many > ROWS_MAX:
            raise OperatorError(f"{many:,} rows are too many for one file.", f"Filter them; up to {ROWS_MAX:,} are written.")
        told = Told([(f"not.{term.name}" if term.is_not else term.name, list(term.values)) for term in wanted.terms], sort)
        scopes = msgspec.json.encode({kind: sorted(getattr(person.scopes, kind)) for kind in ("teams", "channels", "warehouses")}).decode()
        ((id_,),) = fetch(
            connection,
            "insert_operation",
            key,
            person.login,
            scopes,
            ACTION,
            msgspec.json.encode(told).decode(),
            wanted.text,
            many,
            "{}",
            now,
            None,
        )
        audit.write(connection, person, "start export", f"OP-{id_}", {"rows": many, "filter": wanted.text, "sort": sort}, now)
    return Begun(f"OP-{id_}", many)


def write(connection: Connection, id_: int, now: datetime) -> None:
    """Write the file of an export whole, from one snapshot, as its owner sees the list by now; what is older than `KEPT` goes."""
    owner, text = fetch(connection, "export_of", id_)[0]
    person, told = account(connection, owner).person, msgspec.json.decode(text, type=Told)
    condition = where(parse((name, value) for name, values in told.terms for value in values), person, now)
    statement = sql("exceptions_all").format(where=condition.text, order=ordering(told.sort)[1])
    with connection.transaction():
        connection.execute("set transaction isolation level repeatable read")
        run(connection, "sweep_files", now - KEPT)
        rows = 0

        def counted() -> Iterator[list[object]]:
            nonlocal rows
            with connection.cursor(name=f"export_{id_}") as cursor:
                cursor.itersize = 5000
                cursor.execute(statement.encode(), condition.arguments)
                for row in numbered(cursor):
                    rows += 1
                    yield row

        number, kept = 0, ""
        for piece in csv_text.written(HEAD, counted()):
            kept += piece
            if len(kept) >= PART:
                number, kept = number + 1, _part(connection, id_, number, kept)
        _part(connection, id_, number, kept)
        run(connection, "set_many", rows, id_)
        run_by(connection, "set_operation_state", id=id_, state="done", started=now, ended=now)


def file(connection: Connection, person: Person, id_: int, now: datetime) -> list[bytes]:
    """The parts of a file that one had written; who took it is written down. Raises OperatorError."""
    person.need(Right.EXPORT)
    found = fetch(connection, "one_operation", id_)
    if not found or found[0][2] != person.login or found[0][3] != ACTION:
        raise OperatorError(f"There is no export OP-{id_} of yours.", "See the list of operations.")
    parts = [bytes(raw) for (raw,) in fetch(connection, "operation_file", id_)]
    if not parts:
        raise OperatorError(f"OP-{id_} is {found[0][6]}: there is no file.", f"A file is there when it is done, for {KEPT.days} days.")
    audit.write(connection, person, "download export", f"OP-{id_}", {"rows": found[0][7]}, now)
    return parts


def _part(connection: Connection, id_: int, number: int, text: str) -> str:
    run(connection, "insert_operation_file", id_, number, text.encode())
    return ""
