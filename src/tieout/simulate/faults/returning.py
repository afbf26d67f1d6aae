"""Returns that go wrong: unannounced, of another quantity, credited without goods, refunded twice or for nothing."""

from tieout.simulate.clock import DAY, HOUR
from tieout.simulate.faults import Parameters, fault
from tieout.simulate.returns import refund
from tieout.simulate.story import Plan
from tieout.simulate.truth import Expected, Outcome, Truth


def has_return(plan: Plan) -> bool:
    """Whether anything of this web shop order comes back."""
    return plan.order.channel.name == "shop" and bool(plan.all("return_authorised"))


@fault("return_without_rma", "Goods come back that nobody has announced.")
def return_without_rma(plan: Plan, parameters: Parameters) -> Truth | None:
    """The warehouse finds the order by the parcel, credit and refund follow."""
    if not has_return(plan):
        return None
    order, (line,) = plan.order, plan.one("return_authorised").lines
    plan.drop("return_authorised")
    for paper in plan.papers:
        if paper.kind in ("return_received", "restocked", "credit"):
            paper.about = order.booked_as
    expected = [Expected(f"RRC- {order.ref}#{line.item}", "erp", {"EA": -(line.quantity or 0)})]
    return Truth("", order.ref, Outcome.EXCEPTION, expected, "no RMA")


@fault("wrong_quantity_returned", "More is announced than comes back.")
def wrong_quantity_returned(plan: Plan, parameters: Parameters) -> Truth | None:
    """Credit and refund go by what came."""
    if not has_return(plan):
        return None
    order, announced = plan.order, plan.one("return_authorised").lines[0]
    more = plan.rng.randint(1, 3)
    announced.quantity = (announced.quantity or 0) + more
    expected = [Expected(f"RRC+ {order.ref}#{announced.item}", "channel", {"EA": more})]
    return Truth("", order.ref, Outcome.EXCEPTION, expected, f"{more} more announced")


@fault("credit_without_return", "A return is credited and refunded that never arrives.")
def credit_without_return(plan: Plan, parameters: Parameters) -> Truth | None:
    """The money has gone, the goods have not come."""
    if not has_return(plan):
        return None
    order, (line,) = plan.order, plan.one("credit").lines
    plan.drop("return_received", "restocked")
    expected = [Expected(f"RCR- {order.ref}#{line.item}", "wms", {"EA": -(line.quantity or 0)}, -(line.value or 0))]
    return Truth("", order.ref, Outcome.EXCEPTION, expected, "credited, never received")


@fault("return_not_credited", "Goods come back and nobody credits them; of some the credit follows days later.")
def return_not_credited(plan: Plan, parameters: Parameters) -> Truth | None:
    """The customer has sent the goods and waits."""
    if not has_return(plan):
        return None
    order, credit = plan.order, plan.one("credit")
    (line,) = credit.lines
    expected = [Expected(f"RCR+ {order.ref}#{line.item}", "erp", {"EA": line.quantity or 0}, line.value)]
    if plan.rng.random() < 0.5:
        plan.drop("credit", "refund")
        return Truth("", order.ref, Outcome.EXCEPTION, expected, "never credited")
    for paper in (credit, plan.one("refund")):
        paper.happened += 5 * DAY
        paper.delivered += 5 * DAY
    return Truth("", order.ref, Outcome.EXCEPTION, expected, "credited late", corrected=credit.delivered)


@fault("refund_twice", "The shop refunds the same return twice.")
def refund_twice(plan: Plan, parameters: Parameters) -> Truth | None:
    """One refund has no credit memo."""
    if not has_return(plan):
        return None
    first = plan.one("refund")
    cents = first.more["total"]
    at = first.happened + plan.rng.randint(HOUR, 10 * HOUR)
    plan.add(refund(plan, at, [line.copy() for line in first.lines], cents, plan.rng, n=1))
    return Truth("", plan.order.ref, Outcome.EXCEPTION, [Expected(f"RRF- {plan.order.ref}", "erp", {}, -cents)], "refunded twice")


@fault("refund_without_lines", "The shop pays something back and does not say for what.", cents_max=900)
def refund_without_lines(plan: Plan, parameters: Parameters) -> Truth | None:
    """Goodwill, say: money has left, and the ERP has no credit memo."""
    order, rng = plan.order, plan.rng
    if order.channel.name != "shop" or has_return(plan):
        return None
    cents = rng.randint(100, parameters["cents_max"])
    plan.add(refund(plan, plan.one("delivery").happened + DAY, [], cents, rng))
    return Truth("", order.ref, Outcome.EXCEPTION, [Expected(f"RRF- {order.ref}", "erp", {}, -cents)], f"{cents} cents for nothing")
