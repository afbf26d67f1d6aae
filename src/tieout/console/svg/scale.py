"""Scales: values to places on a drawing, with round ticks. Only places are floats; what is written stays exact."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple
from zoneinfo import ZoneInfo

NARROW, SLIM, WIDE = frozenset("ijl.,:;'|!"), frozenset("frtI()[]/- "), frozenset("mwMW@%→≥≠")
STEPS = (Decimal(1), Decimal(2), Decimal("2.5"), Decimal(5), Decimal(10))
MARGIN = 1.12
"""Fonts differ; a label that is a little narrower than we thought overlaps nothing."""
SPANS = tuple(timedelta(minutes=m) for m in (5, 15, 30, 60, 180, 360, 720, 1440, 2880, 10080, 20160, 43200, 86400, 129600, 259200, 525600))


class Linear(NamedTuple):
    """Numbers from `low` to `high` at places from `start` to `end`."""

    low: Decimal
    high: Decimal
    start: float
    end: float

    def at(self, value: Decimal) -> float:
        """Where a number stands; what lies beyond stands at the end."""
        share = float((value - self.low) / (self.high - self.low)) if self.high != self.low else 0.0
        return round(self.start + (self.end - self.start) * min(max(share, 0.0), 1.0), 1)


class Time(NamedTuple):
    """Moments from `first` to `last` at places from `start` to `end`."""

    first: datetime
    last: datetime
    start: float
    end: float

    def at(self, moment: datetime) -> float:
        """Where a moment stands; what lies beyond stands at the end."""
        span = (self.last - self.first).total_seconds()
        share = (moment - self.first).total_seconds() / span if span else 0.0
        return round(self.start + (self.end - self.start) * min(max(share, 0.0), 1.0), 1)


def ticks(low: Decimal, high: Decimal, most: int = 5) -> tuple[Decimal, ...]:
    """Round numbers that cover `low` to `high`, at most `most` steps between them; zero is one of them when it lies inside."""
    span = high - low if high > low else Decimal(1)
    ten = Decimal(10) ** ((span / most).adjusted())
    step = next(s * ten for s in STEPS if s * ten * most >= span)
    first = (low / step).to_integral_value(rounding="ROUND_FLOOR")
    last = (high / step).to_integral_value(rounding="ROUND_CEILING")
    return tuple((first + n) * step for n in range(int(max(last, first + 1) - first) + 1))


def moments(first: datetime, last: datetime, zone: ZoneInfo, most: int = 8) -> tuple[tuple[datetime, str], ...]:
    """Round moments of a zone's clock between two moments, at most `most`, each with its words."""
    step = next((s for s in SPANS if s * most >= last - first), SPANS[-1])
    local = first.astimezone(zone)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    form = "%H:%M" if step < timedelta(days=1) else "%-d %b" if step < timedelta(days=365) else "%Y"
    found = []
    for n in range(int((last - first) / step) + 2 + int(timedelta(days=1) / step)):
        wall = midnight + step * n
        at = wall.replace(tzinfo=zone)
        if first <= at <= last:
            found.append((at, f"{wall:%-d %b}" if form == "%H:%M" and (wall.hour, wall.minute) == (0, 0) else f"{wall.strftime(form)}"))
    return tuple(found[:most])


def width_of(text: str, size: float) -> float:
    """About how wide a text is in the fonts people read it in, rather more than less."""
    return size * MARGIN * sum(map(_letter, text))


def _letter(letter: str) -> float:
    if letter in NARROW:
        return 0.28
    if letter in SLIM:
        return 0.36
    if letter in WIDE:
        return 0.9
    return 0.7 if letter.isupper() else 0.57


def short(value: Decimal) -> str:
    """A number for an axis: `1.2 M`, `340 k`, `12`; exact ones are in the table."""
    for letter, size in (("G", 9), ("M", 6), ("k", 3)):
        if abs(value) >= Decimal(10) ** size:
            share = value / Decimal(10) ** size
            return f"{share.quantize(Decimal('0.1')) if abs(share) < 100 else share.quantize(Decimal(1)):f}".removesuffix(".0") + f" {letter}"
    return f"{value.normalize():f}"
