"""Returns to their credit and refund, and exchanges, while Tieout drives: what gives money back waits for a person."""

from collections.abc import Callable

import pytest
from driven import LINK, SHOP, Rules, accept, asked, commands, drive

from tieout.core.ground import Ruling
from world import World, line

BACK = "erp/return/R1"
EXPECT, CREDIT, REFUND = "RRC+ erp/return/R1 1", "RCR+ erp/return/R1 1", "RRF+ erp/return/R1 1"
AUTHORISE = "RRC- erp/return/R1 1"


@pytest.fixture
def world(world_of: Callable[..., World]) -> World:
    return drive(world_of())


def test_a_return_goes_from_announcement_to_refund_and_each_step_is_owed_when_the_one_before_is_proven(world: World) -> None:
    world.say("ReturnAuthorised", "erp", "R1", 0, [line(1, BACK, "A", 2)])
    assert commands(world) == {EXPECT: "queued"}
    accept(world, EXPECT, "wms/return_receipt/RR1")
    world.say("ReturnReceived", "wms", "RR1", 24, [line(1, BACK, "A", 2)])
    assert commands(world) == {CREDIT: "held", EXPECT: "confirmed"}
    accept(world, CREDIT, "erp/credit_memo/CM1")
    assert commands(world, "RRF") == {}
    world.say("CreditIssued", "erp", "CM1", 25, [line(1, BACK, "A", 2, 20)])
    assert commands(world, "RCR", "RRF") == {CREDIT: "confirmed", REFUND: "held"}
    assert asked(world, REFUND) == {"": 20}
    accept(world, REFUND, "shop/refund/F1")
    world.say("Restocked", "wms", "ST1", 26, [line(1, BACK, "A", 2)])
    world.say("Refunded", "shop", "F1", 26, [line(1, BACK, value=20)])
    assert commands(world, "RRF") == {REFUND: "confirmed"}
    assert world.net() == {}


def test_a_checkpoint_lets_small_credits_pass(world_of: Callable[..., World]) -> None:
    world = drive(world_of(), Rules(checkpoint=lambda command, found: Ruling(False, "row 1: small")))
    world.say("ReturnAuthorised", "erp", "R1", 0, [line(1, BACK, "A", 2)])
    world.say("ReturnReceived", "wms", "RR1", 1, [line(1, BACK, "A", 2)])
    assert commands(world, "RCR") == {CREDIT: "queued"}


def test_only_what_came_back_is_credited(world: World) -> None:
    world.say("ReturnAuthorised", "erp", "R1", 0, [line(1, BACK, "A", 2), line(2, BACK, "B", 1)])
    world.say("ReturnReceived", "wms", "RR1", 1, [line(1, BACK, "A", 1)])
    assert asked(world, CREDIT) == {"A": 1}
    assert world.of("RRC") == {f"{BACK} A EA": 1, f"{BACK} B EA": 1}


def test_goods_that_nobody_announced_stop_their_credit_until_somebody_does(world: World) -> None:
    world.say("ReturnReceived", "wms", "RR1", 0, [line(1, BACK, "A", 2)])
    assert commands(world) == {}
    world.complete(200)
    world.say("Restocked", "wms", "ST1", 1, [line(1, BACK, "A", 2)])
    assert commands(world) == {AUTHORISE: "held"}
    world.say("ReturnAuthorised", "erp", "R1", 30, [line(1, BACK, "A", 2)])
    assert commands(world) == {AUTHORISE: "cancelled", CREDIT: "held"}


def test_the_wrong_item_came_back(world: World) -> None:
    world.say("ReturnAuthorised", "erp", "R1", 0, [line(1, BACK, "A", 2)])
    world.say("ReturnReceived", "wms", "RR1", 1, [line(1, BACK, "B", 2)])
    assert world.of("RRC") == {f"{BACK} A EA": 2, f"{BACK} B EA": -2}
    assert commands(world, "RCR") == {}


def test_a_refund_before_the_credit_is_not_paid_again(world: World) -> None:
    world.say("Refunded", "shop", "F1", 0, [line(1, BACK, value=20)])
    world.say("ReturnAuthorised", "erp", "R1", 1, [line(1, BACK, "A", 2)])
    world.say("ReturnReceived", "wms", "RR1", 2, [line(1, BACK, "A", 2)])
    world.say("CreditIssued", "erp", "CM1", 3, [line(1, BACK, "A", 2, 20)])
    assert commands(world, "RRF") == {}
    assert world.of("RRF") == {}


def exchange(world: World, new_price: int) -> str:
    """Two A come back for 20, and B goes out for another price; the invoice of B."""
    world.say("ReturnAuthorised", "erp", "R1", 0, [line(1, BACK, "A", 2)], relates=[[BACK, SHOP]])
    world.say("OrderPlaced", "shop", 1, 0, [line(1, SHOP, "B", 1, new_price)])
    world.say("OrderBooked", "erp", "S1", 1, [line(1, LINK["links"][0][0], "B", 1, new_price)], **LINK)
    world.say("Allocated", "wms", "L1", 1, [line(1, SHOP, "B", 1)])
    world.say("Shipped", "wms", "P1", 2, [line(1, SHOP, "B", 1)])
    world.say("Invoiced", "erp", "I1", 3, [line(1, SHOP, "B", 1, new_price)])
    world.say("ReturnReceived", "wms", "RR1", 4, [line(1, BACK, "A", 2)])
    world.say("Restocked", "wms", "ST1", 4, [line(1, BACK, "A", 2)])
    world.say("CreditIssued", "erp", "CM1", 5, [line(1, BACK, "A", 2, 20)])
    return "erp/invoice/I1"


def test_an_exchange_for_something_dearer_is_paid_by_the_credit_and_the_rest_in_cash(world: World) -> None:
    invoice = exchange(world, 26)
    assert commands(world, "RRF") == {REFUND: "held"}
    assert world.of("TCO") == {f"{invoice}  $USD": 26}
    world.say("CreditApplied", "erp", "CA1", 6, [line(1, BACK, value=20)], data={"against": invoice})
    assert commands(world, "RRF") == {REFUND: "cancelled"}
    assert world.net() == {f"{invoice} TCO  $USD": 6}
    world.say("CashApplied", "erp", "C1", 7, [line(1, invoice, value=6)])
    assert world.of("TCO") == {}


def test_an_exchange_for_something_cheaper_refunds_what_is_left_of_the_credit(world: World) -> None:
    invoice = exchange(world, 15)
    world.say("CreditApplied", "erp", "CA1", 6, [line(1, BACK, value=15)], data={"against": invoice})
    assert world.net() == {f"{BACK} RRF  $USD": 5}
    assert commands(world, "RRF") == {REFUND: "cancelled", "RRF+ erp/return/R1 2": "held"}
    assert asked(world, "RRF+ erp/return/R1 2") == {"": 5}


def test_an_exchange_is_never_forced_to_zero(world: World) -> None:
    """More credit set off than was given stands open as it is, and nobody is told to correct it."""
    invoice = exchange(world, 26)
    world.say("CreditApplied", "erp", "CA1", 6, [line(1, BACK, value=26)], data={"against": invoice})
    assert world.net() == {f"{BACK} RRF  $USD": -6}
    cases = world.complete(24 * 40)
    assert cases[f"RRF- {BACK}"] == ({}, {"USD": "-6"})
    assert commands(world, "RRF") == {REFUND: "cancelled"}
