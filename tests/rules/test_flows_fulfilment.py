"""Shipments in parts, backorders, substitutions, too much of it, and one invoice for several: while Tieout drives."""

from collections.abc import Callable

import pytest
from driven import ERP, LINK, SHOP, accept, asked, commands, drive

from world import World, line

SHIP, SHIP_2 = "TSH+ shop/order/1 1", "TSH+ shop/order/1 2"
BILL, BILL_2 = "SNI+ shop/order/1 1", "SNI+ shop/order/1 2"


@pytest.fixture
def world(world_of: Callable[..., World]) -> World:
    made = drive(world_of())
    lines = [line(1, SHOP, "A", 10, 100), line(2, SHOP, "B", 2, 40)]
    made.say("OrderPlaced", "shop", 1, 0, lines)
    made.say("OrderBooked", "erp", "S1", 1, [{**each, "subject": ERP} for each in lines], **LINK)
    return made


def second_order(world: World) -> str:
    """Another order, booked; the ERP's name of it."""
    other, booked = "shop/order/2", "erp/sales_order/S2"
    world.say("OrderPlaced", "shop", 2, 0, [line(1, other, "A", 3, 30)])
    world.say("OrderBooked", "erp", "S2", 1, [line(1, booked, "A", 3, 30)], links=[[booked, other]])
    return booked


def test_the_rest_of_a_partial_shipment_is_not_released_again_and_each_part_is_billed_once(world: World) -> None:
    accept(world, SHIP, "wms/shipment/P1", "wms/shipment/P2")
    world.say("Shipped", "wms", "P1", 2, [line(1, ERP, "A", 6), line(2, ERP, "B", 2)])
    assert world.of("TSH") == {"shop/order/1 A EA": 4}
    assert commands(world, "TSH", "SNI") == {SHIP: "accepted", BILL: "queued"}
    accept(world, BILL, "erp/invoice/I1")
    world.say("Shipped", "wms", "P2", 30, [line(1, ERP, "A", 4)])
    assert commands(world, "TSH") == {SHIP: "confirmed"}
    assert commands(world, "SNI") == {BILL: "accepted"}
    world.say("Invoiced", "erp", "I1", 3, [line(1, ERP, "A", 6, 60), line(2, ERP, "B", 2, 40)])
    assert commands(world, "SNI") == {BILL: "confirmed", BILL_2: "queued"}
    assert asked(world, BILL_2) == {"A": 4}
    world.say("Invoiced", "erp", "I2", 31, [line(1, ERP, "A", 4, 40)])
    assert (world.of("TSH"), world.of("SNI"), world.of("TBL")) == ({}, {}, {})
    assert commands(world, "SNI") == {BILL: "confirmed", BILL_2: "cancelled"}


def test_a_warehouse_that_ships_short_for_good_leaves_a_backorder_that_is_released_anew(world: World) -> None:
    """The final quantity that it names ends the first release; what is left is owed again."""
    accept(world, SHIP, "wms/shipment/P1", A=6, B=2)
    world.say("Shipped", "wms", "P1", 2, [line(1, ERP, "A", 6), line(2, ERP, "B", 2)])
    assert commands(world, "TSH") == {SHIP: "confirmed", SHIP_2: "queued"}
    assert asked(world, SHIP_2) == {"A": 4}


def test_a_backorder_that_is_cancelled_is_owed_to_nobody(world: World) -> None:
    accept(world, SHIP, "wms/shipment/P1", A=6, B=2)
    world.say("Shipped", "wms", "P1", 2, [line(1, ERP, "A", 6), line(2, ERP, "B", 2)])
    world.say("OrderCancelled", "shop", 1, 40, [line(1, SHOP, "A", 4, 40)])
    world.say("BookingCancelled", "erp", "X1", 41, [line(1, ERP, "A", 4, 40)])
    assert commands(world, "TSH") == {SHIP: "confirmed", SHIP_2: "cancelled"}
    assert (world.of("TBK"), world.of("TSH")) == ({}, {})


