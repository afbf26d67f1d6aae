"""Goods that leave otherwise than booked, and parcels of which the carrier says nothing, or too much."""

from tieout.simulate.clock import DAY, HOUR, open_moment
from tieout.simulate.faults import Parameters, fault
from tieout.simulate.faults.transit import missing
from tieout.simulate.paper import Line
from tieout.simulate.story import WAREHOUSE_HOURS, Plan, again, delivery, hear, invoice, payment, price_of, shipment
from tieout.simulate.story import late as travel
from tieout.simulate.truth import Expected, Outcome, Truth, open_lines


@fault("short_shipment", "Less leaves than was booked; of some orders the rest follows a week later.")
def short_shipment(plan: Plan, parameters: Parameters) -> Truth | None:
    """The invoice bills what left; the rest is owed."""
    order, rng = plan.order, plan.rng
    many = [line for line in order.goods if (line.quantity or 0) > 1]
    if not many:
        return None
    line = rng.choice(many)
    price, booked = price_of(line), line.quantity or 0
    short = rng.randint(1, booked - 1)
    plan.set(line.item, booked - short, (booked - short) * price, "shipment", "invoice")
    expected = [Expected(f"TSH+ {order.ref}#{line.item}", "wms", {"EA": short}, short * price)]
    corrected = _backorder(plan, Line(line.item, short, short * price)) if plan.all("payment") and rng.random() < 0.5 else None
    return Truth("", order.ref, Outcome.EXCEPTION, expected, f"{short} of {booked} {line.item} short", corrected)


def _backorder(plan: Plan, rest: Line) -> int:
    """The rest leaves a week later, is delivered, billed and paid."""
    order, rng = plan.order, plan.rng
    at = open_moment(plan.one("shipment").more["left"] + 7 * DAY, *WAREHOUSE_HOURS) + rng.randint(0, HOUR)
    second = hear(plan, shipment(order, at, rng, part=2), rng)
    second.lines = [rest.copy(value=None)]
    hear(plan, delivery(order, second, rng, part=2), rng)
    billed = plan.add(invoice(order, second, rng))
    billed.number, billed.lines = f"{billed.number}-2", [rest.copy()]
    for paper in payment(order, billed, rng):
        paper.number += "-2"
        plan.add(paper)
    return second.delivered


@fault("over_shipment", "More leaves than was booked.")
def over_shipment(plan: Plan, parameters: Parameters) -> Truth | None:
    """The invoice bills what was booked."""
    order, line = plan.order, plan.rng.choice(plan.order.goods)
    over = plan.rng.randint(1, 3)
    for paper in plan.all("shipment"):
        shipped = paper.line(line.item)
        shipped.quantity = (shipped.quantity or 0) + over
    expected = [Expected(f"TSH- {order.ref}#{line.item}", "erp", {"EA": -over}, -over * price_of(line))]
    return Truth("", order.ref, Outcome.EXCEPTION, expected, f"{over} {line.item} too many")


@fault("confirmation_missing", "The carrier never confirms a parcel.")
def confirmation_missing(plan: Plan, parameters: Parameters) -> Truth | None:
    """Shipped, not delivered as far as anybody knows."""
    expected = missing(plan, "delivery")
    about = plan.one("delivery").about
    plan.lose(plan.one("delivery"))
    return Truth("", about, Outcome.EXCEPTION, expected, "no confirmation")


@fault("confirmation_twice", "The carrier confirms a parcel again, hours later.")
def confirmation_twice(plan: Plan, parameters: Parameters) -> Truth | None:
    """A parcel is delivered once: the later statement takes the place of the earlier one."""
    first = plan.one("delivery")
    later = plan.rng.randint(HOUR, 5 * HOUR)
    second = again(plan, first, later, plan.rng)
    second.happened, second.revision = first.happened + later, 1
    return Truth("", first.about, Outcome.HEALED, detail="confirmed twice")


@fault("cancellation_crosses_shipment", "The customer cancels while the parcel is already on its way.")
def cancellation_crosses_shipment(plan: Plan, parameters: Parameters) -> Truth | None:
    """Shop and ERP cancel, the goods have left: they were shipped for nothing."""
    order, rng = plan.order, plan.rng
    if order.channel.name != "shop":
        return None
    placed, shipped = plan.one("order"), plan.one("shipment")
    at = shipped.more["left"] - rng.randint(60, HOUR)
    more = {**placed.more, "changed": at, "cancelled": at, "placed": placed.happened, "webhook": f"{placed.number}-cancelled"}
    plan.add(placed.copy(kind="order_cancelled", happened=at, delivered=at + travel(rng), more=more))
    booked = plan.one("booking")
    plan.add(
        booked.copy(kind="booking_cancelled", number=f"X{order.index}", happened=at + 60, delivered=at + 60 + travel(rng), links=(), more={})
    )
    plan.drop("invoice", "payment", "receipt")
    return Truth("", order.ref, Outcome.EXCEPTION, open_lines("TSH", "erp", order.ref, order.goods, -1), "cancelled as it left")
