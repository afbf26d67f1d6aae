"""What the exceptions pages read: the list under a filter, its figures, its causes, and one exception with all that belongs to it."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from tieout.cases.filter import Filter, where
from tieout.cases.filter import Term as Condition
from tieout.cases.listing import ordering
from tieout.console import urls
from tieout.console.urls import MOMENT, NUMBER, TEXT, Field, Grammar, State
from tieout.people.person import Person, predicate
from tieout.store.session import Session
from tieout.store.sql import sql

STATES = ("new", "ongoing", "escalating", "regressed", "snoozed", "resolved")
OPEN = "open"
PROGRESS = ("requested", "dispatched", "confirmed", "refused", "waiting for approval", "information requested")
KINDS = ("balance", "quarantine", "waiting", "conflict", "reference", "command", "feed")
NOBODY = "none"
GRAMMAR = Grammar(
    "/exceptions",
    (
        Field("class", "class"), Field("owner", "owner"), Field("team", "team"), Field("state", "state", choices=(*STATES, OPEN)),
        Field("kind", "kind", choices=KINDS), Field("priority", "priority", pattern="[1-5]"), Field("system", "system"),
        Field("channel", "channel"), Field("warehouse", "warehouse"), Field("party", "partner"), Field("sku", "item"),
        Field("currency", "currency", pattern="[A-Z]{3}"), Field("progress", "progress", choices=PROGRESS), Field("tag", "tag"),
        Field("cause", "cause", pattern=r"\d{1,15}"), Field("root", "transaction"), Field("operation", "operation", pattern=r"OP-\d{1,15}"),
        Field("due", "due", MOMENT), Field("since", "since", MOMENT), Field("opened", "opened", MOMENT), Field("value", "value", NUMBER),
        Field("q", "text", TEXT),
    ),
    ("due", *(way + name for name in ("due", "value", "age", "opened", "changed", "priority", "class", "owner", "team", "ref") for way in ("", "-")
              if way + name != "due")),
    ("item", "cause"),
)  # fmt: skip
CHOSEN = {"class": "class", "owner": "person", "team": "team", "state": "state", "kind": "kind", "priority": "priority", "system": "system",
          "channel": "channel", "warehouse": "warehouse", "party": "party", "sku": "sku", "currency": "currency", "progress": "progress"}  # fmt: skip
"""Filters whose values can be listed, with their column."""
SORT_TITLES = {
    "due": "due soonest", "-due": "due latest", "-value": "largest value", "value": "smallest value", "age": "oldest", "-age": "youngest",
    "-opened": "opened last", "opened": "opened first", "-changed": "changed last", "changed": "changed first", "priority": "most urgent",
    "-priority": "least urgent", "class": "class", "owner": "owner", "team": "team",
}  # fmt: skip
CAUSE_ORDER = "o.many desc, c.id"


class Row(msgspec.Struct, frozen=True):
    """One exception as a list shows it. `place` counts from 1; for rows read by id it is 1 while they are on the list, else 0."""

    id: int
    ref: str
    version: int
    kind: str
    class_: str
    title: str
    summary: str
    hint: str
    number: str
    root: str
    system: str
    party: str
    channel: str
    warehouse: str
    worth: Decimal
    currency: str
    priced: bool
    due: datetime
    since: datetime
    state: str
    team: str
    person: str
    priority: int
    progress: str
    progress_note: str
    snooze_until: datetime | None
    tags: list[str]
    resolved: datetime | None
    acknowledged_by: str
    cause: int | None
    place: int


class Figures(msgspec.Struct, frozen=True):
    """What a list adds up to. `unpriced` have no known value: the sums are at least these."""

    total: int
    sums: list[tuple[str, Decimal]]
    late: int
    unpriced: int
    next_due: datetime | None


class CauseRow(msgspec.Struct, frozen=True):
    """One cause with its items on this list; `days` are the new ones of the last 14 days, oldest first."""

    id: int
    title: str
    class_: str
    systems: str
    field: str
    version: str
    state: str
    team: str
    person: str
    fixed_in: str
    many: int
    late: int
    due: datetime
    first: datetime
    last: datetime
    days: list[int]
    worth: list[tuple[str, Decimal]]


class More(msgspec.Struct, frozen=True):
    """What only the page of an exception shows."""

    account: str
    side: str
    systems: str
    sku: str
    entity: str
    key: str
    source_key: str
    message: int | None
    quantity: Mapping[str, str]
    owed_at: datetime
    opened: datetime
    changed: datetime
    rule: str
    chain: str
    step: int
    next_step: datetime | None
    acknowledged: datetime | None
    snooze: Mapping[str, Any] | None
    snoozed_by: str
    progress_at: datetime | None
    progress_by: str
    progress_key: str
    episodes: int
    cost_per_day: Decimal
    cause_title: str | None
    cause_state: str | None
    cause_many: int


class Reading:
    """The exceptions that one filter means for one person, at one moment: the same condition that freezes a selection."""

    def __init__(self, session: Session, person: Person, state: State, now: datetime, zone: str) -> None:
        self._session, self._person, self._now, self._zone = session, person, now, zone
        self.state = state
        condition = where(filter_of(state, now, zone), person, now)
        self.where, self.arguments = condition.text, condition.arguments
        if state.as_of:
            self.where += " and w.opened <= %(as_of)s and (w.resolved is null or w.resolved > %(as_of)s)"
            self.arguments["as_of"] = datetime.fromisoformat(state.as_of)

    def beside(self, state: State) -> "Reading":
        """The list of another state for the same person at the same moment."""
        return Reading(self._session, self._person, state, self._now, self._zone)

    def figures(self) -> Figures:
        """Count, sums by currency, how many are overdue."""
        rows = self._ask("exceptions_figures")
        sums = {currency: worth for currency, _, worth, _, _, _ in rows if currency}
        for currency, worth in self._ask("exceptions_more"):
            sums[currency] = sums.get(currency, Decimal(0)) + worth
        total, late, unpriced = (sum(row[place] for row in rows) for place in (1, 3, 4))
        return Figures(total, list(sums.items()), late, unpriced, min((row[5] for row in rows if row[5]), default=None))

    def rows(self, limit: int, offset: int = 0) -> list[Row]:
        """A window of the list in its order."""
        return [Row(*row) for row in self._ask("exceptions_rows", order=ordering(self.state.sort)[1], limit=limit, offset=offset)]

    def by_id(self, ids: Sequence[int]) -> list[Row]:
        """Some exceptions, whether they are on the list or not."""
        return [Row(*row) for row in self._ask("exceptions_by_id", scope=_scope(self._person), ids=list(ids))]

    def place(self, id_: int) -> int:
        """Which place (from 0) an exception has in this order."""
        ((number,),) = self._ask("exceptions_place", before=_before(self.state.sort), id=id_)
        return int(number)

    def values(self, name: str) -> list[tuple[str, int]]:
        """What a filter can be set to here, most frequent first."""
        if name == "tag":
            return self._ask("exceptions_tags")
        return self._ask("exceptions_values", column=CHOSEN[name])

    def causes(self, limit: int, offset: int = 0) -> tuple[list[CauseRow], int]:
        """The causes of what is on the list, and how many there are."""
        rows = self._ask("exceptions_causes", order=CAUSE_ORDER, limit=limit, offset=offset)
        made = [
            CauseRow(
                *(*row[:15], [int(row[15].get(str(day), 0)) for day in range(13, -1, -1)], [(c, Decimal(n)) for c, n in row[16].items() if n])
            )
            for row in rows
        ]
        return made, rows[0][17] if rows else 0

    def fresh(self, after: int) -> int:
        """How many were opened since an event and are on this list."""
        ((number,),) = self._ask("live_fresh", after=after)
        return int(number)

    def all(self) -> Iterator[tuple[Any, ...]]:
        """Every row of the list in its order, as a file has them; read bit by bit."""
        text = sql("exceptions_all").format(where=self.where, order=ordering(self.state.sort)[1])
        with self._session.cursor() as cursor:
            yield from cursor.stream(text.encode(), {**self.arguments, **self._person.scopes.arguments()})

    def _ask(self, name: str, *, order: str = "", scope: str = "", column: str = "", before: str = "", **more: Any) -> list[tuple[Any, ...]]:
        text = sql(name).format(where=self.where, order=order, scope=scope, column=column, before=before)
        return self._session.execute(
            text.encode(), {**self.arguments, **self._person.scopes.arguments(), **more}, prepare=False, binary=True
        ).fetchall()


def filter_of(state: State, now: datetime, zone: str) -> Filter:
    """The filters of a state, days in the person's zone made exact; nothing of what is ignored."""
    terms = [Condition(term.name, tuple(_exact(term.name, value, now, zone) for value in term.values), term.is_not) for term in state.terms]
    terms = [one for term in terms for one in ([_every(term)] if term.name == "state" else [term])]
    if state.as_of:
        terms = [*(term for term in terms if term.name != "state"), Condition("state", STATES)]
    return Filter(tuple(terms))


def exception(session: Session, person: Person, id_: int) -> Row | None:
    """One exception, if the person may see it."""
    text = sql("exception_by_ref").format(scope=_scope(person))
    found = session.execute(text.encode(), {"id": id_, **person.scopes.arguments()}, binary=True).fetchall()
    return Row(*found[0]) if found else None


def _exact(name: str, value: str, now: datetime, zone: str) -> str:
    field = GRAMMAR.field(name)
    if field is None or field.kind != MOMENT:
        return value
    low, high = urls.moments(value, now, zone)
    return "..".join(bound.isoformat() if bound is not None else "" for bound in (low, high))


def _every(term: Condition) -> Condition:
    """`open` is every state but the last."""
    values = tuple(dict.fromkeys(state for value in term.values for state in (STATES[:-1] if value == OPEN else (value,))))
    return Condition(term.name, values, term.is_not)


def _scope(person: Person) -> str:
    return predicate("w") if not person.scopes.is_all else "true"


def _before(sort: str) -> str:
    columns, _ = ordering(sort)
    left, right = (", ".join(f"{alias}.{column}" for column in columns) for alias in ("w", "i"))
    return f"({left}) {'>' if sort.startswith('-') else '<'} ({right})"
