"""Parts, backorders, substitutes, too much, one invoice for several orders, paid before and after: by the shop's, the dock's and the bank's own words."""

from collections.abc import Callable

import pytest
from driven import asked
from front_door import ERP, PARTNERS, SHOP, TERMS, Firm

from world import World, line

RELEASE, BILL, BILL_2 = "TSH+ shop/order/1 1", "SNI+ shop/order/1 1", "SNI+ shop/order/1 2"
LINK = {"links": [[ERP, SHOP]], "warehouse": "EAST"}
WAY = ("TBK", "TAL", "TSH", "SNI", "TCO", "CSH", "DEP")


@pytest.fixture
def firm(world_of: Callable[..., World]) -> Firm:
    """Ten cups for 100 and two jugs for 40, booked and reserved; the cups are released."""
    made = Firm(world_of(systems={system.name: system for system in PARTNERS}))
    made.order(("CUP", 10, 10), ("JUG", 2, 20))
    made.accept("TBK+ shop/order/1 1", ERP)
    made.erp("OrderBooked", "S1", 1, line(1, ERP, "CUP", 10, 100), line(2, ERP, "JUG", 2, 40), **LINK)
    made.wms("allocated", "L1", 2, ("CUP", 10), ("JUG", 2))
    made.accept(RELEASE, "wms/delivery/D1")
    return made


def test_parts_are_billed_as_they_leave_and_the_backorder_follows_by_itself(firm: Firm) -> None:
    firm.wms("shipped", "P1", 5, ("CUP", 6), ("JUG", 2), delivery="D1")
    assert firm.open(*WAY) == {"TSH CUP EA": 4, "SNI CUP EA": 6, "SNI JUG EA": 2}
    assert asked(firm.world, BILL) == {"CUP": 6, "JUG": 2}
    firm.accept(BILL, "erp/invoice/I-1")
    firm.erp("Invoiced", "I-1", 6, line(1, ERP, "CUP", 6, 60), line(2, ERP, "JUG", 2, 40), due=TERMS)
    assert firm.commands("TSH") == {RELEASE: "accepted"}, "the rest is still on its way by the first release"
    assert list(firm.complete(24 * 9)) == ["TSH+ shop/order/1#CUP"]
    firm.wms("shipped", "P2", 24 * 9, ("CUP", 4), delivery="D1")
    assert asked(firm.world, BILL_2) == {"CUP": 4}
    firm.accept(BILL_2, "erp/invoice/I-2")
    firm.erp("Invoiced", "I-2", 24 * 9, line(1, ERP, "CUP", 4, 40), due=TERMS)
    assert firm.open(*WAY) == {"erp/invoice/I-1 TCO $USD": 100, "erp/invoice/I-2 TCO $USD": 40}
    assert set(firm.commands().values()) == {"confirmed"}
    assert firm.complete(24 * 20) == {}


def test_a_substitute_is_moved_in_the_booking_and_then_goes_the_same_way(firm: Firm) -> None:
    """Four cups are replaced by four mugs at 11 before anything left."""
    firm.erp("Substituted", "U1", 3, line(1, ERP, "CUP", -4, -40), line(2, ERP, "MUG", 4, 44))
    firm.wms("deallocated", "L2", 4, ("CUP", 4))
    firm.wms("allocated", "L3", 4, ("MUG", 4))
    assert firm.open("TBK", "TSH") == {"TSH CUP EA": 6, "TSH MUG EA": 4, "TSH JUG EA": 2}
    firm.wms("shipped", "P1", 5, ("CUP", 6), ("JUG", 2), delivery="D1")
    (substitute,) = (key for key, state in firm.commands("TSH").items() if state == "queued")
    assert asked(firm.world, substitute) == {"MUG": 4}
    firm.accept(substitute, "wms/delivery/D2")
    firm.wms("shipped", "P2", 6, ("MUG", 4), delivery="D2")
    firm.erp("Invoiced", "I-1", 7, line(1, ERP, "CUP", 6, 60), line(2, ERP, "MUG", 4, 44), line(3, ERP, "JUG", 2, 40), due=TERMS)
    assert {name for name in firm.open(*WAY) if not name.startswith("TAL")} == {"erp/invoice/I-1 TCO $USD"}
    assert not [name for name in firm.complete(24 * 20) if name[:3] in ("TBK", "TSH", "SNI", "TBL")]


