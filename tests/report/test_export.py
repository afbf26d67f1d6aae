"""Exports lose no digit and run no formula."""

import csv
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tieout.errors import OperatorError
from tieout.report import tables
from tieout.report.export import fits_float, write
from tieout.report.state import Ledger
from tieout.report.tables import DECIMAL, TIME, Table

EXACT = [Decimal("100000000000000.123456789"), Decimal("0.1"), None, Decimal("-12.50")]
TEXTS = ["=1+1", "@SUM(A1)", "00042", "https://example.invalid"]


@pytest.fixture
def table() -> Table:
    at = datetime(2026, 3, 2, 9, tzinfo=UTC)
    return Table(pa.table({
        "text": pa.array(TEXTS), "number": pa.array(EXACT, DECIMAL), "at": pa.array([at, None, at, at], TIME), "n": pa.array([1, 2, 3, 2**60]),
    }))  # fmt: skip


def test_csv(table: Table, tmp_path: Path) -> None:
    write(table, tmp_path / "a.csv", None)
    with (tmp_path / "a.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [r["text"] for r in rows] == TEXTS
    assert [r["number"] for r in rows] == ["100000000000000.123456789", "0.1", "", "-12.5"]
    assert rows[0]["at"].startswith("2026-03-02T09:00:00")
    assert rows[0]["at"].endswith("Z")


def test_parquet_is_the_table(table: Table, tmp_path: Path) -> None:
    write(table, tmp_path / "sub" / "a.parquet")
    assert pq.read_table(tmp_path / "sub" / "a.parquet").equals(table.arrow)


def test_xlsx(table: Table, tmp_path: Path) -> None:
    write(table, tmp_path / "a.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "a.xlsx").active
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref == "A1:D5"
    found = list(sheet.iter_rows(min_row=2))
    assert [r[0].value for r in found] == TEXTS
    assert {r[0].data_type for r in found} == {"s"}
    assert all(r[0].hyperlink is None for r in found)
    assert [r[1].value for r in found] == ["100000000000000.123456789", 0.1, None, -12.5]
    assert found[0][2].value == datetime(2026, 3, 2, 9)
    assert found[3][3].value == str(2**60)


def test_the_format_can_be_named(table: Table, tmp_path: Path) -> None:
    write(table, tmp_path / "data", "parquet")
    assert pq.read_table(tmp_path / "data").num_rows == 4


@pytest.mark.parametrize("name", ["a.pdf", "a"])
def test_unknown_formats(table: Table, tmp_path: Path, name: str) -> None:
    with pytest.raises(OperatorError, match=r"\.csv, \.parquet, \.xlsx"):
        write(table, tmp_path / name)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("suffix", ["csv", "parquet", "xlsx"])
def test_real_and_empty_tables(told: Ledger, tmp_path: Path, suffix: str) -> None:
    for name, made in (("cases", tables.cases(told)), ("entries", tables.entries(told.connection)), ("facts", tables.facts(told.connection))):
        assert len(made)
        write(made, tmp_path / f"{name}.{suffix}")
        write(Table(made.arrow.slice(0, 0)), tmp_path / f"empty-{name}.{suffix}")
    assert len(list(tmp_path.iterdir())) == 6


def test_fits_float() -> None:
    assert fits_float(Decimal("999999.999999999"))
    assert fits_float(Decimal("0"))
    assert not fits_float(Decimal("9999999.999999999"))
