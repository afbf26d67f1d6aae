"""A refund in a settlement uncovers an invoice whose own look is over: what the marketplace owes is missed all the same."""

from collections.abc import Callable

from tieout.connectors import System
from tieout.core.values import Role
from world import World, line

ORDER = "shop/order/1"
SAYS = {
    "shop": (Role.CHANNEL, "OrderPlaced"),
    "erp": (Role.ERP, "Invoiced", "CreditIssued"),
    "market": (Role.MARKETPLACE, "SaleSettled"),
    "events": (Role.MARKETPLACE, "EventReported"),
}
SYSTEMS = {name: System(name, "canonical", Role(role), states=tuple(states)) for name, (role, *states) in SAYS.items()}


def test_what_a_refund_leaves_open_of_an_older_invoice_is_missed(world_of: Callable[..., World]) -> None:
    world = world_of(systems=SYSTEMS, marketplaces=frozenset(("market",)))
    links = [["erp/invoice/I1", ORDER]]
    world.say("OrderPlaced", "shop", 1, 0, [line(1, ORDER, "A", 2, 20)], channel="market")
    world.say("Invoiced", "erp", "I1", 5, [line(1, ORDER, "A", 2, 20)], channel="market", links=links)
    world.say("EventReported", "events", "E1", 5, [line(1, ORDER, value=20)], channel="market")
    world.say("SaleSettled", "market", "S1", 50, [line(1, ORDER, value=18)], channel="market")
    world.say("EventReported", "events", "E2", 80, [line(1, ORDER, value=-10)], channel="market")
    credit = {"channel": "market", "data": {"against": "erp/invoice/I1"}}
    world.say("CreditIssued", "erp", "C1", 90, [line(1, ORDER, "A", 1, 10)], **credit)
    world.complete(95)
    world.say("SaleSettled", "market", "S2", 100, [line(1, ORDER, value=-10)], channel="market")
    assert world.of("MRV") == {f"{ORDER}  $USD": 2}
    missed = world.complete(24 * 21)
    assert missed[f"MRV+ {ORDER}"] == ({}, {"USD": "2"})
    assert missed[f"SHD+ {ORDER}"] == ({}, {"USD": "2"})
