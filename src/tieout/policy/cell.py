"""Cells of a decision table: a condition on one column, read from text and judged against one value. Pure.

A judgement has three answers. None means that it cannot be said, because the value is not known; what that leads to is the
table's matter, never a guess here.
"""

import re
from collections.abc import Sequence
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

import msgspec

from tieout.core.values import minor_unit
from tieout.declared import Wrong, nearest

NUMBER = r"-?\d{1,15}(?:\.\d{1,9})?"
COMPARISON = re.compile(rf"(>=|<=|>|<|=)\s*({NUMBER})\s*(\S*)")
MINUTES = {"min": 1, "h": 60, "d": 1440}
ALTERNATIVES_MAX = 500


class Kind(StrEnum):
    """What a column holds, and so how a condition on it is written."""

    WORD = "word"
    """`x`, a list of them, or `AB*` with a wildcard."""
    TEXT = "text"
    """The same without regard to upper and lower case."""
    FLAG = "flag"
    """`true` or `false` (`yes` or `no`)."""
    MONEY = "money"
    """`> 500.00 USD`, `>= 500.00 and < 900.00 USD`; a list has one comparison per currency."""
    PERCENT = "percent"
    """`< 12.5 %`."""
    COUNT = "count"
    """`>= 3`."""
    SPAN = "span"
    """`>= 15 min`, in `min`, `h` or `d`."""


EXAMPLES = {Kind.MONEY: "> 500.00 USD", Kind.PERCENT: "< 12.5 %", Kind.COUNT: ">= 3", Kind.SPAN: ">= 15 min"}


class Column(NamedTuple):
    """A condition column: its name, kind and meaning, and the words it knows (all, if none are named)."""

    name: str
    kind: Kind
    meaning: str
    known: tuple[str, ...] = ()


class Measure(msgspec.Struct, frozen=True):
    """An exact amount with its unit: a currency, `%`, `min` or nothing."""

    amount: Decimal | Fraction
    unit: str = ""

    def __str__(self) -> str:
        return f"{amount_text(self.amount, self.unit)} {self.unit}".rstrip()


Value = str | tuple[str, ...] | Measure | None
"""What a column is judged by: a word, several names of one thing, a measure, or None when it is not known."""


class Words(msgspec.Struct, frozen=True):
    """Any of these words; `*` in one stands for anything."""

    patterns: tuple[str, ...]
    any_case: bool = False

    @property
    def is_plain(self) -> bool:
        """True when there is no wildcard and case matters: then equal words alone are alike."""
        return not self.any_case and not any("*" in pattern for pattern in self.patterns)

    def meets(self, other: "Words") -> bool:
        """True when both name the same word."""
        return not set(self.patterns).isdisjoint(other.patterns)

    def judge(self, value: Value) -> bool | None:
        """Whether one of the names is meant."""
        if not isinstance(value, str | tuple):
            return None
        names = (value,) if isinstance(value, str) else value
        return any(_like(pattern, name, any_case=self.any_case) for pattern in self.patterns for name in names)

    def said(self, label: str, value: Value, holds: bool | None) -> str:
        """The judgement as a sentence's part: `act is issue_credit`."""
        shown = "/".join(value) if isinstance(value, tuple) else str(value or "")
        if holds is None:
            return f"{label} is not known"
        wanted = " or ".join(self.patterns)
        if not holds:
            return f"{label} is {shown or 'not stated'}, not {wanted}"
        return f"{label} is {shown}" + (f" ({wanted})" if "*" in wanted else "")


class Limit(msgspec.Struct, frozen=True):
    """Comparisons in one unit that must all hold."""

    unit: str
    bounds: tuple[tuple[str, Decimal], ...]

    def holds(self, amount: Decimal | Fraction) -> bool:
        """True when the amount satisfies every comparison."""
        number = Fraction(amount)
        return all(_compare(number, sign, Fraction(bound)) for sign, bound in self.bounds)

    def __str__(self) -> str:
        return " and ".join(f"{sign} {Measure(bound, self.unit)}" for sign, bound in self.bounds)


class Limits(msgspec.Struct, frozen=True):
    """A measure within one of these limits, each in a unit of its own."""

    limits: tuple[Limit, ...]

    def judge(self, value: Value) -> bool | None:
        """Of a unit that none of the limits is in, such as another currency, nothing can be said."""
        if not isinstance(value, Measure):
            return None
        own = [limit for limit in self.limits if limit.unit == value.unit]
        return None if not own else any(limit.holds(value.amount) for limit in own)

    def said(self, label: str, value: Value, holds: bool | None) -> str:
        """The judgement as a sentence's part: `credit 812.00 USD > 500.00 USD`."""
        if not isinstance(value, Measure):
            return f"{label} is not known"
        own = " or ".join(str(limit) for limit in self.limits if limit.unit == value.unit)
        if holds is None or not own:
            return f"{label} {value} is in another unit than {' or '.join(map(str, self.limits))}"
        return f"{label} {value} {own}" if holds else f"{label} {value} is not {own}"


Cell = Words | Limits


