"""EDI customers: what they are not told or told late, what they reject, change too late, say twice or in words of their own."""

from tieout.simulate import fates
from tieout.simulate.clock import HOUR
from tieout.simulate.edi import ADDED, CENTS_MORE, CHANGED, DELETED, OURS, REPRICED, accept, again, change, change_early, is_by_edi, wanted_too
from tieout.simulate.fates import Fate
from tieout.simulate.faults import Parameters, fault
from tieout.simulate.faults.transit import drawn
from tieout.simulate.paper import Cents, Line, Paper
from tieout.simulate.story import Plan, answer, case_of, price_of
from tieout.simulate.truth import Expected, Outcome, Truth, open_lines

OWED = {"acknowledgment": "EOA", "ship_notice": "EAS", "sent_invoice": "EIS"}
"""The account on which each of our documents is owed."""
FOLLOWS = ("booking", "invoice")


def owed(paper: Paper) -> list[Expected]:
    """What stands open while a customer has not been told."""
    return [Expected(f"{OWED[paper.kind]}+ {paper.about}#{paper.more['paper']}", "erp", {"DOC": 1})]


def of_group(plan: Plan, told: Paper) -> list[Paper]:
    """The customer's acknowledgments of a document of ours."""
    return [paper for paper in plan.papers if paper.kind in ("accepted", "rejected") and paper.about == told.more["group"]]


@fault("customer_not_told", "A customer is never sent his acknowledgment, ship notice or invoice (855, 856, 810).", papers=list(OURS))
def customer_not_told(plan: Plan, parameters: Parameters) -> Truth | None:
    """Booked, shipped and billed as ever; only the customer does not know."""
    told = drawn(plan, parameters["papers"])
    if told is None:
        return None
    for paper in (told, *of_group(plan, told)):
        plan.papers.remove(paper)
    return Truth("", plan.order.ref, Outcome.EXCEPTION, owed(told), f"no {told.kind}")


@fault("customer_told_late", "A customer is sent his acknowledgment, ship notice or invoice too late.", papers=list(OURS), hours=40)
def customer_told_late(plan: Plan, parameters: Parameters) -> Truth | None:
    """It is missed, and the exception closes when it goes out."""
    told = drawn(plan, parameters["papers"])
    if told is None:
        return None
    seconds = parameters["hours"] * HOUR
    told.more["sent"] += seconds
    told.delivered += seconds
    for paper in of_group(plan, told):
        paper.happened += seconds
        paper.delivered += seconds
    return Truth("", plan.order.ref, Outcome.EXCEPTION, owed(told), f"{told.kind} late", corrected=told.delivered)


def is_told_by_tieout(plan: Plan) -> bool:
    """Whether Tieout itself writes what this customer is told."""
    return plan.is_told and plan.order.system == "edi"


def _group_fate(plan: Plan, how: str) -> Truth:
    """What is to happen to a group that Tieout has yet to send; its number is not known before."""
    kind = plan.rng.choice(OURS[:2] if plan.is_billed_weekly else OURS)
    truth = Truth("", plan.order.ref, Outcome.EXCEPTION, detail=f"{kind}: {how}")
    plan.fates.append(Fate(how, kind, truth=truth))
    return truth


@fault("customer_silent", "A customer does not acknowledge a group of ours (997, CONTRL).")
def customer_silent(plan: Plan, parameters: Parameters) -> Truth | None:
    """What has been sent has perhaps not been received."""
    if is_told_by_tieout(plan):
        return _group_fate(plan, fates.SILENT)
    told = drawn(plan, list(OURS))
    if told is None:
        return None
    for paper in of_group(plan, told):
        plan.papers.remove(paper)
    group = told.more["group"]
    return Truth("", group, Outcome.EXCEPTION, [Expected(f"EAK+ {group}", "partner", {"DOC": 1})], f"{told.kind} not acknowledged")


@fault("customer_rejects", "A customer rejects a group of ours; some are sent again, in another group.", again_hours=20)
def customer_rejects(plan: Plan, parameters: Parameters) -> Truth | None:
    """A rejected group stays open: what was in it did not arrive as it was."""
    if is_told_by_tieout(plan):
        return _group_fate(plan, fates.REJECTS)
    told = drawn(plan, list(OURS))
    if told is None:
        return None
    for paper in of_group(plan, told):
        plan.papers.remove(paper)
    accept(plan, told, plan.rng, "R")
    if plan.rng.random() < 0.5:
        accept(plan, plan.add(again(told, parameters["again_hours"] * HOUR)), plan.rng)
    group = told.more["group"]
    return Truth("", group, Outcome.EXCEPTION, [Expected(f"EAK+ {group}", "partner", {"DOC": 1})], f"{told.kind} rejected")


