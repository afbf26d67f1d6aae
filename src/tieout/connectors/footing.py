"""Does a document add up? The charges that make up its total, chosen from those that partners state more than once."""

from collections.abc import Iterable
from decimal import Decimal
from itertools import combinations

from tieout.core.facts import Line
from tieout.core.values import ZERO, plain, round_money


def footing(lines: list[Line], total: Decimal, currency: str) -> tuple[tuple[Line, ...], dict[str, str]]:
    """The lines that make up the total, and whether they do (`foots`), else by how much they differ.

    Partners state one charge at the line, in the summary and again as a tax: the largest choice of these that sums to
    the total is taken, the others are named in `repeated`. If none does, all count, without plain repetitions.
    """
    goods = [line for line in lines if not line.charge]
    places = sorted({_place(line) for line in lines if line.charge})
    if any(line.value is None for line in lines):
        return tuple(lines), {"foots": "unknown"}
    for size in range(len(places), -1, -1):
        for chosen in combinations(places, size):
            kept = goods + [line for line in lines if line.charge and _place(line) in chosen]
            if _sums_to(kept, total, currency):
                dropped = ", ".join(place for place in places if place not in chosen)
                return tuple(kept), {"foots": "yes"} | ({"repeated": dropped} if dropped else {})
    kept = _without_repetition(lines)
    return tuple(kept), {"foots": "no", "difference": plain(total - _sum(kept))}


def _place(line: Line) -> str:
    """Where a charge is stated: `line SAC`, `line TXI`, `summary SAC` or `summary TXI`."""
    name = line.line.rsplit("/", 1)[-1].rstrip("0123456789")
    return f"line {name}" if "/" in line.line else f"summary {name}"


def _sum(lines: Iterable[Line]) -> Decimal:
    return sum((line.value or ZERO for line in lines), ZERO)


def _sums_to(lines: list[Line], total: Decimal, currency: str) -> bool:
    """Rounded nowhere, once, or line by line."""
    whole = _sum(lines)
    each = sum((round_money(line.value or ZERO, currency) for line in lines), ZERO)
    return total in (whole, round_money(whole, currency), each)


def _without_repetition(lines: list[Line]) -> list[Line]:
    at_line = [line for line in lines if line.charge and "/" in line.line]
    summary = [line for line in lines if line.charge and "/" not in line.line]
    if at_line and _sum(at_line) == _sum(summary):
        return [line for line in lines if not (line.charge and "/" in line.line)]
    return lines
