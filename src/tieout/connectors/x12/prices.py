"""Unit price times quantity by the basis of the price, and allowances, charges and taxes as lines of their own."""

from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction

from tieout.connectors.x12.reading import Reading, Unreadable
from tieout.core.facts import Line
from tieout.core.values import EXACT, ZERO, Ref, exact, plain, tidy
from tieout.formats.x12 import Segment

PER = {
    **dict.fromkeys(("PN",), 10),
    **dict.fromkeys(("PD", "LD", "RD", "TD", "WD"), 12),
    **dict.fromkeys(("HP", "LC", "QH", "RC", "TC", "WC"), 100),
    **dict.fromkeys(("TP", "LM", "QS", "RM", "TM", "WM"), 1000),
    "TT": 10_000,
    "HT": 100_000,
}
"""Basis of unit price (element 639) to the number of units it is for; what is not here is per unit."""
MEASURED = {
    **dict.fromkeys(("BW", "DP", "HF", "PA", "PB", "PM", "PS", "PU", "SA", "SM", "TF", "WI"), ""),
    "ML": "ML",
    "PF": "FT",
    "PG": "GR",
    "PK": "KG",
    "PL": "LT",
    "PO": "OZ",
    "PP": "LB",
    "PT": "TN",
    "PY": "YD",
}
"""Bases by weight, length, volume or time and the quantity unit they fit; in any other unit the value is unknown."""
DOZEN = "DZ"
CHARGES = {"D240": "freight", "G821": "freight", "G830": "freight", "H750": "tax", "H850": "tax", "C310": "discount"}
"""SAC02 to the kind of charge; other allowances are discounts, other charges fees."""


def extended(reading: Reading, segment: Segment, quantity: Decimal, unit: str, *, price: int = 4) -> Decimal | None:
    """Quantity by the price in element 4 of PO1 or IT1 and its basis in the next; None where that cannot be known."""
    each = reading.number(segment, price)
    basis = segment.get(price + 1)
    if each is None:
        return ZERO if basis == "NC" else None
    if basis in MEASURED and MEASURED[basis] != unit:
        return None
    per = 1 if basis in PER and PER[basis] == 12 and unit == DOZEN else PER.get(basis, 1)
    amount = Fraction(quantity) * Fraction(each) / per
    try:
        return exact(EXACT.divide(Decimal(amount.numerator), Decimal(amount.denominator)))
    except ArithmeticError:
        return None
    except ValueError as bad:
        raise Unreadable("amount", f"Price times quantity: {bad}.", segment, price) from bad


def charges(reading: Reading, segments: Iterable[Segment], subject: Ref, prefix: str = "") -> list[Line]:
    """SAC and TXI as lines; an allowance is negative, an amount that is not stated is None."""
    lines = []
    for position, segment in enumerate((s for s in segments if s.name in ("SAC", "TXI")), 1):
        made = _sac(reading, segment) if segment.name == "SAC" else _txi(reading, segment)
        if made is not None:
            kind, value = made
            name = f"{prefix}{segment.name}{position}"
            lines.append(Line(line=name, subject=subject, order_line=prefix.rstrip("/"), value=value, charge=kind))
    return lines


def stated_tax(reading: Reading, segments: Iterable[Segment]) -> dict[str, str]:
    """`tax_rate` in percent and `tax_base`, as the TXI of a whole document say: TXI03 is a fraction of one, TXI08 what it is of. Several
    taxes of the same base add up; where one names no rate, or they have different bases, nothing is stated."""
    taxes = [segment for segment in segments if segment.name == "TXI" and segment.get(7) != "O"]
    rates = [reading.number(segment, 3) for segment in taxes]
    bases = {reading.number(segment, 8) for segment in taxes}
    if not taxes or len(bases) > 1 or None in rates:
        return {}
    (base,) = bases
    made = {"tax_rate": plain(tidy(sum((rate for rate in rates if rate is not None), ZERO) * 100))}
    return made if base is None else made | {"tax_base": plain(tidy(base))}


def _sac(reading: Reading, segment: Segment) -> tuple[str, Decimal | None] | None:
    indicator = segment.get(1)
    if indicator not in ("A", "C"):
        return None
    value = reading.cents(segment, 5)
    kind = CHARGES.get(segment.get(2), "discount" if indicator == "A" else "fee")
    return kind, -value if value is not None and indicator == "A" else value


def _txi(reading: Reading, segment: Segment) -> tuple[str, Decimal | None] | None:
    if segment.get(7) == "O":
        return None
    value = reading.number(segment, 2)
    return ("tax", value) if value else None
