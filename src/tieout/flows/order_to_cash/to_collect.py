"""Invoiced, no cash applied.

Why it matters: an open receivable is money lent without interest.
Clears when: cash, deposits and credits applied in the ERP cover the invoice.
What to do: if the bank already has the money, apply it (see `to_apply`); else remind the customer, or open a
deduction for a short payment.
"""

from tieout.core.account import ClearingAccount, Expectation, Measure, Take, days
from tieout.core.facts.invoice import Invoiced, InvoiceVoided
from tieout.core.facts.payment import CashApplied, CreditApplied, DepositApplied
from tieout.core.values import Role

to_collect = ClearingAccount(
    code="TCO",
    name="to_collect",
    flow="order_to_cash",
    subject="invoice",
    debit={Invoiced: Take.DOCUMENT},
    credit={CashApplied: Take.AMOUNT, InvoiceVoided: Take.AGAINST, CreditApplied: Take.AGAINST, DepositApplied: Take.AGAINST},
    over=Expectation("invoiced, not paid", Role.CHANNEL, "receivables", days(30)),
    under=Expectation("paid more than invoiced", Role.ERP, "receivables", days(2)),
    measure=Measure.VALUE,
    own_due=True,
    doc=__doc__,
)
