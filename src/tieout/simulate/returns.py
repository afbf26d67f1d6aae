"""Returns: what the customer sends back, from the authorisation to the money; a part of some web shop orders' story."""

import random
from datetime import timedelta

from tieout.simulate import chance
from tieout.simulate.clock import DAY, HOUR, business_day, local, moment, open_moment
from tieout.simulate.paper import Cents, Line, Paper
from tieout.simulate.story import FIRST_ID, OFFICE_HOURS, WAREHOUSE_HOURS, Plan, late, price_of

SHARE = 0.12
"""How many of the web shop's orders come back in part."""


def add_return(plan: Plan, seed: str) -> None:
    """Let the customer send some pieces of one line back: authorised, received, put away, credited, refunded."""
    order = plan.order
    if order.channel.name != "shop" or chance.share(seed, "return", order.index) >= SHARE:
        return
    rng = chance.stream(seed, "return", order.index, "how")
    line = rng.choice(order.goods)
    goods = Line(line.item, rng.randint(1, line.quantity or 1))
    worth = (goods.quantity or 0) * price_of(line)
    about = f"erp/return/RMA{order.index}"
    delivered = plan.one("delivery").happened
    asked = open_moment(delivered + rng.randint(6 * HOUR, 2 * DAY), *OFFICE_HOURS)
    plan.add(
        Paper("return_authorised", "erp", f"RMA{order.index}", asked, asked + late(rng), about, [goods.copy()], ((about, order.booked_as),))
    )
    back = open_moment(asked + rng.randint(DAY, 3 * DAY), *WAREHOUSE_HOURS)
    more = {"warehouse": order.warehouse if order.shipped_by == "wms" else "CHI"}
    plan.add(Paper("return_received", "wms", f"RR{order.index}", back, back + late(rng), about, [goods.copy()], more=more))
    away = back + rng.randint(HOUR, 20 * HOUR)
    plan.add(Paper("restocked", "wms", f"RS{order.index}", away, away + late(rng), about, [goods.copy()], more=dict(more)))
    credited = moment(business_day(local(back).date() + timedelta(days=1)), OFFICE_HOURS[0]) + rng.randrange(4 * HOUR)
    plan.add(Paper("credit", "erp", f"CR{order.index}", credited, credited + late(rng), about, [goods.copy(value=worth)]))
    plan.add(refund(plan, credited + rng.randint(HOUR, 30 * HOUR), [goods.copy(value=worth)], worth, rng))


def refund(plan: Plan, at: int, lines: list[Line], cents: Cents, rng: random.Random, n: int = 0) -> Paper:
    """The shop pays money back; `lines` say for what, as far as it says."""
    order = plan.order
    order_id = FIRST_ID + order.index
    number = f"{order_id}{70 + n}"
    stated = lines or [Line("", value=cents)]
    return Paper("refund", "shop", number, at, at + late(rng), f"shop/order_id/{order_id}", stated, more={"index": order.index, "total": cents})
