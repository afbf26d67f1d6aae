"""The days of trading partners, written without marks between year, month and day."""

import re
from datetime import date

DATE = re.compile(r"(?:[0-9]{6}|[0-9]{8})\Z")
CENTURY_PIVOT = 50
"""A two-digit year below 50 belongs to 2000, else to 1900."""
YEARS = range(1900, 2200)


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
