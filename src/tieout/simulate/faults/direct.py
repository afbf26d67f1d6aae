"""Drop ship that goes wrong: never announced, announced twice, billed and not shipped, never ordered from the vendor."""

from tieout.simulate.clock import HOUR
from tieout.simulate.direct import shipped
from tieout.simulate.faults import Parameters, fault
from tieout.simulate.faults.buying import purchase_of
from tieout.simulate.story import Plan, hear, renumbered
from tieout.simulate.truth import Outcome, Truth, open_lines


@fault("drop_ship_not_announced", "A vendor ships to our customer and never says so.", on="direct")
def drop_ship_not_announced(plan: Plan, parameters: Parameters) -> Truth | None:
    """The customer has the goods; by the ledger nothing has left, and the vendor's invoice has no shipment."""
    made = purchase_of(plan)
    made.lose(made.one("drop_shipped"))
    expected = open_lines("TSH", "wms", made.order.ref, made.order.goods)
    expected += [each for code in ("PAN", "PRC") for each in open_lines(code, "vendor", made.order.ref, made.goods)]
    return Truth("", made.order.ref, Outcome.EXCEPTION, expected, "no ship notice")


@fault("drop_ship_announced_twice", "A vendor announces the same shipment to our customer again, under another number.", on="direct")
def drop_ship_announced_twice(plan: Plan, parameters: Parameters) -> Truth | None:
    """By the ledger twice as much has left as was booked and as we have ordered."""
    made = purchase_of(plan)
    first = made.one("drop_shipped")
    left = first.more["left"] + made.rng.randint(HOUR, 4 * HOUR)
    second = renumbered(shipped(made, left), f"{first.number}-2")
    second.more["control"] += 5
    second.more["group"] = f"vendors/group/{made.vendor}:{second.more['control']}"
    hear(made, second, made.rng)
    ref = made.order.ref
    expected = open_lines("TSH", "erp", ref, made.order.goods, -1)
    expected += open_lines("PAN", "vendor", ref, made.goods, -1) + open_lines("PRC", "wms", ref, made.goods, -1)
    return Truth("", ref, Outcome.EXCEPTION, expected, "announced twice")


@fault("drop_ship_billed_not_shipped", "A vendor invoices a shipment to our customer that never left.", on="direct")
def drop_ship_billed_not_shipped(plan: Plan, parameters: Parameters) -> Truth | None:
    """The customer waits, and nobody bills him."""
    made = purchase_of(plan)
    made.lose(made.one("drop_shipped"))
    made.drop("delivery", "invoice", "payment", "receipt")
    expected = open_lines("PMT", "vendor", made.order.ref, made.goods, -1) + open_lines("TSH", "wms", made.order.ref, made.order.goods)
    return Truth("", made.order.ref, Outcome.EXCEPTION, expected, "billed, not shipped")


@fault("drop_ship_not_ordered", "Nobody orders from the vendor what he should ship to our customer.", on="direct")
def drop_ship_not_ordered(plan: Plan, parameters: Parameters) -> Truth | None:
    """Booked, and then nothing: neither stock nor a purchase order stands for it."""
    made = purchase_of(plan)
    made.papers = [paper for paper in made.papers if paper.kind in ("order", "booking")]
    ref, goods = made.order.ref, made.order.goods
    expected = open_lines("TAL", "wms", ref, goods) + open_lines("TSH", "wms", ref, goods)
    return Truth("", ref, Outcome.EXCEPTION, expected, "never ordered from the vendor")
