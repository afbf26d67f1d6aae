"""Cut a stream into interchanges, in bounded memory, by nothing but UNA, UNB, its service characters and UNZ."""

import re
from collections.abc import Iterator
from typing import BinaryIO

from tieout.formats.edifact.header import HEADER_MAX, Header, read_header
from tieout.formats.fault import Fault
from tieout.formats.pieces import SPOIL_MAX, Piece, Syntax, Window, cut_by, looks_like

BEGIN = re.compile(rb"(?<![\w\"</:])(?:UNA[^\sA-Za-z0-9]{2}[.,][^A-Za-z0-9]|UNB[+\x1d])")
"""An interchange may begin here: not inside a word, a quoted text or a tag."""
UNZ_MAX = 80
FRAGMENT = re.compile(rb"(UNG|UNH|BGM|UNT|UNE|UNZ)[^\w\s]")


def cut(stream: BinaryIO, limit: int) -> Iterator[Piece]:
    """Cut `stream` into pieces of at most `limit` bytes; together they are all of it but the blanks between them."""
    return cut_by(Syntax(BEGIN, HEADER_MAX, read_header, _end, _not_edifact, _too_long), stream, limit)


def _end(window: Window, header: Header, limit: int) -> int | None:
    """Length of the interchange at the window's front: past UNZ, or up to the next UNA or UNB, or to the end of the stream."""
    mark, tail = _marks(header)
    release = header.delimiters.release.encode("latin-1")
    start = header.length - 1
    while True:
        found = mark.search(window.data, start)
        if found is None:
            start = max(start, len(window.data) - SPOIL_MAX)
            if len(window.data) > limit:
                return None
            if not window.more():
                return len(window.data)
        elif _is_released(window.data, found.start(), release):
            start = found.start() + 1
        elif found[1] is None:
            return _fitting(found.start() + 1, limit)
        else:
            window.fill(found.end() + UNZ_MAX + SPOIL_MAX)
            body = tail.match(window.data, found.end())
            return _fitting(body.end() if body else found.end(), limit)


def _marks(header: Header) -> tuple[re.Pattern[bytes], re.Pattern[bytes]]:
    """What begins UNZ or the next interchange, and what UNZ holds. Blanks are bounded: runs of them would cost quadratic time."""
    terminator = re.escape(header.delimiters.terminator.encode("latin-1"))
    separator = re.escape(header.delimiters.element.encode("latin-1"))
    mark = rb"%s\s{0,40}(?:(UNZ)%s|UNA[^\sA-Za-z0-9]{2}[.,]|UNB(?:%s|\+))" % (terminator, separator, separator)
    tail = rb"(?:(?!%s)[\s\S]){0,%d}?(?:%s|(?=\s{0,40}UN[AB])|\Z)" % (terminator, UNZ_MAX, terminator)
    return re.compile(mark), re.compile(tail)


def _is_released(data: bytearray, at: int, release: bytes) -> bool:
    """True if an odd number of release characters stands before `at`."""
    count = 0
    while release and count < at and data[at - count - 1] == release[0]:
        count += 1
    return count % 2 == 1


def _fitting(size: int, limit: int) -> int | None:
    return size if size <= limit else None


def _too_long(limit: int) -> Fault:
    return Fault(
        "interchange",
        "edifact/too-long",
        f"The interchange has no end within {limit} bytes.",
        "Ask the partner for smaller interchanges, or check that the segment terminator was not lost.",
        "UCI:16",
    )


def _not_edifact(text: bytes) -> Fault:
    """Say what the bytes look like; `text` is not blank."""
    looks = looks_like(text)
    if looks and not text.startswith(b"UN"):
        reason = f"This is not EDIFACT: it looks like {looks}."
        return Fault("start", "edifact/not-edifact", reason, "Send it to a system that reads this format.")
    fragment = FRAGMENT.match(text)
    if fragment:
        name = fragment[1].decode("ascii")
        reason = f"This is a fragment: it begins with {name}; without UNB nobody is named as sender or recipient."
        return Fault("start", "edifact/no-envelope", reason, "Ask the partner for the whole interchange, UNB to UNZ.")
    begin = text[:12].decode("latin-1")
    reason = f"This is not EDIFACT: it begins with {begin!r}, no interchange header (UNA or UNB) was found."
    return Fault("start", "edifact/not-edifact", reason, "Check that the right file was sent and that it was not altered.")