def test_too_much_of_the_cups_stops_their_bill_and_not_that_of_the_jugs(firm: Firm) -> None:
    firm.wms("shipped", "P1", 5, ("CUP", 12), ("JUG", 2), delivery="D1")
    assert firm.open(*WAY) == {"TSH CUP EA": -2, "SNI CUP EA": 12, "SNI JUG EA": 2}
    assert asked(firm.world, BILL) == {"JUG": 2}
    assert firm.complete(24 * 9)["TSH- shop/order/1#CUP"] == ({"EA": "-2"}, {"USD": "-20"})
    firm.wms("shipped", "P1", 5, ("CUP", 10), ("JUG", 2), delivery="D1", revision=None, occurred_at="2026-03-02T15:00:00Z")
    assert firm.open("TSH") == {}
    assert "TSH- shop/order/1#CUP" not in firm.world.cases()


def test_one_invoice_for_two_orders_and_one_payment_for_two_invoices(firm: Firm) -> None:
    other, sale = "shop/order/2", "erp/sales_order/S2"
    firm.order(("CUP", 3, 10), number=2)
    firm.accept(f"TBK+ {other} 1", sale)
    firm.erp("OrderBooked", "S2", 1, line(1, sale, "CUP", 3, 30), links=[[sale, other]], warehouse="EAST")
    firm.wms("allocated", "L9", 2, ("CUP", 3), order="S2")
    firm.accept(f"TSH+ {other} 1", "wms/delivery/D9")
    firm.wms("shipped", "P1", 5, ("CUP", 10), delivery="D1")
    firm.wms("shipped", "P9", 5, ("CUP", 3), order="S2", delivery="D9")
    firm.accept(BILL, "erp/invoice/I-1")
    firm.accept(f"SNI+ {other} 1", "erp/invoice/I-1")
    firm.erp("Invoiced", "I-1", 6, line(1, ERP, "CUP", 10, 100), line(2, sale, "CUP", 3, 30), due=TERMS)
    firm.wms("shipped", "P2", 7, ("JUG", 2), delivery="D1")
    firm.accept(BILL_2, "erp/invoice/I-2")
    firm.erp("Invoiced", "I-2", 8, line(1, ERP, "JUG", 2, 40), due=TERMS)
    assert firm.open(*WAY) == {"erp/invoice/I-1 TCO $USD": 130, "erp/invoice/I-2 TCO $USD": 40}
    firm.paid(24 * 10, I1=130, I2=40)
    for invoice in ("I-1", "I-2"):
        firm.accept(f"CSH+ erp/invoice/{invoice} 1", "erp/cash_receipt/C1")
    firm.erp("CashApplied", "C1", 24 * 10, line(1, "erp/invoice/I-1", value=130), line(2, "erp/invoice/I-2", value=40))
    assert firm.open(*WAY) == {}
    assert set(firm.commands().values()) == {"confirmed"}
    assert firm.complete(24 * 60) == {}


def test_prepaid_in_full_the_goods_leave_and_no_second_invoice_is_written(firm: Firm) -> None:
    firm.erp("Invoiced", "I-1", 3, line(1, ERP, "CUP", 10, 100), line(2, ERP, "JUG", 2, 40))
    firm.paid(24, I1=140)
    firm.accept("CSH+ erp/invoice/I-1 1", "erp/cash_receipt/C1")
    firm.erp("CashApplied", "C1", 24, line(1, "erp/invoice/I-1", value=140))
    assert firm.open(*WAY) == {"TSH CUP EA": 10, "TSH JUG EA": 2, "SNI CUP EA": -10, "SNI JUG EA": -2}
    firm.wms("shipped", "P1", 30, ("CUP", 10), ("JUG", 2), delivery="D1")
    assert firm.open(*WAY) == {}
    assert firm.commands("SNI") == {}
    assert firm.complete(24 * 60) == {}


def test_on_terms_nobody_is_reminded_before_the_day_and_a_short_payment_leaves_the_rest(firm: Firm) -> None:
    firm.wms("shipped", "P1", 5, ("CUP", 10), ("JUG", 2), delivery="D1")
    firm.accept(BILL, "erp/invoice/I-1")
    firm.erp("Invoiced", "I-1", 6, line(1, ERP, "CUP", 10, 100), line(2, ERP, "JUG", 2, 40), due=TERMS)
    assert firm.complete(24 * 29) == {}
    firm.paid(24 * 29, I1=125)
    firm.accept("CSH+ erp/invoice/I-1 1", "erp/cash_receipt/C1")
    firm.erp("CashApplied", "C1", 24 * 29, line(1, "erp/invoice/I-1", value=125))
    assert firm.open(*WAY) == {"erp/invoice/I-1 TCO $USD": 15}
    assert firm.complete(24 * 31) == {"TCO+ erp/invoice/I-1": ({}, {"USD": "15"})}
