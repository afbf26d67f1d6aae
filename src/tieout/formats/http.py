"""What an HTTP answer says besides its body: when to come back, where the next page is, what kind of body it is, where it ends."""

import re
import zlib
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

WAIT_MAX = 86_400.0
"""Longest wait taken from an answer, in seconds; a server that asks for more is asked again after a day."""

_LINK = re.compile(r'<([^<>]*)>((?:\s*;\s*[\w*-]+\s*=\s*(?:"[^"]*"|[^\s;,"]+))*)')
_HEAD_END = re.compile(rb"\r?\n\r?\n")
_INTERIM = re.compile(rb"\s*HTTP/1\.[01] 1(?!01)[0-9][0-9]")
_CHUNKED = re.compile(rb"\ntransfer-encoding:[ \t]*chunked")
_LENGTH = re.compile(rb"\ncontent-length:[ \t]*([0-9]{1,20})")
_SIZE = re.compile(rb"([0-9A-Fa-f]{1,20})[^\n]*\n")
_NEWLINE = re.compile(rb"\r?\n")
_TRAILER = re.compile(rb"(?:[^\r\n]+\r?\n)*\r?\n")
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


def unpacked(body: bytes, size_max: int) -> bytes:
    """A body that came as gzip. Raises OverflowError when it unpacks to more than `size_max` bytes, ValueError when it is damaged."""
    machine = zlib.decompressobj(wbits=31)
    try:
        found = machine.decompress(body, size_max + 1)
    except zlib.error as bad:
        raise ValueError(f"no gzip: {bad}") from bad
    if len(found) > size_max:
        raise OverflowError
    if not machine.eof or machine.unused_data:
        raise ValueError("the gzip does not end where the answer does")
    return found


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


def end_of_answer(raw: bytes, *, bodiless: bool) -> int:
    """Where the first final answer in `raw` ends by its own account; the end of `raw` when it does not say.

    `raw` begins with an answer that a parser has accepted as complete. `bodiless`: it has no body whatever its headers say.
    """
    start = 0
    while (head := _HEAD_END.search(raw, start)) and _INTERIM.match(raw, start):
        start = head.end()
    if head is None or bodiless:
        return head.end() if head else len(raw)
    fields = raw[start : head.end()].lower()
    if _CHUNKED.search(fields):
        return _end_of_chunks(raw, head.end())
    length = _LENGTH.search(fields)
    return head.end() + int(length[1]) if length else len(raw)


def _end_of_chunks(raw: bytes, at: int) -> int:
    while size := _SIZE.match(raw, at):
        at = size.end() + int(size[1], 16)
        if not int(size[1], 16):
            trailer = _TRAILER.match(raw, at)
            return trailer.end() if trailer else len(raw)
        at = newline.end() if (newline := _NEWLINE.match(raw, at)) else at
    return len(raw)


def _date(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
    except (ValueError, OverflowError, IndexError, TypeError):
        return None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
