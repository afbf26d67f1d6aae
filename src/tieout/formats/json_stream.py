"""Cuts a stream of bytes into JSON values, one at a time and in bounded memory; it never decides what a value means.

Three layouts are told apart by the first bytes:

    {…}⏎{…}⏎        JSON Lines: one value per line; a bad line is refused alone
    [ {…}, {…} ]     one array: each element is a value
    {⏎ … ⏎}          one object over several lines (or several, one after the other)

Numbers are read exactly by whoever decodes a piece (`msgspec` with `Decimal` fields, or `decode_exact`): never by way
of a float. Of a key that stands twice in one object the last value counts, as RFC 8259 leaves open; `NaN` and
`Infinity` are no JSON and are refused.
"""

import re
from collections.abc import Generator, Iterator
from decimal import Decimal, InvalidOperation
from typing import Any, BinaryIO

import msgspec

VALUE_MAX = 16 * 1024 * 1024
"""Largest value cut out, in bytes."""
DEPTH_MAX = 64
"""Deepest nesting of objects and arrays."""
KEPT = 64 * 1024
"""How many first bytes of a value that is too long are kept."""
CHUNK = 256 * 1024
CHUNK_MAX = 4 * 1024 * 1024

BOM = b"\xef\xbb\xbf"
WIDE_BOMS = (b"\xff\xfe", b"\xfe\xff")
BLANK = b" \t\r\n"
QUOTE = 0x22
NO_JSON = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, InvalidOperation)
"""What decoding a piece may raise; see `why`."""

_TOKEN = re.compile(rb'"(?:[^"\\]+|\\.)*+"|["{}\[\]]', re.DOTALL)
_SCALAR = re.compile(rb'"(?:[^"\\]+|\\.)*+"|[,\]"]', re.DOTALL)
_GAP = re.compile(rb"[ \t\r\n]*")
_ARRAY_GAP = re.compile(rb"[ \t\r\n,]*")


class Piece(msgspec.Struct, frozen=True, gc=False):
    """One value as it stood in the stream, without the blanks around it.

    `line` is 1-based, `byte` 0-based. `rule` and `fault` say why it cannot be used (`json/too-long`, …); then `raw`
    holds at most its first 64 KiB.
    """

    raw: bytes
    line: int
    byte: int
    rule: str = ""
    fault: str = ""


def cut(stream: BinaryIO, limit: int = VALUE_MAX) -> Iterator[Piece]:
    """All values of a stream, in order. Holds at most one value of `limit` bytes and one chunk."""
    window = _Window(stream)
    window.fill(CHUNK)
    if window.at(WIDE_BOMS):
        yield window.fault("json/encoding", "the text is UTF-16; JSON is exchanged in UTF-8")
        return
    if window.at(BOM):
        window.drop(len(BOM))
    while window.skip(_GAP) and window.more():
        pass
    window.fill(CHUNK)
    if window.at(b"["):
        yield from _elements(window, limit)
    elif _is_lines(window):
        yield from _lines(window, limit)
    else:
        yield from _values(window, limit)


def decode_exact(raw: bytes) -> Any:
    """Any JSON value with exact numbers (`int` or `Decimal`). Raises one of `NO_JSON`."""
    if too_deep(raw):
        raise RecursionError
    return _EXACT.decode(raw)


def too_deep(raw: bytes) -> bool:
    """Whether objects and arrays nest deeper than `DEPTH_MAX`; counting brackets settles nearly all texts."""
    if raw.count(b"{") + raw.count(b"[") <= DEPTH_MAX:
        return False
    depth = 0
    for token in _TOKEN.finditer(raw):
        mark = raw[token.start()]
        if mark in b"{[":
            depth += 1
            if depth > DEPTH_MAX:
                return True
        elif mark in b"}]":
            depth -= 1
    return False


def why(error: BaseException) -> str:
    """One sentence a partner understands for an error of `NO_JSON`."""
    if isinstance(error, RecursionError):
        return f"it nests deeper than {DEPTH_MAX} levels"
    if isinstance(error, UnicodeDecodeError):
        return "it is not UTF-8 text"
    if isinstance(error, InvalidOperation):
        return "it holds a number whose exponent is out of range"
    return str(error)


_EXACT = msgspec.json.Decoder(Any, float_hook=Decimal)


class _Window:
    """What of the stream is in memory: `data` from `start` on is not yet cut; it stands at `byte`, in `line`."""

    def __init__(self, stream: BinaryIO) -> None:
        self._read = stream.read
        self.data = b""
        self.start = 0
        self.byte = 0
        self.line = 1

    def more(self) -> bool:
        """Read on; False at the end of the stream. Reads more when more is waiting, so long values stay linear."""
        waiting = self.data[self.start :] if self.start else self.data
        wanted = min(max(CHUNK, len(waiting)), CHUNK_MAX)
        parts = [waiting]
        while wanted > 0 and (part := self._read(wanted)):
            parts.append(part)
            wanted -= len(part)
        self.data = b"".join(parts) if waiting or len(parts) != 2 else parts[1]
        self.start = 0
        return len(parts) > 1

    def fill(self, count: int) -> None:
        """Read on until `count` bytes are there, so that what is decided never depends on how the bytes arrive."""
        while len(self.data) - self.start < count and self.more():
            pass

    def drop(self, count: int) -> None:
        self.line += self.data.count(b"\n", self.start, self.start + count)
        self.byte += count
        self.start += count

    def skip(self, gap: re.Pattern[bytes]) -> bool:
        """Drop what `gap` matches at the start; True if nothing is left in memory."""
        found = gap.match(self.data, self.start)
        if found and found.end() > self.start:
            self.drop(found.end() - self.start)
        return self.start == len(self.data)

    def at(self, text: bytes | tuple[bytes, ...]) -> bool:
        return self.data.startswith(text, self.start)

    def fault(self, rule: str, reason: str) -> Piece:
        self.fill(KEPT)
        return Piece(self.data[self.start : self.start + KEPT], self.line, self.byte, rule, reason)


