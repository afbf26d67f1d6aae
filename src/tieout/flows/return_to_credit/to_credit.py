"""Returned goods received, not credited.

Why it matters: the customer has sent the goods back and waits for the money.
Clears when: a credit memo covers the received quantity.
What to do: inspect and issue the credit memo. Negative: a credit was given for goods that never arrived.
"""

from tieout.core.account import ClearingAccount, Expectation, Take, business_days, days
from tieout.core.act import Act
from tieout.core.facts.invoice import CreditIssued
from tieout.core.facts.return_ import ReturnReceived
from tieout.core.values import Role

to_credit = ClearingAccount(
    code="RCR",
    name="to_credit",
    flow="return_to_credit",
    subject="return line",
    debit={ReturnReceived: Take.GOODS},
    credit={CreditIssued: Take.GOODS},
    over=Expectation("received, not credited", Role.ERP, "returns", business_days(2, "office"), Act.ISSUE_CREDIT),
    under=Expectation("credited, not received", Role.WMS, "returns", days(14)),
    layers=("TBL", "TBK"),
    doc=__doc__,
)
