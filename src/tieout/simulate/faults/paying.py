"""Payments that are short, twice, in a lump, or for nobody knows what."""

from tieout.simulate.clock import DAY
from tieout.simulate.faults import Parameters, fault
from tieout.simulate.partners.bank import ACCOUNT
from tieout.simulate.story import Plan, payment
from tieout.simulate.truth import Expected, Outcome, Truth


@fault("short_pay", "The customer pays less than the invoice; some pay the rest nine days later.", percent=8)
def short_pay(plan: Plan, parameters: Parameters) -> Truth | None:
    """The rest of the invoice is open when it falls due."""
    if not plan.all("payment"):
        return None
    billed, rng = plan.one("invoice"), plan.rng
    paid, applied = plan.one("payment"), plan.one("receipt")
    whole = paid.lines[0].value or 0
    short = max(1, whole * parameters["percent"] // 100)
    for paper in (paid, applied):
        paper.lines[0].value = whole - short
    paid.more["invoices"] = [(billed.number, whole - short)]
    corrected = None
    if rng.random() < 0.5:
        for paper in payment(plan.order, billed, rng):
            paper.number += "-2"
            paper.happened += 9 * DAY
            paper.delivered += 9 * DAY
            paper.lines[0].value = short
            if paper.kind == "payment":
                paper.more["invoices"] = [(billed.number, short)]
            corrected = plan.add(paper).delivered
    about = f"erp/invoice/{billed.number}"
    return Truth("", about, Outcome.EXCEPTION, [Expected(f"TCO+ {about}", "channel", {}, short)], f"{short} cents short", corrected)


@fault("duplicate_payment", "The customer pays an invoice twice.")
def duplicate_payment(plan: Plan, parameters: Parameters) -> Truth | None:
    """The bank has it twice, the ERP applies it once."""
    if not plan.all("payment"):
        return None
    paid = plan.one("payment")
    plan.add(paid.copy(number=f"{paid.number}-2", happened=paid.happened, delivered=paid.delivered))
    (line,) = paid.lines
    return Truth("", line.about, Outcome.EXCEPTION, [Expected(f"CSH+ {line.about}", "erp", {}, line.value)], "paid twice")


@fault("payment_without_reference", "A payment does not say which invoice it is for.")
def payment_without_reference(plan: Plan, parameters: Parameters) -> Truth | None:
    """The ERP's clerk knows and applies it; for the ledger the bank's entry stands by itself, and what was applied has no money."""
    if not plan.all("payment"):
        return None
    paid = plan.one("payment")
    (line,) = paid.lines
    invoice, amount = line.about, line.value or 0
    paid.more |= {"invoices": [], "text": "THANK YOU"}
    paid.about = line.about = f"bank/bank_entry/{paid.number}"
    expected = [Expected(f"CSH- {invoice}", "bank", {}, -amount), Expected(f"WAI bank/bank_entry/{ACCOUNT}/{paid.number}", "bank")]
    return Truth("", invoice, Outcome.EXCEPTION, expected, "no reference")


@fault("lump_payment", "A payment names two invoices and does not say how much is for which.")
def lump_payment(plan: Plan, parameters: Parameters) -> Truth | None:
    """Two candidates are no answer: the bank's entry waits for a person, and what was applied has no money."""
    if not plan.all("payment"):
        return None
    paid = plan.one("payment")
    (line,) = paid.lines
    invoice, amount, number = line.about, line.value or 0, plan.one("invoice").number
    paid.more |= {"invoices": [], "text": f"{number} AND {number}1"}
    paid.about = line.about = f"bank/bank_entry/{paid.number}"
    expected = [Expected(f"CSH- {invoice}", "bank", {}, -amount), Expected(f"WAI bank/bank_entry/{ACCOUNT}/{paid.number}", "bank")]
    return Truth("", invoice, Outcome.EXCEPTION, expected, "two invoices named")
