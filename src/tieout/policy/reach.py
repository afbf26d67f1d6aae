"""Rows that can never decide, because those above them fit whatever they fit. Pure.

Every condition tells only finitely many stretches of values apart. So one value out of each stretch, in every combination, is
as good as all values: a row that is beaten to all of these is never reached. No sampling, and no false alarm.
"""

from collections.abc import Iterator
from decimal import Decimal
from itertools import product
from typing import TypeVar

import msgspec

from tieout.policy.cell import Cell, Limits, Measure, Value, Words, points
from tieout.policy.table import Facts, Row, Table

Result = TypeVar("Result", bound=msgspec.Struct)

COMBINATIONS_MAX = 50_000
"""A row that needs more comparisons than that is not judged."""
ANYTHING = "\0"
"""A word that nobody writes: what `*` stands for, and any word that no row names."""


def unreachable(table: Table[Result]) -> list[str]:
    """A sentence for every row that can never decide."""
    made = []
    for n, row in enumerate(table.rows):
        if row.since >= table.until or row.until <= table.since:
            made.append(f"{table.place}: row {row.number} can never decide: its time is outside the file's.")
            continue
        covering = _covering(table, row, table.rows[:n])
        if covering:
            above = f"row {covering[0]}" if len(covering) == 1 else f"rows {', '.join(map(str, covering))}"
            made.append(f"{table.place}: row {row.number} can never decide: {above} above it {_verb(covering)} all that it is for.")
    return made


def _verb(covering: list[int]) -> str:
    return "takes" if len(covering) == 1 else "take"


def _covering(table: Table[Result], row: Row[Result], above: tuple[Row[Result], ...]) -> list[int]:
    """The rows that take everything from this one; none if something reaches it, or there is too much to try."""
    since, until = max(row.since, table.since), min(row.until, table.until)
    above = tuple(one for one in above if one.since < until and one.until > since and not _apart(row, one))
    single = next((one for one in above if one.since <= since and until <= one.until and one.cells.items() <= row.cells.items()), None)
    if single is not None or not above:
        return [] if single is None else [single.number]
    columns = sorted({name for one in (row, *above) for name in one.cells})
    tried = [_tried(row.cells.get(name), list(dict.fromkeys(one.cells[name] for one in above if name in one.cells))) for name in columns]
    times = sorted(
        {since, *(one.since for one in above if since <= one.since < until), *(one.until for one in above if since < one.until < until)}
    )
    count = len(times)
    for choices in tried:
        count *= len(choices)
    if count * len(above) > COMBINATIONS_MAX:
        return []
    firsts: set[int] = set()
    common = {one.number for one in above}
    for at in times:
        for values in product(*tried):
            facts = Facts(dict(zip(columns, values, strict=True)))
            if not table.fits(row, facts):
                continue
            fitting = [one.number for one in above if one.is_for(at) and table.fits(one, facts)]
            if not fitting:
                return []
            firsts.add(fitting[0])
            common.intersection_update(fitting)
    return [min(common)] if common else sorted(firsts)


def _apart(row: Row[Result], other: Row[Result]) -> bool:
    """True when plain words keep the two from ever fitting the same: most rows of a long table, found without trying."""
    for name in row.cells.keys() & other.cells.keys():
        own, against = row.cells[name], other.cells[name]
        if isinstance(own, Words) and isinstance(against, Words) and own.is_plain and against.is_plain and not own.meets(against):
            return True
    return False


def _tried(own: Cell | None, others: list[Cell]) -> list[Value]:
    """One value out of every stretch that these conditions tell apart, of those that the row's own condition lets in."""
    cells = [cell for cell in (own, *others) if cell is not None]
    found = list(dict.fromkeys(value for value in _values(cells) if own is None or own.judge(value) is True))
    return found or [None]


def _values(cells: list[Cell]) -> Iterator[Value]:
    limits = [limit for cell in cells if isinstance(cell, Limits) for limit in cell.limits]
    for unit in sorted({limit.unit for limit in limits}):
        bounds = [bound for limit in limits if limit.unit == unit for bound in limit.bounds]
        yield from (Measure(point, unit) for point in points(bounds))
    if limits:
        yield Measure(Decimal(0), ANYTHING)
    patterns = [pattern for cell in cells if isinstance(cell, Words) for pattern in cell.patterns]
    yield from (pattern.replace("*", ANYTHING) for pattern in patterns)
    if patterns:
        yield ANYTHING