@fault("duplicated_new_control", "The same document travels again, in an interchange with another control number.")
def duplicated_new_control(plan: Plan, parameters: Parameters) -> Truth | None:
    """An order is one order, an invoice one invoice, however often it is sent; each group is acknowledged."""
    paper = drawn(plan, ["order", *OURS]) if is_by_edi(plan) and not plan.all("order_changed") else None
    if paper is None:
        return None
    copy = again(paper, plan.rng.randint(1, 20) * HOUR)
    if paper.kind == "order":
        copy.revision = paper.revision
        plan.add(answer(copy, "850", "PO", plan.rng))
    else:
        accept(plan, copy, plan.rng)
    plan.add(copy)
    return Truth("", plan.order.ref, Outcome.HEALED, detail=f"{paper.kind} again in {copy.more['group']}")


@fault("order_again_new_number", "A customer's order comes again under another number.")
def order_again_new_number(plan: Plan, parameters: Parameters) -> Truth | None:
    """Nothing says that it is the same: it waits to be booked."""
    if not is_by_edi(plan) or plan.all("order_changed"):
        return None
    first = plan.one("order")
    copy = again(first, plan.rng.randint(1, 20) * HOUR)
    copy.number, copy.about, copy.revision = f"{first.number}9", f"{first.about}9", 0
    plan.add(copy)
    plan.add(answer(copy, "850", "PO", plan.rng))
    expected = open_lines("TBK", "erp", copy.about, plan.order.goods)
    return Truth("", copy.about, Outcome.EXCEPTION, expected, f"{first.number} again")


def booked_otherwise(plan: Plan, item: str, pieces: int, cents: Cents, detail: str) -> Truth:
    """What the customer has ordered of an item more (or less, if negative) than was booked; without pieces at another price."""
    sign, owner = ("+", "erp") if (pieces or cents) > 0 else ("-", "channel")
    expected = [Expected(f"TBK{sign} {plan.order.ref}#{item}", owner, {"EA": pieces} if pieces else {}, cents)]
    return Truth("", plan.order.ref, Outcome.EXCEPTION, expected, detail)


@fault("change_lost", "A customer's change of his order (860, ORDCHG) reaches the order desk by telephone, and never by EDI.")
def change_lost(plan: Plan, parameters: Parameters) -> Truth | None:
    """What is booked is not what the order says that we have."""
    if not is_by_edi(plan) or plan.all("order_changed"):
        return None
    line = change_early(plan, plan.rng)
    lost = plan.one("order_changed")
    plan.papers = [paper for paper in plan.papers if paper is not lost and paper.about != lost.more["group"]]
    booked = next((each for each in plan.order.goods if each.item == line.item), Line(line.item, 0, 0))
    pieces = (line.quantity or 0) * case_of(line) - (booked.quantity or 0)
    return booked_otherwise(plan, line.item, pieces, (line.value or 0) - (booked.value or 0), "change lost")


@fault("change_after_shipment", "A customer changes or cancels his order when the goods have left.")
def change_after_shipment(plan: Plan, parameters: Parameters) -> Truth | None:
    """Nobody books that any more; the customer will not pay for what he no longer wants."""
    if not is_by_edi(plan):
        return None
    order, rng = plan.order, plan.rng
    made = change(plan, plan.one("shipment").more["left"] + rng.randint(HOUR, 5 * HOUR), rng, n=2)
    if rng.random() < 0.3:
        made.void = True
        return Truth("", order.ref, Outcome.EXCEPTION, open_lines("TBK", "channel", order.ref, order.goods, -1), "cancelled after shipment")
    line = rng.choice(made.lines)
    cases, each, worth = line.quantity or 0, (line.value or 0) // (line.quantity or 1), line.value or 0
    step = 1 if cases == 1 else rng.choice((-1, 1))
    match rng.choice((ADDED, DELETED, REPRICED, CHANGED)):
        case "AI":
            line = wanted_too(plan)
            made.lines.append(line)
            made.more["codes"] = {line.item: ADDED}
            return booked_otherwise(plan, line.item, case_of(line), line.value or 0, "line added after shipment")
        case "DI" if len(made.lines) > 1:
            made.lines.remove(line)
            made.more |= {"codes": {line.item: DELETED}, "gone": [line]}
            return booked_otherwise(plan, line.item, -cases * case_of(line), -worth, "line deleted after shipment")
        case "PC":
            more = step * cases * case_of(line) * CENTS_MORE
            line.value = worth + more
            made.more["codes"] = {line.item: REPRICED}
            return booked_otherwise(plan, line.item, 0, more, "price changed after shipment")
        case _:
            line.quantity, line.value = cases + step, (cases + step) * each
            made.more["codes"] = {line.item: CHANGED}
            return booked_otherwise(plan, line.item, step * case_of(line), step * each, "changed after shipment")


def _line(plan: Plan) -> tuple[Line, Line] | None:
    """A line of an order that is not changed, as the customer states it and as it is meant."""
    if not is_by_edi(plan) or plan.all("order_changed"):
        return None
    stated = plan.rng.choice(plan.one("order").lines)
    return stated, next(each for each in plan.order.goods if each.item == stated.item)


