"""Customer deposit held.

Why it matters: a deposit is the customer's money until the goods are invoiced; forgotten, it is asked for twice.
Clears when: the ERP applies the deposit to the order's invoices, if need be in parts.
What to do: apply the deposit to the invoice. Negative residuals are the usual ones: money held for an order that is not
invoiced yet.
"""

from tieout.core.account import ClearingAccount, Expectation, Measure, Take, days
from tieout.core.facts.payment import DepositApplied, DepositTaken
from tieout.core.values import Role

deposit_held = ClearingAccount(
    code="DEP",
    name="deposit_held",
    flow="order_to_cash",
    subject="order",
    debit={DepositApplied: Take.AMOUNT},
    credit={DepositTaken: Take.AMOUNT},
    over=Expectation("deposit applied, never taken", Role.ERP, "receivables", days(2)),
    under=Expectation("deposit taken, not applied to an invoice", Role.ERP, "receivables", days(30)),
    measure=Measure.VALUE,
    doc=__doc__,
)
