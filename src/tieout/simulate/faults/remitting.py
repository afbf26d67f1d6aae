"""Remittance advice and the money that it is about: missing, late, damaged, different, short, twice, for other invoices."""

from tieout.simulate.faults import Parameters, fault
from tieout.simulate.paper import Cents, Line, Paper
from tieout.simulate.partners.bank import ACCOUNT
from tieout.simulate.remitting import Run, advise, later
from tieout.simulate.story import Plan, answer
from tieout.simulate.truth import Expected, Outcome, Truth

SPOILS = ["truncated", "encoding", "control_number", "count"]
SETS = ("820", "RA")


def worth(paper: Paper) -> Cents:
    """What a paper of one line comes to."""
    return paper.lines[0].value or 0


def unadvised(run: Run) -> list[Expected]:
    """What stands open while nobody says what the money is for: the money itself, and every invoice that the ERP has closed all the same."""
    total = worth(run.one("payment"))
    invoices = [Expected(f"CSH- {paper.about}", "bank", {}, -worth(paper)) for paper in run.sound]
    return [Expected(f"CSH+ {run.remittance}", "erp", {}, total), *invoices]


def concern(run: Run, *papers: Paper) -> None:
    """The orders of these invoices are struck too."""
    run.concerns += [paper.of for paper in papers]


def silence(run: Run) -> None:
    """What the advice would have said of each invoice is not said."""
    concern(run, *run.paid)
    for paper in run.paid:
        paper.kind = "left_out"


@fault("remittance_missing", "A customer pays many invoices at once and sends no advice.", on="remittance")
def remittance_missing(plan: Plan, parameters: Parameters) -> Truth | None:
    """The ERP's clerk has telephoned; the ledger has money without invoices, and invoices without money."""
    assert isinstance(plan, Run)
    if plan.is_mixed:
        return None
    expected = unadvised(plan)
    silence(plan)
    plan.drop("remittance", "answer")
    return Truth("", plan.remittance, Outcome.EXCEPTION, expected, "no advice")


@fault("remittance_late", "Remittance advice comes days after the money.", on="remittance", days=8)
def remittance_late(plan: Plan, parameters: Parameters) -> Truth | None:
    """Missed, and well when it comes."""
    assert isinstance(plan, Run)
    if plan.is_mixed:
        return None
    expected, advice = unadvised(plan), plan.one("remittance")
    later(advice, parameters["days"])
    plan.drop("answer")
    plan.add(answer(advice, *SETS, plan.rng))
    concern(plan, *plan.paid)
    return Truth("", plan.remittance, Outcome.EXCEPTION, expected, "advice late", corrected=advice.delivered)


@fault(
    "remittance_damaged",
    "Remittance advice arrives cut off, in another encoding, or with wrong numbers and counts.",
    on="remittance",
    ways=SPOILS,
)
def remittance_damaged(plan: Plan, parameters: Parameters) -> Truth | None:
    """It is kept and quarantined, and says nothing."""
    assert isinstance(plan, Run)
    if plan.is_mixed:
        return None
    advice = plan.one("remittance")
    advice.spoil = plan.rng.choice(parameters["ways"])
    expected = [Expected(f"QUA {advice.system}/{advice.kind}/{advice.number}", advice.system), *unadvised(plan)]
    silence(plan)
    if advice.spoil not in ("count", "truncated"):
        plan.drop("answer")
    return Truth("", plan.remittance, Outcome.QUARANTINED, expected, f"advice {advice.spoil}")


@fault("remittance_differs", "The bank has less than the advice says: somebody took a fee.", on="remittance", cents=2500)
def remittance_differs(plan: Plan, parameters: Parameters) -> Truth | None:
    """The invoices are paid in full, the money is not all there."""
    assert isinstance(plan, Run)
    fee = min(parameters["cents"], worth(plan.one("payment")) - 1)
    plan.one("payment").lines[0].value = worth(plan.one("payment")) - fee
    return Truth("", plan.remittance, Outcome.EXCEPTION, [Expected(f"CSH- {plan.remittance}", "bank", {}, -fee)], f"{fee} cents short")


