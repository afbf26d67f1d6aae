"""The customer changes his mind: an order is given up, cut or raised at every stage of its way, and what is owed follows, once."""

from collections.abc import Callable

import pytest
from driven import decide
from front_door import ERP, PARTNERS, SHOP, Firm

from world import World, line

BOOK, BOOK_2 = "TBK+ shop/order/1 1", "TBK+ shop/order/1 2"
RELEASE, RELEASE_2, BILL, BILL_2 = "TSH+ shop/order/1 1", "TSH+ shop/order/1 2", "SNI+ shop/order/1 1", "SNI+ shop/order/1 2"
UNBOOK = "TBK- shop/order/1 1"
LINK = {"links": [[ERP, SHOP]]}
STAGES = ("placed", "booking sent", "booked", "reserved", "released", "partly shipped", "shipped", "invoiced", "paid")
DAY = 24


@pytest.fixture
def firm(world_of: Callable[..., World]) -> Firm:
    return Firm(world_of(systems={system.name: system for system in PARTNERS}))


def upto(firm: Firm, stage: str) -> None:
    """Ten cups for 100, as far as that stage."""
    steps: dict[str, Callable[[], None]] = {
        "placed": lambda: firm.order(("CUP", 10, 10)),
        "booking sent": lambda: firm.accept(BOOK, ERP),
        "booked": lambda: firm.erp("OrderBooked", "S1", 1, line(1, ERP, "CUP", 10, 100), revision=1, warehouse="EAST", **LINK),
        "reserved": lambda: firm.wms("allocated", "L1", 2, ("CUP", 10)),
        "released": lambda: firm.accept(RELEASE, "wms/delivery/D1"),
        "partly shipped": lambda: firm.wms("shipped", "P1", 5, ("CUP", 6), delivery="D1"),
        "shipped": lambda: firm.wms("shipped", "P2", 6, ("CUP", 4), delivery="D1"),
        "invoiced": lambda: invoiced(firm),
        "paid": lambda: firm.erp("CashApplied", "C1", 9, line(1, "erp/invoice/I-1", value=100)),
    }
    for name in STAGES[: STAGES.index(stage) + 1]:
        steps[name]()


def invoiced(firm: Firm) -> None:
    for key in (BILL, BILL_2):
        if firm.commands("SNI").get(key) == "queued":
            firm.accept(key, "erp/invoice/I-1")
    firm.erp("Invoiced", "I-1", 7, line(1, ERP, "CUP", 10, 100))


def way(firm: Firm) -> dict[str, object]:
    """What stands open on the way from order to invoice, in pieces and money."""
    return {name: int(amount) for name, amount in firm.open("TBK", "TAL", "TSH", "SNI").items()}


GONE = {"TBK CUP EA": -10, "TBK CUP $USD": -100}
CANCELLED: dict[str, tuple[dict[str, int], dict[str, str]]] = {
    "placed": ({}, {}),
    "booking sent": ({}, {BOOK: "accepted"}),
    "booked": (GONE | {"TSH CUP EA": 10, "TAL CUP EA": 10}, {BOOK: "confirmed"}),
    "reserved": (GONE | {"TSH CUP EA": 10}, {BOOK: "confirmed"}),
    "released": (GONE | {"TSH CUP EA": 10}, {BOOK: "confirmed", RELEASE: "accepted"}),
    "partly shipped": (GONE | {"TSH CUP EA": 4, "SNI CUP EA": 6}, {BOOK: "confirmed", RELEASE: "accepted"}),
    "shipped": (GONE | {"SNI CUP EA": 10}, {BOOK: "confirmed", RELEASE: "confirmed"}),
    "invoiced": (GONE, {BOOK: "confirmed", RELEASE: "confirmed", BILL_2: "confirmed"}),
    "paid": (GONE, {BOOK: "confirmed", RELEASE: "confirmed", BILL_2: "confirmed"}),
}
"""By stage: what stands open right after the customer gave the order up, and what has been told and not withdrawn."""


