"""What marketplaces do wrong with one order: forget to settle it, keep tax, refund twice or on their own, lose an event."""

from tieout.simulate.clock import DAY, HOUR
from tieout.simulate.faults import Parameters, fault
from tieout.simulate.selling import pay_back
from tieout.simulate.settling import SETTLED
from tieout.simulate.story import Plan, closing
from tieout.simulate.truth import Expected, Outcome, Truth


def has_refund(plan: Plan) -> bool:
    """Whether a marketplace's customer sends some of it back."""
    return bool(plan.all("sale_refunded"))


@fault("sale_not_settled", "A marketplace forgets a sale; of some it thinks in a later settlement.")
def sale_not_settled(plan: Plan, parameters: Parameters) -> Truth | None:
    """It is in no report, neither among the lines nor in the total."""
    if not plan.all("sale"):
        return None
    ref, forgotten = plan.order.ref, plan.one("sale")
    amount = forgotten.lines[0].value
    expected = [Expected(f"{code}+ {ref}", "marketplace", {}, amount) for code in ("MRV", "SHD")]
    if plan.rng.random() < 0.5:
        plan.drop("sale")
        return Truth("", ref, Outcome.EXCEPTION, expected, "never settled")
    closed = closing(plan.order.channel.name, forgotten.happened + 12 * DAY)
    forgotten.happened += (closed + HOUR - forgotten.delivered) // DAY * DAY
    forgotten.delivered = closed + HOUR
    return Truth("", ref, Outcome.EXCEPTION, expected, "settled late", corrected=forgotten.delivered)


@fault("tax_withheld_wrongly", "A marketplace keeps sales tax that it has not charged.")
def tax_withheld_wrongly(plan: Plan, parameters: Parameters) -> Truth | None:
    """The tax is taken out of our money, and looks like any other line."""
    if not plan.all("sale"):
        return None
    ref, sold = plan.order.ref, plan.one("sale")
    sold.more["kept"] = tax = sold.more["tax"]
    sold.lines[0].value = (sold.lines[0].value or 0) - tax
    expected = [Expected(f"{code}+ {ref}", "marketplace", {}, tax) for code in ("MRV", "SHD")]
    return Truth("", ref, Outcome.EXCEPTION, expected, f"{tax} cents of tax")


@fault("event_missing", "A marketplace tells of no event for a sale that it settles.")
def event_missing(plan: Plan, parameters: Parameters) -> Truth | None:
    """The report is right, the daily word was not."""
    told = plan.all("event")
    if not told:
        return None
    plan.drop("event")
    expected = [Expected(f"SHD- {plan.order.ref}", "marketplace", {}, -(told[0].lines[0].value or 0))]
    return Truth("", plan.order.ref, Outcome.EXCEPTION, expected, "no event")


@fault("marketplace_refund_twice", "A marketplace refunds the same return twice.")
def marketplace_refund_twice(plan: Plan, parameters: Parameters) -> Truth | None:
    """One refund has no credit memo, and the money is gone from the settlement."""
    if not has_refund(plan):
        return None
    ref, first = plan.order.ref, plan.one("refund")
    cents = first.lines[0].value or 0
    at = plan.one("event_returned").happened + plan.rng.randint(HOUR, 20 * HOUR)
    pay_back(plan, at, cents, first.more["sku"], plan.rng, n=1)
    expected = [Expected(f"RRF- {ref}", "erp", {}, -cents), Expected(f"MRV+ {ref}", "marketplace", {}, cents)]
    return Truth("", ref, Outcome.EXCEPTION, expected, "refunded twice")


@fault("marketplace_goodwill", "A marketplace gives a customer something back and does not say for which goods.", percent_max=20)
def marketplace_goodwill(plan: Plan, parameters: Parameters) -> Truth | None:
    """Money has left, and the ERP has no credit memo."""
    if not plan.all("sale") or has_refund(plan):
        return None
    ref, rng = plan.order.ref, plan.rng
    cents = max(1, (plan.one("sale").lines[0].value or 0) * rng.randint(2, parameters["percent_max"]) // 100)
    pay_back(plan, plan.one("delivery").happened + rng.randint(HOUR, DAY), cents, "", rng)
    expected = [Expected(f"RRF- {ref}", "erp", {}, -cents), Expected(f"MRV+ {ref}", "marketplace", {}, cents)]
    return Truth("", ref, Outcome.EXCEPTION, expected, f"{cents} cents of goodwill")


@fault("marketplace_refund_not_credited", "A marketplace refunds a return that the ERP does not credit; some are credited days later.")
def marketplace_refund_not_credited(plan: Plan, parameters: Parameters) -> Truth | None:
    """The goods are back and the money is gone; only the books know nothing."""
    if not has_refund(plan) or not plan.all("credit"):
        return None
    ref, credit = plan.order.ref, plan.one("credit")
    (line,) = credit.lines
    cents = line.value or 0
    expected = [
        Expected(f"RCR+ {ref}#{line.item}", "erp", {"EA": line.quantity or 0}, cents),
        Expected(f"RRF- {ref}", "erp", {}, -cents),
    ]
    if plan.rng.random() < 0.5:
        plan.drop("credit")
        expected.append(Expected(f"MRV+ {ref}", "marketplace", {}, cents))
        return Truth("", ref, Outcome.EXCEPTION, expected, "never credited")
    credit.happened += 8 * DAY
    credit.delivered += 8 * DAY
    return Truth("", ref, Outcome.EXCEPTION, expected, "credited late", corrected=credit.delivered)


@fault("credit_without_refund", "The ERP credits a return that the marketplace does not refund.")
def credit_without_refund(plan: Plan, parameters: Parameters) -> Truth | None:
    """The customer waits for the money, and the marketplace has settled more than it owes by our books."""
    if not has_refund(plan):
        return None
    ref, cents = plan.order.ref, plan.one("refund").lines[0].value or 0
    plan.drop("event_returned", "refund", SETTLED[1])
    expected = [Expected(f"RRF+ {ref}", "channel", {}, cents), Expected(f"MRV- {ref}", "erp", {}, -cents)]
    return Truth("", ref, Outcome.EXCEPTION, expected, "never refunded")
