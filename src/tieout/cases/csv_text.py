"""Rows as CSV by RFC 4180. What a person or partner wrote can begin with a sign that a spreadsheet would run; then it gets an apostrophe."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

RUNS = ("=", "+", "-", "@", "\t", "\r")
BOM = "\ufeff"
PIECE = 64 * 1024


def cell(value: object) -> str:
    """A text cell that no spreadsheet runs; times in ISO 8601 with offset. Numbers are given as `Number` and stay raw."""
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    if isinstance(value, list):
        value = " ".join(map(str, value))
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(RUNS) else text


class Number(str):
    """A number as text, exact, which goes out as it is."""

    __slots__ = ()


def written(head: Sequence[str], rows: Iterable[Sequence[object]], *, bom: bool = False) -> Iterator[str]:
    """The file in pieces: a row of headers, then the rows."""
    buffer = io.StringIO(newline="")
    out = csv.writer(buffer, lineterminator="\r\n")
    if bom:
        buffer.write(BOM)
    out.writerow(head)
    for row in rows:
        out.writerow([cell(value) for value in row])
        if buffer.tell() >= PIECE:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()
