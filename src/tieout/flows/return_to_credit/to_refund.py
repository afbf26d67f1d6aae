"""Credited, not refunded.

Why it matters: a credit without a refund is a liability; a refund without a credit is leakage.
Clears when: refunds cover the credit memo, or it is set off against the invoice of an exchange.
What to do: pay the refund, or issue the credit memo the refund belongs to.
"""

from tieout.core.account import ClearingAccount, Expectation, Measure, Take, days
from tieout.core.act import Act
from tieout.core.facts.invoice import CreditIssued
from tieout.core.facts.payment import CreditApplied, Refunded
from tieout.core.values import Role

to_refund = ClearingAccount(
    code="RRF",
    name="to_refund",
    flow="return_to_credit",
    subject="return",
    debit={CreditIssued: Take.AMOUNT},
    credit={Refunded: Take.AMOUNT, CreditApplied: Take.AMOUNT},
    over=Expectation("credited, not refunded", Role.CHANNEL, "receivables", days(5), Act.ISSUE_REFUND),
    under=Expectation("refunded, not credited", Role.ERP, "receivables", days(2)),
    measure=Measure.VALUE,
    doc=__doc__,
)
