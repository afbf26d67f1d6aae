"""What a marketplace adds to an order's story: it tells of the sale as an event, keeps the sales tax, and pays some customers back."""

import random

from tieout.simulate import chance
from tieout.simulate.catalogue import MARKETS, TAX_PERMILLE
from tieout.simulate.clock import DAY, HOUR, MINUTE, local, moment, open_moment
from tieout.simulate.paper import Cents, Line, Paper
from tieout.simulate.story import OFFICE_HOURS, WAREHOUSE_HOURS, Plan, closing, late, price_of

SHARE = 0.15
"""How many marketplace orders come back in part."""


def add_selling(plan: Plan, seed: str) -> None:
    """Let the marketplace tell of the sale, and let some pieces come back: received, refunded by the marketplace, credited by us."""
    if plan.order.channel.name not in MARKETS:
        return
    rng = chance.stream(seed, "selling", plan.order.index)
    sold, billed = plan.one("sale"), plan.one("invoice")
    sold.more["tax"] = tax_of(sold.lines[0].value or 0)
    plan.add(event(plan, billed.happened + rng.randint(10 * MINUTE, 3 * HOUR), sold.lines[0].value or 0, rng))
    if rng.random() < SHARE:
        _bring_back(plan, rng)


def tax_of(cents: Cents) -> Cents:
    """Sales tax, which the marketplace charges and keeps: it is neither our revenue nor our liability."""
    return (cents * TAX_PERMILLE + 500) // 1000


def event(plan: Plan, at: int, cents: Cents, rng: random.Random, number: str = "S", kind: str = "event") -> Paper:
    """The marketplace's daily word on what it will settle later."""
    order = plan.order
    return Paper(kind, order.channel.system, f"{order.number}-{number}", at, at + late(rng), order.ref, [Line("", value=cents)])


def _bring_back(plan: Plan, rng: random.Random) -> None:
    order, line = plan.order, rng.choice(plan.order.goods)
    goods = Line(line.item, rng.randint(1, line.quantity or 1))
    worth = (goods.quantity or 0) * price_of(line)
    about = f"erp/return/RMA{order.index}"
    asked = open_moment(plan.one("delivery").happened + rng.randint(6 * HOUR, 2 * DAY), *OFFICE_HOURS)
    plan.add(
        Paper("return_authorised", "erp", f"RMA{order.index}", asked, asked + late(rng), about, [goods.copy()], ((about, order.booked_as),))
    )
    back = open_moment(asked + rng.randint(DAY, 3 * DAY), *WAREHOUSE_HOURS)
    more = {"warehouse": order.warehouse if order.shipped_by == "wms" else "CHI"}
    plan.add(Paper("return_received", "wms", f"RR{order.index}", back, back + late(rng), about, [goods.copy()], more=more))
    away = back + rng.randint(HOUR, 20 * HOUR)
    plan.add(Paper("restocked", "wms", f"RS{order.index}", away, away + late(rng), about, [goods.copy()], more=dict(more)))
    credited = back + rng.randint(HOUR, 4 * HOUR)
    said = {"against": plan.one("invoice").number, "channel": order.channel.name}
    plan.add(Paper("credit", "erp", f"CR{order.index}", credited, credited + late(rng), about, [goods.copy(value=worth)], more=said))
    pay_back(plan, back + rng.randint(HOUR, 6 * HOUR), worth, goods.item, rng)


def pay_back(plan: Plan, at: int, cents: Cents, item: str, rng: random.Random, n: int = 0) -> None:
    """The marketplace gives the customer money back: it says so at once, and settles it in a report; without an item it is goodwill."""
    order, number = plan.order, f"{plan.order.number}-R{n}"
    plan.add(event(plan, at, -cents, rng, f"R{n}", "event_returned"))
    closed = closing(order.channel.name, at)
    for kind, value in (("sale_refunded", -cents), ("refund", cents)):
        lines = [Line("", value=value)]
        made = Paper(kind, f"{order.channel.name}_pay", number, moment(local(closed).date()), closed + HOUR, order.ref, lines, is_day=True)
        made.more = {"inside": True, "sku": item, "tax": tax_of(cents), "order_id": order.number}
        plan.add(made)
