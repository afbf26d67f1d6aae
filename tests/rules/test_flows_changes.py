"""Orders that change or are cancelled at every stage, while Tieout drives: what is owed follows, and nothing is done twice."""

from collections.abc import Callable

import pytest
from driven import ERP, LINK, SHOP, accept, asked, commands, decide, drive

from world import World, line, say

BOOK, BOOK_2 = "TBK+ shop/order/1 1", "TBK+ shop/order/1 2"
CANCEL = "TBK- shop/order/1 1"
SHIP, SHIP_2 = "TSH+ shop/order/1 1", "TSH+ shop/order/1 2"
BILL = "SNI+ shop/order/1 1"


@pytest.fixture
def world(world_of: Callable[..., World]) -> World:
    return drive(world_of())


def order(world: World, quantity: int, revision: int) -> None:
    world.say("OrderPlaced", "shop", 1, 0, [line(1, SHOP, "A", quantity, quantity * 10)], revision=revision)


def booked(world: World, quantity: int, revision: int = 1) -> None:
    world.say("OrderBooked", "erp", "S1", 1, [line(1, ERP, "A", quantity, quantity * 10)], revision=revision, **LINK)


def test_a_change_before_it_was_sent_replaces_the_command(world: World) -> None:
    order(world, 7, 1)
    order(world, 9, 2)
    assert commands(world) == {BOOK: "cancelled", BOOK_2: "queued"}
    assert asked(world, BOOK_2) == {"A": 9}


def test_an_increase_while_the_booking_is_under_way_is_booked_when_the_first_is_proven(world: World) -> None:
    order(world, 7, 1)
    accept(world, BOOK, "erp/sales_order/S1")
    order(world, 9, 2)
    assert commands(world) == {BOOK: "accepted"}
    booked(world, 7)
    assert commands(world, "TBK") == {BOOK: "confirmed", BOOK_2: "queued"}
    assert asked(world, BOOK_2) == {"A": 2}
    booked(world, 9, 2)
    assert commands(world, "TBK") == {BOOK: "confirmed", BOOK_2: "cancelled"}
    assert world.of("TBK") == {}


def test_a_decrease_after_booking_stops_the_release_and_asks_a_person_for_the_cancellation(world: World) -> None:
    order(world, 7, 1)
    booked(world, 7)
    assert commands(world, "TSH") == {SHIP: "queued"}
    order(world, 5, 2)
    assert commands(world, "TSH") == {SHIP: "cancelled"}
    assert commands(world, "TBK") == {BOOK: "cancelled"}
    cases = world.complete(12)
    assert cases["TBK- shop/order/1#A"] == ({"EA": "-2"}, {"USD": "-20"})
    order(world, 5, 3)
    assert commands(world, "TBK") == {BOOK: "cancelled", CANCEL: "held"}
    assert asked(world, CANCEL) == {"A": 2}
    accept(world, CANCEL, "erp/cancellation/X1")
    world.say("BookingCancelled", "erp", "X1", 3, [line(1, ERP, "A", 2, 20)])
    assert (world.of("TBK"), world.of("TSH")) == ({}, {"shop/order/1 A EA": 5})
    assert commands(world, "TBK", "TSH") == {BOOK: "cancelled", CANCEL: "confirmed", SHIP: "cancelled", SHIP_2: "queued"}
    assert asked(world, SHIP_2) == {"A": 5}


def test_cancelled_before_it_was_booked_nothing_is_owed(world: World) -> None:
    order(world, 7, 1)
    world.say("OrderCancelled", "shop", 1, 1, [line(1, SHOP, "A", 7, 70)])
    assert commands(world) == {BOOK: "cancelled"}
    assert world.net() == {}


def test_cancelled_while_the_booking_is_in_doubt_nothing_is_told_until_that_is_known(world: World) -> None:
    order(world, 7, 1)
    accept(world, BOOK, "erp/sales_order/S1")
    world.say("OrderCancelled", "shop", 1, 1, [line(1, SHOP, "A", 7, 70)])
    world.complete(48)
    decide(world)
    assert commands(world) == {BOOK: "accepted"}
    world.say("OrderBooked", "erp", "S1", 2, [line(1, ERP, "A", 7, 70)], **LINK)
    world.complete(49)
    assert commands(world) == {BOOK: "confirmed", CANCEL: "held"}
    assert world.of("TBK") == {"shop/order/1 A EA": -7, "shop/order/1 A $USD": -70}


def test_cancelled_after_the_release_and_the_truck_left_all_the_same(world: World) -> None:
    order(world, 7, 1)
    booked(world, 7)
    accept(world, SHIP, "wms/shipment/P1")
    world.say("OrderCancelled", "shop", 1, 2, [line(1, SHOP, "A", 7, 70)])
    world.say("BookingCancelled", "erp", "X1", 3, [line(1, ERP, "A", 7, 70)])
    world.say("Shipped", "wms", "P1", 3, [line(1, ERP, "A", 7)])
    assert (world.of("TBK"), world.of("TSH")) == ({}, {"shop/order/1 A EA": -7})
    assert commands(world, "SNI") == {}
    assert world.complete(200)["TSH- shop/order/1#A"] == ({"EA": "-7"}, {"USD": "-70"})
    assert world.hints()["TSH- shop/order/1#A"] == "cancellation crossed the shipment"
    assert commands(world, "TSH") == {SHIP: "confirmed"}


def test_cancelled_after_the_invoice_goes_by_return_and_credit_not_by_silence(world: World) -> None:
    order(world, 7, 1)
    booked(world, 7)
    world.say("Shipped", "wms", "P1", 2, [line(1, ERP, "A", 7)])
    accept(world, BILL, "erp/invoice/I1")
    world.say("Invoiced", "erp", "I1", 3, [line(1, ERP, "A", 7, 70)])
    assert commands(world, "SNI") == {BILL: "confirmed"}
    world.say("OrderCancelled", "shop", 1, 4, [line(1, SHOP, "A", 7, 70)])
    assert world.complete(100)["TBK- shop/order/1#A"] == ({"EA": "-7"}, {"USD": "-70"})
    order(world, 7, 2)
    assert commands(world, "TBK") == {BOOK: "cancelled", CANCEL: "held"}
    assert world.of("SNI") == {}


def test_another_address_or_a_price_change_after_booking_is_no_quantity_to_book(world: World) -> None:
    order(world, 7, 1)
    booked(world, 7)
    world.apply([say("OrderPlaced", "shop", 1, 2, [line(1, SHOP, "A", 7, 77)], revision=2)])
    assert world.of("TBK") == {"shop/order/1 A $USD": 7}
    assert commands(world, "TBK") == {BOOK: "cancelled"}
    assert world.complete(12)["TBK+ shop/order/1#A"] == ({}, {"USD": "7"})
    world.say("Shipped", "wms", "P1", 3, [line(1, ERP, "A", 7)])
    assert commands(world, "SNI") == {}
