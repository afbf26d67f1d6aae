"""Invoices that bill something else than was shipped, or at another price than was booked."""

from tieout.simulate.clock import DAY, HOUR
from tieout.simulate.faults import Parameters, fault
from tieout.simulate.paper import Line
from tieout.simulate.story import Plan, late, price_of, renumbered
from tieout.simulate.truth import Expected, Outcome, Truth


@fault("manual_invoice", "Somebody bills goods by hand that never left; some are credited days later.")
def manual_invoice(plan: Plan, parameters: Parameters) -> Truth | None:
    """One piece more is billed than shipped, on an invoice of its own."""
    if plan.is_billed_weekly:
        return None
    order, rng, line = plan.order, plan.rng, plan.rng.choice(plan.order.goods)
    price, first = price_of(line), plan.one("invoice")
    at = first.happened + rng.randint(HOUR, 20 * HOUR)
    number = f"{first.number}-M"
    extra = Line(line.item, 1, price)
    plan.add(renumbered(first, number).copy(happened=at, delivered=at + late(rng), lines=[extra]))
    corrected = None
    if rng.random() < 0.5:
        later = at + 4 * DAY
        memo = first.copy(
            kind="invoice_voided", number=f"CM{order.index}", happened=later, delivered=later + late(rng), lines=[extra.copy()], due=None, links=(),
            more={"against": number, "channel": order.channel.name},
        )  # fmt: skip
        corrected = plan.add(memo).delivered
    expected = [Expected(f"SNI- {order.ref}#{line.item}", "wms", {"EA": -1}, -price)]
    return Truth("", order.ref, Outcome.EXCEPTION, expected, f"{number} by hand", corrected)


@fault("invoice_before_shipment", "The invoice is posted some hours before the goods leave.")
def invoice_before_shipment(plan: Plan, parameters: Parameters) -> Truth | None:
    """Inside its grace that is silent, and the shipment clears it."""
    if plan.is_billed_weekly:
        return None
    billed = plan.one("invoice")
    billed.happened = plan.one("shipment").more["left"] - plan.rng.randint(HOUR, 8 * HOUR)
    billed.delivered = billed.happened + late(plan.rng)
    return Truth("", plan.order.ref, Outcome.HEALED, detail="billed first")


@fault("billed_differs", "The invoice bills another price than was booked.")
def billed_differs(plan: Plan, parameters: Parameters) -> Truth | None:
    """Booked as ordered, billed dearer or cheaper; the customer pays as billed."""
    order, rng, line = plan.order, plan.rng, plan.rng.choice(plan.order.goods)
    step = rng.choice((-1, 1)) * max(5, price_of(line) // 10) * (line.quantity or 0)
    plan.set(line.item, line.quantity or 0, (line.value or 0) + step, "invoice")
    sign = "+" if step < 0 else "-"
    return Truth("", order.ref, Outcome.EXCEPTION, [Expected(f"TBL{sign} {order.ref}#{line.item}", "erp", {}, -step)], f"{step} cents")
