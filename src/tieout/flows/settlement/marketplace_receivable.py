"""Marketplace sale invoiced, not settled.

Why it matters: the marketplace holds our money; what it forgets nobody else will find.
Clears when: settlement lines cover the invoice less its credit memos.
What to do: open a claim with the marketplace inside its window, or issue the credit memo for what it refunded. Only
invoices and credit memos of channels declared as marketplaces post here.
"""

from tieout.core.account import ClearingAccount, Expectation, Measure, Take, days
from tieout.core.facts.invoice import CreditIssued, Invoiced, InvoiceVoided
from tieout.core.facts.payout import SaleSettled
from tieout.core.values import Role

marketplace_receivable = ClearingAccount(
    code="MRV",
    name="marketplace_receivable",
    flow="settlement",
    subject="invoice",
    debit={Invoiced: Take.DOCUMENT},
    credit={SaleSettled: Take.AMOUNT, InvoiceVoided: Take.AGAINST, CreditIssued: Take.AGAINST},
    over=Expectation(
        "invoiced, not settled by the marketplace, or refunded by it and not credited", Role.MARKETPLACE, "marketplaces", days(20)
    ),
    under=Expectation("settled, never invoiced, or credited and not refunded", Role.ERP, "marketplaces", days(3)),
    measure=Measure.VALUE,
    doc=__doc__,
)
