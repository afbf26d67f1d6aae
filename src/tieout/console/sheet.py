"""CSV of a list: RFC 4180, UTF-8, headers first. A text cell that a spreadsheet would run as a formula is made plain text; numbers stay numbers."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal

from starlette.responses import StreamingResponse

from tieout.core.values import plain

FORMULA = ("=", "+", "-", "@", "\t", "\r")
BOM = "﻿"
Value = str | int | Decimal | datetime | None


def cell(value: Value) -> str:
    """One value as it is written: numbers raw, times with their offset, text that begins like a formula behind an apostrophe."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, int):
        return str(value)
    return f"'{value}" if value.startswith(FORMULA) else value


def written(heads: Sequence[str], rows: Iterable[Sequence[Value]], *, bom: bool = False) -> Iterator[str]:
    """The lines of a sheet, one at a time."""
    line = io.StringIO()
    writer = csv.writer(line, lineterminator="\r\n")
    for n, row in enumerate(_with_heads(heads, rows)):
        writer.writerow([cell(value) for value in row])
        yield (BOM if bom and n == 0 else "") + line.getvalue()
        line.seek(0)
        line.truncate()


def _with_heads(heads: Sequence[str], rows: Iterable[Sequence[Value]]) -> Iterator[Sequence[Value]]:
    yield heads
    yield from rows


def sheet(name: str, heads: Sequence[str], rows: Iterable[Sequence[Value]], *, bom: bool = False) -> StreamingResponse:
    """A sheet as a download; `name` is the file's, without its ending."""
    safe = "".join(letter if letter.isalnum() or letter in "._-" else "-" for letter in name)
    headers = {"Content-Disposition": f'attachment; filename="{safe[:120]}.csv"'}
    return StreamingResponse(written(heads, rows, bom=bom), media_type="text/csv; charset=utf-8", headers=headers)
