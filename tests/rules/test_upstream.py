"""One fault is one case (rule 22), two faults are two: also where their amounts happen to be the same."""

from typing import Any

import pytest

from world import World, line

SHOP, ERP = "shop/order/1", "erp/sales_order/S1"


def story(world: World, ordered: int, booked: int, shipped: int) -> dict[str, Any]:
    """An order as the channel, the ERP and the warehouse have it; the cases about it when all are complete."""
    world.say("OrderPlaced", "shop", 1, 0, [line(1, SHOP, "A", ordered, ordered * 10)])
    world.say("OrderBooked", "erp", "S1", 1, [line(1, ERP, "A", booked, booked * 10)], links=[[ERP, SHOP]])
    world.say("Shipped", "wms", "P1", 2, [line(1, ERP, "A", shipped)])
    return {name: case for name, case in world.complete(24 * 30).items() if name[:3] in ("TBK", "TSH")}


@pytest.mark.parametrize(("ordered", "booked", "shipped"), [(10, 17, 10), (17, 10, 17)])
def test_what_the_warehouse_does_right_is_no_second_case(world: World, ordered: int, booked: int, shipped: int) -> None:
    """The booking alone is wrong; what it leaves to ship, or leaves no room for, is the same difference."""
    cases = story(world, ordered, booked, shipped)
    assert world.of("TSH") == {f"{SHOP} A EA": booked - shipped}
    assert {name: quantity for name, (quantity, _) in cases.items()} == {
        f"TBK{'-' if booked > ordered else '+'} {SHOP}#A": {"EA": str(ordered - booked)}
    }


def test_an_over_shipment_is_not_hidden_by_a_phantom_booking_of_the_same_amount(world: World) -> None:
    """Ordered 10, booked 17, shipped 24: seven were invented, and seven more left the house."""
    cases = story(world, 10, 17, 24)
    assert {name: quantity for name, (quantity, _) in cases.items()} == {
        f"TBK- {SHOP}#A": {"EA": "-7"},
        f"TSH- {SHOP}#A": {"EA": "-7"},
    }
    world.say("Shipped", "wms", "P1", 2, [line(1, ERP, "A", 17)], revision=2)
    world.say("OrderBooked", "erp", "S1", 1, [line(1, ERP, "A", 17, 170)], links=[[ERP, SHOP]], revision=3)
    assert [name for name in world.tick(everything=True) if name[:3] in ("TBK", "TSH")] == [f"TBK- {SHOP}#A"]


def test_a_price_booked_and_billed_too_dear_twice_over_is_two_cases(world: World) -> None:
    """Ordered at 100, booked at 107, billed at 114."""
    world.say("OrderPlaced", "shop", 1, 0, [line(1, SHOP, "A", 10, 100)])
    world.say("OrderBooked", "erp", "S1", 1, [line(1, ERP, "A", 10, 107)], links=[[ERP, SHOP]])
    world.say("Shipped", "wms", "P1", 2, [line(1, ERP, "A", 10)])
    world.say("Invoiced", "erp", "I1", 3, [line(1, ERP, "A", 10, 114)])
    cases = world.complete(24 * 10)
    assert {name: value for name, (_, value) in cases.items() if name[:3] in ("TBK", "TBL")} == {
        f"TBK- {SHOP}#A": {"USD": "-7"},
        f"TBL- {SHOP}#A": {"USD": "-7"},
    }


def test_billed_as_ordered_although_booked_dearer_is_one_case(world: World) -> None:
    world.say("OrderPlaced", "shop", 1, 0, [line(1, SHOP, "A", 10, 100)])
    world.say("OrderBooked", "erp", "S1", 1, [line(1, ERP, "A", 10, 107)], links=[[ERP, SHOP]])
    world.say("Shipped", "wms", "P1", 2, [line(1, ERP, "A", 10)])
    world.say("Invoiced", "erp", "I1", 3, [line(1, ERP, "A", 10, 100)])
    assert [name for name in world.complete(24 * 10) if name[:3] in ("TBK", "TBL")] == [f"TBK- {SHOP}#A"]
