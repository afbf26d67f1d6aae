"""Settlements that do not foot, rename their labels, keep the reserve, lose an id, or whose payout does not arrive."""

from tieout.simulate.clock import DAY, HOUR, MINUTE
from tieout.simulate.faults import Parameters, fault
from tieout.simulate.paper import Cents, Line, Paper
from tieout.simulate.partners.bank import ACCOUNT
from tieout.simulate.settling import COMMISSION, Settlement, commission
from tieout.simulate.story import Plan
from tieout.simulate.truth import Expected, Outcome, Truth


def report_of(plan: Plan) -> Settlement:
    """The settlement that is struck."""
    assert isinstance(plan, Settlement)
    return plan


@fault("settlement_line_missing", "The report's total counts a sale that none of its lines shows; some are corrected.", on="settlement")
def settlement_line_missing(plan: Plan, parameters: Parameters) -> Truth | None:
    """Header and lines differ by the sale; until the report comes again whole, fees and payout are held."""
    made = report_of(plan)
    if not made.sound:
        return None
    lost = made.rng.choice(made.sound)
    amount = lost.lines[0].value or 0
    lost.kind = "left_out"
    kept = made.one("settled").lines[0]
    kept.value = (kept.value or 0) - amount
    made.concerns.append(lost.of)
    corrected = _correct(made, lost, amount) if made.rng.random() < 0.5 else None
    expected = [Expected(f"SFT+ {made.payout}", "marketplace", {}, amount)]
    return Truth("", made.payout, Outcome.EXCEPTION, expected, f"{lost.number} not in the report", corrected)


def _correct(made: Settlement, lost: Paper, amount: Cents) -> int:
    """The report comes again two days later, with the sale."""
    report, kept = made.one("settlement"), made.one("settled")
    found = lost.copy(kind="sale", delivered=lost.delivered + 2 * DAY)
    again = report.copy(revision=1, delivered=report.delivered + 2 * DAY)
    again.more["sales"] = [found if each is lost else each for each in made.sales]
    made.add(found)
    made.add(again)
    made.add(kept.copy(revision=1, delivered=kept.delivered + 2 * DAY)).lines[0].value = (kept.lines[0].value or 0) + amount
    return again.delivered


@fault("settlement_resent", "The same report comes again, days later.", on="settlement")
def settlement_resent(plan: Plan, parameters: Parameters) -> Truth | None:
    """It says what it said before, and counts once."""
    made = report_of(plan)
    report = made.one("settlement")
    made.add(report.copy(delivered=report.delivered + made.rng.randint(1, 3) * DAY))
    return Truth("", made.payout, Outcome.HEALED, detail=f"{made.number} again")


@fault("id_vanishes", "A sale is settled without its order's number.", on="settlement")
def id_vanishes(plan: Plan, parameters: Parameters) -> Truth | None:
    """The money stands on the settlement itself, and is missing at the order."""
    made = report_of(plan)
    if not made.sound:
        return None
    lost = made.rng.choice(made.sound)
    amount = lost.lines[0].value or 0
    made.concerns.append(lost.of)
    homeless = lost.copy(about=made.settlement, number=f"{lost.number}?", of=-1, more={"inside": True})
    lost.kind, lost.more["order_id"] = "left_out", ""
    made.add(homeless)
    expected = [Expected(f"MRV- {made.payout}", "erp", {}, -amount)]
    return Truth("", made.payout, Outcome.EXCEPTION, expected, f"{lost.number} without its id")


@fault("fee_label_renamed", "The marketplace calls its commission something else.", on="settlement", label="SellingFee")
def fee_label_renamed(plan: Plan, parameters: Parameters) -> Truth | None:
    """The ERP posts it under the known name: one label was charged and not posted, the other posted and not charged."""
    made = report_of(plan)
    amount = sum(commission(paper) for paper in made.sales)
    if not amount:
        return None
    label, fees = parameters["label"], made.one("fees")
    given_back = sum(commission(paper) for paper in made.refunds)
    known = [Line("", value=-given_back, charge=COMMISSION)] if given_back else []
    renamed = Line("", value=amount, charge=f"unknown: Order/ItemFees/{label}")
    fees.lines = [*(line for line in fees.lines if line.charge != COMMISSION), *known, renamed]
    made.one("settlement").more["commission"] = label
    expected = [
        Expected(f"FTP+ {made.payout}#{renamed.charge}", "erp", {}, amount),
        Expected(f"FTP- {made.payout}#{COMMISSION}", "marketplace", {}, -amount),
    ]
    return Truth("", made.payout, Outcome.EXCEPTION, expected, f"commission as {label}")


@fault("fee_not_posted", "Nobody posts the marketplace's fees in the ERP.", on="settlement")
def fee_not_posted(plan: Plan, parameters: Parameters) -> Truth | None:
    """Every label stays open."""
    made = report_of(plan)
    posted = made.all("fees_posted")
    if not posted:
        return None
    expected = [_fee(made, line, 1) for line in posted[0].lines]
    made.drop("fees_posted")
    return Truth("", made.payout, Outcome.EXCEPTION, expected, "fees not posted")


