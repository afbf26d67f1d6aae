"""How EDI customers pay: once a day all that is due, by one bank transfer, with remittance advice that names the invoices."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date

from tieout.simulate import chance
from tieout.simulate.catalogue import EDI_CUSTOMERS
from tieout.simulate.clock import DAY, MINUTE, local, moment
from tieout.simulate.edi import REMITTANCES
from tieout.simulate.paper import Cents, Line, Paper
from tieout.simulate.story import BANK_HOUR, CHANNEL_OF, SETS, Order, Plan, answer, by_edi

RUN_HOUR = 10.0
FIRST_INDEX = -10_000_000
"""Payment runs count downwards from here."""


@dataclass(slots=True)
class Run(Plan):
    """A payment run: what it pays of which orders' invoices, and the reference that joins money and advice."""

    on: int = 0
    paid: list[Paper] = field(default_factory=list)

    @property
    def sound(self) -> list[Paper]:
        """What is paid of invoices that nothing else has struck."""
        return [paper for paper in self.paid if "is_struck" not in paper.more]

    @property
    def is_mixed(self) -> bool:
        """Whether the receipt of an invoice among them is struck already, which would not show if all of them were."""
        return any("is_apart" in paper.more for paper in self.paid)

    @property
    def remittance(self) -> str:
        """The reference on which the money stands."""
        return self.order.ref.replace("/order/", "/remittance/")


def add_remitting(plan: Plan) -> None:
    """Let the invoices of an EDI order be paid in the run of the day on which each would have been paid by itself."""
    order = plan.order
    if order.channel.name != "edi":
        return
    for paid in plan.all("payment"):
        plan.papers.remove(paid)
        made = plan.add(remitted(plan, paid.about, paid.lines[0].value or 0, paid.happened))
        made.more["receipt"] = plan.one("receipt")


def remitted(plan: Plan, invoice: str, cents: Cents, on: int) -> Paper:
    """What a run of that day pays of an invoice; it stands inside the advice."""
    at = moment(local(on).date(), RUN_HOUR)
    lines = [Line("", value=cents, about=invoice)]
    more = {"inside": True, "partner": plan.order.customer}
    number = f"{plan.order.customer}:{invoice.rsplit('/', 1)[1]}"
    return Paper("remitted", plan.order.system, number, moment(local(on).date()), at, invoice, lines, is_day=True, more=more)


def runs(seed: str, on: date, papers: Sequence[Paper]) -> Iterator[Run]:
    """The payment runs of a day: one for each customer who has something to pay."""
    for n, customer in enumerate(EDI_CUSTOMERS):
        paid = [paper for paper in papers if paper.kind == "remitted" and paper.more["partner"] == customer and "run" not in paper.more]
        if paid:
            yield _run(seed, on, n, customer, paid)


def _run(seed: str, on: date, n: int, customer: str, paid: list[Paper]) -> Run:
    index = FIRST_INDEX - on.toordinal() * len(EDI_CUSTOMERS) - n
    rng = chance.stream(seed, "remitting", customer, on)
    order = Order(index, CHANNEL_OF["edi"], f"{customer}:T{on:%y%m%d}", customer, moment(on, RUN_HOUR), [], 0, 0, "", "")
    made = Run(order, [], rng, on=moment(on), paid=paid)
    for paper in paid:
        paper.more["run"] = order.number
    total = sum(paper.lines[0].value or 0 for paper in paid)
    at = paid[0].delivered
    advice = advise(made, paid, total, at, rng)
    made.add(advice)
    made.add(answer(advice, *SETS["remittance"], rng))
    came = Paper("payment", "bank", f"BE{customer}{on:%y%m%d}", moment(on), moment(on, BANK_HOUR), made.remittance, is_day=True)
    came.lines = [Line("", value=total, about=made.remittance)]
    came.more = {"from": customer, "end_to_end": order.number.split(":")[1]}
    made.add(came)
    return made


def advise(run: Run, paid: Sequence[Paper], total: Cents, at: int, rng: random.Random, again: int = 0) -> Paper:
    """The advice: what is paid in all, and on which invoices; `again` counts those that say the same under another reference."""
    order = run.order
    number = f"{order.number}{'-' + str(again) if again else ''}"
    made = Paper("remittance", order.system, number, at, at, f"{order.system}/remittance/{number}", [Line("", value=total)])
    made.more = {"customer": order.customer, "paid": list(paid)}
    by_edi(made, order.customer, REMITTANCES + (FIRST_INDEX - order.index) * 2 + again)
    made.more["sent"] = at - rng.randint(16, 19) * MINUTE
    made.more["sent"] -= made.more["sent"] % MINUTE
    return made


def later(paper: Paper, days: int) -> None:
    """A paper of a run comes days later, together with what stands inside it."""
    for each in (paper, *paper.more.get("paid", ())):
        each.delivered += days * DAY
    paper.more["sent"] += days * DAY
