"""What happens to messages on their way: lost, late, twice, in another order, damaged."""

from tieout.simulate.clock import HOUR, MINUTE
from tieout.simulate.faults import Parameters, fault
from tieout.simulate.paper import Paper
from tieout.simulate.story import Plan, again, renumbered
from tieout.simulate.truth import Expected, Outcome, Truth, open_lines

LATE_HOURS = {"booking": 36, "reservation": 24, "shipment": 144, "delivery": 144, "invoice": 72, "receipt": 120, "payment": 192}
"""By how much each kind of paper must be late to be missed, weekends included."""


def missing(plan: Plan, kind: str) -> list[Expected]:
    """What stands open while a paper of the plan has not come."""
    order = plan.order
    if kind == "booking":
        return open_lines("TBK", "erp", order.ref, order.lines())
    if kind == "order":
        return open_lines("TBK", "channel", order.booked_as, order.lines(), -1)
    if kind in ("reservation", "shipment"):
        return open_lines("TAL" if kind == "reservation" else "TSH", "wms", order.ref, order.goods)
    if kind == "invoice":
        return open_lines("SNI", "erp", order.ref, order.goods)
    if kind == "delivery":
        return [Expected(f"TDL+ {plan.one('delivery').about}", "carrier", {"PCL": 1})]
    paid = plan.one("receipt").lines[0]
    if kind == "receipt":
        return [Expected(f"CSH+ {paid.about}", "erp", {}, paid.value)]
    return [Expected(f"CSH- {paid.about}", "bank", {}, -(paid.value or 0))]


def keep_apart(plan: Plan, paper: Paper) -> None:
    """Where a receipt is struck, nothing that strikes the whole payment run may hide it."""
    for paid in plan.all("remitted") if paper.kind == "receipt" else ():
        paid.more["is_apart"] = True


def drawn(plan: Plan, kinds: list[str]) -> Paper | None:
    """One of the plan's papers of these kinds, drawn by chance."""
    found = [paper for paper in plan.papers if paper.kind in kinds and "inside" not in paper.more]
    return plan.rng.choice(found) if found else None


@fault("lost", "A message never arrives.", papers=["booking", "reservation", "shipment", "delivery", "invoice", "receipt", "payment"])
def lost(plan: Plan, parameters: Parameters) -> Truth | None:
    """The paper is gone; who waits for it sees it missing."""
    paper = drawn(plan, parameters["papers"])
    if paper is None:
        return None
    expected = missing(plan, paper.kind)
    keep_apart(plan, paper)
    plan.lose(paper)
    return Truth("", plan.order.ref, Outcome.EXCEPTION, expected, f"{paper.kind} {paper.number} lost")


@fault("late", "A message arrives long after its deadline.", papers=list(LATE_HOURS))
def late(plan: Plan, parameters: Parameters) -> Truth | None:
    """It is missed, and the exception closes when it comes."""
    paper = drawn(plan, parameters["papers"])
    if paper is None:
        return None
    expected = missing(plan, paper.kind)
    keep_apart(plan, paper)
    paper.delivered += LATE_HOURS[paper.kind] * HOUR
    return Truth("", plan.order.ref, Outcome.EXCEPTION, expected, f"{paper.kind} {paper.number} late", corrected=paper.delivered)


@fault("reordered", "A message is overtaken by those that follow from it.")
def reordered(plan: Plan, parameters: Parameters) -> Truth | None:
    """The booking arrives after the reservation, or the shipment after the invoice; nobody has to know."""
    kind = plan.rng.choice(["booking", "shipment"])
    paper = plan.one(kind)
    paper.delivered = plan.order.placed + 100 * MINUTE if kind == "booking" else paper.delivered + 4 * HOUR
    return Truth("", plan.order.ref, Outcome.HEALED, detail=f"{kind} {paper.number} overtaken")


@fault("duplicated", "The same message arrives twice.")
def duplicated(plan: Plan, parameters: Parameters) -> Truth | None:
    """The same id and the same content: it counts once."""
    paper = plan.rng.choice([paper for paper in plan.papers if "inside" not in paper.more])
    plan.add(paper.copy(delivered=paper.delivered + plan.rng.randint(MINUTE, 30 * HOUR)))
    return Truth("", plan.order.ref, Outcome.HEALED, detail=f"{paper.kind} {paper.number} twice")