@fault("remittance_without_reference", "A payment that is advised does not say so at the bank.", on="remittance")
def remittance_without_reference(plan: Plan, parameters: Parameters) -> Truth | None:
    """One sum for many invoices, or a text that names two: the entry waits for a person, and the advice has no money."""
    assert isinstance(plan, Run)
    came = plan.one("payment")
    del came.more["end_to_end"]
    named = [paper.about.rsplit("/", 1)[1] for paper in plan.paid[:2]]
    came.more["text"] = " AND ".join(named) if len(named) == 2 and plan.rng.random() < 0.5 else "THANK YOU"
    came.about = came.lines[0].about = f"bank/bank_entry/{came.number}"
    expected = [
        Expected(f"CSH- {plan.remittance}", "bank", {}, -worth(came)),
        Expected(f"WAI bank/bank_entry/{ACCOUNT}/{came.number}", "bank"),
    ]
    return Truth("", plan.remittance, Outcome.EXCEPTION, expected, "no reference at the bank")


@fault("remittance_short", "A customer takes something off one invoice of many, and says so in his advice.", on="remittance", percent=8)
def remittance_short(plan: Plan, parameters: Parameters) -> Truth | None:
    """The rest of that invoice is open when it falls due."""
    assert isinstance(plan, Run)
    if not plan.sound:
        return None
    paid = plan.rng.choice(plan.sound)
    off = max(1, worth(paid) * parameters["percent"] // 100)
    for paper in (paid, paid.more["receipt"], plan.one("payment"), plan.one("remittance")):
        paper.lines[0].value = worth(paper) - off
    concern(plan, paid)
    return Truth("", paid.about, Outcome.EXCEPTION, [Expected(f"TCO+ {paid.about}", "channel", {}, off)], f"{off} cents taken off")


@fault("remittance_paid_twice", "The bank credits an advised payment twice.", on="remittance")
def remittance_paid_twice(plan: Plan, parameters: Parameters) -> Truth | None:
    """The second one is nobody's."""
    assert isinstance(plan, Run)
    came = plan.one("payment")
    plan.add(came.copy(number=f"{came.number}-2"))
    return Truth("", plan.remittance, Outcome.EXCEPTION, [Expected(f"CSH+ {plan.remittance}", "erp", {}, worth(came))], "paid twice")


@fault("remittance_misdirected", "Advice gives one invoice what belongs to another.", on="remittance", cents_max=500)
def remittance_misdirected(plan: Plan, parameters: Parameters) -> Truth | None:
    """The sum is right; the ERP applies it as the invoices are."""
    assert isinstance(plan, Run)
    if len(plan.sound) < 2:
        return None
    one, other = plan.rng.sample(plan.sound, 2)
    cents = plan.rng.randint(1, max(1, min(parameters["cents_max"], worth(other) - 1)))
    one.lines[0].value, other.lines[0].value = worth(one) + cents, worth(other) - cents
    concern(plan, one, other)
    expected = [Expected(f"CSH+ {one.about}", "erp", {}, cents), Expected(f"CSH- {other.about}", "bank", {}, -cents)]
    return Truth("", plan.remittance, Outcome.EXCEPTION, expected, f"{cents} cents on the wrong invoice")


@fault("remittance_unknown_invoice", "Advice names an invoice by a number that vanished on the way.", on="remittance")
def remittance_unknown_invoice(plan: Plan, parameters: Parameters) -> Truth | None:
    """Money for an invoice that nobody wrote, and an invoice without money."""
    assert isinstance(plan, Run)
    if not plan.sound:
        return None
    paid = plan.rng.choice(plan.sound)
    right, wrong = paid.about, f"{paid.about}X"
    paid.about = paid.lines[0].about = wrong
    concern(plan, paid)
    expected = [Expected(f"CSH+ {wrong}", "erp", {}, worth(paid)), Expected(f"CSH- {right}", "bank", {}, -worth(paid))]
    return Truth("", right, Outcome.EXCEPTION, expected, f"{wrong} for {right}")


@fault("remittance_again_new_reference", "The same advice comes again under another reference.", on="remittance")
def remittance_again_new_reference(plan: Plan, parameters: Parameters) -> Truth | None:
    """Nothing says that it is the same: its money is missing, and its invoices are paid twice."""
    assert isinstance(plan, Run)
    if plan.is_mixed:
        return None
    first = plan.one("remittance")
    made = plan.add(advise(plan, plan.paid, worth(first), first.delivered, plan.rng, again=1))
    plan.add(answer(made, *SETS, plan.rng))
    expected = [Expected(f"CSH- {made.about}", "bank", {}, -worth(made))]
    for paper in plan.paid:
        number = f"{paper.number}-1"
        plan.add(paper.copy(number=number, lines=[Line("", value=worth(paper), about=paper.about)]))
    concern(plan, *plan.paid)
    expected += [Expected(f"CSH+ {paper.about}", "erp", {}, worth(paper)) for paper in plan.sound]
    return Truth("", made.about, Outcome.EXCEPTION, expected, f"{first.number} again")
