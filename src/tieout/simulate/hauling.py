"""What freight adds to an order's story: we tender what goes to an EDI customer at a rate, and the carrier invoices it days later."""

from datetime import timedelta

from tieout.simulate import chance
from tieout.simulate.catalogue import HAULER
from tieout.simulate.clock import MINUTE, business_day, local, moment
from tieout.simulate.paper import Cents, Line, Paper
from tieout.simulate.story import OFFICE_HOURS, Plan, by_edi, hear, late, sent_by_us

BASE: Cents = 4500
PER_PIECE: Cents = 35
FUEL_PERCENT = 20


def add_freight(plan: Plan, seed: str) -> None:
    """Our load tender (204) states the rate, the carrier's invoice (210) asks for it, with its fuel surcharge."""
    order = plan.order
    if order.hauled_by != "freight":
        return
    rng = chance.stream(seed, "freight", order.index)
    shipped = plan.one("shipment")
    cost = BASE + PER_PIECE * sum(line.quantity or 0 for line in order.goods)
    fuel = cost * FUEL_PERCENT // 100
    about = f"*/freight/{shipped.number}"
    tendered = shipped.more["left"] - rng.randint(5, 25) * MINUTE
    tendered -= tendered % MINUTE
    rated = Paper("rated", "freight", shipped.number, tendered, tendered + late(rng), about, [Line("", value=cost + fuel)])
    plan.add(sent_by_us(rated, HAULER, order.index * 10 + 9))
    on = business_day(local(plan.one("delivery").happened).date() + timedelta(days=rng.randint(1, 2)))
    billed = moment(on, OFFICE_HOURS[0]) + rng.randrange(6 * 3600)
    lines = [Line("", value=cost, charge="freight"), Line("", value=fuel, charge="fuel")]
    hear(plan, bill(plan, f"F{order.index}", billed, billed + late(rng), about, lines, 4), rng)


def bill(plan: Plan, number: str, at: int, delivered: int, about: str, lines: list[Line], control: int) -> Paper:
    """An invoice of the carrier; `control` tells the interchanges of one order apart."""
    made = Paper("freight_billed", "freight", number, at, delivered, about, lines)
    return by_edi(made, HAULER, plan.order.index * 10 + control)
