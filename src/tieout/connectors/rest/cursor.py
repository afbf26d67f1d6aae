"""How far a poll has come: the greatest time or number among its records, or the token the answer gave; never a guess.

A time is written the way the target writes it. It never runs ahead of the target's own clock, so that one record from
the year 2999 does not hide all that come before it.
"""

from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from tieout.connectors.rest.mapping import CursorAt
from tieout.connectors.rest.path import NotText, find, text_of

DAY = len("2026-03-02")
SECONDS = 300
"""Overlap of a poll by time that names none."""


def asked_from(cursor: CursorAt, reached: str, zone: str) -> str:
    """What goes into the address: where we were, less the overlap. Raises ValueError for a cursor that is none."""
    text = reached or cursor.first
    overlap = overlap_of(cursor)
    if not overlap:
        return text
    if cursor.kind == "number":
        return format(_number(text) - overlap, "f")
    return _written(_moment(text, zone) - timedelta(seconds=overlap), text, zone)


def overlap_of(cursor: CursorAt) -> int:
    """How much is asked for again, in seconds or numbers."""
    if cursor.overlap is None:
        return SECONDS if cursor.kind == "time" else 0
    return cursor.overlap


def further(cursor: CursorAt, reached: str, records: list[Any], answer: Any, clock: datetime | None, zone: str) -> str:
    """Where we are after a page; a record without a readable value moves nothing."""
    if cursor.kind == "token":
        return _text(answer, cursor.path) or reached
    best = reached
    for record in records:
        text = _text(record, cursor.path)
        try:
            if cursor.kind == "number":
                best = text if text and (not best or _number(text) > _number(best)) else best
            elif text:
                best = _later(best, text, clock, zone)
        except ValueError:
            continue
    return best


def _later(best: str, text: str, clock: datetime | None, zone: str) -> str:
    moment = _moment(text, zone)
    if clock is not None and moment > clock:
        moment, text = clock, _written(clock, text, zone)
    return text if not best or moment > _moment(best, zone) else best


def _text(value: Any, path: str) -> str:
    try:
        return text_of(find(value, path)).strip()
    except NotText:
        return ""


def _number(text: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise ValueError(f"{text[:40]!r} is no number") from None
    if not number.is_finite() or abs(number.adjusted()) > 30:
        raise ValueError(f"{text[:40]!r} is no number to count by")
    return number


def _moment(text: str, zone: str) -> datetime:
    read = datetime.fromisoformat(text)
    return read if read.tzinfo else read.replace(tzinfo=ZoneInfo(zone))


def _written(moment: datetime, like: str, zone: str) -> str:
    """A moment as the target writes its times: with Z, with its offset, local without one, or a day."""
    given = datetime.fromisoformat(like)
    if given.tzinfo is None:
        local = moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
        return local.date().isoformat() if len(like) == DAY else local.isoformat()
    text = moment.astimezone(given.tzinfo).isoformat()
    return text.replace("+00:00", "Z") if like.upper().endswith("Z") else text