@fault("customer_item_unknown", "A customer orders an item by a number that nobody knows; the order desk knows what is meant.")
def customer_item_unknown(plan: Plan, parameters: Parameters) -> Truth | None:
    """What was ordered is not booked, what is booked was not ordered."""
    found = _line(plan)
    if found is None:
        return None
    stated, meant = found
    stated.item, stated.unit, stated.quantity = f"{meant.item}-OLD", "EA", meant.quantity
    pieces, cents, ref = meant.quantity or 0, meant.value or 0, plan.order.ref
    expected = [
        Expected(f"TBK+ {ref}#{stated.item}", "erp", {"EA": pieces}, cents),
        Expected(f"TBK- {ref}#{meant.item}", "channel", {"EA": -pieces}, -cents),
    ]
    return Truth("", ref, Outcome.EXCEPTION, expected, f"{stated.item} for {meant.item}")


@fault("pieces_for_cases", "A customer orders pieces where he means cases; the order desk books cases.")
def pieces_for_cases(plan: Plan, parameters: Parameters) -> Truth | None:
    """Wrong by the factor of the case."""
    found = _line(plan)
    if found is None:
        return None
    stated, meant = found
    pieces = stated.quantity or 0
    stated.unit, stated.value = "EA", pieces * price_of(meant)
    less = pieces - (meant.quantity or 0)
    return booked_otherwise(plan, meant.item, less, less * price_of(meant), f"{pieces} EA for {pieces} CS")


@fault("customer_price_differs", "A customer orders at another price than is booked and billed.", percent_max=20)
def customer_price_differs(plan: Plan, parameters: Parameters) -> Truth | None:
    """Quantity agrees, the value does not: he will pay what his order says, not what the invoice says."""
    found = _line(plan)
    if found is None:
        return None
    stated, meant = found
    step = max(5, price_of(meant) * plan.rng.randint(2, max(2, parameters["percent_max"])) // 100) * plan.rng.choice((-1, 1))
    more = step * (meant.quantity or 0)
    stated.value = (stated.value or 0) + more
    sign, owner = ("+", "erp") if more > 0 else ("-", "channel")
    expected = [Expected(f"TBK{sign} {plan.order.ref}#{meant.item}", owner, {}, more)]
    return Truth("", plan.order.ref, Outcome.EXCEPTION, expected, f"{meant.item} at {step} cents more")


def allowed(plan: Plan, theirs: Cents, ours: Cents) -> None:
    """The customer takes an allowance with his order, and the ERP books and bills another."""
    plan.one("order").lines.append(Line("", value=-theirs, charge="discount"))
    for kind in FOLLOWS:
        plan.one(kind).lines.append(Line("", value=-ours, charge="discount"))
    plan.pay_as_billed()


@fault("allowance_base_differs", "Customer and ERP take an allowance off different bases.", percent=5)
def allowance_base_differs(plan: Plan, parameters: Parameters) -> Truth | None:
    """The customer takes it off all goods, the ERP leaves the dearest line out."""
    goods = plan.order.goods
    if not is_by_edi(plan) or plan.all("order_changed") or len(goods) < 2:
        return None
    whole, dearest = sum(line.value or 0 for line in goods), max(line.value or 0 for line in goods)
    theirs, ours = whole * parameters["percent"] // 100, (whole - dearest) * parameters["percent"] // 100
    allowed(plan, theirs, ours)
    expected = [Expected(f"TBK- {plan.order.ref}#discount", "channel", {}, ours - theirs)]
    return Truth("", plan.order.ref, Outcome.EXCEPTION, expected, f"{theirs} against {ours} cents of allowance")


@fault("allowance_rounded", "Customer and ERP round an allowance, one by line and the other by document.", percent=5)
def allowance_rounded(plan: Plan, parameters: Parameters) -> Truth | None:
    """A cent, which the company's policy tolerates."""
    if not is_by_edi(plan) or plan.all("order_changed"):
        return None
    theirs = sum(line.value or 0 for line in plan.order.goods) * parameters["percent"] // 100
    allowed(plan, theirs, theirs + plan.rng.choice((-1, 1)))
    return Truth("", plan.order.ref, Outcome.HEALED, detail="a cent of rounding")


@fault("sent_invoice_differs", "The invoice that a customer is sent (810, INVOIC) has another price than the ERP has billed.", percent_max=20)
def sent_invoice_differs(plan: Plan, parameters: Parameters) -> Truth | None:
    """Ordered, booked and billed as it should be; only the customer reads something else."""
    told = drawn(plan, ["sent_invoice"])
    if told is None:
        return None
    about = plan.one("invoice")
    told.lines = [line.copy() for line in about.lines]
    line = plan.rng.choice([line for line in told.lines if not line.charge])
    step = max(5, price_of(line) * plan.rng.randint(2, max(2, parameters["percent_max"])) // 100) * plan.rng.choice((-1, 1))
    more = step * (line.quantity or 0)
    line.value = (line.value or 0) + more
    name = f"erp/invoice/{about.number}"
    return Truth(
        "", name, Outcome.EXCEPTION, [Expected(f"EIV{'-' if more > 0 else '+'} {name}", "erp", {}, -more)], f"{line.item} {step} cents dearer"
    )
