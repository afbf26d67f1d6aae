"""The control tower: open exceptions and what they are worth, how long orders take, which systems are well. Reads only.

Everything about exceptions comes from one snapshot and by the same filters as their list, so each number is the length of the list it
links to. Figures of flow are of a bounded number of orders, which the page says.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import msgspec

from tieout.cases.filter import Filter, Term
from tieout.cases.grouping import Cause, causes
from tieout.cases.listing import BUCKETS, Group, Totals, ages, count, totals
from tieout.people.person import Person
from tieout.store.database import fetch, fetch_by
from tieout.store.session import Session

ORDERS_MAX = 2_000
CAUSES_SHOWN = 8
CLASSES_SHOWN = 12
LEAST = 30
"""Fewer orders than this are too few for a median to mean much; the page says so."""


class Exceptions(msgspec.Struct, frozen=True):
    """What stands open at `at`, by class and age, and its causes."""

    at: datetime
    totals: Totals
    ages: dict[str, dict[str, Group]]
    causes: tuple[Cause, ...]
    pressing: tuple["Pressing", ...] = ()

    @property
    def classes(self) -> list[str]:
        """Classes, the most items first."""
        return sorted(self.ages, key=lambda c: (-self.many(c), c))

    def many(self, class_: str) -> int:
        """How many of a class, whatever their age."""
        return sum(group.many for group in self.ages[class_].values())

    def sums(self, class_: str) -> dict[str, Decimal]:
        """What a class is worth, by currency."""
        found: dict[str, Decimal] = {}
        for group in self.ages[class_].values():
            for currency, worth in group.sums.items():
                found[currency] = found.get(currency, Decimal(0)) + worth
        return found


class Pressing(msgspec.Struct, frozen=True):
    """What needs a decision: in words, how many, and the filters that their list has."""

    words: str
    many: int
    filters: dict[str, str]


class Spread(msgspec.Struct, frozen=True):
    """Half of the orders take no longer than `half`, nine of ten no longer than `most`; `count` is how many there are."""

    count: int
    half: timedelta | None = None
    most: timedelta | None = None

    @property
    def is_thin(self) -> bool:
        """True when there are too few for the figures to mean much."""
        return 0 < self.count < LEAST


class Flow(msgspec.Struct, frozen=True):
    """How orders went that began in a span: `touchless` are those that never had an exception."""

    begun: int
    cycle: Spread
    latency: Spread
    touchless: int
    is_cut: bool


class Stock(msgspec.Struct, frozen=True):
    """Stock positions, and those where warehouse and ERP do not agree."""

    positions: int
    differ: int


class Day(msgspec.Struct, frozen=True):
    """One day of the trend: opened, closed, and how many stood open at its end."""

    day: date
    opened: int
    closed: int
    open: int


def exceptions(session: Session, person: Person, channel: str, warehouse: str, zone: str, now: datetime) -> Exceptions:
    """What stands open, of a channel and a warehouse if they are named; ages are cut at whole seconds, as links write them."""
    terms = tuple(Term(name, (value,)) for name, value in (("channel", channel), ("warehouse", warehouse)) if value)
    at = now.replace(microsecond=0)
    just_before = at - timedelta(microseconds=1)
    wanted = Filter(terms)
    return Exceptions(
        at, totals(session, wanted, person, at), ages(session, wanted, person, just_before),
        tuple(causes(session, wanted, person, at, limit=CAUSES_SHOWN)), tuple(_pressing(session, terms, person, zone, at)),
    )  # fmt: skip


def written(at: datetime) -> str:
    """A moment as links write it."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _pressing(session: Session, terms: tuple[Term, ...], person: Person, zone: str, at: datetime) -> Iterator[Pressing]:
    midnight = datetime.combine(at.astimezone(ZoneInfo(zone)).date() + timedelta(days=1), time(), ZoneInfo(zone))
    for words, filters in (
        ("overdue and nobody’s", {"due": f"..{written(at)}", "owner": "none"}),
        ("due in the next 4 hours", {"due": f"{written(at)}..{written(at + timedelta(hours=4))}"}),
        ("due before the day ends", {"due": f"{written(at)}..{written(midnight)}"}),
    ):
        wanted = Filter((*terms, *(Term(name, (value,)) for name, value in filters.items())))
        yield Pressing(words, count(session, wanted, person, at), filters)


def bounds(bucket: str, at: datetime) -> str:
    """The range of `opened` that a bucket of ages means at a moment, as a link writes it: the first is inside, the second outside."""
    _, young, old = next(b for b in BUCKETS if b[0] == bucket)
    low = written(at - timedelta(hours=old)) if old is not None else ""
    high = written(at - timedelta(hours=young)) if young is not None else ""
    return f"{low}..{high}"


Times = tuple[datetime | None, datetime | None, datetime | None, str, str, bool]


def flow_times(session: Session, since: datetime) -> list[Times]:
    """For the newest orders of a span: placed, shipped, invoiced, channel, warehouse, whether there ever was an exception."""
    return [row[1:] for row in fetch_by(session, "flow_times", since=since.astimezone(UTC), most=ORDERS_MAX)]


def flow(times: Sequence[Times], channel: str, warehouse: str) -> Flow:
    """The figures of those orders, of a channel and a warehouse if they are named."""
    mine = [row for row in times if (not channel or row[3] == channel) and (not warehouse or row[4] == warehouse)]
    return Flow(
        len(mine), spread([shipped - placed for placed, shipped, *_ in mine if placed and shipped]),
        spread([invoiced - shipped for _, shipped, invoiced, *_ in mine if shipped and invoiced and invoiced >= shipped]),
        sum(not had for *_, had in mine), len(times) >= ORDERS_MAX,
    )  # fmt: skip


def spread(found: list[timedelta]) -> Spread:
    """Median and ninth decile, as values that were really there."""
    found = sorted(found)
    if not found:
        return Spread(0)
    return Spread(len(found), found[(len(found) - 1) // 2], found[min(len(found) * 9 // 10, len(found) - 1)])


def stock(session: Session) -> Stock:
    """How many stock positions there are, and on how many the systems do not agree."""
    return Stock(*fetch(session, "stock_positions")[0])


def trend(session: Session, zone: str, last: date, days: int) -> list[Day]:
    """Day by day what was opened and closed, and what stood open, up to a day; not further back than a week before the first."""
    found = {day: (opened, closed) for day, opened, closed in fetch_by(session, "cases_by_day", zone=zone)}
    began = min(found, default=last) - timedelta(days=7)
    first = max(last - timedelta(days=days - 1), min(began, last - timedelta(days=13)))
    days = (last - first).days + 1
    standing = sum(opened - closed for day, (opened, closed) in found.items() if day < first)
    made = []
    for n in range(days):
        day = first + timedelta(days=n)
        opened, closed = found.get(day, (0, 0))
        standing += opened - closed
        made.append(Day(day, opened, closed, standing))
    return made