def _is_lines(window: _Window) -> bool:
    """Whether each line is a value of its own.

    A first line that closes every bracket it opens is one; so is one that is followed by a line starting with `{`,
    unless the text before it asks for a value. A first line longer than a chunk cannot be a hand-indented object.
    """
    first, newline, rest = window.data[window.start :].partition(b"\n")
    if not newline:
        return True
    closes = first.count(b"{") > 0 and _depth(first) == 0
    return closes or (rest.startswith(b"{") and not first.rstrip(BLANK).endswith((b"[", b":", b",")))


def _depth(text: bytes) -> int:
    marks = [text[token.start()] for token in _TOKEN.finditer(text)]
    return sum(mark in b"{[" for mark in marks) - sum(mark in b"}]" for mark in marks)


def _lines(window: _Window, limit: int) -> Iterator[Piece]:
    more = True
    while more:
        more = window.more()
        *complete, rest = window.data.split(b"\n")
        for text in complete:
            if text and (piece := _line(text, window.line, window.byte, limit)):
                yield piece
            window.byte += len(text) + 1
            window.line += 1
        window.data = rest
        if len(rest) > limit:
            more = yield from _overlong(window, limit)
    if window.data and (piece := _line(window.data, window.line, window.byte, limit)):
        yield piece


def _line(text: bytes, line: int, byte: int, limit: int) -> Piece | None:
    raw = text.rstrip(BLANK)
    if not raw:
        return None
    if raw[0] in BLANK:
        byte += len(raw) - len(raw := raw.lstrip(BLANK))
    if len(raw) > limit:
        return Piece(raw[:KEPT], line, byte, "json/too-long", _too_long("line", limit))
    if too_deep(raw):
        return Piece(raw[:KEPT], line, byte, "json/too-deep", why(RecursionError()))
    return Piece(raw, line, byte)


def _overlong(window: _Window, limit: int) -> Generator[Piece, None, bool]:
    """Refuse the line that has outgrown the limit and read past its end; returns whether the stream goes on."""
    yield window.fault("json/too-long", _too_long("line", limit))
    while True:
        newline = window.data.find(b"\n", window.start)
        if newline >= 0:
            window.drop(newline + 1 - window.start)
            return True
        window.drop(len(window.data) - window.start)
        if not window.more():
            return False


def _elements(window: _Window, limit: int) -> Iterator[Piece]:
    """The elements of the array that starts here."""
    window.drop(1)
    while True:
        while window.skip(_ARRAY_GAP):
            if not window.more():
                yield window.fault("json/cut-off", "the array is not closed; the file seems to be cut off")
                return
        if window.at(b"]"):
            break
        piece, usable = _value(window, limit)
        yield piece
        if not usable:
            return
    window.drop(1)
    while window.skip(_GAP):
        if not window.more():
            return
    yield window.fault("json/trailing", "text follows the end of the array")


def _values(window: _Window, limit: int) -> Iterator[Piece]:
    """Objects one after the other."""
    while True:
        while window.skip(_GAP):
            if not window.more():
                return
        if not window.at(b"{"):
            yield window.fault("json/not-json", "the text does not start with { or [")
            return
        piece, usable = _value(window, limit)
        yield piece
        if not usable:
            return


def _value(window: _Window, limit: int) -> tuple[Piece, bool]:
    """The value that starts here, and whether reading can go on behind it."""
    nested = window.data[window.start] in b"{["
    tokens = _TOKEN if nested else _SCALAR
    done = depth = deepest = 0
    while True:
        for token in tokens.finditer(window.data, window.start + done):
            mark = window.data[token.start()]
            if mark == QUOTE and token.end() == token.start() + 1:
                done = token.start() - window.start
                break
            done = token.end() - window.start
            if mark in b"{[":
                depth += 1
                deepest = max(deepest, depth)
            elif nested and mark in b"}]":
                depth -= 1
            if done > limit:
                break
            if depth == 0 and mark != QUOTE:
                return _cut_value(window, done if nested else done - 1, deepest), True
        if len(window.data) - window.start > limit:
            return window.fault("json/too-long", _too_long("value", limit)), False
        if not window.more():
            return window.fault("json/cut-off", "the value is not complete; the file seems to be cut off"), False


def _cut_value(window: _Window, end: int, deepest: int) -> Piece:
    raw = window.data[window.start : window.start + end].rstrip(BLANK)
    piece = Piece(raw, window.line, window.byte)
    if deepest > DEPTH_MAX:
        piece = Piece(raw[:KEPT], window.line, window.byte, "json/too-deep", why(RecursionError()))
    window.drop(end)
    return piece


def _too_long(what: str, limit: int) -> str:
    return f"the {what} is longer than {limit:,} bytes"
