"""Who and what things are: a customer with two numbers, a sales order that no longer says which order it is of, clocks in another zone."""

from tieout.simulate.clock import DAY, HOUR
from tieout.simulate.faults import Parameters, fault
from tieout.simulate.faults.transit import missing
from tieout.simulate.story import Plan, late
from tieout.simulate.truth import Expected, Outcome, Truth


@fault("duplicate_customer", "A customer has two numbers in the ERP, and his payment is booked on the other one; some are moved later.")
def duplicate_customer(plan: Plan, parameters: Parameters) -> Truth | None:
    """Billed under the one, applied as a credit on the account of the other: the invoice stays open, and the account is paid for nothing."""
    order = plan.order
    if order.channel.name not in ("inside", "portal") or not plan.all("receipt"):
        return None
    for kind in ("booking", "invoice"):
        plan.one(kind).more["customer"] = order.customer.replace("C-", "C-9")
    applied = plan.one("receipt")
    cents, bill = applied.lines[0].value or 0, applied.about
    account = f"erp/invoice/ON-ACCOUNT-{order.customer}-{order.index}"
    right = applied.copy(number=f"{applied.number}-R", happened=applied.happened + 9 * DAY, delivered=applied.delivered + 9 * DAY)
    applied.about = applied.lines[0].about = account
    expected = [
        Expected(f"CSH+ {bill}", "erp", {}, cents), Expected(f"TCO+ {bill}", "channel", {}, cents),
        Expected(f"CSH- {account}", "bank", {}, -cents), Expected(f"TCO- {account}", "erp", {}, -cents),
    ]  # fmt: skip
    if plan.rng.random() < 0.5:
        return Truth("", bill, Outcome.EXCEPTION, expected, f"{order.customer} has two numbers")
    plan.add(right)
    changed = right.happened
    taken = applied.copy(void=True, revision=1, delivered=changed + late(plan.rng), more={**applied.more, "changed": changed})
    corrected = max(right.delivered, plan.add(taken).delivered)
    return Truth("", bill, Outcome.EXCEPTION, expected, f"{order.customer} has two numbers", corrected)


@fault("order_id_vanishes", "The ERP's sales order no longer says which order of the channel it was made from.")
def order_id_vanishes(plan: Plan, parameters: Parameters) -> Truth | None:
    """One was ordered and not booked, the other booked and not ordered."""
    if plan.all("sale") or plan.all("return_authorised"):
        return None
    expected = [*missing(plan, "booking"), *missing(plan, "order")]
    booked = plan.one("booking")
    booked.links = ()
    del booked.more["order"]
    return Truth("", plan.order.booked_as, Outcome.EXCEPTION, expected, "the channel's number is gone")


@fault("scanner_summer_time_slip", "The scanners in Reno are not put forward when the clocks change.")
def scanner_summer_time_slip(plan: Plan, parameters: Parameters) -> Truth | None:
    """The goods seem to have left an hour earlier."""
    if plan.order.shipped_by != "scanner":
        return None
    plan.one("shipment").happened -= HOUR
    return Truth("", plan.order.ref, Outcome.HEALED, detail="an hour behind in Reno")
