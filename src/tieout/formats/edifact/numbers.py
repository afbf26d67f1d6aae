"""EDIFACT's numbers, dates and times: read exactly or refused with ValueError."""

import re
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from tieout.core.values import exact
from tieout.formats.days import read_date

NUMBER = re.compile(r"-?(?:[0-9]{1,18}(?:[.,][0-9]{0,18})?|[.,][0-9]{1,18})-?\Z")
DIGITS = re.compile(r"[0-9]{4,14}\Z")
DAYS = {"101": 6, "102": 8}
"""C507 2379: formats of a day, and how many digits they have."""
NO_CLOCK = ("0000", "000000")
"""A clock of zeros that some partners add to a day changes nothing."""
MINUTES = {"201": 12, "202": 12, "203": 12, "204": 14, "205": 12, "303": 12, "304": 14}
"""C507 2379: formats of an instant, and how many of its digits are date and time (with a four-digit year)."""
SHORT = frozenset(("201", "202"))
"""Formats with a two-digit year."""
ZONED = frozenset(("205", "303", "304"))
"""Formats that end with a zone."""
UTC_NAMES = frozenset(("", "UTC", "GMT", "Z", "UCT", "ZUL"))
OFFSET = re.compile(r"([+-])([0-9]{2})(?::?([0-9]{2}))?\Z")
PERIODS = frozenset(("711", "713", "717", "718", "719"))
"""Formats of a span, from and to; not an instant."""


def read_number(text: str) -> Decimal:
    """A number whose decimals follow a point or a comma (both always may): `1234,50`; a minus may stand at either end."""
    if not NUMBER.match(text) or text.count("-") > 1:
        raise ValueError(f"{text!r} is not a number (digits with one decimal mark and a leading minus)")
    sign = "-" if "-" in text else ""
    return exact(sign + text.strip("-").replace(",", "."))


def read_clock(text: str) -> time:
    """A time HHMM or HHMMSS. Raises ValueError."""
    if not DIGITS.match(text) or len(text) not in (4, 6):
        raise ValueError(f"{text!r} is not a time HHMM or HHMMSS")
    try:
        return time(int(text[:2]), int(text[2:4]), int(text[4:6] or 0))
    except ValueError as bad:
        raise ValueError(f"{text!r} is not a time of the day") from bad


def read_moment(text: str, form: str) -> tuple[date, time | None, timedelta | None]:
    """Day, time and offset from UTC of a DTM value in the format that 2379 names. Raises ValueError.

    The time is None where only the day is stated, the offset where no zone is; `102` is meant where no format is stated.
    """
    if form in DAYS or not form:
        size = DAYS.get(form, len(text))
        if len(text) != size and text[size:] not in NO_CLOCK:
            raise ValueError(f"{text!r} is not a date in the format {form}")
        return read_date(text[:size]), None, None
    if form in PERIODS:
        raise ValueError(f"{text!r} is a period (format {form}), not a date")
    digits = MINUTES.get(form)
    if digits is None:
        raise ValueError(f"the date format {form!r} is not known (101, 102, 201, 203, 204, 303 and 304 are)")
    size = digits - 2 if form in SHORT else digits
    return *_instant(text[:size], size), _offset(text, text[size:], form)


def _instant(text: str, size: int) -> tuple[date, time]:
    if len(text) != size or not text.isdigit():
        raise ValueError(f"{text!r} is not a date and time of {size} digits")
    year = 6 if size == 10 else 8
    day, clock = read_date(text[:year]), text[year:]
    if clock in ("2400", "240000"):
        return day + timedelta(days=1), time()
    return day, read_clock(clock)


def _offset(text: str, zone: str, form: str) -> timedelta | None:
    if form not in ZONED:
        if zone:
            raise ValueError(f"{text!r} is longer than the format {form} is")
        return None
    if zone.upper() in UTC_NAMES:
        return timedelta()
    found = OFFSET.match(zone)
    if found is None:
        raise ValueError(f"the zone {zone[:10]!r} of {text[:20]!r} is not UTC, nor an offset such as +01")
    span = timedelta(hours=int(found[2]), minutes=int(found[3] or 0))
    return -span if found[1] == "-" else span


def written_moment(moment: datetime) -> tuple[str, str]:
    """Date and time as UNB has them in the syntax versions 1 to 3: YYMMDD and HHMM."""
    return moment.strftime("%y%m%d"), moment.strftime("%H%M")
