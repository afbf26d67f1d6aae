"""One cell to one value: numbers, times and text, exact or refused; nothing here knows which fact they become."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import TypeVar
from zoneinfo import ZoneInfo

from tieout.core.values import day_start, exact

Cells = list[str]
T = TypeVar("T")
Reader = Callable[[Cells], T]
"""A function from the cells of a row to one value; raises Unreadable or Empty."""

TEXT_MAX = 255
"""Longest text taken into a fact, in characters."""

YEAR_MIN = 1900
SHOWN = 40

_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,2})?")


class Unreadable(Exception):
    """A cell that cannot be read: where it stands, which rule it breaks, why, and what to do."""

    def __init__(self, place: str, rule: str, reason: str, next_step: str) -> None:
        super().__init__(reason)
        self.place, self.rule, self.reason, self.next_step = place, rule, reason, next_step


class Empty(Unreadable):
    """A cell that is needed and empty; an optional value becomes None instead."""

    def __init__(self, column: str) -> None:
        super().__init__(
            column,
            "mapping/empty",
            f"{column} is empty",
            "Correct the row, or give the fact a `when` that leaves it out.",
        )


def clip(text: str) -> str:
    """Offending text as a message shows it: quoted, short, on one line."""
    return repr(text if len(text) <= SHOWN else text[:SHOWN] + "…")


@lru_cache(maxsize=65_536)
def number(text: str, decimal: str, thousands: str) -> Decimal:
    """Read a number exactly as written; a trailing minus counts (`12.50-`). Raises ValueError."""
    if len(text) > SHOWN:
        raise ValueError(f"{clip(text)} is too long for a number")
    plain = text.strip()
    if plain.endswith("-"):
        plain = "-" + plain[:-1].rstrip()
    if thousands and thousands in plain:
        mark, group = re.escape(decimal), re.escape(thousands)
        if not re.fullmatch(rf"[+-]?[0-9]{{1,3}}(?:{group}[0-9]{{3}})+(?:{mark}[0-9]*)?", plain):
            raise ValueError(f"{clip(text)} is not grouped by thousands")
        plain = plain.replace(thousands, "")
    if decimal != ".":
        plain = plain.replace(".", "?").replace(decimal, ".")
    if not _NUMBER.fullmatch(plain):
        raise ValueError(f"{clip(text)} is not a number")
    return exact(plain)


@lru_cache(maxsize=16_384)
def moment(text: str, zone: str, formats: tuple[str, ...], whole_day: bool) -> tuple[datetime, date | None]:
    """A time in UTC, and the local day when it is only known to the day (it then stands at local midnight).

    `formats` are strptime formats, none means ISO 8601; a time without offset is local to `zone`, the earlier one where
    the clocks are set back. Raises ValueError.
    """
    read, has_time = _read_time(text.strip(), formats)
    if read.year < YEAR_MIN:
        raise ValueError(f"{clip(text)} lies before {YEAR_MIN}")
    try:
        if whole_day or not has_time:
            return day_start(read.date(), zone), read.date()
        return (read if read.tzinfo else read.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC), None
    except OverflowError:
        raise ValueError(f"{clip(text)} lies outside the calendar") from None


def _read_time(text: str, formats: tuple[str, ...]) -> tuple[datetime, bool]:
    for layout in formats:
        try:
            return datetime.strptime(text, layout), "%H" in layout or "%I" in layout  # noqa: DTZ007  the zone is added by `moment`
        except ValueError:
            continue
    try:
        if formats:
            raise ValueError
        return datetime.fromisoformat(text), len(text) > 10
    except ValueError:
        known = " or ".join(formats) if formats else "ISO 8601"
        raise ValueError(f"{clip(text)} is not a time as {known}") from None
