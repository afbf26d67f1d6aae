"""Rows of delimited and fixed-width text, each with its line and byte; nothing here knows what a column means.

A stream is read in pieces of 64 KiB and no line is ever held beyond `LINE_MAX`. What cannot be read as a row is a
`Fault` with the same place a row would have, and reading goes on at the next line.
"""

import csv
from collections import deque
from collections.abc import Iterator
from typing import BinaryIO

import msgspec

LINE_MAX = 1024 * 1024
"""Longest line, and longest row over several lines, in bytes."""

RECORD_LINES_MAX = 100
"""Most lines that one row with line breaks inside quotes may span; it bounds what an unclosed quote can cost."""

COLUMNS_MAX = 2_000
CHUNK = 64 * 1024
KEPT = 4 * 1024
"""How much of a line that is too long is kept, in bytes."""

ENCODINGS = {
    "utf-8": "utf-8",
    "utf-8-sig": "utf-8",
    "utf-16": "utf-16-le",
    "utf-16-le": "utf-16-le",
    "utf-16-be": "utf-16-be",
    "latin-1": "latin-1",
    "cp1252": "cp1252",
}
"""Encodings by the name a mapping uses; `utf-16` without a byte order mark is little-endian, as Windows writes it."""

BOMS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))


class Dialect(msgspec.Struct, frozen=True):
    """How rows are written. `widths` (in characters) means fixed-width, an empty `quote` no quoting."""

    encoding: str = "utf-8"
    delimiter: str = ","
    quote: str = '"'
    widths: tuple[int, ...] = ()


class Row(msgspec.Struct, frozen=True):
    """One row; `line` is 1-based, `byte` 0-based, `raw` includes the line end. A blank line has no cells."""

    line: int
    byte: int
    raw: bytes
    cells: list[str]


class Fault(msgspec.Struct, frozen=True):
    """A line that is no row, and why. `size` exceeds `len(raw)` where only the first part is kept."""

    line: int
    byte: int
    raw: bytes
    size: int
    rule: str
    reason: str
    next_step: str


Piece = tuple[bytes, int]
"""A line as read and its true size; the two differ for a line that is too long."""


def begin(stream: BinaryIO, dialect: Dialect) -> tuple[Dialect, bytes, int]:
    """Read up to the byte order mark: (dialect with the codec it names, bytes read beyond it, its length).

    A mark wins over the encoding that was declared.
    """
    head = b""
    while len(head) < 4 and (piece := stream.read(4 - len(head))):
        head += piece
    for mark, codec in BOMS:
        if head.startswith(mark):
            return msgspec.structs.replace(dialect, encoding=codec), head[len(mark) :], len(mark)
    return msgspec.structs.replace(dialect, encoding=ENCODINGS[dialect.encoding]), head, 0


def rows(stream: BinaryIO, dialect: Dialect, *, line: int = 1, byte: int = 0, head: bytes = b"") -> Iterator[Row | Fault]:
    """The rows from where `stream` stands: at `line` and `byte` of its origin, after the `head` that `begin` read."""
    codec = ENCODINGS[dialect.encoding]
    source = _lines(stream, "\n".encode(codec), head)
    back: deque[Piece] = deque()
    quote, delimiter, widths = dialect.quote, dialect.delimiter, dialect.widths
    while (piece := back.popleft() if back else next(source, None)) is not None:
        raw, size = piece
        lines = 1
        found: list[str] | tuple[str, str, str]
        if size != len(raw):
            found = _too_long(size)
        else:
            try:
                text = raw.decode(codec)
            except UnicodeDecodeError as bad:
                found = _undecodable(bad, codec)
            else:
                if quote and quote in text and not widths:
                    found, used = _quoted(piece, text, source, back, dialect, codec)
                    raw, size, lines = b"".join(used), sum(map(len, used)), len(used)
                else:
                    found = _plain(text.rstrip("\r\n"), delimiter, widths)
        if isinstance(found, list) and len(found) > COLUMNS_MAX:
            found = _faulty("columns-max", f"The row has {len(found)} columns", f"At most {COLUMNS_MAX} columns are read.")
        yield Row(line, byte, raw, found) if isinstance(found, list) else Fault(line, byte, raw, size, *found)
        line += lines
        byte += size


def _plain(text: str, delimiter: str, widths: tuple[int, ...]) -> list[str] | tuple[str, str, str]:
    if "\x00" in text or "\r" in text:
        return _control(text)
    if widths:
        return _fixed(text, widths)
    return text.split(delimiter, COLUMNS_MAX) if text else []