@fault("duplicated_new_id", "The same goods are stated again under a new number.", papers=["shipment", "invoice"])
def duplicated_new_id(plan: Plan, parameters: Parameters) -> Truth | None:
    """Nothing in the message says that it is a copy: it counts, and the other side of the account shows it."""
    order = plan.order
    paper = drawn(plan, parameters["papers"])
    if paper is None or order.shipped_by == "threepl":
        return None
    copy = plan.add(renumbered(paper, f"{paper.number}9").copy(delivered=paper.delivered + plan.rng.randint(HOUR, 4 * HOUR)))
    if paper.kind == "shipment":
        return Truth("", order.ref, Outcome.EXCEPTION, open_lines("TSH", "erp", order.ref, order.goods, -1), f"shipment again as {copy.number}")
    return Truth("", order.ref, Outcome.EXCEPTION, open_lines("SNI", "wms", order.ref, order.goods, -1), f"invoice again as {copy.number}")


def damaged(plan: Plan, how: str, kinds: list[str], resent_hours: int) -> Truth | None:
    """A paper whose bytes arrive damaged; half of them are sent again, sound."""
    paper = drawn(
        plan, [kind for kind in kinds if kind not in ("order", "order_changed") or plan.order.channel.name in ("shop", "edi", "portal")]
    )
    if paper is None:
        return None
    if "group" in paper.more and how not in ("count", "truncated"):
        plan.papers = [each for each in plan.papers if each.about != paper.more["group"]]
    if resent_hours and plan.rng.random() < 0.5:
        again(plan, paper, resent_hours * HOUR, plan.rng)
    paper.spoil = how
    expected = [Expected(f"QUA {paper.system}/{paper.kind}/{paper.number}", paper.system)]
    return Truth("", plan.order.ref, Outcome.QUARANTINED, expected, f"{paper.kind} {paper.number}: {how}")


READABLE = ["order", "order_changed", "booking", "shipment", "delivery", "invoice", "receipt"]
"""Papers of which each is a record of its own, so that only it is damaged."""


@fault("truncated", "A message arrives cut off.", papers=READABLE, resent_hours=72)
def truncated(plan: Plan, parameters: Parameters) -> Truth | None:
    """It is kept and quarantined; what it would have said is missing."""
    return damaged(plan, "truncated", parameters["papers"], parameters["resent_hours"])


@fault("wrong_encoding", "A message arrives in another encoding.", papers=READABLE, resent_hours=72)
def wrong_encoding(plan: Plan, parameters: Parameters) -> Truth | None:
    """It is kept and quarantined; nobody guesses at it."""
    return damaged(plan, "encoding", parameters["papers"], parameters["resent_hours"])


@fault("wrong_control_number", "An interchange ends with another control number than it began with.", resent_hours=72)
def wrong_control_number(plan: Plan, parameters: Parameters) -> Truth | None:
    """X12 only: nothing of the interchange counts."""
    return damaged(plan, "control_number", _by_edi(plan), parameters["resent_hours"])


@fault("wrong_count", "A transaction set counts other segments than it has.", resent_hours=72)
def wrong_count(plan: Plan, parameters: Parameters) -> Truth | None:
    """X12 only: the set does not count, its group was received."""
    return damaged(plan, "count", _by_edi(plan), parameters["resent_hours"])


def _by_edi(plan: Plan) -> list[str]:
    return [paper.kind for paper in plan.papers if "group" in paper.more and "sent_by_us" not in paper.more]


@fault("acknowledgment_missing", "Our functional acknowledgment (997) never goes out.")
def acknowledgment_missing(plan: Plan, parameters: Parameters) -> Truth | None:
    """The group stays unanswered."""
    answers = plan.all("answer")
    if not answers:
        return None
    gone = plan.rng.choice(answers)
    plan.papers.remove(gone)
    return Truth("", gone.about, Outcome.EXCEPTION, [Expected(f"EAN+ {gone.about}", "erp", {"DOC": 1})], f"no 997 for {gone.number}")
