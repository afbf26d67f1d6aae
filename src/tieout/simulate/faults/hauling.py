"""Freight invoices that differ from the rate, come twice, for no shipment, or never."""

from tieout.simulate.clock import DAY, HOUR
from tieout.simulate.faults import Parameters, fault
from tieout.simulate.hauling import bill
from tieout.simulate.paper import Line, Paper
from tieout.simulate.story import Plan, hear, late
from tieout.simulate.truth import Expected, Outcome, Truth


def billed_of(plan: Plan) -> Paper | None:
    """The carrier's invoice, where the order goes by freight."""
    found = plan.all("freight_billed")
    return found[0] if found else None


@fault("freight_differs", "The freight carrier invoices more than the rate.", percent_max=30)
def freight_differs(plan: Plan, parameters: Parameters) -> Truth | None:
    """Another weight, another class: the fuel surcharge is as it was."""
    billed = billed_of(plan)
    if billed is None:
        return None
    line = billed.lines[0]
    more = max(100, (line.value or 0) * plan.rng.randint(3, parameters["percent_max"]) // 100)
    line.value = (line.value or 0) + more
    return Truth("", billed.about, Outcome.EXCEPTION, [Expected(f"FTM- {billed.about}", "carrier", {}, -more)], f"{more} cents above the rate")


@fault("freight_twice", "The freight carrier invoices a shipment again, under another number.")
def freight_twice(plan: Plan, parameters: Parameters) -> Truth | None:
    """Nothing says that it is a copy: it counts."""
    billed = billed_of(plan)
    if billed is None:
        return None
    at = billed.more["sent"] + plan.rng.randint(DAY, 3 * DAY)
    lines = [line.copy() for line in billed.lines]
    hear(plan, bill(plan, f"{billed.number}-2", at, at + late(plan.rng), billed.about, lines, 5), plan.rng)
    total = sum(line.value or 0 for line in lines)
    return Truth("", billed.about, Outcome.EXCEPTION, [Expected(f"FTM- {billed.about}", "carrier", {}, -total)], "invoiced twice")


@fault("freight_for_no_shipment", "The freight carrier invoices a shipment that nobody knows.", cents_max=30_000)
def freight_for_no_shipment(plan: Plan, parameters: Parameters) -> Truth | None:
    """There is no rate to hold it against."""
    billed = billed_of(plan)
    if billed is None:
        return None
    cents = plan.rng.randint(5000, parameters["cents_max"])
    about, at = f"*/freight/NS{plan.order.index}", billed.more["sent"] + plan.rng.randint(HOUR, 20 * HOUR)
    lines = [Line("", value=cents, charge="freight")]
    hear(plan, bill(plan, f"{billed.number}-N", at, at + late(plan.rng), about, lines, 6), plan.rng)
    return Truth("", about, Outcome.EXCEPTION, [Expected(f"FTM- {about}", "carrier", {}, -cents)], "freight for no shipment")


@fault("freight_not_billed", "The freight carrier never invoices a shipment; of some the invoice comes weeks later.")
def freight_not_billed(plan: Plan, parameters: Parameters) -> Truth | None:
    """A cost that the period lacks."""
    billed = billed_of(plan)
    if billed is None:
        return None
    total = sum(line.value or 0 for line in billed.lines)
    expected = [Expected(f"FTM+ {billed.about}", "carrier", {}, total)]
    plan.lose(billed)
    if plan.rng.random() < 0.5:
        return Truth("", billed.about, Outcome.EXCEPTION, expected, "never invoiced")
    at = billed.more["sent"] + 10 * DAY
    came = hear(plan, bill(plan, billed.number, at, at + late(plan.rng), billed.about, billed.lines, 4), plan.rng)
    return Truth("", billed.about, Outcome.EXCEPTION, expected, "invoiced late", corrected=came.delivered)
