"""Customers who want one invoice a week: what was shipped to them stands in one invoice of the ERP, is sent as one 810 and paid as one."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from tieout.simulate import chance
from tieout.simulate.catalogue import COLLECTIVE
from tieout.simulate.clock import HOUR, MINUTE, business_day, local, moment
from tieout.simulate.edi import tell
from tieout.simulate.paper import Line, Paper
from tieout.simulate.remitting import remitted
from tieout.simulate.story import CHANNEL_OF, OFFICE_HOURS, Order, Plan, late

CLOSES_ON, CLOSING_HOUR = 5, 17.0
"""Friday, when the office closes."""
ARRIVES = 6 * MINUTE
FIRST_INDEX = -30_000_000
"""Collective invoices count downwards from here."""


@dataclass(slots=True)
class Collective(Plan):
    """A week's invoice to a customer, and the parts of it that bill each order."""

    closed: int = 0
    parts: list[Paper] = field(default_factory=list)

    @property
    def sound(self) -> list[Paper]:
        """Parts that bill orders which nothing else has struck."""
        return [paper for paper in self.parts if "is_struck" not in paper.more]


def add_collective(plan: Plan) -> None:
    """Let the order be billed at the end of its week, with all others of the customer; what pays it is paid for all."""
    order = plan.order
    if order.channel.name != "edi" or order.customer not in COLLECTIVE:
        return
    part = plan.one("invoice")
    closed = week_end(part.happened)
    part.number = f"INV-W{COLLECTIVE.index(order.customer)}{local(closed):%y%m%d}"
    part.happened, part.delivered = closed, closed + ARRIVES
    part.more |= {"inside": True, "part": order.customer, "order": order.number, "plan": plan}
    plan.drop("payment", "receipt")


def week_end(at: int) -> int:
    """When the week's invoices are written that bill what happens at a moment."""
    day = local(at).date()
    while day.isoweekday() != CLOSES_ON or moment(day, CLOSING_HOUR) < at:
        day += timedelta(days=1)
    return moment(day, CLOSING_HOUR)


def collect(seed: str, on: date, papers: Sequence[Paper]) -> Iterator[Collective]:
    """The collective invoices that are written on a day."""
    for n, customer in enumerate(COLLECTIVE):
        parts = [paper for paper in papers if paper.kind == "invoice" and paper.more.get("part") == customer]
        if parts:
            parts.sort(key=lambda paper: ("is_struck" in paper.more, paper.more["order"]))
            yield _written(seed, on, n, customer, parts)


def _written(seed: str, on: date, n: int, customer: str, parts: list[Paper]) -> Collective:
    """The invoice with a line for each line of its parts; the first order is the one that the sending of it is owed on."""
    rng = chance.stream(seed, "collective", customer, on)
    first, closed = parts[0], parts[0].happened
    index = FIRST_INDEX - on.toordinal() * len(COLLECTIVE) - n
    order = Order(index, CHANNEL_OF["edi"], f"{customer}:", customer, closed, [], 0, 0, "", "")
    made = Collective(order, [], rng, closed=closed, parts=parts, is_watched="is_struck" in first.more)
    due = on + timedelta(days=order.channel.terms_days)
    asked = f"{order.system}/order/{first.more['order']}"
    more = {"customer": customer, "channel": "edi", "due": due, "parts": parts}
    whole = Paper("invoice", "erp", first.number, closed, first.delivered, first.about, [], due=moment(due + timedelta(days=1)), more=more)
    made.add(whole)
    bill(whole)
    known(made, first)
    sent = tell(made, "sent_invoice", whole, closed + rng.randint(20 * MINUTE, 90 * MINUTE), 4, rng)
    sent.about = asked
    day = business_day(on + timedelta(days=rng.randint(*order.channel.paid_after)))
    about, total = f"erp/invoice/{whole.number}", sum(line.value or 0 for line in whole.lines)
    paid = made.add(remitted(made, about, total, moment(day)))
    at = moment(business_day(day, 1), OFFICE_HOURS[0]) + rng.randrange(3 * HOUR)
    lines = [Line("", value=total, about=about)]
    paid.more["receipt"] = made.add(Paper("receipt", "erp", f"R{whole.number[4:]}", at, at + late(rng), about, lines))
    return made


def known(made: Collective, first: Paper) -> None:
    """What the first order's own papers have said by then of its name, and whether its customer has asked for invoices."""
    plan: Plan = first.more["plan"]
    for paper in plan.papers:
        if paper.kind in ("order", "order_changed", "booking") and not paper.spoil and not paper.void:
            asks = {} if paper.kind == "booking" else {"asks": paper.about}
            said = Paper(
                "known", "erp", paper.number, paper.happened, paper.delivered, paper.about, links=paper.links, more={"inside": True, **asks}
            )
            said.delivered = max(said.delivered, first.delivered)
            made.add(said)


def bill(whole: Paper) -> None:
    """The invoice states the lines of its parts, each on the sales order that it bills."""
    whole.lines = [line.copy(about=part.about) for part in whole.more["parts"] for line in part.lines]
