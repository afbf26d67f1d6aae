"""The X12 types Nn (implied decimals), R (explicit point) and TM: read exactly or refused with ValueError."""

import re
from datetime import time
from decimal import Decimal

from tieout.core.values import exact

N = re.compile(r"-?[0-9]{1,18}\Z")
R = re.compile(r"-?(?:[0-9]{1,18}(?:\.[0-9]{0,18})?|\.[0-9]{1,18})\Z")
TIME = re.compile(r"[0-9]{4}(?:[0-9]{2}(?:[0-9]{1,2})?)?\Z")
PLACES_MAX = 9


def n_decimal(text: str, places: int) -> Decimal:
    """A number with implied decimals: `n_decimal("12345", 2)` is 123.45. Raises ValueError."""
    if not N.match(text):
        raise ValueError(f"{text!r} is not a whole number (type N{places}: the decimal point is implied)")
    if not 0 <= places <= PLACES_MAX:
        raise ValueError(f"type N{places} does not exist")
    return exact(Decimal(text).scaleb(-places))


def r_decimal(text: str) -> Decimal:
    """A number with an explicit decimal point: `r_decimal("123.450")` is 123.45. Raises ValueError."""
    if not R.match(text):
        raise ValueError(f"{text!r} is not a number (type R: digits with an optional point and leading minus)")
    return exact(text)


def read_time(text: str) -> time:
    """A time HHMM, HHMMSS, HHMMSSD or HHMMSSDD. Raises ValueError."""
    if not TIME.match(text):
        raise ValueError(f"{text!r} is not a time HHMM, HHMMSS or HHMMSSDD")
    hundredths = text[6:].ljust(2, "0")
    try:
        return time(int(text[:2]), int(text[2:4]), int(text[4:6] or 0), int(hundredths) * 10_000)
    except ValueError as bad:
        raise ValueError(f"{text!r} is not a time of the day") from bad