@pytest.mark.parametrize("stage", STAGES)
def test_an_order_is_given_up(firm: Firm, stage: str) -> None:
    upto(firm, stage)
    firm.cancelled(("CUP", 10, 10), hours=10)
    opened, told = CANCELLED[stage]
    assert way(firm) == opened
    assert firm.commands("TBK", "TSH", "SNI") == told


@pytest.mark.parametrize("stage", STAGES[2:])
def test_what_is_booked_for_an_order_that_was_given_up_is_one_case_and_waits_for_a_person(firm: Firm, stage: str) -> None:
    """Giving back is never automatic, whatever has left meanwhile; nothing more is released or billed."""
    upto(firm, stage)
    firm.cancelled(("CUP", 10, 10), hours=10)
    cases = firm.complete(4 * DAY)
    assert cases["TBK- shop/order/1#CUP"] == ({"EA": "-10"}, {"USD": "-100"})
    decide(firm.world)
    assert firm.commands("TBK")[UNBOOK] == "held"
    assert "queued" not in firm.commands("TSH", "SNI").values()


@pytest.mark.parametrize(("stage", "rest"), [("booked", 0), ("reserved", 0), ("released", 0), ("partly shipped", 6), ("shipped", 10)])
def test_once_the_erp_has_cancelled_what_did_not_leave_only_what_left_is_owed(firm: Firm, stage: str, rest: int) -> None:
    """The shipped part crossed the cancellation: the customer keeps and pays it, or sends it back; both start from one case."""
    upto(firm, stage)
    firm.cancelled(("CUP", 10, 10), hours=10)
    cut = 10 - rest
    if cut:
        firm.erp("BookingCancelled", "X1", 12, line(1, ERP, "CUP", cut, cut * 10))
    left = {"TBK CUP EA": -rest, "TBK CUP $USD": -rest * 10, "SNI CUP EA": rest} if rest else {}
    reserved = {} if stage == "booked" else {"TAL CUP EA": -cut}
    assert way(firm) == {name: amount for name, amount in (left | reserved).items() if amount}
    if stage == "released":
        firm.wms("shipped", "P1", 13, ("CUP", 10), delivery="D1")
        cases = firm.complete(4 * DAY)
        assert cases["TSH- shop/order/1#CUP"] == ({"EA": "-10"}, {"USD": "-100"})
        assert firm.world.hints()["TSH- shop/order/1#CUP"] == "cancellation crossed the shipment"
        assert BILL not in firm.commands("SNI")


@pytest.mark.parametrize("stage", ["reserved", "released"])
def test_a_reservation_for_nothing_is_the_warehouses_until_it_lets_go(firm: Firm, stage: str) -> None:
    upto(firm, stage)
    firm.cancelled(("CUP", 10, 10), hours=10)
    firm.erp("BookingCancelled", "X1", 12, line(1, ERP, "CUP", 10, 100))
    assert firm.complete(2 * DAY)["TAL- shop/order/1#CUP"] == ({"EA": "-10"}, {"USD": "-100"})
    firm.wms("deallocated", "L2", 50, ("CUP", 10))
    assert way(firm) == {}
    assert "TAL- shop/order/1#CUP" not in firm.world.cases()


MORE = {"TBK CUP EA": 2, "TBK CUP $USD": 20}
RAISED: dict[str, tuple[dict[str, int], dict[str, str]]] = {
    "placed": ({"TBK CUP EA": 12, "TBK CUP $USD": 120}, {BOOK_2: "queued"}),
    "booking sent": ({"TBK CUP EA": 12, "TBK CUP $USD": 120}, {BOOK: "accepted"}),
    "booked": (MORE | {"TSH CUP EA": 10, "TAL CUP EA": 10}, {BOOK: "confirmed", BOOK_2: "queued", RELEASE: "queued"}),
    "reserved": (MORE | {"TSH CUP EA": 10}, {BOOK: "confirmed", BOOK_2: "queued", RELEASE: "queued"}),
    "released": (MORE | {"TSH CUP EA": 10}, {BOOK: "confirmed", BOOK_2: "queued", RELEASE: "accepted"}),
    "partly shipped": (MORE | {"TSH CUP EA": 4, "SNI CUP EA": 6}, {BOOK: "confirmed", BOOK_2: "queued", RELEASE: "accepted", BILL: "queued"}),
    "shipped": (MORE | {"SNI CUP EA": 10}, {BOOK: "confirmed", BOOK_2: "queued", RELEASE: "confirmed", BILL_2: "queued"}),
    "invoiced": (MORE, {BOOK: "confirmed", BOOK_2: "queued", RELEASE: "confirmed", BILL_2: "confirmed"}),
    "paid": (MORE, {BOOK: "confirmed", BOOK_2: "queued", RELEASE: "confirmed", BILL_2: "confirmed"}),
}


