"""Lineage: which bytes say which field, in the formats that systems speak."""

import json
from typing import Any

import pytest

from tieout.console.lineage import Lineage, lineage

ROWS = b"Order,Line,Item,Qty\r\nSO-1,1,MUG,6\r\nSO-1,2,TEA,6\r\nSO-2,1,MUG,6\r\n"
X12 = (
    b"ISA*00*          *00*          *ZZ*A              *ZZ*B              *250611*0800*U*00401*000000102*0*P*>~"
    b"ST*850*0001~BEG*00*SA*7701**20250610~PO1*1*6*CS~SE*3*0001~ST*850*0002~BEG*00*SA*7702**20250611~PO1*1*6*CS*108.00**VN*MUG~SE*3*0002~"
)


def line(number: str, item: str, quantity: Any, **more: Any) -> dict[str, Any]:
    return {"line": number, "subject": "erp/sales_order/SO-1", "item": item, "quantity": quantity, **more}


def said(found: Lineage, field: str) -> list[tuple[int, str]]:
    """(where, text) of the bytes that say a field."""
    where, made = 0, []
    for piece in found.pieces:
        if field in piece.fields:
            made.append((where, piece.text))
        where += len(piece.text)
    return made


def test_the_pieces_together_are_the_bytes() -> None:
    body = {"number": "SO-1", "lines": [line("2", "TEA", 6)]}
    assert "".join(piece.text for piece in lineage(ROWS, None, body, "UTC").pieces) == ROWS.decode()


def test_a_row_says_its_own_numbers_and_not_the_same_number_of_another() -> None:
    found = lineage(ROWS, None, {"number": "SO-1", "lines": [line("2", "TEA", 6)]}, "UTC")
    assert said(found, "l2-item") == [(ROWS.index(b"TEA"), "TEA")]
    assert said(found, "l2-quantity") == [(ROWS.index(b"TEA") + 4, "6")]


def test_a_set_of_an_interchange_is_read_alone() -> None:
    body = {"number": "B:7702", "happened": "2025-06-11T05:00:00Z", "lines": [line("1", "MUG", 6, unit="CS", value=648)]}
    found = lineage(X12, X12.index(b"ST*850*0002"), body, "America/Chicago")
    assert said(found, "l1-quantity") == [(X12.rindex(b"*6*CS") + 1, "6")]
    assert [text for _, text in said(found, "f1")] == ["20250611"]
    assert said(found, "f0")[0][1] == "7702"
    assert "l1-value" in found.silent, "6 times 108.00 is worked out, it stands nowhere"


def test_a_number_in_json_is_a_number_however_it_is_written() -> None:
    text = json.dumps(
        {"at": "2025-06-12T14:20:00-05:00", "lines": [{"sku": "TEA", "n": "06"}, {"sku": "MUG", "n": 3, "price": "75.00"}]}
    ).encode()
    body = {"number": "1", "happened": "2025-06-12T19:20:00Z", "lines": [line("1", "MUG", 3, value=75)]}
    found = lineage(text, 0, body, "America/Chicago")
    assert [text for _, text in said(found, "l1-quantity")] == ["3"]
    assert [text for _, text in said(found, "l1-value")] == ["75.00"]
    assert [text for _, text in said(found, "f1")] == ["2025-06-12T14:20:00"], "by the clock of its place"


def test_who_may_not_see_the_rest_of_a_message_does_not() -> None:
    found = lineage(ROWS, None, {"number": "SO-2", "lines": [line("1", "MUG", 6)]}, "UTC", narrow=True)
    shown = "".join(piece.text for piece in found.pieces)
    assert shown.startswith("SO-2") and "SO-1" not in shown
    assert found.before == ROWS.index(b"SO-2") and found.before + len(shown) + found.after == len(ROWS)


@pytest.mark.parametrize("raw", [b"", b"\xff\xfe\x00", b"{", b"<a", b"ISA", b"UNA:+.? '", b'{"a": "}{"}'])
def test_no_bytes_are_too_strange_to_be_shown(raw: bytes) -> None:
    found = lineage(raw, 3, {"number": "7", "lines": [line("1", "MUG", "1.50")]}, "UTC")
    assert "".join(piece.text for piece in found.pieces) == (raw.decode("latin-1") if b"\xff" in raw else raw.decode())


def test_a_very_long_message_is_cut_around_the_statement() -> None:
    raw = b"".join(b"SO-%d,1,MUG,6\n" % n for n in range(40_000))
    start = raw.index(b"SO-20000,")
    found = lineage(raw, start, {"number": "SO-20000", "lines": [line("1", "MUG", 6)]}, "UTC")
    shown = "".join(piece.text for piece in found.pieces)
    assert len(shown) <= 128 * 1024 and found.before + len(shown) + found.after == len(raw)
    assert [text for _, text in said(found, "f0")] == ["SO-20000"]
