"""Money, quantities, references and times as exact values; nothing here knows about systems or storage."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal, Inexact, InvalidOperation
from enum import StrEnum
from fractions import Fraction
from typing import NewType
from zoneinfo import ZoneInfo

import msgspec

Ref = NewType("Ref", str)
"""A document of a system: `system/type/number`, normalised. The number may itself contain slashes."""

Identity = NewType("Identity", str)
"""What a statement is about: `system/type/partner/number[/scope]`. See `identity`."""

ZERO = Decimal(0)
EXACT = Context(prec=60, traps=[Inexact, InvalidOperation])
LIMIT = Decimal(10) ** 15
DECIMALS_MAX = 9
NUMBER_MAX = 120


class Role(StrEnum):
    """Who can owe a next step."""

    CHANNEL = "channel"
    ERP = "erp"
    WMS = "wms"
    CARRIER = "carrier"
    BANK = "bank"
    VENDOR = "vendor"
    PARTNER = "partner"
    MARKETPLACE = "marketplace"


class Side(StrEnum):
    """The side of an account; the residual of a pair stands on the larger side."""

    DEBIT = "debit"
    CREDIT = "credit"


class SourceRef(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where a statement was read: file or address, 1-based line, 0-based byte offset, and a place inside the document."""

    origin: str
    line: int | None = None
    byte: int | None = None
    place: str = ""

    def __str__(self) -> str:
        parts = [self.origin]
        if self.line is not None:
            parts.append(f"line {self.line}")
        if self.byte is not None:
            parts.append(f"byte {self.byte}")
        if self.place:
            parts.append(self.place)
        return ", ".join(parts)


def normalise(number: str, *, strip_zeros: bool = False) -> str:
    """A reference as all systems would write it: trimmed, inner blanks collapsed, upper case, optionally without leading zeros."""
    text = " ".join(number.split()).upper()
    if strip_zeros:
        text = text.lstrip("0") or text[:1]
    return text


def ref(system: str, type_: str, number: str) -> Ref:
    """Build a reference. Raises ValueError when the number is empty or longer than 120 characters."""
    text = normalise(number)
    if not text or len(text) > NUMBER_MAX:
        raise ValueError(f"a {type_} number has 1 to {NUMBER_MAX} characters, not {len(text)}")
    return Ref(f"{system}/{type_}/{text}")


def ref_parts(reference: str) -> tuple[str, str, str]:
    """(system, type, number) of a reference."""
    system, type_, number = reference.split("/", 2)
    return system, type_, number


def exact(text: str | int | Decimal) -> Decimal:
    """Read a number exactly. Raises ValueError unless it is finite, below 10^15 and has at most 9 decimals.

    The result has no trailing zeros after the point, so equal numbers are written alike.
    """
    try:
        number = Decimal(text)
    except InvalidOperation as bad:
        raise ValueError(f"{text!r} is not a number") from bad
    if not number.is_finite():
        raise ValueError(f"{text!r} is not a finite number")
    if abs(number) >= LIMIT:
        raise ValueError(f"{text!r} is larger than any quantity or amount we accept (10^15)")
    try:
        number = tidy(number)
    except Inexact as long:
        raise ValueError(f"{str(text)[:60]!r}… has more digits than any quantity or amount we accept") from long
    exponent = number.as_tuple().exponent
    if isinstance(exponent, int) and exponent < -DECIMALS_MAX:
        raise ValueError(f"{text!r} has more than {DECIMALS_MAX} decimals")
    return number


def tidy(number: Decimal) -> Decimal:
    """The same number without trailing zeros and never in exponent form, so that text and hash of equal numbers agree."""
    if not number:
        return ZERO
    number = number.normalize(EXACT)
    exponent = number.as_tuple().exponent
    if isinstance(exponent, int) and exponent > 0:
        return number.quantize(Decimal(1), context=EXACT)
    return number


def times(a: Decimal, b: Decimal) -> Decimal:
    """The exact product."""
    return tidy(EXACT.multiply(a, b))


def plain(number: Decimal) -> str:
    """A number as text without exponent: `551448.994`."""
    return format(tidy(number), "f")


MINOR_DIGITS = {
    **dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND"), 0),
    **dict.fromkeys(("VUV", "XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
    **dict.fromkeys(("CLF", "UYW"), 4),
}
"""ISO 4217 minor-unit digits that are not 2."""


def minor_unit(currency: str) -> Decimal:
    """The smallest amount of a currency: 0.01 USD, 1 JPY, 0.001 KWD."""
    return Decimal(1).scaleb(-MINOR_DIGITS.get(currency, 2))


def round_money(amount: Fraction | Decimal, currency: str) -> Decimal:
    """Round half up to the currency's minor unit; only where a source itself rounds."""
    unit = minor_unit(currency)
    if isinstance(amount, Decimal):
        return amount.quantize(unit, rounding=ROUND_HALF_UP)
    count = amount / Fraction(unit)
    whole = (abs(count) * 2 + 1) // 2
    return (Decimal(int(whole)) * unit).copy_sign(Decimal(1) if count >= 0 else Decimal(-1))


def largest_remainder(total: Decimal, weights: Sequence[Fraction | Decimal], step: Decimal) -> list[Decimal]:
    """Split `total` by `weights` into multiples of `step` that sum to it exactly; ties go to the earlier part.

    Weights are not negative. If all are zero the parts are as equal as possible. A remainder of the total
    below one step goes to the first part.
    """
    if not weights:
        raise ValueError("nothing to allocate to")
    shares = [Fraction(w) for w in weights]
    if any(w < 0 for w in shares):
        raise ValueError("a weight is negative")
    if not any(shares):
        shares = [Fraction(1)] * len(shares)
    sign = -1 if total < 0 else 1
    units, dust = divmod(abs(total), step)
    exact_parts = [Fraction(int(units)) * w / sum(shares) for w in shares]
    floors = [int(part) for part in exact_parts]
    order = sorted(range(len(floors)), key=lambda i: (floors[i] - exact_parts[i], i))
    for i in order[: int(units) - sum(floors)]:
        floors[i] += 1
    parts = [sign * n * step for n in floors]
    parts[0] += sign * dust
    return parts


def day_start(day: date, zone: str) -> datetime:
    """Local midnight of a day-precise time, in UTC."""
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)


def day_end(day: date, zone: str) -> datetime:
    """The last moment of a local day, in UTC: a day-precise due time falls due here."""
    return day_start(day + timedelta(days=1), zone)
