"""Order to cash and return to credit, from the web shop's first webhook to the last refund, each partner in his own format."""

from collections.abc import Callable

import pytest
from front_door import ERP, PARTNERS, SHOP, TERMS, Firm

from world import World, line

INVOICE, BACK = "erp/invoice/I-1", "erp/return/R1"
LINK = {"links": [[ERP, SHOP]]}


@pytest.fixture
def firm(world_of: Callable[..., World]) -> Firm:
    return Firm(world_of(systems={system.name: system for system in PARTNERS}))


def sold(firm: Firm) -> None:
    """Ten cups for 100, booked, reserved, shipped in two parcels, delivered, invoiced and paid."""
    firm.order(("CUP", 10, 10))
    firm.accept("TBK+ shop/order/1 1", ERP)
    firm.erp("OrderBooked", "S1", 1, line(1, ERP, "CUP", 10, 100), **LINK)
    firm.accept("TSH+ shop/order/1 1", "wms/delivery/D1")
    firm.wms("allocated", "L1", 2, ("CUP", 10))
    firm.wms("shipped", "P1", 5, ("CUP", 10), delivery="D1", parcels=["1Z1", "1Z2"])
    firm.accept("SNI+ shop/order/1 1", INVOICE)
    firm.erp("Invoiced", "I-1", 6, line(1, ERP, "CUP", 10, 100), due=TERMS)
    firm.delivered("1Z1", 30)
    firm.delivered("1Z2", 31)
    firm.paid(24 * 20, I1=100)
    firm.accept(f"CSH+ {INVOICE} 1", "erp/cash_receipt/C1")
    firm.erp("CashApplied", "C1", 24 * 20, line(1, INVOICE, value=100))


def returned(firm: Firm, quantity: int = 2) -> None:
    """Some come back: announced by the ERP with the shop's order as its reference, received, credited, refunded, put away."""
    firm.erp("ReturnAuthorised", "R1", 24 * 21, line(1, BACK, "CUP", quantity), links=[[BACK, SHOP]])
    firm.accept("RRC+ shop/order/1 1", "wms/delivery/D2")
    firm.wms("return_received", "B1", 24 * 22, ("CUP", quantity), about=BACK, delivery="D2")
    firm.wms("restocked", "B2", 24 * 22, ("CUP", quantity), about=BACK)
    firm.accept("RCR+ shop/order/1 1", "erp/credit_memo/M1")
    firm.erp("CreditIssued", "M1", 24 * 23, line(1, BACK, "CUP", quantity, quantity * 10))


def test_a_sale_leaves_nothing_open_and_every_step_was_told_once_and_proven(firm: Firm) -> None:
    sold(firm)
    assert firm.open() == {}
    assert firm.commands() == {
        "TBK+ shop/order/1 1": "confirmed", "TSH+ shop/order/1 1": "confirmed", "SNI+ shop/order/1 1": "confirmed",
        f"CSH+ {INVOICE} 1": "confirmed",
    }  # fmt: skip
    assert firm.complete(24 * 60) == {}


def test_some_of_it_comes_back_and_the_money_too(firm: Firm) -> None:
    sold(firm)
    returned(firm)
    assert firm.open() == {"RRF $USD": 20}
    firm.accept("RRF+ shop/order/1 1", "shop/refund/440001")
    firm.refunded("CUP", 2, 10, 24 * 24)
    assert firm.open() == {}
    assert set(firm.commands().values()) == {"confirmed"} and len(firm.commands()) == 7
    assert firm.complete(24 * 90) == {}


def test_a_refund_of_an_order_and_its_return_meet_by_the_reference_that_the_return_bears(firm: Firm) -> None:
    """The shop names its own order, the ERP its return and, on it, that order: nobody has to say that they are one matter."""
    sold(firm)
    firm.refunded("CUP", 2, 10, 24 * 20)
    assert firm.open() == {"RRF $USD": -20}
    returned(firm)
    assert firm.open() == {}
    assert firm.commands("RRF") == {}, "paid already, it is not paid again"
    assert firm.complete(24 * 90) == {}


def test_a_return_that_names_no_order_stays_a_matter_of_its_own(firm: Firm) -> None:
    """Two open cases that a person links; nothing is guessed from equal amounts."""
    sold(firm)
    firm.refunded("CUP", 2, 10, 24 * 20)
    firm.erp("ReturnAuthorised", "R1", 24 * 21, line(1, BACK, "CUP", 2))
    firm.wms("return_received", "B1", 24 * 22, ("CUP", 2), about=BACK)
    firm.wms("restocked", "B2", 24 * 22, ("CUP", 2), about=BACK)
    firm.erp("CreditIssued", "M1", 24 * 23, line(1, BACK, "CUP", 2, 20))
    assert firm.open() == {"RRF $USD": -20, f"{BACK} RRF $USD": 20}
    assert set(firm.complete(24 * 90)) == {"RRF- shop/order/1", f"RRF+ {BACK}"}
    firm.erp("Linked", "L1", 24 * 91, links=[[BACK, SHOP]])
    assert firm.open() == {}
    assert firm.world.cases() == {}


def test_an_exchange_is_a_return_a_new_sale_and_one_net_settlement(firm: Firm) -> None:
    """Two cups of 10 come back, a jug of 26 goes out: the credit pays 20 of it, the customer the rest."""
    sold(firm)
    returned(firm)
    sale, jug = "erp/sales_order/S2", "shop/order/2"
    firm.order(("JUG", 1, 26), number=2)
    firm.accept(f"TBK+ {jug} 1", sale)
    firm.erp("OrderBooked", "S2", 24 * 24, line(1, sale, "JUG", 1, 26), links=[[sale, jug]])
    firm.accept(f"TSH+ {jug} 1", "wms/delivery/D3")
    firm.wms("allocated", "L3", 24 * 24, ("JUG", 1), order="S2")
    firm.wms("shipped", "P3", 24 * 25, ("JUG", 1), order="S2", delivery="D3")
    firm.accept(f"SNI+ {jug} 1", "erp/invoice/I-2")
    firm.erp("Invoiced", "I-2", 24 * 25, line(1, sale, "JUG", 1, 26))
    assert firm.commands("RRF") == {"RRF+ shop/order/1 1": "held"}
    firm.erp("CreditApplied", "A1", 24 * 26, line(1, BACK, value=20), data={"against": "erp/invoice/I-2"})
    assert firm.open() == {"erp/invoice/I-2 TCO $USD": 6}
    assert firm.commands("RRF") == {}, "what was set off is not paid out"
    firm.paid(24 * 27, I2=6)
    firm.accept("CSH+ erp/invoice/I-2 1", "erp/cash_receipt/C2")
    firm.erp("CashApplied", "C2", 24 * 27, line(1, "erp/invoice/I-2", value=6))
    assert firm.open() == {}
    assert firm.complete(24 * 90) == {}


def test_the_last_parcel_that_never_arrives_is_the_carriers_case_alone(firm: Firm) -> None:
    firm.order(("CUP", 10, 10))
    firm.erp("OrderBooked", "S1", 1, line(1, ERP, "CUP", 10, 100), **LINK)
    firm.wms("allocated", "L1", 2, ("CUP", 10))
    firm.wms("shipped", "P1", 5, ("CUP", 10), parcels=["1Z1", "1Z2"])
    firm.erp("Invoiced", "I-1", 6, line(1, ERP, "CUP", 10, 100), due=TERMS)
    firm.delivered("1Z1", 30)
    assert list(firm.complete(24 * 10)) == ["TDL+ */parcel/1Z2"]
