"""Cut a stream into interchanges, in bounded memory, by what a syntax says of its header and its end; shared by X12 and EDIFACT."""

import re
from collections.abc import Callable, Iterator
from typing import BinaryIO, Generic, TypeVar

import msgspec

from tieout.formats.fault import Fault

CHUNK = 256 * 1024
BLANKS = b" \t\r\n\0\x1a"
BOM = b"\xef\xbb\xbf"
SPOIL_MAX = 64
"""Bytes at the end of a window in which a mark could still be incomplete."""
H = TypeVar("H")


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

    def __init__(self, window: Window, limit: int, alien: Callable[[bytes], Fault]) -> None:
        self.window = window
        self.limit = limit
        self.alien = alien
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
            yield Piece(raw, self.byte, self.line, self.length, self.fault or self.alien(text))
        self.begin()


class Syntax(msgspec.Struct, Generic[H], frozen=True):
    """How interchanges of one syntax begin and end.

    `begin` matches where a header may begin, `header` reads one from at most `span` bytes, `end` gives the length of the
    interchange at the window's front (None: longer than the limit), `alien` says what bytes are that are none.
    """

    begin: re.Pattern[bytes]
    span: int
    header: Callable[[bytes], H | Fault]
    end: Callable[[Window, H, int], int | None]
    alien: Callable[[bytes], Fault]
    too_long: Callable[[int], Fault]


def cut_by(syntax: Syntax[H], stream: BinaryIO, limit: int) -> Iterator[Piece]:
    """Cut `stream` into pieces of at most `limit` bytes; together they are all of it but the blanks between them."""
    window = Window(stream)
    rest = Rest(window, limit, syntax.alien)
    while True:
        header = _seek(syntax, window, rest)
        if header is None:
            yield from rest.pieces()
            return
        size = syntax.end(window, header, limit)
        if size is None:
            yield from rest.pieces()
            rest.fault = syntax.too_long(limit)
            rest.move(min(limit, len(window.data)))
            continue
        yield from rest.pieces()
        byte, line = window.byte, window.line
        raw = window.take(size)
        rest.begin()
        yield Piece(raw, byte, line, len(raw))


def _seek(syntax: Syntax[H], window: Window, rest: Rest) -> H | None:
    """Move what is before the next readable header to `rest`; None if there is none. The first unreadable one is told."""
    at = 0
    while True:
        begins = syntax.begin.search(window.data, at)
        if begins:
            at = begins.start()
            if len(window.data) - at < syntax.span and window.more():
                continue
            header = syntax.header(bytes(window.data[at : at + syntax.span]))
            if not isinstance(header, Fault):
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


LOOKS = (
    (re.compile(rb"UN[AB][^A-Za-z0-9]"), "EDIFACT (it begins with UNA or UNB)"),
    (re.compile(rb"ISA[^\w\s\"'\\]"), "X12 (it begins with ISA)"),
    (re.compile(rb"[{\[]"), "JSON"),
    (re.compile(rb"<"), "XML or HTML"),
    (re.compile(rb"PK\x03\x04|\x1f\x8b"), "a compressed file"),
    (re.compile(rb"\xff\xfe|\xfe\xff|.\x00.\x00", re.DOTALL), "text in UTF-16"),
    (re.compile(rb"%PDF"), "a PDF"),
)


def looks_like(text: bytes) -> str:
    """What bytes that are not what they should be look like; empty if nothing is known."""
    return next((name for look, name in LOOKS if look.match(text)), "")