@pytest.mark.parametrize("stage", STAGES)
def test_an_order_is_raised_by_two(firm: Firm, stage: str) -> None:
    """Only what is more is booked, whatever became of the rest."""
    upto(firm, stage)
    firm.order(("CUP", 12, 10), hours=10)
    opened, told = RAISED[stage]
    assert way(firm) == opened
    assert firm.commands("TBK", "TSH", "SNI") == told


@pytest.mark.parametrize("stage", STAGES[2:])
def test_what_is_more_goes_the_whole_way_by_itself(firm: Firm, stage: str) -> None:
    upto(firm, stage)
    firm.order(("CUP", 12, 10), hours=10)
    firm.accept(BOOK_2, ERP)
    firm.erp("OrderBooked", "S1", 11, line(1, ERP, "CUP", 12, 120), revision=2, warehouse="EAST", **LINK)
    for key in [key for key, state in firm.commands("TSH").items() if state == "queued"]:
        firm.accept(key, "wms/delivery/D2")
    shipped = {"partly shipped": 6}.get(stage, 10 if STAGES.index(stage) > STAGES.index("partly shipped") else 0)
    if stage in ("released", "partly shipped"):
        firm.wms("shipped", "P3", 12, ("CUP", 10 - shipped), delivery="D1")
        shipped = 10
        for key in [key for key, state in firm.commands("TSH").items() if state == "queued"]:
            firm.accept(key, "wms/delivery/D2")
    firm.wms("shipped", "P9", 13, ("CUP", 12 - shipped), delivery="D2")
    for key in [key for key, state in firm.commands("SNI").items() if state == "queued"]:
        firm.accept(key, "erp/invoice/I-2")
    billed = 10 if STAGES.index(stage) >= STAGES.index("invoiced") else 0
    firm.erp("Invoiced", "I-2", 14, line(1, ERP, "CUP", 12 - billed, (12 - billed) * 10))
    assert firm.open("TBK", "TSH", "SNI", "TBL") == {}
    assert set(firm.commands("TBK", "TSH", "SNI").values()) == {"confirmed"}


CUT = {"TBK CUP EA": -2, "TBK CUP $USD": -20}


@pytest.mark.parametrize("stage", STAGES)
def test_an_order_is_cut_by_two(firm: Firm, stage: str) -> None:
    """The shop cancels two pieces that have not left, as far as it knows."""
    upto(firm, stage)
    refund = {
        "id": 1, "order_id": 5550001, "created_at": "2026-03-02T19:00:00Z", "order_adjustments": [], "transactions": [],
        "refund_line_items": [{"id": 1, "line_item_id": 11, "quantity": 2, "restock_type": "cancel"}],
    }  # fmt: skip
    firm.order(("CUP", 10, 10), hours=10, refunds=[refund])
    if stage in ("placed", "booking sent"):
        assert way(firm) == {"TBK CUP EA": 8, "TBK CUP $USD": 80}
        assert firm.commands("TBK") == ({BOOK_2: "queued"} if stage == "placed" else {BOOK: "accepted"})
        return
    assert {name: amount for name, amount in way(firm).items() if name.startswith("TBK")} == CUT
    assert firm.complete(4 * DAY)["TBK- shop/order/1#CUP"] == ({"EA": "-2"}, {"USD": "-20"})
    assert "queued" not in firm.commands("TSH", "SNI").values(), "nothing is released or billed before a person has decided"
