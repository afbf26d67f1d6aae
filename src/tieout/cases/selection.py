"""Selections: a frozen set of exceptions, held here, so that what is done is done to what was shown and to nothing else."""

import hashlib
import secrets
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec

from tieout.cases.filter import Filter, where
from tieout.cases.item import Target
from tieout.errors import Forbidden, OperatorError
from tieout.people.person import Person
from tieout.runtime.batch import Connection
from tieout.store.database import fetch, run, run_by
from tieout.store.sql import sql

EXPIRES = timedelta(minutes=30)
MANY_MAX = 200_000
PAGE = 5000


class Selection(msgspec.Struct, frozen=True):
    """How many exceptions are in it, what they are worth by currency, how many of each class, the oldest, and until when it holds.

    `hash` covers the ids and the versions they had.
    """

    id: str
    owner: str
    filter: str
    created: datetime
    expires: datetime
    many: int
    sums: dict[str, Decimal]
    classes: dict[str, int]
    oldest: datetime | None
    hash: bytes


def select(connection: Connection, person: Person, wanted: Filter, now: datetime) -> Selection:
    """Freeze everything that a filter means for somebody."""
    condition = where(wanted, person, now)
    return _freeze(connection, person, wanted.text, condition.text, condition.arguments, now)


def choose(connection: Connection, person: Person, targets: Sequence[Target], now: datetime) -> Selection:
    """Freeze some exceptions as they were seen: one that has another version by now is in it as it was seen."""
    if not targets:
        raise OperatorError("Nothing is selected.", "Select at least one exception.")
    condition = where(Filter(), person, now)
    text = "w.id = any(%(chosen)s::bigint[])" + condition.text.replace("w.state <> 'resolved'", "", 1)
    versions = {target.id: target.version for target in targets}
    made = _freeze(connection, person, "", text, {**condition.arguments, "chosen": sorted(versions)}, now, versions)
    if made.many != len(versions):
        raise OperatorError(f"{len(versions) - made.many} of the selected exceptions are not there for you.", "Refresh and select again.")
    return made


def _freeze(
    connection: Connection,
    person: Person,
    said: str,
    condition: str,
    arguments: dict[str, Any],
    now: datetime,
    seen: dict[int, int | None] | None = None,
) -> Selection:
    id_ = secrets.token_urlsafe(12)
    with connection.transaction():
        connection.execute("set transaction isolation level repeatable read")
        run(connection, "sweep_selections", now)
        rows = connection.execute(
            f"select w.id, w.version, w.class, w.currency, w.worth, w.priced, w.since, w.more from work w where {condition} order by w.due, w.id"  # noqa: S608
            f" limit {MANY_MAX + 1}".encode(),
            arguments,
            prepare=False,
            binary=True,
        ).fetchall()
        if len(rows) > MANY_MAX:
            raise OperatorError(f"More than {MANY_MAX} exceptions are selected.", "Filter them.")
        pairs = [(row[0], (seen or {}).get(row[0]) or row[1]) for row in rows]
        sums: dict[str, Decimal] = {}
        classes: dict[str, int] = {}
        for _, _, class_, currency, worth, priced, _, more in rows:
            classes[class_] = classes.get(class_, 0) + 1
            for name, amount in ((currency, worth if priced else None), *((more or {}).items())):
                if name and amount is not None:
                    sums[name] = sums.get(name, Decimal(0)) + Decimal(amount)
        oldest = min((row[6] for row in rows), default=None)
        hash_ = hashlib.sha256(" ".join(f"{one}:{version}" for one, version in sorted(pairs)).encode()).digest()
        made = Selection(
            id_, person.login, said, now, now + EXPIRES, len(rows), dict(sorted(sums.items())), dict(sorted(classes.items())), oldest, hash_
        )
        run(
            connection,
            "insert_selection",
            id_,
            person.login,
            said,
            now,
            made.expires,
            made.many,
            _json(made.sums),
            _json(made.classes),
            oldest,
            hash_,
        )
        run_by(connection, "insert_selection_items", selection=id_, works=[w for w, _ in pairs], versions=[v for _, v in pairs])
    return made


def selection(connection: Connection, person: Person, id_: str, now: datetime) -> Selection:
    """A selection of one's own. Raises OperatorError when it has expired or never was, Forbidden when it is another's."""
    found = connection.execute(sql("one_selection"), [id_], binary=True).fetchall()
    if not found or found[0][4] <= now:
        raise OperatorError("This selection has expired.", "Select again; a selection holds for 30 minutes.")
    if found[0][1] != person.login:
        raise Forbidden("This selection is somebody else's.", "Select for yourself.")
    name, owner, said, created, expires, many, sums, classes, oldest, hash_ = found[0]
    return Selection(
        name, owner, said, created, expires, many, msgspec.json.decode(sums, type=dict[str, Decimal]), msgspec.json.decode(classes), oldest, bytes(hash_)
    )  # fmt: skip


def targets(connection: Connection, selection_id: str) -> Iterator[Target]:
    """What is in it, in its order."""
    position = 0
    while rows := fetch(connection, "selection_items", selection_id, position, PAGE):
        yield from (Target(work, version) for _, work, version in rows)
        position = rows[-1][0]


def holds(connection: Connection, selection_id: str, works: Sequence[int]) -> set[int]:
    """Which of some exceptions are in it, to show rows that are loaded later as selected."""
    return {work for (work,) in fetch(connection, "selection_holds", selection_id, list(works))}


def _json(value: Any) -> str:
    return msgspec.json.encode(value, enc_hook=str).decode()
