"""CSV: what a spreadsheet would run as a formula is text, numbers are numbers, times have their offset."""

import csv
import io
from datetime import UTC, datetime
from decimal import Decimal

from tieout.console.sheet import sheet, written


def test_a_cell_that_begins_like_a_formula_is_text() -> None:
    rows = [
        ("=cmd|' /C calc'!A0", Decimal("-5.50"), -3),
        ("+1", None, 0),
        ("@x", Decimal("1E+3"), 1),
        ("\tx", Decimal(0), 2),
        ('a "b", c\n', 1, 1),
    ]
    text = "".join(written(("name", "sum", "n"), rows, bom=True))
    assert text.startswith("﻿name,sum,n\r\n")
    back = list(csv.reader(io.StringIO(text.removeprefix("﻿"), newline="")))
    assert [row[0] for row in back[1:]] == ["'=cmd|' /C calc'!A0", "'+1", "'@x", "'\tx", 'a "b", c\n']
    assert [row[1] for row in back[1:]] == ["-5.5", "", "1000", "0", "1"]


def test_times_have_their_offset_and_names_are_safe() -> None:
    made = sheet('../x"y\r\nz', ("at",), [(datetime(2026, 3, 2, 9, tzinfo=UTC),)])
    assert made.headers["content-disposition"] == 'attachment; filename="..-x-y--z.csv"'
    assert "".join(written(("at",), [(datetime(2026, 3, 2, 9, tzinfo=UTC),)])).splitlines()[1] == "2026-03-02T09:00:00+00:00"
