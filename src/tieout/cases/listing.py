"""Lists of exceptions and the figures above them, from one snapshot: what is counted is what is listed."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from tieout.cases.filter import Filter, Term, Where, where
from tieout.errors import OperatorError
from tieout.people.person import Person
from tieout.runtime.batch import Connection

ROWS_MAX = 1000
SORTS = {
    "due": ("due",), "value": ("worth",), "age": ("since",), "opened": ("opened",), "changed": ("changed",), "class": ("class", "due"),
    "priority": ("priority", "due"), "owner": ("person", "due"), "team": ("team", "due"), "ref": (),
}  # fmt: skip
"""Sort -> columns before the id; each is an index. Due soonest first is the default; `-` turns one around."""
BUCKETS = (("<4h", None, 4), ("4-24h", 4, 24), ("1-3d", 24, 72), (">3d", 72, None))
"""Ages in hours since it was opened, from (inside) and to (outside)."""


class Item(msgspec.Struct, frozen=True):
    """An exception as lists show it. `worth` is None where nobody knows it; `cost` is what the delay has cost so far."""

    id: int
    ref: str
    kind: str
    class_: str
    title: str
    summary: str
    hint: str
    cause: int | None
    state: str
    root: str
    key: str
    number: str
    account: str
    side: str
    system: str
    systems: str
    party: str
    sku: str
    channel: str
    warehouse: str
    entity: str
    message: int | None
    worth: Decimal | None
    currency: str
    more: Mapping[str, str] | None
    cost: Decimal
    since: datetime
    owed_at: datetime
    opened: datetime
    resolved: datetime | None
    changed: datetime
    due: datetime
    team: str
    person: str
    priority: int
    rule: str
    step: int
    acknowledged: datetime | None
    acknowledged_by: str
    snooze: Mapping[str, Any] | None
    snooze_until: datetime | None
    progress: str
    progress_at: datetime | None
    progress_by: str
    progress_key: str
    progress_note: str
    tags: Sequence[str]
    episodes: int
    version: int
    source_key: str


FIELDS = """w.id, w.ref, w.kind, w.class, w.title, w.summary, w.hint, w.cause, w.state, w.root, w.key, w.number, w.account, w.side, w.system,
  w.systems, w.party, w.sku, w.channel, w.warehouse, w.entity, w.message, case when w.priced then w.worth end, w.currency, w.more,
  round(w.cost_per_day * greatest(extract(epoch from coalesce(w.resolved, %(now)s) - w.owed_at) / 86400, 0), 2), w.since, w.owed_at, w.opened,
  w.resolved, w.changed, w.due, w.team, w.person, w.priority, w.rule, w.step, w.acknowledged, w.acknowledged_by, w.snooze, w.snooze_until, w.progress,
  w.progress_at, w.progress_by, w.progress_key, w.progress_note, w.tags, w.episodes, w.version, w.source_key"""


class Totals(msgspec.Struct, frozen=True):
    """How many exceptions a filter means, what they are worth by currency, how many are overdue, and the oldest deadline and age."""

    many: int
    sums: dict[str, Decimal]
    overdue: int
    unpriced: int
    next_due: datetime | None
    oldest: datetime | None
    by_class: dict[str, int]
    by_state: dict[str, int]


class Group(msgspec.Struct, frozen=True):
    """A value of a dimension, with how many exceptions have it and what they are worth."""

    value: str
    many: int
    overdue: int
    sums: dict[str, Decimal]


@contextmanager
def snapshot(connection: Connection) -> Iterator[None]:
    """Reads inside the block see one state of the database, and write nothing."""
    with connection.transaction():
        connection.execute("set transaction isolation level repeatable read, read only")
        yield


def items(
    connection: Connection,
    wanted: Filter,
    person: Person,
    now: datetime,
    *,
    sort: str = "due",
    offset: int = 0,
    limit: int = 120,
    after: int | None = None,
) -> list[Item]:
    """The exceptions that a filter means, from a place in the list or after one of its rows. Raises OperatorError.

    `after` is an id: the rows that follow it as it stands now, whether it is in the list or not.
    """
    condition = where(wanted, person, now)
    columns, order = ordering(sort)
    arguments = {**condition.arguments, "limit": min(limit, ROWS_MAX), "offset": offset, "after": after}
    beyond = f"and {_after(columns, sort)}" if after is not None else ""
    text = (
        f"select {FIELDS} from (select w.id from work w where {condition.text} {beyond} order by {order} limit %(limit)s offset %(offset)s) page"  # noqa: S608
        f" join work w on w.id = page.id order by {order}"
    )
    return [Item(*row) for row in connection.execute(text, arguments, prepare=False, binary=True).fetchall()]


def one(connection: Connection, ref: str, person: Person, now: datetime) -> Item | None:
    """An exception by its reference `EX-104211`, whatever its state; None outside the scopes too."""
    found = items(connection, Filter((Term("ref", (ref.upper(),)),)), person, now, limit=1)
    return found[0] if found else None


def ordering(sort: str) -> tuple[tuple[str, ...], str]:
    """The columns of a sort with the id, and its `order by`. Raises OperatorError."""
    name = sort.removeprefix("-")
    if name not in SORTS:
        raise OperatorError(f"There is no sort {sort!r}.", f"There are: {', '.join(SORTS)}, each with - in front for descending.")
    columns = (*SORTS[name], "id")
    turned = " desc" if sort.startswith("-") else ""
    return columns, ", ".join(f"w.{column}{turned}" for column in columns)


def _after(columns: Sequence[str], sort: str) -> str:
    mine, theirs = ", ".join(f"w.{c}" for c in columns), ", ".join(f"a.{c}" for c in columns)
    return f"({mine}) {'<' if sort.startswith('-') else '>'} (select {theirs} from work a where a.id = %(after)s)"  # noqa: S608


def totals(connection: Connection, wanted: Filter, person: Person, now: datetime) -> Totals:
    """The figures of a filter, in one pass over the counting index where its filters are all in there."""
    condition = where(wanted, person, now)
    rows = _run(
        connection,
        condition,
        "select w.class, w.state, w.currency, count(*), sum(w.worth) filter (where w.priced), count(*) filter (where w.due < %(now)s and w.state <> 'resolved'),"  # noqa: E501
        " count(*) filter (where not w.priced), min(w.due), min(w.since) from work w where {} group by 1, 2, 3",
    )
    sums: dict[str, Decimal] = {}
    by_class: dict[str, int] = {}
    by_state: dict[str, int] = {}
    for class_, state, currency, many, worth, *_ in rows:
        by_class[class_] = by_class.get(class_, 0) + many
        by_state[state] = by_state.get(state, 0) + many
        if worth is not None and currency:
            sums[currency] = sums.get(currency, Decimal(0)) + worth
    for currency, worth in _more(connection, condition):
        sums[currency] = sums.get(currency, Decimal(0)) + worth
    return Totals(
        sum(row[3] for row in rows), dict(sorted(sums.items())), sum(row[5] for row in rows), sum(row[6] for row in rows),
        min((row[7] for row in rows), default=None), min((row[8] for row in rows), default=None),
        dict(sorted(by_class.items())), dict(sorted(by_state.items())),
    )  # fmt: skip


def count(connection: Connection, wanted: Filter, person: Person, now: datetime) -> int:
    """How many exceptions a filter means."""
    ((many,),) = _run(connection, where(wanted, person, now), "select count(*) from work w where {}")
    return int(many)


def groups(connection: Connection, wanted: Filter, person: Person, now: datetime, by: str) -> list[Group]:
    """The values of a dimension among what a filter means, most frequent first. Raises OperatorError."""
    known = {"class", "state", "team", "person", "channel", "warehouse", "system", "party", "sku", "kind", "account", "cause", "priority"}
    if by not in known:
        raise OperatorError(f"Nothing is grouped by {by!r}.", f"Write one of {', '.join(sorted(known))}.")
    rows = _run(
        connection,
        where(wanted, person, now),
        f"select w.{by}::text, w.currency, count(*), count(*) filter (where w.due < %(now)s), sum(w.worth) filter (where w.priced)"  # noqa: S608
        " from work w where {} group by 1, 2",
    )
    made: dict[str, Group] = {}
    for value, currency, many, overdue, worth in rows:
        known_one = made.get(value or "", Group(value or "", 0, 0, {}))
        sums = {**known_one.sums, currency: worth} if currency and worth is not None else known_one.sums
        made[value or ""] = Group(value or "", known_one.many + many, known_one.overdue + overdue, sums)
    return sorted(made.values(), key=lambda group: (-group.many, group.value))


def ages(connection: Connection, wanted: Filter, person: Person, now: datetime) -> dict[str, dict[str, Group]]:
    """Class -> age bucket -> how many and what they are worth; ages count from when it was opened."""
    rows = _run(
        connection,
        where(wanted, person, now),
        "select w.class, width_bucket(extract(epoch from %(now)s - w.opened) / 3600, array[4, 24, 72]::float8[]), w.currency, count(*),"
        " count(*) filter (where w.due < %(now)s), sum(w.worth) filter (where w.priced) from work w where {} group by 1, 2, 3",
    )
    made: dict[str, dict[str, Group]] = {}
    for class_, bucket, currency, many, overdue, worth in rows:
        name = BUCKETS[bucket][0]
        found = made.setdefault(class_, {}).get(name, Group(name, 0, 0, {}))
        sums = {**found.sums, currency: worth} if currency and worth is not None else found.sums
        made[class_][name] = Group(name, found.many + many, found.overdue + overdue, sums)
    return made


def loads(connection: Connection, person: Person, now: datetime) -> dict[str, int]:
    """Login -> how many open exceptions are theirs, among what one may see."""
    return {group.value: group.many for group in groups(connection, Filter(), person, now, "person") if group.value}


def _more(connection: Connection, condition: Where) -> list[tuple[str, Decimal]]:
    """The other currencies of the few items in several."""
    return _run(
        connection,
        condition,
        "select m.key, sum(m.value::numeric) from work w cross join lateral json_each_text(w.more) m where w.more is not null and {} group by 1",
    )


def _run(connection: Connection, condition: Where, text: str) -> list[tuple[Any, ...]]:
    return connection.execute(text.replace("{}", condition.text).encode(), condition.arguments, prepare=False, binary=True).fetchall()
