"""Marketplace sale invoiced, not settled.

Why it matters: the marketplace holds our money; what it forgets nobody else will find.
Clears when: settlement lines cover the invoice.
What to do: open a claim with the marketplace inside its window. Only invoices of channels declared as marketplaces
post here.
"""

from tieout.core.account import ClearingAccount, Expectation, Measure, Take, days
from tieout.core.facts.invoice import Invoiced
from tieout.core.facts.payout import SaleSettled
from tieout.core.values import Role

marketplace_receivable = ClearingAccount(
    code="MRV",
    name="marketplace_receivable",
    flow="settlement",
    subject="invoice",
    debit={Invoiced: Take.DOCUMENT},
    credit={SaleSettled: Take.AMOUNT},
    over=Expectation("invoiced, not settled by the marketplace", Role.MARKETPLACE, "marketplaces", days(20)),
    under=Expectation("settled, never invoiced", Role.ERP, "marketplaces", days(3)),
    measure=Measure.VALUE,
    doc=__doc__,
)
