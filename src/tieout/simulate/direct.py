"""Drop ship: a customer's order that a vendor ships for us; his ship notice is our shipment, and his invoice what the goods cost us."""

from tieout.simulate import chance
from tieout.simulate.buying import Purchase, accepted, announced, billed, ordered, paid
from tieout.simulate.catalogue import BY_SKU, DROP_SHIPPER
from tieout.simulate.clock import HOUR, MINUTE, open_moment
from tieout.simulate.paper import Line, Paper
from tieout.simulate.story import OFFICE_HOURS, Order, booking, delivery, hear, invoice, late, payment, placing

SHARE = 0.12
"""How many of the orders by telephone and portal a vendor ships."""
FIRST_NUMBER = 4_000_000


def is_direct(order: Order, seed: str) -> bool:
    """Whether a vendor ships this order."""
    return order.channel.name in ("inside", "portal") and chance.share(seed, "direct", order.index) < SHARE


def direct(order: Order, seed: str) -> Purchase:
    """Ordered and booked like any other; then we order it from the vendor, who acknowledges, ships and invoices it."""
    rng = chance.stream(seed, "direct", order.index, "how")
    goods = [Line(line.item, line.quantity, (line.quantity or 0) * BY_SKU[line.item].cost) for line in order.goods]
    made = Purchase(order, [], rng, vendor=DROP_SHIPPER, number=f"PO{FIRST_NUMBER + order.index}", goods=goods)
    made.add(placing(order, rng))
    booked = made.add(booking(order, order.placed + rng.randint(2 * MINUTE, 40 * MINUTE), rng))
    bought = booked.happened + rng.randint(MINUTE, 30 * MINUTE)
    made.add(ordered(made, bought, rng, is_direct=True))
    made.add(Paper("supplied", "erp", made.number, bought, bought + late(rng), order.booked_as, links=((made.ref, order.booked_as),)))
    hear(made, accepted(made, bought + rng.randint(MINUTE, 3 * HOUR), rng), rng)
    left = open_moment(bought + rng.randint(14 * HOUR, 18 * HOUR), *OFFICE_HOURS) + rng.randint(0, HOUR)
    hear(made, shipped(made, left), rng)
    made.add(delivery(order, made.one("drop_shipped"), rng))
    bill = made.add(invoice(order, made.one("drop_shipped"), rng))
    for paper in payment(order, bill, rng):
        made.add(paper)
    charged = hear(made, billed(made, open_moment(left + rng.randint(2 * HOUR, 30 * HOUR), *OFFICE_HOURS), rng), rng)
    made.add(paid(charged, rng))
    return made


def shipped(plan: Purchase, left: int, part: int = 1) -> Paper:
    """The vendor's ship notice, with the parcel that goes to the customer."""
    made = announced(plan, left, plan.rng, "drop_shipped")
    made.more |= {"parcels": [f"1Z{plan.order.index:07d}D{part}"], "left": left}
    return made
