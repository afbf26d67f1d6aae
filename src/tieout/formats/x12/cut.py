"""Cut a stream into interchanges, in bounded memory, by nothing but ISA, its delimiters and IEA."""

import re
from collections.abc import Iterator
from typing import BinaryIO

from tieout.formats.fault import Fault
from tieout.formats.pieces import SPOIL_MAX, Piece, Syntax, Window, cut_by, looks_like
from tieout.formats.x12.header import HEADER_MAX, Header, read_header

BEGIN = re.compile(rb"(?<![\w\"'<:/])ISA[^\w\s\"'\\]")
"""A header may begin here: not inside a word, a quoted text or a tag."""
IEA_MAX = 80
HEADER_SPAN = HEADER_MAX + 1000
"""Bytes that a header is read from: more than it needs, to see whether its terminator ends what follows."""
FRAGMENT = re.compile(rb"(GS|ST|TA1|SE|GE|IEA)[^\w\s]")


def cut(stream: BinaryIO, limit: int) -> Iterator[Piece]:
    """Cut `stream` into pieces of at most `limit` bytes; together they are all of it but the blanks between them."""
    return cut_by(Syntax(BEGIN, HEADER_SPAN, read_header, _end, _not_x12, _too_long), stream, limit)


def _end(window: Window, header: Header, limit: int) -> int | None:
    """Length of the interchange at the window's front: past IEA, or up to the next ISA, or to the end of the stream."""
    mark, tail = _marks(header)
    start = header.length - len(header.delimiters.terminator)
    while True:
        found = mark.search(window.data, start)
        if found is None:
            start = max(start, len(window.data) - SPOIL_MAX)
            if len(window.data) > limit:
                return None
            if not window.more():
                return len(window.data)
            continue
        if found[1] is None:
            return _fitting(found.start() + len(header.delimiters.terminator), limit)
        window.fill(found.end() + IEA_MAX + SPOIL_MAX)
        body = tail.match(window.data, found.end())
        return _fitting(body.end() if body else found.end(), limit)


def _marks(header: Header) -> tuple[re.Pattern[bytes], re.Pattern[bytes]]:
    """What begins IEA or the next ISA, and what IEA holds. Blanks are bounded: runs of them would cost quadratic time."""
    terminator = re.escape(header.delimiters.terminator)
    separator = re.escape(header.delimiters.element)
    blanks = rb"\s{0,4}" if header.delimiters.terminator.isspace() else rb"\s{0,40}"
    mark = rb"%s%s(?:(I\s{0,2}E\s{0,2}A)|I\s{0,2}S\s{0,2}A)\s{0,2}%s" % (terminator, blanks, separator)
    tail = rb"(?:(?!%s)[\s\S]){0,%d}?(?:%s|(?=\s{0,40}ISA)|\Z)" % (terminator, IEA_MAX, terminator)
    return re.compile(mark), re.compile(tail)


def _fitting(size: int, limit: int) -> int | None:
    return size if size <= limit else None


def _too_long(limit: int) -> Fault:
    return Fault(
        "interchange",
        "x12/too-long",
        f"The interchange has no end within {limit} bytes.",
        "Ask the partner for smaller interchanges, or check that the segment terminator was not lost.",
        "TA1:023",
    )


def _not_x12(text: bytes) -> Fault:
    """Say what the bytes look like; `text` is not blank."""
    name = looks_like(text)
    if name:
        reason = f"This is not X12: it looks like {name}."
        return Fault("start", "x12/not-x12", reason, "Send it to a system that reads this format.")
    fragment = FRAGMENT.match(text)
    if fragment:
        name = fragment[1].decode("ascii")
        reason = f"This is a fragment: it begins with {name}; without ISA nobody is named as sender or receiver."
        return Fault("start", "x12/no-envelope", reason, "Ask the partner for the whole interchange, ISA to IEA.")
    begin = text[:12].decode("latin-1")
    reason = f"This is not X12: it begins with {begin!r}, no interchange header (ISA) was found."
    return Fault("start", "x12/not-x12", reason, "Check that the right file was sent and that it was not altered.")
