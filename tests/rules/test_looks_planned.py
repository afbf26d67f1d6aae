"""A look is planned whenever something opens, also by what is taken back and by what arrives late with an early date."""

from world import World, line

ORDER, SALES = "shop/order/1", "erp/sales_order/S1"


def booked(world: World) -> None:
    world.say("OrderPlaced", "shop", 1, 0, [line(1, ORDER, "A", 4, 40)])
    world.say("OrderBooked", "erp", "S1", 1, [line(1, SALES, "A", 4, 40)], links=[[SALES, ORDER]])
    world.say("Allocated", "wms", "A1", 1, [line(1, SALES, "A", 4)])


def paid(world: World) -> None:
    world.say("Invoiced", "erp", "I1", 6, [line(1, SALES, "A", 4, 40)])
    world.say("CashReceived", "bank", "B1", 10, [line(1, "erp/invoice/I1", value=40)])
    world.say("CashApplied", "erp", "R1", 12, [line(1, "erp/invoice/I1", value=40)], revision=1)


def test_a_receipt_that_is_taken_back_after_all_deadlines_leaves_invoice_and_payment_open(world: World) -> None:
    booked(world)
    world.say("Shipped", "wms", "P1", 5, [line(1, SALES, "A", 4)])
    paid(world)
    assert world.complete(2000) == {}
    world.say("CashApplied", "erp", "R1", 12, revision=2, void=True)
    assert set(world.complete(2001)) == {"TCO+ erp/invoice/I1", "CSH+ erp/invoice/I1"}


def test_a_payment_that_is_taken_back_after_all_deadlines_leaves_the_receipt_without_one(world: World) -> None:
    booked(world)
    world.say("Shipped", "wms", "P1", 5, [line(1, SALES, "A", 4)])
    paid(world)
    assert world.complete(2000) == {}
    world.say("CashReceived", "bank", "B1", 10, revision=2, void=True)
    assert set(world.complete(2001)) == {"CSH- erp/invoice/I1"}


def test_a_receipt_that_becomes_less_after_all_deadlines_leaves_the_rest_open(world: World) -> None:
    booked(world)
    world.say("Shipped", "wms", "P1", 5, [line(1, SALES, "A", 4)])
    paid(world)
    assert world.complete(2000) == {}
    world.say("CashApplied", "erp", "R1", 12, [line(1, "erp/invoice/I1", value=30)], revision=2)
    assert set(world.complete(2001)) == {"TCO+ erp/invoice/I1", "CSH+ erp/invoice/I1"}


def test_what_arrives_late_with_an_early_date_is_judged_by_the_entry_that_it_leaves_uncovered(world: World) -> None:
    booked(world)
    world.say("BookingCancelled", "erp", "X1", 2, [line(1, SALES, "A", 4, 40)])
    world.say("OrderCancelled", "shop", "1", 2, [line(1, ORDER, "A", 4, 40)])
    world.say("Shipped", "wms", "P1", -9, [line(1, SALES, "A", 4)], day=True)
    assert "TSH- shop/order/1#A" not in world.complete(5)
    assert world.complete(6.5)["TSH- shop/order/1#A"][0] == {"EA": "-4"}


POSITION = "*/stock/A@CHI"


def test_a_movement_that_hid_an_older_one_shows_it_again_when_the_other_system_states_it_too(world: World) -> None:
    world.say("StockPosted", "erp", "old", 0, [line(1, POSITION, "A", -40)])
    assert set(world.complete(30)) == {f"STK- {POSITION}"}
    world.say("StockPosted", "erp", "new", 40, [line(1, POSITION, "A", 40)])
    world.complete(42)
    world.say("StockMoved", "wms", "new", 40, [line(1, POSITION, "A", 40)])
    assert world.complete(43) == {f"STK- {POSITION}": ({"EA": "40"}, {})}
    assert world.cases() == world.tick(everything=True)


def test_a_movement_that_no_longer_explains_a_count_shows_the_difference(world: World) -> None:
    world.say("StockMoved", "wms", "M1", 0, [line(1, POSITION, "A", 40)])
    world.say("StockCounted", "wms", "C1", 10, [line(1, POSITION, "A", 140)])
    world.say("StockStated", "erp", "C1", 10, [line(1, POSITION, "A", 100)])
    assert set(world.complete(200)) == {f"STK+ {POSITION}"}
    world.say("StockPosted", "erp", "M1", 5, [line(1, POSITION, "A", 40)])
    assert set(world.complete(201)) == {f"STC+ {POSITION}"}
    assert world.cases() == world.tick(everything=True)
