"""Cash on terms, prepayments, deposits and one payment for many, while Tieout drives."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from driven import ERP, LINK, SHOP, accept, asked, commands, drive

from world import World, at, line

INVOICE = "erp/invoice/I1"
APPLY, APPLY_2 = "CSH+ erp/invoice/I1 1", "CSH+ erp/invoice/I1 2"
TERMS = (at(0) + timedelta(days=30)).isoformat().replace("+00:00", "Z")


@pytest.fixture
def world(world_of: Callable[..., World]) -> World:
    return drive(world_of())


def shipped_order(world: World) -> None:
    """Ten A for 100, booked and shipped."""
    world.say("OrderPlaced", "shop", 1, 0, [line(1, SHOP, "A", 10, 100)])
    world.say("OrderBooked", "erp", "S1", 1, [line(1, ERP, "A", 10, 100)], **LINK)
    world.say("Allocated", "wms", "L1", 1, [line(1, ERP, "A", 10)])
    world.say("Shipped", "wms", "P1", 2, [line(1, ERP, "A", 10)])


def test_cash_on_terms_is_nobodys_case_before_the_terms_are_over(world: World) -> None:
    shipped_order(world)
    world.say("Invoiced", "erp", "I1", 3, [line(1, ERP, "A", 10, 100)], due=TERMS)
    assert "TCO+ erp/invoice/I1" not in world.complete(24 * 29)
    assert world.complete(24 * 31)["TCO+ erp/invoice/I1"] == ({}, {"USD": "100"})
    world.say("CashReceived", "bank", "B1", 24 * 31, [line(1, INVOICE, value=100)])
    assert commands(world, "CSH") == {APPLY: "queued"}
    assert world.hints()["TCO+ erp/invoice/I1"] == "paid at the bank, not applied"
    accept(world, APPLY, "erp/cash_receipt/C1")
    world.say("CashApplied", "erp", "C1", 24 * 31, [line(1, INVOICE, value=100)])
    assert commands(world, "CSH") == {APPLY: "confirmed"}
    assert world.net() == {}


def test_a_short_payment_is_applied_as_it_came_and_the_rest_stays_owed(world: World) -> None:
    shipped_order(world)
    world.say("Invoiced", "erp", "I1", 3, [line(1, ERP, "A", 10, 100)], due=TERMS)
    world.say("CashReceived", "bank", "B1", 24 * 20, [line(1, INVOICE, value=90)])
    assert asked(world, APPLY) == {"": 90}
    accept(world, APPLY, "erp/cash_receipt/C1")
    world.say("CashApplied", "erp", "C1", 24 * 20, [line(1, INVOICE, value=90)])
    assert world.net() == {"erp/invoice/I1 TCO  $USD": 10}
    world.say("CashReceived", "bank", "B2", 24 * 25, [line(1, INVOICE, value=10)])
    assert asked(world, APPLY_2) == {"": 10}


def test_one_payment_for_ten_invoices_is_ten_applications(world: World) -> None:
    lines = [line(n, f"erp/invoice/I{n}", value=n) for n in range(1, 11)]
    for each in lines:
        world.say("Invoiced", "erp", each["subject"].rpartition("/")[2], 0, [line(1, "shop/order/9", "A", 1, each["value"])])
    world.say("CashReceived", "bank", "B1", 5, lines)
    assert set(commands(world, "CSH").values()) == {"queued"}
    assert len(commands(world, "CSH")) == 10
    for key in commands(world, "CSH"):
        accept(world, key, "erp/cash_receipt/C1")
    world.say("CashApplied", "erp", "C1", 6, lines)
    assert set(commands(world, "CSH").values()) == {"confirmed"}
    assert (world.of("CSH"), world.of("TCO")) == ({}, {})


ADVICE = "vendor/remittance/BIGBOX:T1"


def test_one_payment_is_carried_to_its_invoices_by_the_remittance_advice(world: World) -> None:
    """The bank knows the sum and the reference, the customer says what it is for: in either order, each invoice has its money once."""
    lines = [line(1, "erp/invoice/I1", value=60), line(2, "erp/invoice/I2", value=40)]
    world.say("CashReceived", "bank", "B1", 5, [line(1, ADVICE, value=100)])
    assert world.net() == {f"{ADVICE} CSH  $USD": 100}
    assert commands(world, "CSH") == {}, "nobody is told to apply money to a remittance"
    world.say("RemittanceAdvised", "vendor", "BIGBOX:T1", 6, lines, total=100)
    assert world.net() == {"erp/invoice/I1 CSH  $USD": 60, "erp/invoice/I2 CSH  $USD": 40}
    assert set(commands(world, "CSH")) == {APPLY, "CSH+ erp/invoice/I2 1"}
    world.say("CashApplied", "erp", "C1", 7, lines)
    assert world.net() == {"erp/invoice/I1 TCO  $USD": -60, "erp/invoice/I2 TCO  $USD": -40}


def test_advice_that_is_not_what_the_bank_has_stands_on_the_remittance(world: World) -> None:
    world.say("RemittanceAdvised", "vendor", "BIGBOX:T1", 6, [line(1, INVOICE, value=100)], total=100)
    world.say("CashReceived", "bank", "B1", 8, [line(1, ADVICE, value=90)])
    world.say("CashApplied", "erp", "C1", 9, [line(1, INVOICE, value=100)])
    assert world.complete(24 * 8)[f"CSH- {ADVICE}"] == ({}, {"USD": "-10"})


def test_paid_by_invoice_before_the_goods_leave(world: World) -> None:
    """Prepaid: the invoice stands before the shipment, and is not written a second time when that comes."""
    world.say("OrderPlaced", "shop", 1, 0, [line(1, SHOP, "A", 10, 100)])
    world.say("OrderBooked", "erp", "S1", 1, [line(1, ERP, "A", 10, 100)], **LINK)
    world.say("Invoiced", "erp", "I1", 2, [line(1, ERP, "A", 10, 100)])
    world.say("CashReceived", "bank", "B1", 3, [line(1, INVOICE, value=100)])
    world.say("CashApplied", "erp", "C1", 4, [line(1, INVOICE, value=100)])
    assert commands(world, "TSH") == {"TSH+ shop/order/1 1": "queued"}
    world.say("Shipped", "wms", "P1", 20, [line(1, ERP, "A", 10)])
    assert commands(world, "SNI") == {}
    world.say("Allocated", "wms", "L1", 19, [line(1, ERP, "A", 10)])
    assert world.net() == {}


def test_a_deposit_on_an_order_is_held_and_then_applied_to_its_invoices(world: World) -> None:
    world.say("OrderPlaced", "shop", 1, 0, [line(1, SHOP, "A", 10, 100)])
    world.say("CashReceived", "bank", "B1", 1, [line(1, SHOP, value=60)])
    deposit = "CSH+ shop/order/1 1"
    assert commands(world, "CSH") == {deposit: "queued"}
    accept(world, deposit, "erp/deposit/D1")
    world.say("DepositTaken", "erp", "D1", 2, [line(1, SHOP, value=60)])
    assert commands(world, "CSH") == {deposit: "confirmed"}
    assert (world.of("CSH"), world.of("DEP"), world.of("TCO")) == ({}, {"shop/order/1  $USD": -60}, {})
    assert not [name for name in world.complete(24 * 29) if name[:3] in ("DEP", "CSH", "TCO")]
    world.say("Invoiced", "erp", "I1", 24 * 29, [line(1, SHOP, "A", 4, 40)])
    world.say("DepositApplied", "erp", "DA1", 24 * 29, [line(1, SHOP, value=40)], data={"against": INVOICE})
    assert (world.of("DEP"), world.of("TCO")) == ({"shop/order/1  $USD": -20}, {})
    assert world.complete(24 * 32)["DEP- shop/order/1"] == ({}, {"USD": "-20"})
    world.say("Invoiced", "erp", "I2", 24 * 33, [line(1, SHOP, "A", 6, 60)])
    world.say("DepositApplied", "erp", "DA2", 24 * 33, [line(1, SHOP, value=20)], data={"against": "erp/invoice/I2"})
    assert (world.of("DEP"), world.of("TCO")) == ({}, {"erp/invoice/I2  $USD": 40})


def test_a_deposit_applied_that_nobody_took_is_found(world: World) -> None:
    world.say("Invoiced", "erp", "I1", 0, [line(1, SHOP, "A", 4, 40)])
    world.say("DepositApplied", "erp", "DA1", 0, [line(1, SHOP, value=40)], data={"against": INVOICE})
    assert world.complete(24 * 3)["DEP+ shop/order/1"] == ({}, {"USD": "40"})


def test_paid_twice_is_owed_back_and_told_to_nobody(world: World) -> None:
    shipped_order(world)
    world.say("Invoiced", "erp", "I1", 3, [line(1, ERP, "A", 10, 100)], due=TERMS)
    for n in (1, 2):
        world.say("CashReceived", "bank", f"B{n}", 4, [line(1, INVOICE, value=100)])
        world.say("CashApplied", "erp", f"C{n}", 5, [line(1, INVOICE, value=100)])
    assert world.complete(24 * 4)["TCO- erp/invoice/I1"] == ({}, {"USD": "-100"})
    assert commands(world, "TCO") == {}
