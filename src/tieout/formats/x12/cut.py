"""Cut a stream into interchanges, in bounded memory, by nothing but ISA, its delimiters and IEA."""

import re
from collections.abc import Iterator
from typing import BinaryIO

import msgspec

from tieout.formats.x12.fault import Fault
from tieout.formats.x12.header import HEADER_MAX, Header, read_header

CHUNK = 256 * 1024
BLANKS = b" \t\r\n\0\x1a"
BOM = b"\xef\xbb\xbf"
BEGIN = re.compile(rb"(?<![\w\"'<:/])ISA[^\w\s\"'\\]")
"""A header may begin here: not inside a word, a quoted text or a tag."""
IEA_MAX = 80
HEADER_SPAN = HEADER_MAX + 1000
"""Bytes that a header is read from: more than it needs, to see whether its terminator ends what follows."""
SPOIL_MAX = 64
"""Bytes at the end of a window in which a mark could still be incomplete."""


class Piece(msgspec.Struct, frozen=True):
    """A part of the stream: one interchange (`fault` is None) or bytes that are none, with the reason.

    `byte` is its 0-based offset, `line` its 1-based line, `length` its true length: `raw` is cut at the limit.
    """

    raw: bytes
    byte: int
    line: int
    length: int
    fault: Fault | None = None


class Window:
    """The part of the stream that is held in memory, and where it begins."""

    def __init__(self, stream: BinaryIO) -> None:
        self.stream = stream
        self.data = bytearray()
        self.byte = 0
        self.line = 1
        self.ended = False

    def more(self) -> bool:
        """Read another chunk; False at the end of the stream."""
        chunk = b"" if self.ended else self.stream.read(CHUNK)
        self.ended = not chunk
        self.data += chunk
        return bool(chunk)

    def fill(self, size: int) -> None:
        """Hold at least `size` bytes, or all there are."""
        while len(self.data) < size and self.more():
            pass

    def take(self, size: int) -> bytes:
        """Remove `size` bytes from the front."""
        raw = bytes(self.data[:size])
        del self.data[:size]
        self.byte += len(raw)
        self.line += raw.count(b"\n")
        return raw


class Rest:
    """Bytes that are no interchange, collected until the next one begins; only the first `limit` are kept."""

    def __init__(self, window: Window, limit: int) -> None:
        self.window = window
        self.limit = limit
        self.begin()

    def begin(self) -> None:
        """Forget what was collected; what follows begins at the window's front."""
        self.raw = bytearray()
        self.length = 0
        self.byte = self.window.byte
        self.line = self.window.line
        self.fault: Fault | None = None

    def move(self, size: int) -> None:
        """Move `size` bytes here from the window."""
        raw = self.window.take(size)
        self.length += len(raw)
        self.raw += raw[: max(self.limit - len(self.raw), 0)]

    def pieces(self) -> Iterator[Piece]:
        """What was collected, unless it is blank; then begin anew."""
        raw = bytes(self.raw)
        text = raw.removeprefix(BOM).strip(BLANKS)
        if text or self.fault:
            yield Piece(raw, self.byte, self.line, self.length, self.fault or _not_x12(text))
        self.begin()


def cut(stream: BinaryIO, limit: int) -> Iterator[Piece]:
    """Cut `stream` into pieces of at most `limit` bytes; together they are all of it but the blanks between them."""
    window = Window(stream)
    rest = Rest(window, limit)
    while True:
        header = _seek(window, rest)
        if header is None:
            yield from rest.pieces()
            return
        size = _end(window, header, limit)
        if size is None:
            yield from rest.pieces()
            rest.fault = _too_long(limit)
            rest.move(min(limit, len(window.data)))
            continue
        yield from rest.pieces()
        byte, line = window.byte, window.line
        raw = window.take(size)
        rest.begin()
        yield Piece(raw, byte, line, len(raw))


def _seek(window: Window, rest: Rest) -> Header | None:
    """Move what is before the next readable header to `rest`; None if there is none. The first unreadable one is told."""
    at = 0
    while True:
        begins = BEGIN.search(window.data, at)
        if begins:
            at = begins.start()
            if len(window.data) - at < HEADER_SPAN and window.more():
                continue
            header = read_header(bytes(window.data[at : at + HEADER_SPAN]))
            if isinstance(header, Header):
                rest.move(at)
                return header
            rest.fault = rest.fault or header
            at += 3
            continue
        at = max(at, len(window.data) - 3)
        past = min(at - 1, len(window.data) - SPOIL_MAX)
        if past > 0:
            rest.move(past)
            at -= past
        if not window.more():
            rest.move(len(window.data))
            return None


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


FRAGMENT = re.compile(rb"(GS|ST|TA1|SE|GE|IEA)[^\w\s]")
LOOKS = (
    (re.compile(rb"UN[AB][^A-Za-z0-9]"), "EDIFACT (it begins with UNA or UNB)"),
    (re.compile(rb"[{\[]"), "JSON"),
    (re.compile(rb"<"), "XML or HTML"),
    (re.compile(rb"PK\x03\x04|\x1f\x8b"), "a compressed file"),
    (re.compile(rb"\xff\xfe|\xfe\xff|.\x00.\x00", re.DOTALL), "text in UTF-16"),
    (re.compile(rb"%PDF"), "a PDF"),
)


def _not_x12(text: bytes) -> Fault:
    """Say what the bytes look like; `text` is not blank."""
    for look, name in LOOKS:
        if look.match(text):
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
