"""Payout sent, not received.

Why it matters: money that left the marketplace and did not arrive is the easiest to lose.
Clears when: the bank credits the payout.
What to do: ask the bank with the payout's reference.
"""

from tieout.core.account import ClearingAccount, Expectation, Measure, Take, business_days, days
from tieout.core.facts.payout import PayoutReceived, PayoutSent
from tieout.core.values import Role

payout_to_receive = ClearingAccount(
    code="PYT",
    name="payout_to_receive",
    flow="settlement",
    subject="payout",
    debit={PayoutSent: Take.DOCUMENT},
    credit={PayoutReceived: Take.AMOUNT},
    over=Expectation("payout announced, not at the bank", Role.BANK, "finance", business_days(5, "office")),
    under=Expectation("at the bank, never announced", Role.MARKETPLACE, "finance", days(3)),
    measure=Measure.VALUE,
    blocked_by=("SFT",),
    doc=__doc__,
)
