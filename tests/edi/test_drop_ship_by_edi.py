"""Drop ship by X12: what our vendor announces to us is what we announce to our customer, under a number of ours, and what we invoice."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from edi_partner import TAKES, Desk, sets_of, systems

from tieout.formats.x12 import Row
from world import World, line

ORDER, SALE, BUY = "edi/order/BIGBOX:PO-1", "erp/sales_order/SO-1", "erp/purchase_order/B-9"


@pytest.fixture
def desk_of(world_of: Callable[..., World], tmp_path: Path) -> Callable[..., Desk]:
    def make(**vendor: Any) -> Desk:
        desk = Desk(world_of(systems=systems({"BIGBOX": {"takes": TAKES}}, {"ACMEPOT": vendor})), tmp_path / "out")
        desk.receive(desk.order("PO-1", ("MUG", "10", "2")))
        desk.say("OrderBooked", "SO-1", 1, [line(1, SALE, "MUG", 10, 20)], links=[[SALE, ORDER]])
        desk.dispatch()
        desk.say("PurchaseOrdered", "B-9", 2, [line(1, BUY, "MUG", 10, 12)], links=[[BUY, SALE]])
        return desk

    return make


def notice(desk: Desk, number: str, quantity: int, *order: str) -> bytes:
    """The vendor's ship notice for our purchase order."""
    rows: list[Row] = [
        ("BSN", "00", number, "20260303", "0900", "0004"), ("HL", "1", "", "S", "1"), ("REF", "CN", f"1Z{number}"),
        ("HL", "2", "1", "O", "1"), ("PRF", "B-9", *order), ("HL", "3", "2", "I", "0"), ("LIN", "1", "VN", "MUG"),
        ("SN1", "1", str(quantity), "EA"), ("CTT", "3", str(quantity)),
    ]  # fmt: skip
    return desk.interchange("SH", ("856", rows), partner="ACMEPOT")


def test_the_vendors_notice_becomes_ours_and_our_invoice_follows(desk_of: Callable[..., Desk]) -> None:
    desk = desk_of(drop_ships=True)
    desk.receive(notice(desk, "A-77", 6), "supply")
    assert desk.open("TSH", "SNI", "PAN", "PRC", "PMT", "EAS") == {
        "TSH": {f"{ORDER} MUG EA": 4}, "SNI": {f"{ORDER} MUG EA": 6}, "PAN": {f"{ORDER} MUG EA": 4}, "PRC": {f"{ORDER} MUG EA": 4},
        "PMT": {f"{ORDER} MUG EA": 6}, "EAS": {f"{ORDER} A-77 DOC": 1},
    }  # fmt: skip
    sent = sets_of(desk.dispatch())
    assert sent["856"][0].startswith("BSN*00*A-77*")
    assert [row for row in sent["856"] if row[:3] in ("REF", "PRF", "LIN", "SN1", "N1*")] == [
        "REF*CN*1ZA-77", "N1*ST*STORE 12*92*0012", "PRF*PO-1", "LIN*1*VN*MUG", "SN1*1*6*EA",
    ]  # fmt: skip
    assert sent["997"][0].startswith("AK1*SH*"), "the vendor is told that his notice arrived"
    assert desk.states("EAS") == {f"EAS+ {ORDER} 1": "confirmed"}
    desk.say("Invoiced", "I-1", 30, [line(1, SALE, "MUG", 6, 12)], total=12)
    assert sets_of(desk.dispatch())["810"][0].endswith("*I-1*20260302*PO-1")
    desk.receive(notice(desk, "A-78", 4), "supply")
    desk.say("Invoiced", "I-2", 31, [line(1, SALE, "MUG", 4, 8)], total=8)
    assert sorted(set(sets_of(desk.dispatch())) - {"997"}) == ["810", "856"]
    done = ("TBK", "TSH", "SNI", "PAN", "PRC", "EAS", "EIS", "EOA", "EAN")
    assert desk.open(*done) == {code: {} for code in done}
    assert set(desk.states().values()) == {"confirmed"}


def test_an_order_that_says_drop_ship_needs_no_setting(desk_of: Callable[..., Desk]) -> None:
    desk = desk_of()
    desk.receive(notice(desk, "A-77", 10, "", "", "", "", "", "DS"), "supply")
    assert desk.open("TSH", "EAS") == {"TSH": {}, "EAS": {f"{ORDER} A-77 DOC": 1}}


def test_what_comes_to_our_own_dock_is_announced_to_no_customer(desk_of: Callable[..., Desk]) -> None:
    desk = desk_of()
    desk.receive(notice(desk, "A-77", 10), "supply")
    assert desk.open("TSH", "PAN", "EAS") == {"TSH": {f"{ORDER} MUG EA": 10}, "PAN": {}, "EAS": {}}
