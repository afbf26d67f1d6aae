"""Amounts: the value of a line, allowances, charges and taxes as lines of their own, totals."""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from fractions import Fraction

import msgspec

from tieout.connectors.edifact.reading import Reading, Unreadable
from tieout.core.facts import Line
from tieout.core.values import EXACT, Ref, exact
from tieout.formats.edifact import Segment

LINE_AMOUNT = ("203", "38")
"""MOA: line item amount, invoice item amount; both after allowances and charges of the line."""
NET_PRICES = ("AAA", "CAL", "NTP", "INV", "AAG")
"""PRI: prices with allowances and charges of the line in them; AAB and others are without."""
CHARGE_AMOUNT = ("8", "23", "204", "131")
"""MOA after ALC: allowance or charge amount, charge amount, allowance amount, total charges and allowances."""
TAX_AMOUNT = ("124",)
TAX_TOTAL = ("176", "124")
CHARGES = {"FC": "freight", "FA": "freight", "SH": "freight", "DL": "freight", "TX": "tax", "DI": "discount", "TD": "discount"}
"""ALC, element 5, to the kind of charge; other allowances are discounts, other charges fees."""
GROUPS = ("ALC", "TAX")
"""Segments that own the amounts after them."""


class Worth(msgspec.Struct, frozen=True):
    """What a line is worth, and whether its own allowances and charges are in it already."""

    value: Decimal | None
    is_net: bool


def amount(reading: Reading, segments: Iterable[Segment], qualifiers: Iterable[str]) -> Decimal | None:
    """The first MOA that is wanted, by order of preference, in the document's currency; None if there is none."""
    found: dict[str, Segment] = {}
    for segment in segments:
        if segment.name == "MOA":
            found.setdefault(segment.get(1), segment)
    chosen = next((found[each] for each in qualifiers if each in found), None)
    if chosen is None:
        return None
    own = chosen.get(1, 3).upper()
    if own and own != reading.currency:
        raise Unreadable("currency", f"This amount is in {own}, the document in {reading.currency}.", chosen, 1)
    return reading.number(chosen, 1, 2)


def worth(reading: Reading, body: list[Segment], quantity: Decimal, unit: str) -> Worth:
    """The line's own amount, else price by quantity; None where neither can be known."""
    stated = amount(reading, _own(body), LINE_AMOUNT)
    if stated is not None:
        return Worth(stated, is_net=True)
    prices: dict[str, Segment] = {}
    for segment in body:
        if segment.name == "PRI":
            prices.setdefault(segment.get(1), segment)
    net = next((prices[each] for each in NET_PRICES if each in prices), None)
    chosen = net or next(iter(prices.values()), None)
    value = None if chosen is None else _extended(reading, chosen, quantity, unit)
    return Worth(value, is_net=net is not None)


def _extended(reading: Reading, segment: Segment, quantity: Decimal, unit: str) -> Decimal | None:
    """Quantity by price and its basis; None where the price is for another unit or the product has no exact number."""
    price, basis = reading.number(segment, 1, 2), reading.number(segment, 1, 5)
    priced = segment.get(1, 6)
    if price is None or basis == 0 or (priced and reading.frame.unit(priced) != unit):
        return None
    product = Fraction(quantity) * Fraction(price) / Fraction(basis or 1)
    try:
        return exact(EXACT.divide(Decimal(product.numerator), Decimal(product.denominator)))
    except ArithmeticError:
        return None
    except ValueError as bad:
        raise Unreadable("amount", f"Price times quantity: {bad}.", segment, 1) from bad


def of_line(reading: Reading, name: str, body: list[Segment], subject: Ref, *, is_net: bool) -> list[Line]:
    """Taxes of a line, and its allowances and charges unless they are in its value."""
    made = []
    for position, (head, owned) in enumerate(_groups(body), 1):
        if head.name == "TAX" or not is_net:
            made += _charge(reading, f"{name}/{head.name}{position}", head, owned, subject, name)
    return made


def of_document(reading: Reading, segments: list[Segment], subject: Ref, prefix: str = "") -> list[Line]:
    """Allowances, charges and taxes of the document; a total of taxes where none is stated one by one."""
    made = []
    for position, (head, owned) in enumerate(_groups(segments), 1):
        made += _charge(reading, f"{prefix}{head.name}{position}", head, owned, subject, "")
    if not any(line.charge == "tax" for line in made):
        total = amount(reading, _own(segments), TAX_TOTAL)
        if total:
            made.append(Line(line=f"{prefix}TAXES1", subject=subject, value=total, charge="tax"))
    return made


def _groups(segments: Iterable[Segment]) -> Iterator[tuple[Segment, list[Segment]]]:
    """ALC and TAX with the segments that follow up to the next of them, or to a segment that ends the group."""
    head: Segment | None = None
    owned: list[Segment] = []
    for segment in segments:
        if segment.name in GROUPS:
            if head is not None:
                yield head, owned
            head, owned = segment, []
        elif head is not None:
            owned.append(segment)
    if head is not None:
        yield head, owned


def _own(segments: Iterable[Segment]) -> Iterator[Segment]:
    """The amounts that belong to the line or the document itself: those before any ALC or TAX, and those that no group can own."""
    in_group = False
    for segment in segments:
        in_group = in_group or segment.name in GROUPS
        if segment.name == "MOA" and (not in_group or segment.get(1) not in (*CHARGE_AMOUNT, *TAX_AMOUNT)):
            yield segment


def _charge(reading: Reading, name: str, head: Segment, owned: list[Segment], subject: Ref, order_line: str) -> list[Line]:
    if head.name == "TAX":
        value = amount(reading, owned, TAX_AMOUNT)
        kind = "tax"
        if not value:
            return []
    else:
        indicator = head.get(1)
        if indicator not in ("A", "C"):
            return []
        value = amount(reading, owned, CHARGE_AMOUNT)
        kind = CHARGES.get(head.get(5), "discount" if indicator == "A" else "fee")
        value = -value if value is not None and indicator == "A" else value
    return [Line(line=name, subject=subject, order_line=order_line, value=value, charge=kind)]