@fault("fee_posted_twice", "Somebody posts the marketplace's fees in the ERP again; some take it back days later.", on="settlement")
def fee_posted_twice(plan: Plan, parameters: Parameters) -> Truth | None:
    """Under a number of its own it counts."""
    made = report_of(plan)
    posted = made.all("fees_posted")
    if not posted:
        return None
    first = posted[0]
    again = made.add(first.copy(number=f"{first.number}-2", delivered=first.delivered + made.rng.randint(1, 20) * HOUR))
    corrected = None
    if made.rng.random() < 0.5:
        at = again.delivered + 6 * DAY
        taken_back = made.add(again.copy(number=f"{first.number}-3", happened=at - MINUTE, delivered=at))
        for line in taken_back.lines:
            line.value = -(line.value or 0)
        corrected = at
    return Truth("", made.payout, Outcome.EXCEPTION, [_fee(made, line, -1) for line in first.lines], "fees posted twice", corrected)


def _fee(made: Settlement, line: Line, sign: int) -> Expected:
    """What is open of a fee that was posted once too often or not at all; one that is given back stands on the other side."""
    cents = sign * (line.value or 0)
    side, owner = ("+", "erp") if cents > 0 else ("-", "marketplace")
    return Expected(f"FTP{side} {made.payout}#{line.charge}", owner, {}, cents)


@fault("payout_twice", "The bank credits a payout twice.", on="settlement")
def payout_twice(plan: Plan, parameters: Parameters) -> Truth | None:
    """The marketplace announced it once; the second is not ours to keep."""
    made = report_of(plan)
    came = made.all("payout_received")
    if not came or (came[0].lines[0].value or 0) <= 0:
        return None
    made.add(came[0].copy(number=f"{came[0].number}-2"))
    expected = [Expected(f"PYT- {made.payout}", "marketplace", {}, -(came[0].lines[0].value or 0))]
    return Truth("", made.payout, Outcome.EXCEPTION, expected, "paid out twice")


@fault("payout_without_reference", "The bank does not say which settlement a payout is of.", on="settlement")
def payout_without_reference(plan: Plan, parameters: Parameters) -> Truth | None:
    """The entry stands by itself, and the payout is missing."""
    made = report_of(plan)
    came = made.all("payout_received")
    if not came or (came[0].lines[0].value or 0) <= 0:
        return None
    (paid,) = came
    paid.about, paid.more["text"] = f"bank/bank_entry/{paid.number}", "PAYOUT"
    expected = [
        Expected(f"PYT+ {made.payout}", "bank", {}, paid.lines[0].value),
        Expected(f"WAI bank/bank_entry/{ACCOUNT}/{paid.number}", "bank"),
    ]
    return Truth("", made.payout, Outcome.EXCEPTION, expected, "payout without reference")


@fault("payout_late", "A payout arrives long after it should.", on="settlement", days=9)
def payout_late(plan: Plan, parameters: Parameters) -> Truth | None:
    """It is missed, and the exception closes when it comes."""
    made = report_of(plan)
    came = made.all("payout_received")
    if not came or (came[0].lines[0].value or 0) <= 0:
        return None
    (paid,) = came
    paid.happened += parameters["days"] * DAY
    paid.delivered += parameters["days"] * DAY
    expected = [Expected(f"PYT+ {made.payout}", "bank", {}, paid.lines[0].value)]
    return Truth("", made.payout, Outcome.EXCEPTION, expected, "payout late", paid.delivered)


@fault("payout_short", "The bank keeps a fee of a payout.", on="settlement", cents=1500)
def payout_short(plan: Plan, parameters: Parameters) -> Truth | None:
    """Less arrives than was sent."""
    made = report_of(plan)
    came = made.all("payout_received")
    cents = parameters["cents"]
    if not came or (came[0].lines[0].value or 0) <= cents:
        return None
    line: Line = came[0].lines[0]
    line.value = (line.value or 0) - cents
    return Truth("", made.payout, Outcome.EXCEPTION, [Expected(f"PYT+ {made.payout}", "bank", {}, cents)], f"{cents} cents short")


@fault("payout_missing", "A payout never arrives.", on="settlement")
def payout_missing(plan: Plan, parameters: Parameters) -> Truth | None:
    """The marketplace says that it has paid."""
    made = report_of(plan)
    came = made.all("payout_received")
    if not came:
        return None
    amount = came[0].lines[0].value or 0
    sign, owner = ("+", "bank") if amount > 0 else ("-", "marketplace")
    made.drop("payout_received")
    return Truth("", made.payout, Outcome.EXCEPTION, [Expected(f"PYT{sign} {made.payout}", owner, {}, amount)], "payout missing")


@fault("reserve_moved", "The marketplace does not release the reserve of the settlement before.", on="settlement")
def reserve_moved(plan: Plan, parameters: Parameters) -> Truth | None:
    """The report foots without it; what was withheld stays where it is."""
    made = report_of(plan)
    report, moved = made.one("settlement"), made.all("reserve")
    kept = report.more["released"]
    if not kept or not moved or not made.all("payout") or not made.can_keep():
        return None
    report.more["released"] = 0
    moved[0].lines = [line for line in moved[0].lines if (line.value or 0) > 0]
    for paper in (report, *made.all("payout"), *made.all("payout_received")):
        paper.lines[0].value = (paper.lines[0].value or 0) - kept
    made.one("reserve_line").lines[0].value = (made.one("reserve_line").lines[0].value or 0) + kept
    root = f"{made.market}_pay/settlement/RESERVE"
    return Truth("", root, Outcome.EXCEPTION, [Expected(f"RSV+ {root}", "marketplace", {}, kept)], f"{kept} cents kept")
