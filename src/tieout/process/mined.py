"""A map's figures: cases, steps, paths and variants of a question, counted from one snapshot. Reads only.

Steps, paths and variants count cases, so each number is the length of a list of cases. Times are of every passage, a case's second one
too. A median is a value that was really there.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec

from tieout.people.person import Scopes
from tieout.process.model import END, START, Rule, target
from tieout.process.question import Pair, Question, is_broken, paths
from tieout.store.database import fetch, fetch_by
from tieout.store.session import Session
from tieout.store.sql import sql

FEW = 30
"""Fewer cases than this are too few for a median to mean much."""
Ways = Mapping[int, tuple[str, ...]]


class Span(msgspec.Struct, frozen=True):
    """How long something took: half of the times no longer than `half`, nine of ten no longer than `most`; None where nothing was timed."""

    half: timedelta | None = None
    most: timedelta | None = None


class Step(msgspec.Struct, frozen=True):
    """A step, and in how many cases it is."""

    name: str
    cases: int


class Path(msgspec.Struct, frozen=True):
    """From one step directly to the next, in `cases`; `rule` is the deadline that an account sets for it."""

    first: str
    then: str
    cases: int
    span: Span = Span()
    passages: int = 0
    rule: Rule | None = None

    @property
    def pair(self) -> Pair:
        """Both steps."""
        return self.first, self.then

    @property
    def is_slow(self) -> bool:
        """True when half of the passages take longer than the deadline allows."""
        return self.rule is not None and self.span.half is not None and self.span.half > self.rule.most

    @property
    def is_few(self) -> bool:
        """True when its median rests on too few cases."""
        return self.cases < FEW

    @property
    def spent(self) -> timedelta:
        """About how much time all passages took together."""
        return (self.span.half or timedelta()) * self.passages


class Variant(msgspec.Struct, frozen=True):
    """A whole way, and how many cases went it."""

    id: int
    steps: tuple[str, ...]
    cases: int


class Breach(msgspec.Struct, frozen=True):
    """A rule, and in how many cases what it awaits came first."""

    rule: Rule
    cases: int


class Mined(msgspec.Struct, frozen=True):
    """The figures of a question."""

    cases: int
    sums: dict[str, Decimal]
    unpriced: int
    span: Span
    steps: tuple[Step, ...]
    paths: tuple[Path, ...]
    variants: tuple[Variant, ...]
    breaches: tuple[Breach, ...]

    @property
    def spine(self) -> tuple[str, ...]:
        """The steps of the most frequent way, each once."""
        return tuple(dict.fromkeys(self.variants[0].steps)) if self.variants else ()

    def step(self, name: str) -> Step | None:
        """The step of a name."""
        return next((one for one in self.steps if one.name == name), None)

    def path(self, pair: Pair) -> Path | None:
        """The path between two steps."""
        return next((one for one in self.paths if one.pair == pair), None)


def mined(session: Session, question: Question, scopes: Scopes, rules: tuple[Rule, ...]) -> Mined:
    """The map of a question."""
    where, arguments = question.where(scopes)
    ways = variants_of(session, question)
    counted = _rows(session, "process_counts", where, {**arguments, "variants": list(ways)})
    found = tuple(Variant(id_, ways[id_], many) for id_, many in sorted(counted, key=lambda row: (-row[1], len(ways[row[0]]), ways[row[0]])))
    arguments["variants"] = [one.id for one in found]
    sums = _rows(session, "process_sums", where, arguments)
    ((spread,),) = _rows(session, "process_span", where, arguments)
    times = {(first, then): (_span(spread), many) for first, then, spread, many in _rows(session, "process_waits", where, arguments)}
    return Mined(
        sum(one.cases for one in found), {currency: worth for currency, worth, _ in sums if worth is not None},
        sum(many for _, worth, many in sums if worth is None), _span(spread), _steps(found), _paths(found, times, rules), found,
        _breaches(found, rules),
    )  # fmt: skip


def variants_of(session: Session, question: Question) -> Ways:
    """The ways that a question asks for."""
    found = fetch_by(session, "process_variants", model=question.model)
    return {id_: tuple(steps) for id_, steps in found if question.fits(id_, steps)}


def standing(session: Session) -> tuple[datetime | None, int]:
    """When the newest commit in the log was recorded, and how many commits are not in it yet."""
    ((heard, behind),) = fetch(session, "process_standing")
    return heard, behind


def _steps(found: Sequence[Variant]) -> tuple[Step, ...]:
    many: Counter[str] = Counter()
    for one in found:
        for step in set(one.steps):
            many[step] += one.cases
    return tuple(Step(name, cases) for name, cases in sorted(many.items(), key=lambda pair: (-pair[1], pair[0])))


def _paths(found: Sequence[Variant], times: Mapping[Pair, tuple[Span, int]], rules: tuple[Rule, ...]) -> tuple[Path, ...]:
    many: Counter[Pair] = Counter()
    for one in found:
        for pair in set(paths(one.steps)):
            many[pair] += one.cases
    return tuple(
        Path(*pair, cases, *times.get(pair, (Span(), 0)), None if START in pair or END in pair else target(rules, *pair))
        for pair, cases in sorted(many.items(), key=lambda item: (-item[1], item[0]))
    )


def _breaches(found: Sequence[Variant], rules: tuple[Rule, ...]) -> tuple[Breach, ...]:
    stated = {step for one in found for step in one.steps}  # what nobody connected states is missed by no case
    made = [Breach(rule, sum(one.cases for one in found if is_broken(one.steps, rule.first, rule.then)))
        for rule in rules if rule.first in stated
    ]  # fmt: skip
    return tuple(sorted((one for one in made if one.cases), key=lambda one: -one.cases))


def _span(spread: list[int] | None) -> Span:
    half, most = (None if seconds is None else timedelta(seconds=seconds) for seconds in spread or (None, None))
    return Span(half, most)


def _rows(session: Session, name: str, where: str, arguments: dict[str, Any]) -> list[tuple[Any, ...]]:
    return session.execute(sql(name).format(where=where).encode(), arguments, prepare=False).fetchall()


# One step or path closely ------------------------------------------------------------------------------------------------

BOUNDS = tuple(timedelta(minutes=m) for m in (10, 60, 240, 720, 1440, 2880, 5760, 10080, 20160, 40320))
"""Where the bars of a histogram part."""
NEWEST = 8


class Part(msgspec.Struct, frozen=True):
    """The passages of one channel or one warehouse."""

    kind: str
    name: str
    passages: int
    span: Span


class Close(msgspec.Struct, frozen=True):
    """One step or path: its cases, how long it took (to a step: since the step before), by time, channel and warehouse; open exceptions.

    `newest` are some of the cases.
    """

    cases: int
    passages: int
    span: Span
    bars: tuple[int, ...]
    parts: tuple[Part, ...]
    exceptions: int
    newest: tuple["Listed", ...]


def close(session: Session, question: Question, scopes: Scopes, pair: Pair) -> Close:
    """A path, or a step when its first is empty."""
    where, arguments = question.where(scopes)
    ways = {id_: steps for id_, steps in variants_of(session, question).items() if _passes(steps, pair)}
    arguments |= {"variants": list(ways), "first": pair[0], "then": pair[1], "bounds": [int(bound.total_seconds()) for bound in BOUNDS]}
    ((cases, exceptions),) = _rows(session, "process_close", where, arguments)
    bars, parts, whole, passages = [0] * (len(BOUNDS) + 1), [], Span(), 0
    for bar, channel, warehouse, kind, many, spread in _rows(session, "process_histogram", where, arguments) if cases else ():
        if kind == "bar":
            bars[bar] = many
        elif kind == "all":
            whole, passages = _span(spread), many
        else:
            parts.append(Part(kind, channel if kind == "channel" else warehouse, many, _span(spread)))
    newest = tuple(_listed(session, where, {**arguments, "limit": NEWEST, "offset": 0}, ways)) if cases else ()
    return Close(cases, passages, whole, tuple(bars), tuple(sorted(parts, key=lambda part: (part.kind, -part.passages))), exceptions, newest)


def _passes(steps: tuple[str, ...], pair: Pair) -> bool:
    return pair in paths(steps) if pair[0] else pair[1] in steps


class Listed(msgspec.Struct, frozen=True):
    """A case of a list; `exceptions` are open on it."""

    root: str
    began: datetime
    ended: datetime
    channel: str
    warehouse: str
    worth: Decimal | None
    currency: str
    steps: tuple[str, ...]
    exceptions: int


def cases(
    session: Session,
    question: Question,
    scopes: Scopes,
    pair: Pair | None,
    limit: int,
    offset: int = 0,
    after: tuple[datetime, str] | None = None,
) -> tuple[int, list[Listed]]:
    """How many cases a question has (on a step or path, if one is given), and some of them, the newest first; those `after` one, if it is given."""
    where, arguments = question.where(scopes)
    ways = {id_: steps for id_, steps in variants_of(session, question).items() if pair is None or _passes(steps, pair)}
    arguments |= {"variants": list(ways), "limit": limit, "offset": offset}
    ((found,),) = _rows(session, "process_many", where, arguments)
    if after is not None:
        where += " and (c.began, c.root) < (%(began)s, %(root)s)"
        arguments |= {"began": after[0], "root": after[1]}
    return found, _listed(session, where, arguments, ways)


def many(session: Session, question: Question, scopes: Scopes) -> int:
    """How many cases a question has."""
    where, arguments = question.where(scopes)
    return int(_rows(session, "process_many", where, {**arguments, "variants": list(variants_of(session, question))})[0][0])


def _listed(session: Session, where: str, arguments: dict[str, Any], ways: Ways) -> list[Listed]:
    return [Listed(*(*row[:7], ways[row[7]], row[8])) for row in _rows(session, "process_list", where, arguments)]


def dimensions(session: Session, name: str) -> tuple[list[str], list[str]]:
    """The channels and the warehouses that cases of a model have."""
    rows = fetch_by(session, "process_dimensions", model=name)
    return sorted({channel for channel, _ in rows if channel}), sorted({warehouse for _, warehouse in rows if warehouse})
