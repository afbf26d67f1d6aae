"""Price residual and open value of a balance, judged against price layers (rule 12). Exact: rationals inside, decimals out."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

import msgspec

from tieout.core.account import Entry
from tieout.core.values import EXACT, ZERO, exact, minor_unit, tidy


class Layer(msgspec.Struct, frozen=True):
    """A quantity at a unit price, in the order in which it falls due."""

    quantity: Decimal
    price: Fraction


def layers_of(entries: Sequence[Entry], currency: str) -> list[Layer]:
    """The priced quantities among `entries` (sorted by due), as layers in one currency."""
    return [
        Layer(e.quantity, Fraction(e.value) / Fraction(e.quantity))
        for e in entries
        if e.quantity is not None and e.quantity > 0 and e.value is not None and e.currency == currency
    ]


def filling(layers: Sequence[Layer], quantity: Decimal) -> tuple[Fraction, Fraction]:
    """The cheapest and the dearest value of `quantity` taken from the layers; beyond them it counts at their extremes."""
    ordered = sorted(layers, key=lambda layer: layer.price)
    return _fill(ordered, quantity), _fill(ordered[::-1], quantity)


def _fill(layers: Sequence[Layer], quantity: Decimal) -> Fraction:
    left, value = Fraction(quantity), Fraction(0)
    for layer in layers:
        taken = min(left, Fraction(layer.quantity))
        value += taken * layer.price
        left -= taken
        if not left:
            break
    return value + left * layers[0].price


def price_residual(layers: Sequence[Layer], credits: Sequence[Entry], currency: str) -> Decimal | None:
    """What the credited value misses (+) or exceeds (-) the layers by; None when not judgeable.

    Half a minor unit per credit entry is the source's rounding.
    """
    priced = [e for e in credits if e.quantity is not None and e.value is not None and e.currency == currency]
    if not priced or not layers:
        return None if not layers else ZERO
    quantity = value = ZERO
    for entry in priced:
        quantity = EXACT.add(quantity, entry.quantity or ZERO)
        value = EXACT.add(value, entry.value or ZERO)
    if quantity < 0:
        return None
    low, high = filling(layers, quantity)
    slack = Fraction(minor_unit(currency)) / 2 * len(priced)
    stated = Fraction(value)
    if low - slack <= stated <= high + slack:
        return ZERO
    return decimal(low - stated if stated < low else high - stated, currency)


def open_value(layers: Sequence[Layer], covered: Decimal, quantity: Decimal, currency: str) -> Decimal | None:
    """The value of `quantity` left after `covered` was taken from the layers in their order; None without layers."""
    if not layers:
        return None
    skip, left, value = Fraction(covered), Fraction(quantity), Fraction(0)
    for layer in layers:
        size = Fraction(layer.quantity)
        gone = min(skip, size)
        skip -= gone
        taken = min(left, size - gone)
        value += taken * layer.price
        left -= taken
    return decimal(value + left * layers[-1].price, currency)


def decimal(number: Fraction, currency: str) -> Decimal:
    """A rational amount as a decimal: exact where it has an end, else rounded to nine decimals, far below any minor unit."""
    try:
        return exact(EXACT.divide(Decimal(number.numerator), Decimal(number.denominator)))
    except (ValueError, ArithmeticError):
        return tidy(Decimal(round(number * 10**9)).scaleb(-9))
