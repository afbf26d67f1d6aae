"""Exchanges that go wrong: never set off, refunded as well, or the old goods never come back."""

from tieout.simulate.clock import DAY, HOUR
from tieout.simulate.exchanging import Exchange
from tieout.simulate.faults import Parameters, fault
from tieout.simulate.returns import refund
from tieout.simulate.story import Plan
from tieout.simulate.truth import Expected, Outcome, Truth


def exchange_of(plan: Plan) -> Exchange:
    """The exchange that is struck."""
    assert isinstance(plan, Exchange)
    return plan


@fault("exchange_not_netted", "The credit of an exchange is never set off; of some it is, days later.", on="exchange")
def exchange_not_netted(plan: Plan, parameters: Parameters) -> Truth | None:
    """The customer has paid the net, or has it back: a credit and an invoice stand open against each other."""
    made = exchange_of(plan)
    bill = f"erp/invoice/{made.bill.number}"
    expected = [Expected(f"RRF+ {made.order.ref}", "channel", {}, made.netted), Expected(f"TCO+ {bill}", "channel", {}, made.netted)]
    if made.rng.random() < 0.5:
        made.drop("credit_applied")
        return Truth("", made.order.ref, Outcome.EXCEPTION, expected, "never set off")
    late = made.one("credit_applied")
    late.happened += 9 * DAY
    late.delivered += 9 * DAY
    return Truth("", made.order.ref, Outcome.EXCEPTION, expected, "set off late", corrected=late.delivered)


@fault("exchange_refunded_too", "The shop refunds the whole return of an exchange that was set off.", on="exchange")
def exchange_refunded_too(plan: Plan, parameters: Parameters) -> Truth | None:
    """The customer has other goods and the money."""
    made = exchange_of(plan)
    at = made.one("credit_applied").happened + made.rng.randint(HOUR, DAY)
    made.add(refund(made, at, [], made.credit, made.rng, n=1))
    return Truth("", made.order.ref, Outcome.EXCEPTION, [Expected(f"RRF- {made.order.ref}", "erp", {}, -made.credit)], "refunded too")


@fault("exchange_goods_kept", "An exchange is credited and replaced, and the old goods never come back.", on="exchange")
def exchange_goods_kept(plan: Plan, parameters: Parameters) -> Truth | None:
    """Credit without receipt, and an announced return that nobody has seen."""
    made = exchange_of(plan)
    (line,) = made.one("credit").lines
    made.drop("return_received", "restocked")
    ref, pieces = f"{made.order.ref}#{line.item}", line.quantity or 0
    expected = [
        Expected(f"RCR- {ref}", "wms", {"EA": -pieces}, -made.credit),
        Expected(f"RRC+ {ref}", "channel", {"EA": pieces}),
    ]
    return Truth("", made.order.ref, Outcome.EXCEPTION, expected, "the goods never came back")
