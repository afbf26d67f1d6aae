"""A marketplace's invoice that is cancelled is owed neither by the marketplace nor by a customer."""

from collections.abc import Callable
from typing import Any

from world import World, line

ORDER = "shop/order/1"


def test_a_cancelled_marketplace_invoice_leaves_nothing_to_collect(world_of: Callable[..., World]) -> None:
    world = world_of(marketplaces=frozenset(("amazon",)))
    goods = [line(1, ORDER, "A", 2, 20)]
    world.say("OrderPlaced", "shop", 1, 0, goods, channel="amazon")
    world.say("Invoiced", "erp", "I1", 5, goods, channel="amazon")
    voided: dict[str, Any] = {"channel": "amazon", "data": {"against": "erp/invoice/I1"}}
    world.say("InvoiceVoided", "erp", "C1", 6, goods, **voided)
    assert world.of("MRV") == {}
    assert world.of("TCO") == {}
