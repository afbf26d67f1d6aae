"""Purchasing: what we order from vendors for stock, and what they and the dock say about it until it is paid."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta

from tieout.simulate import chance
from tieout.simulate.catalogue import BY_SKU, ITEMS, SITES, VENDORS, WAREHOUSES
from tieout.simulate.clock import DAY, HOUR, business_day, is_business_day, local, moment, open_moment
from tieout.simulate.paper import Line, Paper
from tieout.simulate.story import CHANNEL_OF, OFFICE_HOURS, WAREHOUSE_HOURS, Order, Plan, by_edi, hear, late, sent_by_us

FIRST_INDEX = -10_000_000
"""Purchases count downwards from here, so that no order has their number."""
PROMISED_DAYS, TERMS_DAYS = 7, 10
ORDERS_FOR_ONE = 60
"""So many of our customers' orders make us order once from a vendor."""


@dataclass(slots=True)
class Purchase(Plan):
    """A purchase order, for stock or for a customer whom the vendor ships to."""

    vendor: str = ""
    number: str = ""
    goods: list[Line] = field(default_factory=list)
    """What is ordered, at our cost."""

    @property
    def ref(self) -> str:
        """`erp/purchase_order/PO200001`."""
        return f"erp/purchase_order/{self.number}"


def purchases(seed: str, day: date, number: int, orders_per_day: int) -> Iterator[Purchase]:
    """What is ordered from vendors on the `number`-th day of the world."""
    if not is_business_day(day):
        return
    per_day = max(3, orders_per_day // ORDERS_FOR_ONE)
    for n in range(number * per_day, (number + 1) * per_day):
        rng = chance.stream(seed, "purchase", n)
        at = moment(day, OFFICE_HOURS[0]) + rng.randrange(8 * HOUR)
        lines = [_line(item.sku, item.case * rng.randint(2, 20)) for item in rng.sample(ITEMS, rng.randint(1, 3))]
        order = Order(FIRST_INDEX - n, CHANNEL_OF["shop"], "", "", at, [], 0, 0, rng.choice(WAREHOUSES), "")
        made = Purchase(order, [], rng, vendor=rng.choice(VENDORS), number=f"PO{200001 + n}", goods=lines)
        _say(made, rng)
        yield made


def _line(sku: str, pieces: int) -> Line:
    return Line(sku, pieces, pieces * BY_SKU[sku].cost)


def control_of(plan: Purchase, step: int) -> int:
    """A control number for each document of a purchase."""
    return int(plan.number.removeprefix("PO")) * 10 + step


def ordered(plan: Purchase, at: int, rng: random.Random, *, is_direct: bool = False) -> Paper:
    """Our purchase order (850)."""
    wanted = local(at).date() + timedelta(days=PROMISED_DAYS)
    made = Paper("purchase", "vendors", plan.number, moment(local(at).date()), at + late(rng), plan.ref, is_day=True)
    made.lines = [line.copy() for line in plan.goods]
    made.due = moment(wanted + timedelta(days=1))
    made.more = {"wanted": wanted, "warehouse": plan.order.warehouse, "is_direct": is_direct, "made": at}
    return sent_by_us(made, plan.vendor, control_of(plan, 0))


def accepted(plan: Purchase, at: int, rng: random.Random) -> Paper:
    """The vendor's acknowledgment (855)."""
    lines = [line.copy(value=None) for line in plan.goods]
    return by_edi(Paper("purchase_accepted", "vendors", plan.number, at, at + late(rng), plan.ref, lines), plan.vendor, control_of(plan, 1))


def announced(plan: Purchase, at: int, rng: random.Random, kind: str = "announced") -> Paper:
    """The vendor's ship notice (856)."""
    lines = [line.copy(value=None) for line in plan.goods]
    made = Paper(kind, "vendors", f"N{plan.number}", at, at + late(rng), plan.ref, lines)
    return by_edi(made, plan.vendor, control_of(plan, 2), is_timed=True)


def billed(plan: Purchase, at: int, rng: random.Random) -> Paper:
    """The vendor's invoice (810), due days later."""
    lines = [line.copy() for line in plan.goods]
    made = by_edi(Paper("vendor_billed", "vendors", f"V{plan.number}", at, at + late(rng), plan.ref, lines), plan.vendor, control_of(plan, 3))
    due = local(at).date() + timedelta(days=TERMS_DAYS)
    made.due = moment(due + timedelta(days=1))
    made.more |= {"due": due, "order": plan.number}
    return made


def paid(bill: Paper, rng: random.Random) -> Paper:
    """The ERP pays what the vendor invoices, some days before it is due."""
    at = moment(business_day(local(bill.happened).date() + timedelta(days=rng.randint(5, 7))), OFFICE_HOURS[0]) + rng.randrange(6 * HOUR)
    about = f"vendors/vendor_invoice/{bill.number}"
    total = sum(line.value or 0 for line in bill.lines)
    return Paper("vendor_paid", "erp", f"VP{bill.number}", at, at + late(rng), about, [Line("", value=total, about=about)])


def received(plan: Purchase, at: int, rng: random.Random) -> Paper:
    """The dock receives the goods."""
    site = plan.order.warehouse
    lines = [line.copy(value=None) for line in plan.goods]
    made = Paper("received", SITES[site], f"GR{plan.number}", at, at + late(rng), plan.ref, lines, more={"warehouse": site, "came": at})
    return by_edi(made, "LAKE3PL", control_of(plan, 4)) if made.system == "threepl" else made


def _say(plan: Purchase, rng: random.Random) -> None:
    at = plan.order.placed
    plan.add(ordered(plan, at, rng))
    hear(plan, accepted(plan, open_moment(at + rng.randint(HOUR, 18 * HOUR), *OFFICE_HOURS), rng), rng)
    sent = open_moment(at + rng.randint(20 * HOUR, 2 * DAY), *OFFICE_HOURS)
    hear(plan, announced(plan, sent, rng), rng)
    came = open_moment(sent + rng.randint(20 * HOUR, 44 * HOUR), *WAREHOUSE_HOURS)
    hear(plan, received(plan, came, rng), rng)
    bill = hear(plan, billed(plan, open_moment(came + rng.randint(2 * HOUR, 30 * HOUR), *OFFICE_HOURS), rng), rng)
    plan.add(paid(bill, rng))
