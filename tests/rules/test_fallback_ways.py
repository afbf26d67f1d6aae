"""Another warehouse, another carrier, a person: what becomes of what was refused, in the ledger, one way after the other."""

from datetime import timedelta
from typing import Any

from policy_world import command, govern, look, standing, table
from tieout.core.attempt import Sent, Target
from tieout.core.command import Accepted, Rejected
from tieout.core.values import Ref, Role
from tieout.policy.approval import People
from tieout.policy.project import DrivenTable
from tieout.runtime import desk
from tieout.runtime.outbox import record
from world import NOW, World, line, say

FALLBACKS = """
version = "3"
[[fallback]]
act = "release_shipment"
refused = "*out of stock*"
use_warehouse = "EAST-1"
[[fallback]]
act = "release_shipment"
refused = "*carrier*"
use_carrier = "FDXG"
[[fallback]]
act = "release_shipment"
refused = "*"
ask = "operations"
"""
SYSTEMS = {
    "wms": DrivenTable(Role.WMS, drive=("release_shipment",), serves={"warehouse": ("W1",)}),
    "threepl": DrivenTable(Role.WMS, drive=("release_shipment",), serves={"warehouse": ("EAST*",)}, anonymous=True),
}
SHOP, ERP = "shop/order/1", "erp/sales_order/S1"
FIRST, SECOND, THIRD, FOURTH = (f"TSH+ {SHOP} {n}" for n in (1, 2, 3, 4))


def booked(quantity: int, revision: int = 1) -> list[dict[str, Any]]:
    return [
        say("OrderPlaced", "shop", 1, 0, [line(1, SHOP, "A", quantity, 10 * quantity)], warehouse="W1", revision=revision),
        say("OrderBooked", "erp", "S1", 1, [line(1, ERP, "A", quantity, 10 * quantity)], links=[[ERP, SHOP]], revision=revision),
    ]


def answer(world: World, key: str, outcome: Accepted | Rejected) -> None:
    with world.connection.transaction():
        for event in (Sent(), outcome):
            record(world.connection, key, event, Target(settle=timedelta(minutes=5)), NOW)
    look(world)


def ways(world: World) -> list[tuple[str, ...]]:
    found = world.connection.execute(
        "select command, from_system, from_warehouse, use_warehouse, use_carrier, ask, split_part(rule, ' decided', 1) from diversion order by id"
    )
    return found.fetchall()


def test_the_stock_is_elsewhere_then_the_carrier_then_a_person_and_no_way_twice(world: World) -> None:
    govern(world, table('result = "pass"'), fallbacks=FALLBACKS, systems=SYSTEMS)
    world.apply(booked(6))
    assert (command(world, FIRST).system, command(world, FIRST).warehouse) == ("wms", "W1")
    answer(world, FIRST, Rejected("Item A is out of stock here"))
    second = command(world, SECOND)
    assert (second.system, second.warehouse, second.data, standing(world)[SECOND][0]) == ("threepl", "EAST-1", {}, "queued")
    answer(world, SECOND, Rejected("no carrier picks up for this address"))
    third = command(world, THIRD)
    assert (third.system, third.warehouse, third.data) == ("threepl", "EAST-1", {"carrier": "FDXG"})
    answer(world, THIRD, Rejected("out of stock, and no carrier"))
    assert set(standing(world)) == {FIRST, SECOND, THIRD}
    assert ways(world) == [
        (FIRST, "wms", "W1", "EAST-1", "", "", "fallbacks 3 row 1"),
        (SECOND, "threepl", "EAST-1", "", "FDXG", "", "fallbacks 3 row 2"),
        (THIRD, "threepl", "EAST-1", "", "", "operations", "fallbacks 3 row 3"),
    ]
    world.apply(booked(6, revision=2))
    look(world)
    assert len(ways(world)) == 3, "nobody is asked twice"


def test_once_the_other_way_is_confirmed_what_is_owed_next_goes_the_usual_way(world: World) -> None:
    govern(world, table('result = "pass"'), fallbacks=FALLBACKS, systems=SYSTEMS)
    world.apply(booked(6))
    answer(world, FIRST, Rejected("out of stock"))
    answer(world, SECOND, Accepted((Ref("wms/shipment/P1"),)))
    world.apply([say("Shipped", "wms", "P1", 2, [line(1, ERP, "A", 6)])])
    look(world)
    assert standing(world)[SECOND][0] == "confirmed"
    world.apply(booked(8, revision=2))
    third = command(world, THIRD)
    assert (third.system, third.warehouse, third.lines[0].quantity) == ("wms", "W1", 2)
    answer(world, THIRD, Rejected("out of stock"))
    assert (command(world, FOURTH).system, command(world, FOURTH).warehouse) == ("threepl", "EAST-1")


def test_what_a_person_refused_goes_no_other_way(world: World) -> None:
    govern(world, table('result = "pass"'), fallbacks=FALLBACKS, systems=SYSTEMS)
    world.apply(booked(6))
    desk.reject(world.connection, FIRST, "ann", "out of stock, says the foreman", People({}), Target(settle=timedelta(minutes=5)), NOW)
    look(world)
    assert (set(standing(world)), ways(world)) == ({FIRST}, [])
