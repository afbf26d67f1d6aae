"""A week's invoice to a customer: not sent, or without one of the orders it should bill."""

from tieout.simulate.collective import Collective, bill
from tieout.simulate.faults import Parameters, fault
from tieout.simulate.faults.customers import of_group
from tieout.simulate.story import Plan
from tieout.simulate.truth import Expected, Outcome, Truth, open_lines


@fault("collective_not_sent", "The week's invoice is posted and never sent to the customer.", on="collective")
def collective_not_sent(plan: Plan, parameters: Parameters) -> Truth | None:
    """He pays it all the same, from the delivery notes."""
    if not plan.all("sent_invoice"):
        return None
    sent = plan.one("sent_invoice")
    for paper in (sent, *of_group(plan, sent)):
        plan.papers.remove(paper)
    expected = [Expected(f"EIS+ {sent.about}#{sent.more['paper']}", "erp", {"DOC": 1})]
    return Truth("", sent.about, Outcome.EXCEPTION, expected, f"{sent.more['paper']} not sent")


@fault("collective_forgets_order", "The week's invoice leaves out one of the orders that were shipped.", on="collective")
def collective_forgets_order(plan: Plan, parameters: Parameters) -> Truth | None:
    """What left is not billed, this week or ever."""
    assert isinstance(plan, Collective)
    others = plan.sound[1:]
    if not others:
        return None
    forgotten = plan.rng.choice(others)
    cents = sum(line.value or 0 for line in forgotten.lines)
    whole = plan.one("invoice")
    whole.more["parts"] = [part for part in plan.parts if part is not forgotten]
    bill(whole)
    for paper in (plan.one("remitted"), plan.one("receipt")):
        paper.lines[0].value = (paper.lines[0].value or 0) - cents
    forgotten.kind = "left_out"
    plan.concerns.append(forgotten.of)
    ref = f"edi/order/{forgotten.more['order']}"
    return Truth("", ref, Outcome.EXCEPTION, open_lines("SNI", "erp", ref, forgotten.lines), f"{whole.number} without {forgotten.about}")