def test_a_substitution_is_released_shipped_and_billed_as_what_it_became(world: World) -> None:
    world.say("Substituted", "erp", "U1", 2, [line(1, ERP, "A", -4, -40), line(2, ERP, "A2", 4, 44)])
    assert world.of("TBK") == {}
    assert commands(world, "TSH") == {SHIP: "cancelled", SHIP_2: "queued"}
    assert asked(world, SHIP_2) == {"A": 6, "A2": 4, "B": 2}
    accept(world, SHIP_2, "wms/shipment/P1")
    world.say("Shipped", "wms", "P1", 3, [line(1, ERP, "A", 6), line(2, ERP, "A2", 4), line(3, ERP, "B", 2)])
    assert asked(world, BILL) == {"A": 6, "A2": 4, "B": 2}
    accept(world, BILL, "erp/invoice/I1")
    world.say("Invoiced", "erp", "I1", 4, [line(1, ERP, "A", 6, 60), line(2, ERP, "A2", 4, 44), line(3, ERP, "B", 2, 40)])
    assert commands(world, "TSH", "SNI") == {BILL: "confirmed", SHIP: "cancelled", SHIP_2: "confirmed"}
    assert {k: v for k, v in world.complete(500).items() if k[:3] in ("TBK", "TSH", "SNI", "TBL")} == {}


def test_too_much_of_one_thing_stops_its_invoice_and_no_other(world: World) -> None:
    accept(world, SHIP, "wms/shipment/P1")
    world.say("Shipped", "wms", "P1", 2, [line(1, ERP, "A", 12), line(2, ERP, "B", 2)])
    assert world.of("TSH") == {"shop/order/1 A EA": -2}
    assert commands(world, "SNI") == {BILL: "queued"}
    assert asked(world, BILL) == {"B": 2}
    assert world.complete(200)["TSH- shop/order/1#A"] == ({"EA": "-2"}, {"USD": "-20"})
    world.say("OrderPlaced", "shop", 1, 60, [line(1, SHOP, "A", 12, 120), line(2, SHOP, "B", 2, 40)], revision=2)
    world.say("OrderBooked", "erp", "S1", 61, [line(1, ERP, "A", 12, 120), line(2, ERP, "B", 2, 40)], revision=2, **LINK)
    assert commands(world, "SNI") == {BILL: "queued", BILL_2: "queued"}
    assert asked(world, BILL_2) == {"A": 12}
    assert "TSH- shop/order/1#A" not in world.cases()


def test_one_invoice_for_two_orders_answers_the_commands_of_both(world: World) -> None:
    booked = second_order(world)
    world.say("Shipped", "wms", "P1", 2, [line(1, ERP, "A", 10), line(2, ERP, "B", 2), line(3, booked, "A", 3)])
    theirs = "SNI+ shop/order/2 1"
    assert commands(world, "SNI") == {BILL: "queued", theirs: "queued"}
    accept(world, BILL, "erp/invoice/I1")
    accept(world, theirs, "erp/invoice/I1")
    assert commands(world, "SNI") == {BILL: "accepted", theirs: "accepted"}
    world.say("Invoiced", "erp", "I1", 3, [line(1, ERP, "A", 10, 100), line(2, ERP, "B", 2, 40), line(3, booked, "A", 3, 30)])
    assert commands(world, "SNI") == {BILL: "confirmed", theirs: "confirmed"}
    assert (world.of("SNI"), world.of("TCO")) == ({}, {"erp/invoice/I1  $USD": 170})


def test_an_invoice_that_leaves_one_order_out_leaves_that_one_owed(world: World) -> None:
    booked = second_order(world)
    world.say("Shipped", "wms", "P1", 2, [line(1, ERP, "A", 10), line(2, ERP, "B", 2), line(3, booked, "A", 3)])
    theirs = "SNI+ shop/order/2 1"
    for key in (BILL, theirs):
        accept(world, key, "erp/invoice/I1")
    world.say("Invoiced", "erp", "I1", 3, [line(1, ERP, "A", 10, 100), line(2, ERP, "B", 2, 40)])
    assert commands(world, "SNI")[BILL] == "confirmed"
    assert commands(world, "SNI")[theirs] == "accepted"
    assert world.of("SNI") == {"shop/order/2 A EA": 3}