def read_cell(column: Column, written: object) -> Cell | None:
    """A cell as written in a file; None for an empty cell or `*`, which any value satisfies. Raises Wrong."""
    parts = [_text(column, part) for part in (written if isinstance(written, list) else [written])]
    if "" in parts and len(parts) > 1:
        raise Wrong(f"column {column.name}", "an empty text in a list means nothing", "Remove it.")
    if "*" in parts or parts in ([""], []):
        return None
    if len(parts) > ALTERNATIVES_MAX:
        raise Wrong(f"column {column.name}", f"{len(parts)} alternatives are more than {ALTERNATIVES_MAX}", "Split the row.")
    if column.kind in EXAMPLES:
        return Limits(tuple(_limit(column, part) for part in parts))
    return Words(tuple(_word(column, part) for part in parts), any_case=column.kind is Kind.TEXT)


def _text(column: Column, part: object) -> str:
    if isinstance(part, bool):
        return "yes" if part else "no"
    if isinstance(part, str):
        return part.strip()
    how = f'Write "{EXAMPLES[column.kind]}".' if column.kind in EXAMPLES else "Write text in quotes, or a list of texts."
    raise Wrong(f"column {column.name}", f"{part!r} is not text", how)


def _word(column: Column, part: str) -> str:
    if column.kind is Kind.FLAG:
        part = {"true": "yes", "false": "no"}.get(part.lower(), part.lower())
        if part not in ("yes", "no"):
            raise Wrong(f"column {column.name}", f"{part!r} is neither true nor false", "Write true or false.")
    if column.known and not any(_like(part, known) for known in column.known):
        hint = nearest(part, column.known) or f"Known here: {', '.join(column.known[:20])}."
        raise Wrong(f"column {column.name}", f"{part!r} is none of the words this column knows", hint)
    return part


def _limit(column: Column, part: str) -> Limit:
    """`>= 500.00 and < 900.00 USD`: the unit may stand once, at the end."""
    example = f"Write it like `{EXAMPLES[column.kind]}`."
    pieces = [COMPARISON.fullmatch(piece.strip()) for piece in re.split(r"\band\b", part)]
    if not pieces or any(piece is None for piece in pieces):
        raise Wrong(f"column {column.name}", f"{part!r} is not a comparison with a plain number", example)
    found = [(piece[1], Decimal(piece[2]), piece[3]) for piece in pieces if piece is not None]
    units = {unit for _, _, unit in found if unit}
    if len(units) > 1:
        raise Wrong(f"column {column.name}", f"{part!r} compares in several units: {', '.join(sorted(units))}", example)
    unit = units.pop() if units else ""
    _check_unit(column, part, unit, example)
    bounds = tuple((sign, number * MINUTES.get(unit, 1)) for sign, number, _ in found)
    limit = Limit("min" if unit in MINUTES else unit, bounds)
    if not any(limit.holds(point) for point in points(bounds)):
        raise Wrong(f"column {column.name}", f"no amount satisfies {part!r}", "Correct the comparison, or remove the row.")
    return limit


def _check_unit(column: Column, part: str, unit: str, example: str) -> None:
    good = {
        Kind.MONEY: re.fullmatch(r"[A-Z]{3}", unit) is not None,
        Kind.PERCENT: unit == "%",
        Kind.COUNT: not unit,
        Kind.SPAN: unit in MINUTES,
    }
    if good[column.kind]:
        return
    want = {Kind.MONEY: "a currency", Kind.PERCENT: "%", Kind.COUNT: "no unit", Kind.SPAN: "min, h or d"}[column.kind]
    raise Wrong(f"column {column.name}", f"{part!r} ends in {unit or 'no unit'}, where {want} is wanted", example)


def points(bounds: Sequence[tuple[str, Decimal]]) -> list[Decimal]:
    """Amounts of which one lies in every stretch that these comparisons tell apart: the bounds, between, below and above them."""
    marks = sorted({bound for _, bound in bounds})
    if not marks:
        return [Decimal(0)]
    between = [(low + high) / 2 for low, high in pairwise(marks)]
    return [marks[0] - 1, *marks, *between, marks[-1] + 1]


def _like(pattern: str, name: str, *, any_case: bool = False) -> bool:
    if any_case:
        pattern, name = pattern.casefold(), name.casefold()
    if "*" not in pattern:
        return pattern == name
    first, *middle, last = pattern.split("*")
    if len(name) < len(first) + len(last) or not name.startswith(first) or not name.endswith(last):
        return False
    rest = name[len(first) : len(name) - len(last)]
    for part in middle:
        at = rest.find(part)
        if at < 0:
            return False
        rest = rest[at + len(part) :]
    return True


def _compare(number: Fraction, sign: str, bound: Fraction) -> bool:
    if sign == "=":
        return number == bound
    if sign in (">", ">="):
        return number > bound or (sign == ">=" and number == bound)
    return number < bound or (sign == "<=" and number == bound)


def amount_text(amount: Decimal | Fraction, unit: str) -> str:
    """An amount as people read it: with the currency's digits; a fraction that has no end is cut after four decimals."""
    if isinstance(amount, Fraction):
        rough = (Decimal(amount.numerator) / Decimal(amount.denominator)).quantize(Decimal("0.0001"))
        amount = rough.normalize() if Fraction(rough) == amount else rough
    if re.fullmatch(r"[A-Z]{3}", unit):
        least = minor_unit(unit)
        if amount == amount.quantize(least):
            amount = amount.quantize(least)
    return format(amount, "f")
