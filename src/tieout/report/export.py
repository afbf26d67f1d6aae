"""Write a table as CSV, Parquet or an Excel workbook, exactly: no digit is lost and no text becomes a formula.

CSV is written as the data is, for programs: a cell that begins with `=`, `+`, `-` or `@` keeps it, because an apostrophe put in front would
change identities and negative numbers when the file is read back. Who opens an export in a spreadsheet takes XLSX, where every text is a text.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import xlsxwriter

from tieout.core.values import plain
from tieout.errors import OperatorError
from tieout.report.tables import Table

FLOAT_DIGITS = 15
SHEET_ROWS = 1_048_576
CELL_MAX = 32_767
WIDTH_MAX = 60


def write(table: Table, path: Path, format: str | None = None) -> None:
    """Write a table to a file, in the format of its suffix unless one is named (`csv`, `parquet`, `xlsx`).

    The file is complete or not there. Raises OperatorError for a format we do not write, or a place we cannot write to.
    """
    name = (format or path.suffix).lower().removeprefix(".")
    writer = WRITERS.get(name)
    if writer is None:
        what = f"{name!r} is no export format" if name else f"{path.name} does not say which format to write"
        raise OperatorError(f"{what}.", f"End the file name in {', '.join(f'.{known}' for known in WRITERS)}.")
    part = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        writer(table, part)
        part.replace(path)
    except OSError as bad:
        raise OperatorError(f"{path} cannot be written: {bad.strerror or bad}.", "Name a file in a folder you may write to.") from bad
    finally:
        part.unlink(missing_ok=True)


def _csv(table: Table, path: Path) -> None:
    pa_csv.write_csv(_as_text(table.arrow), str(path))


def _parquet(table: Table, path: Path) -> None:
    pq.write_table(table.arrow, str(path), compression="zstd")


def _as_text(arrow: "pa.Table") -> "pa.Table":
    """Decimals without trailing zeros and times as ISO 8601 in UTC; None stays empty."""
    columns = []
    for column in arrow.columns:
        if pa.types.is_decimal(column.type):
            columns.append(pa.array([None if v is None else plain(v) for v in column.to_pylist()], pa.string()))
        elif pa.types.is_timestamp(column.type):
            columns.append(pc.strftime(column, format="%Y-%m-%dT%H:%M:%SZ"))
        else:
            columns.append(column)
    return pa.table(columns, names=arrow.column_names)


def _xlsx(table: Table, path: Path) -> None:
    if len(table) >= SHEET_ROWS:
        raise OperatorError(f"A sheet holds {SHEET_ROWS - 1:,} rows, the table has {len(table):,}.", "Export it as .csv or .parquet.")
    options = {
        "constant_memory": True, "strings_to_formulas": False, "strings_to_numbers": False, "strings_to_urls": False,
        "default_date_format": "yyyy-mm-dd hh:mm:ss", "remove_timezone": True,
    }  # fmt: skip
    try:
        with xlsxwriter.Workbook(str(path), options) as book:
            _sheet(table, book, book.add_worksheet("Tieout"))
    except xlsxwriter.exceptions.FileCreateError as bad:
        raise OSError(str(bad)) from bad


def _sheet(table: Table, book: Any, sheet: Any) -> None:
    names = table.arrow.column_names
    bold = book.add_format({"bold": True, "bottom": 1})
    right = book.add_format({"align": "right"})
    times = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
    days = book.add_format({"num_format": "yyyy-mm-dd"})
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, max(len(table), 1), len(names) - 1)
    for place, (name, column) in enumerate(zip(names, table.arrow.columns, strict=True)):
        sample = [len(str(v)) for v in column.slice(0, 200).to_pylist() if v is not None]
        sheet.set_column(place, place, min(max([len(name) + 3, *sample]), WIDTH_MAX))
        sheet.write_string(0, place, f"{name} (UTC)" if pa.types.is_timestamp(column.type) else name, bold)
    row = 0
    for batch in table.arrow.to_batches(max_chunksize=10_000):
        for values in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            row += 1
            for place, value in enumerate(values):
                _cell(sheet, row, place, value, right, times, days)


def _cell(sheet: Any, row: int, place: int, value: Any, right: Any, times: Any, days: Any) -> None:
    """One cell. A number goes in as a number only if a float gives every digit of it back; else as text."""
    if value is None:
        return
    if isinstance(value, Decimal):
        if fits_float(value):
            sheet.write_number(row, place, float(value))
        else:
            sheet.write_string(row, place, plain(value), right)
    elif isinstance(value, int):
        if abs(value) < 10**FLOAT_DIGITS:
            sheet.write_number(row, place, value)
        else:
            sheet.write_string(row, place, str(value), right)
    elif isinstance(value, datetime):
        if value.year >= 1900:
            sheet.write_datetime(row, place, value.astimezone(UTC).replace(tzinfo=None), times)
        else:
            sheet.write_string(row, place, value.isoformat())
    elif isinstance(value, date):
        if value.year >= 1900:
            sheet.write_datetime(row, place, datetime(value.year, value.month, value.day, tzinfo=UTC).replace(tzinfo=None), days)
        else:
            sheet.write_string(row, place, value.isoformat())
    else:
        sheet.write_string(row, place, str(value)[:CELL_MAX])


def fits_float(number: Decimal) -> bool:
    """True when a spreadsheet shows the number to its last digit: at most fifteen significant ones."""
    return len(plain(number).lstrip("-").replace(".", "").strip("0")) <= FLOAT_DIGITS and Decimal(repr(float(number))) == number


WRITERS: dict[str, Callable[[Table, Path], None]] = {"csv": _csv, "parquet": _parquet, "xlsx": _xlsx}
