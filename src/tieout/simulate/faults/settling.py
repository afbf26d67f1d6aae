"""Settlements that do not foot, rename their labels, keep the reserve, lose an id, or whose payout does not arrive."""

from tieout.simulate.faults import Parameters, fault
from tieout.simulate.paper import Line
from tieout.simulate.settling import COMMISSION, Settlement
from tieout.simulate.story import Plan
from tieout.simulate.truth import Expected, Outcome, Truth


def report_of(plan: Plan) -> Settlement:
    """The settlement that is struck."""
    assert isinstance(plan, Settlement)
    return plan


@fault("settlement_line_missing", "The report's total counts a sale that none of its lines shows.", on="settlement")
def settlement_line_missing(plan: Plan, parameters: Parameters) -> Truth | None:
    """Header and lines differ by the sale; until that is settled, fees and payout are held."""
    made = report_of(plan)
    if not made.sales:
        return None
    lost = made.rng.choice(made.sales)
    amount = lost.lines[0].value or 0
    lost.kind = "left_out"
    kept = made.one("settled").lines[0]
    kept.value = (kept.value or 0) - amount
    made.concerns.append(lost.of)
    expected = [Expected(f"SFT+ {made.payout}", "marketplace", {}, amount)]
    return Truth("", made.payout, Outcome.EXCEPTION, expected, f"{lost.number} not in the report")


@fault("id_vanishes", "A sale is settled without its order's number.", on="settlement")
def id_vanishes(plan: Plan, parameters: Parameters) -> Truth | None:
    """The money stands on the settlement itself, and is missing at the order."""
    made = report_of(plan)
    if not made.sales:
        return None
    lost = made.rng.choice(made.sales)
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
    charged = [line for paper in made.all("fees") for line in paper.lines if line.charge == COMMISSION]
    if not charged:
        return None
    label, amount = parameters["label"], charged[0].value or 0
    charged[0].charge = f"unknown: Order/ItemFees/{label}"
    made.one("settlement").more["commission"] = label
    expected = [
        Expected(f"FTP+ {made.payout}#{charged[0].charge}", "erp", {}, amount),
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
    expected = [Expected(f"FTP+ {made.payout}#{line.charge}", "erp", {}, line.value) for line in posted[0].lines]
    made.drop("fees_posted")
    return Truth("", made.payout, Outcome.EXCEPTION, expected, "fees not posted")


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
