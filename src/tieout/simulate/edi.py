"""What EDI adds to an order's story: changes by the customer, our acknowledgment, ship notice and invoice, and his acknowledgments of these.

What it is for is paid in runs (`remitting`). Every document travels in a group of its own, numbered by who and what.
"""

import random

from tieout.simulate import chance
from tieout.simulate.catalogue import EDI, ITEMS
from tieout.simulate.clock import HOUR, MINUTE
from tieout.simulate.paper import Line, Paper
from tieout.simulate.story import SETS, Plan, answer, by_edi, case_of, late

CHANGED_SHARE = 0.15
"""How many EDI orders are changed before they are booked."""
CHANGES, REMITTANCES, AGAIN, SENT = 100_000_000, 200_000_000, 50_000_000, 300_000_000
"""Where the control numbers of a customer's changes and remittances, of what is sent again, and of our own groups begin."""
ADDED, DELETED, REPRICED, CHANGED, UNCHANGED = "AI", "DI", "PC", "CA", "NC"
"""What a change says of a line, by POC02. The whole order is stated all the same: the lines as they are to be, and those that are taken out."""
CENTS_MORE = 5
"""By how much a piece is dearer or cheaper at the other price."""
OURS = ("acknowledgment", "ship_notice", "sent_invoice")
"""What a customer is told."""
TELLS = {"acknowledgment": "booking", "ship_notice": "shipment", "sent_invoice": "invoice"}
"""Of what each of them tells."""


def add_edi(plan: Plan, seed: str) -> None:
    """Let the customer change his mind, be told what became of his order, and say that he has been."""
    order = plan.order
    if order.channel.name != "edi":
        return
    rng = chance.stream(seed, "edi", order.index)
    if rng.random() < CHANGED_SHARE:
        change_early(plan, rng)
    for n, kind in enumerate(OURS, 1):
        about = plan.one(TELLS[kind])
        if "inside" in about.more:
            continue
        at = about.more.get("left", about.happened) + rng.randint(20 * MINUTE, 90 * MINUTE)
        tell(plan, kind, about, at, n, rng)


def change_early(plan: Plan, rng: random.Random) -> Line:
    """The order first wanted something else in one line; minutes later it is changed to what is booked. The line as it was, with nothing
    in it where it was yet to be added.

    By the order's number: a case more or less, a line that is added, one that is taken out, another price.
    """
    placed = plan.one("order")
    changed = change(plan, plan.order.placed + rng.randint(2 * MINUTE, 8 * MINUTE), rng)
    changed.more["first"] = placed.happened
    line = rng.choice(placed.lines)
    step = rng.choice((-1, 1))
    match plan.order.index % 4:
        case 1 if len(placed.lines) > 1:
            added = placed.lines.pop()
            changed.more["codes"] = {added.item: ADDED}
            return added.copy(quantity=0, value=0)
        case 2:
            gone = wanted_too(plan)
            placed.lines.append(gone)
            changed.more |= {"codes": {gone.item: DELETED}, "gone": [gone]}
            return gone
        case 3:
            line.value = (line.value or 0) + step * (line.quantity or 0) * case_of(line) * CENTS_MORE
            changed.more["codes"] = {line.item: REPRICED}
            return line
        case _:
            each, wanted = (line.value or 0) // (line.quantity or 1), line.quantity or 0
            line.quantity = wanted + 1 if wanted == 1 else wanted + step
            line.value = line.quantity * each
            changed.more["codes"] = {line.item: CHANGED}
            return line


def wanted_too(plan: Plan) -> Line:
    """A case of something that is not in the order."""
    item = next(item for item in ITEMS if all(line.item != item.sku for line in plan.order.goods))
    return Line(item.sku, 1, item.case * item.price, "CS")


def change(plan: Plan, at: int, rng: random.Random, n: int = 1) -> Paper:
    """The customer states his whole order anew, as it is to be from now on; our acknowledgment of that follows."""
    placed = plan.ordered
    more = {name: value for name, value in placed.more.items() if name not in ("codes", "gone")}
    made = plan.add(placed.copy(kind="order_changed", happened=at, delivered=at + late(rng), revision=n, is_day=False, more=more))
    by_edi(made, plan.order.customer, CHANGES * n + plan.order.index)
    plan.add(answer(made, *SETS[made.kind], rng))
    return made


def tell(plan: Plan, kind: str, about: Paper, at: int, n: int, rng: random.Random) -> Paper:
    """A document of ours about a booking, a shipment or an invoice, and the customer's acknowledgment of its group."""
    order = plan.order
    more = {"of": about, "paper": about.number, "customer": order.customer, "order": order.number, "placed": order.placed, "sent_by_us": True}
    made = plan.add(Paper(kind, order.system, f"{order.customer}:{about.number}", at, at + late(rng), order.ref, more=more))
    by_edi(made, order.customer, SENT + abs(order.index) * 10 + n)
    accept(plan, made, rng)
    return made


def said(told: Paper) -> list[Line]:
    """The lines of a document of ours: its own, where it says something else than what it is about."""
    about: Paper = told.more["of"]
    return told.lines or about.lines


def accept(plan: Plan, told: Paper, rng: random.Random, verdict: str = "A") -> Paper:
    """The customer's acknowledgment of a group of ours, within hours; a rejecting one settles nothing."""
    at = told.more["sent"] + rng.randint(20 * MINUTE, 5 * HOUR)
    at -= at % MINUTE
    about, control = told.more["group"], told.more["control"]
    code, group = SETS[told.kind]
    more = {"partner": told.more["partner"], "control": control, "answers": (group, control, code), "verdict": verdict}
    kind = "accepted" if verdict == "A" else "rejected"
    return plan.add(Paper(kind, told.system, about.split("/", 2)[2], at, at + late(rng), about, more=more))


def again(told: Paper, seconds: int) -> Paper:
    """The same document some time later, in a group of its own."""
    made = told.copy(delivered=told.delivered + seconds, revision=told.revision + 1)
    control = told.more["control"] + AGAIN
    made.more |= {"control": control, "sent": told.more["sent"] + seconds, "group": f"{told.system}/group/{told.more['partner']}:{control}"}
    return made


def is_by_edi(plan: Plan) -> bool:
    """Whether the order came from an EDI customer."""
    return plan.order.system in EDI
