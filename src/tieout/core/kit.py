"""Nested kits: the components of a kit down to what is no kit itself, all as of one moment (rule 21)."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from fractions import Fraction
from math import lcm

from tieout.core.post import Component
from tieout.core.values import EXACT, exact

COMPONENTS_MAX = 1_000
"""More components than this, counted at every level, are no bill of materials but a mistake."""
LEVELS_MAX = 20
"""Most kits inside one another."""

Bill = Callable[[str], "tuple[Component, ...] | None"]
"""The components one level below a kit, or None while no version of it is in force."""
Factor = Callable[[str, str], "Fraction | None"]
"""How many base units an item's unit is, or None while nobody has said so."""


def leaves(item: str, is_kit: Callable[[str], bool], bill: Bill, factor: Factor) -> tuple[Component, ...] | None:
    """The components to post for one `item`: quantities multiplied down the levels, price shares split down them.

    None while a version below is unknown, where a kit contains itself, or beyond the bounds: then the line waits, as every
    guess would be with somebody's money.
    """
    try:
        found = list(_below(item, Fraction(1), Fraction(1), is_kit, bill, factor, (item,), [0]))
        whole = lcm(*(share.denominator for _, _, share in found))
        return tuple(Component(part.item, _decimal(quantity), part.unit, Decimal((share * whole).numerator)) for part, quantity, share in found)
    except _Unknown:
        return None


def _decimal(number: Fraction) -> Decimal:
    """A quantity, exactly. Raises _Unknown when it has no exact decimal within our bounds."""
    try:
        return exact(EXACT.divide(Decimal(number.numerator), Decimal(number.denominator)))
    except (ValueError, ArithmeticError):
        raise _Unknown from None


class _Unknown(Exception):
    """Something below is not known, or not sensible."""


def _below(
    item: str,
    count: Fraction,
    share: Fraction,
    is_kit: Callable[[str], bool],
    bill: Bill,
    factor: Factor,
    path: tuple[str, ...],
    seen: list[int],
) -> Iterator[tuple[Component, Fraction, Fraction]]:
    parts = bill(item)
    if parts is None or len(path) > LEVELS_MAX:
        raise _Unknown
    total = sum((Fraction(part.share) for part in parts), Fraction(0))
    for part in parts:
        seen[0] += 1
        if part.item in path or seen[0] > COMPONENTS_MAX:
            raise _Unknown
        quantity = count * Fraction(part.quantity)
        portion = share * (Fraction(part.share) / total if total else Fraction(1, len(parts)))
        if not is_kit(part.item):
            yield part, quantity, portion
            continue
        times = factor(part.item, part.unit)
        if times is None:
            raise _Unknown
        yield from _below(part.item, quantity * times, portion, is_kit, bill, factor, (*path, part.item), seen)
