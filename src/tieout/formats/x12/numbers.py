"""The X12 types Nn (implied decimals), R (explicit point), DT and TM: read exactly or refused with ValueError."""

import re
from datetime import date, time
from decimal import Decimal

from tieout.core.values import exact

N = re.compile(r"-?[0-9]{1,18}\Z")
R = re.compile(r"-?(?:[0-9]{1,18}(?:\.[0-9]{0,18})?|\.[0-9]{1,18})\Z")
DATE = re.compile(r"(?:[0-9]{6}|[0-9]{8})\Z")
TIME = re.compile(r"[0-9]{4}(?:[0-9]{2}(?:[0-9]{1,2})?)?\Z")
PLACES_MAX = 9
CENTURY_PIVOT = 50
"""A six-digit year below 50 belongs to 2000, else to 1900."""
YEARS = range(1900, 2200)


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


def read_date(text: str) -> date:
    """A date CCYYMMDD or YYMMDD. Raises ValueError."""
    if not DATE.match(text):
        raise ValueError(f"{text!r} is not a date CCYYMMDD or YYMMDD")
    if len(text) == 6:
        text = ("20" if int(text[:2]) < CENTURY_PIVOT else "19") + text
    try:
        day = date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError as bad:
        raise ValueError(f"{text!r} is not a day of the calendar") from bad
    if day.year not in YEARS:
        raise ValueError(f"{text!r} is not between {YEARS.start} and {YEARS.stop - 1}")
    return day


def read_time(text: str) -> time:
    """A time HHMM, HHMMSS, HHMMSSD or HHMMSSDD. Raises ValueError."""
    if not TIME.match(text):
        raise ValueError(f"{text!r} is not a time HHMM, HHMMSS or HHMMSSDD")
    hundredths = text[6:].ljust(2, "0")
    try:
        return time(int(text[:2]), int(text[2:4]), int(text[4:6] or 0), int(hundredths) * 10_000)
    except ValueError as bad:
        raise ValueError(f"{text!r} is not a time of the day") from bad