def _fixed(text: str, widths: tuple[int, ...]) -> list[str] | tuple[str, str, str]:
    """Cells by width, trimmed. A line may end early (blanks were cut) but holds nothing beyond the last column."""
    if text[sum(widths) :].strip():
        return _faulty(
            "width",
            f"The line has {len(text)} characters, the columns {sum(widths)}",
            "Compare `widths` with the file's layout.",
        )
    if not text.strip():
        return []
    cells, start = [], 0
    for width in widths:
        cells.append(text[start : start + width].strip())
        start += width
    return cells


def _quoted(
    piece: Piece, text: str, source: Iterator[Piece], back: deque[Piece], dialect: Dialect, codec: str
) -> tuple[list[str] | tuple[str, str, str], list[bytes]]:
    """The cells of a row with quotes, over as many lines as it spans, and the lines it used.

    When the quotes do not close, only the first line is at fault and the others are read again from `back`.
    """
    used = [piece]

    def feed() -> Iterator[str]:
        yield text
        held = len(piece[0])
        while len(used) < RECORD_LINES_MAX:
            more = back.popleft() if back else next(source, None)
            if more is None:
                return
            used.append(more)
            held += more[1]
            if held > LINE_MAX:
                return
            yield more[0].decode(codec)

    try:
        cells = next(csv.reader(feed(), delimiter=dialect.delimiter, quotechar=dialect.quote, strict=True))
    except (csv.Error, UnicodeDecodeError) as bad:
        back.extendleft(reversed(used[1:]))
        return _bad_quotes(bad), [piece[0]]
    if any("\x00" in cell for cell in cells):
        return _control("\x00"), [raw for raw, _ in used]
    return cells, [raw for raw, _ in used]


def _lines(stream: BinaryIO, newline: bytes, head: bytes) -> Iterator[Piece]:
    """Physical lines with their line end; of a line beyond `LINE_MAX` the first part and the true size."""
    step = len(newline)
    buffer, start, seen = head, 0, 0
    while True:
        end = _find(buffer, newline, max(start, seen))
        if end >= 0:
            size = end + step - start
            yield buffer[start : start + (size if size <= LINE_MAX else KEPT)], size
            start = end + step
            continue
        buffer, start = buffer[start:], 0
        if len(buffer) > LINE_MAX:
            size, rest = _skip_line(stream, newline, buffer)
            yield buffer[:KEPT], size
            buffer, seen = rest, 0
            continue
        chunk = stream.read(CHUNK)
        if not chunk:
            if buffer:
                yield buffer, len(buffer)
            return
        seen = len(buffer) // step * step
        buffer += chunk


def _skip_line(stream: BinaryIO, newline: bytes, buffer: bytes) -> tuple[int, bytes]:
    """Read on to the end of a line that is too long: (its size, what follows), holding one piece at a time."""
    step = len(newline)
    keep = len(buffer) // step * step
    size, rest = keep, buffer[keep:]
    while chunk := stream.read(CHUNK):
        rest += chunk
        end = _find(rest, newline, 0)
        if end >= 0:
            return size + end + step, rest[end + step :]
        keep = len(rest) // step * step
        size, rest = size + keep, rest[keep:]
    return size + len(rest), b""


def _find(buffer: bytes, newline: bytes, start: int) -> int:
    """Where the next line end stands; in two-byte encodings only at a whole character."""
    found = buffer.find(newline, start)
    while found >= 0 and found % len(newline):
        found = buffer.find(newline, found + 1)
    return found


def _faulty(rule: str, reason: str, next_step: str) -> tuple[str, str, str]:
    return f"delimited/{rule}", reason, next_step


def _too_long(size: int) -> tuple[str, str, str]:
    return _faulty(
        "line-too-long",
        f"The line has {size} bytes, more than {LINE_MAX}",
        "Check the line ends and that this is the right file; it is not read as rows.",
    )


def _undecodable(bad: UnicodeDecodeError, codec: str) -> tuple[str, str, str]:
    shown = bad.object[bad.start : bad.start + 4].hex(" ")
    return _faulty(
        "encoding",
        f"Byte {bad.start + 1} of the line ({shown}) is not {codec}",
        "Set `encoding` to what the system writes.",
    )


def _control(text: str) -> tuple[str, str, str]:
    what = "a NUL character" if "\x00" in text else "a carriage return inside the row"
    return _faulty("control-character", f"The row holds {what}", "Check `encoding`, and that lines end with LF or CR LF.")


def _bad_quotes(bad: Exception) -> tuple[str, str, str]:
    return _faulty(
        "quotes",
        f"The quotes do not close: {bad}" if isinstance(bad, csv.Error) else "The quotes do not close",
        'Quote cells whole, double a quote inside them, or set `quote = ""` where quotes are plain text.',
    )
