"""A distributor's day with something of everything: tied out, in time, overdue, waiting, quarantined, not observed, hostile."""

from datetime import datetime

from tieout.report.state import Ledger
from world import NOW, World, line

HOSTILE = "<script>alert(1)</script>"


def tell(world: World) -> World:
    """Say the day."""
    for n in range(1, 9):
        shop, erp = f"shop/order/{1000 + n}", f"erp/sales_order/SO-{n}"
        world.say(
            "OrderPlaced",
            "shop",
            1000 + n,
            n,
            [line(1, shop, "A", 10, 100), line(2, shop, "B", 5, "50.25")],
            currency="EUR" if n == 8 else "USD",
        )
        if n < 8:
            booked = [line(1, erp, "A", 10, 100), line(2, erp, "B", 5, "45.25" if n == 3 else "50.25")]
            world.say("OrderBooked", "erp", f"SO-{n}", n + 1, booked, links=[[erp, shop]])
        if n < 7:
            world.say("Allocated", "wms", f"A{n}", n + 4, [line(1, erp, "A", 10), line(2, erp, "B", 5)])
        if n < 6:
            world.say("Shipped", "wms", f"S{n}", n + 20, [line(1, erp, "A", 6 if n == 2 else 10), line(2, erp, "B", 5)], parcels=[f"1Z{n}"])
        if n < 5:
            world.say("Delivered", "carrier", f"D{n}", n + 60, [line(1, f"*/parcel/1Z{n}", quantity=1, unit="PCL")])
        if n < 4:
            billed = [line(1, erp, "A", 6 if n == 2 else 10, 60 if n == 2 else 100), line(2, erp, "B", 5, "50.25")]
            world.say("Invoiced", "erp", f"I{n}", n + 40, billed, total=100)
        if n == 1:
            world.say("CashApplied", "erp", "P1", 60, [line(1, "erp/invoice/I1", value=100)])
    world.say("OrderPlaced", "shop", HOSTILE, 2, [line(1, f"shop/order/{HOSTILE}", HOSTILE, 3, "1234567.891")], customer=HOSTILE)
    world.say("PurchaseOrdered", "erp", "PO-1", 1, [line(1, "erp/purchase_order/PO-1", "A", 100, 700)])
    world.say("GoodsReceived", "wms", "GR-1", 50, [line(1, "erp/purchase_order/PO-1", "A", 90)])
    world.say("Shipped", "wms", "S99", 30, [line(1, "erp/sales_order/SO-99", "A", 1)])
    world.apply([b'{"kind": "<b>Nonsense</b>", "system": "erp"}\n'])
    world.complete(24 * 30)
    return world


def ledger_of(world: World, as_of: datetime | None = None) -> Ledger:
    """A reading of a world."""
    return Ledger(world.connection, world.configuration, NOW, as_of)
