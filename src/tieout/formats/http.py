"""What the headers of an HTTP answer mean: when to come back, where the next page is, what kind of body it is."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

WAIT_MAX = 86_400.0
"""Longest wait taken from an answer, in seconds; a server that asks for more is asked again after a day."""

_LINK = re.compile(r'<([^<>]*)>((?:\s*;\s*[\w*-]+\s*=\s*(?:"[^"]*"|[^\s;,"]+))*)')
_RELATION = re.compile(r';\s*rel\s*=\s*(?:"([^"]*)"|([^\s;,"]+))', re.IGNORECASE)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that `Retry-After` asks to wait, given in seconds or as a date; None when it says nothing we can read.

    A date is compared with the answer's own `Date`, so that the clocks of two machines need not agree.
    """
    text = headers.get("retry-after", "").strip()
    if re.fullmatch(r"[0-9]{1,12}(\.[0-9]{1,6})?", text):
        return min(float(text), WAIT_MAX)
    at, now = _date(text), answered_at(headers)
    return min(max((at - now).total_seconds(), 0.0), WAIT_MAX) if at and now else None


def answered_at(headers: Mapping[str, str]) -> datetime | None:
    """The target's own clock when it answered, in UTC, if its `Date` says so."""
    return _date(headers.get("date", ""))


def next_link(headers: Mapping[str, str]) -> str:
    """The address with `rel="next"` in `Link`; empty when there is none."""
    for found in _LINK.finditer(headers.get("link", "")):
        relation = _RELATION.search(found[2])
        if relation and "next" in (relation[1] or relation[2]).lower().split():
            return found[1].strip()
    return ""


def media_type(headers: Mapping[str, str]) -> str:
    """`application/json` of `Application/JSON; charset=utf-8`."""
    return headers.get("content-type", "").split(";", 1)[0].strip().lower()


def _date(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
    except (ValueError, OverflowError, IndexError, TypeError):
        return None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
