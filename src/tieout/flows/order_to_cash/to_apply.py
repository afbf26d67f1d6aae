"""Paid at the bank, still open in the ERP.

Why it matters: customers who have paid get reminders, and the receivable looks worse than it is.
Clears when: the ERP applies the bank's credit to the invoice, or books it as a deposit on the order. Where a customer sends
remittance advice, the money arrives on the remittance and the advice carries it on to the invoices that it names.
What to do: apply the payment in the ERP. Negative: the ERP shows a receipt that no bank statement has. On a remittance: the bank
and the advice differ; ask the customer what the payment is for, or where it is.
"""

from tieout.core.account import ClearingAccount, Expectation, Measure, Take, business_days
from tieout.core.act import Act
from tieout.core.facts.payment import CashApplied, CashReceived, DepositTaken, RemittanceAdvised
from tieout.core.values import Role

to_apply = ClearingAccount(
    code="CSH",
    name="to_apply",
    flow="order_to_cash",
    subject="invoice",
    debit={CashReceived: Take.AMOUNT, RemittanceAdvised: Take.AMOUNT},
    credit={CashApplied: Take.AMOUNT, DepositTaken: Take.AMOUNT, RemittanceAdvised: Take.DOCUMENT},
    over=Expectation("paid at the bank, still open in the ERP", Role.ERP, "receivables", business_days(1, "office"), Act.APPLY_CASH),
    under=Expectation("applied in the ERP, never seen at the bank", Role.BANK, "receivables", business_days(2, "office")),
    measure=Measure.VALUE,
    doc=__doc__,
)
