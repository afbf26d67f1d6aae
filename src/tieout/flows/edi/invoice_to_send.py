"""Invoiced, invoice not sent.

Why it matters: the terms run from an invoice that the customer's system has; one that it does not have is never paid.
Clears when: our electronic invoice (810, INVOIC) goes out. Owed only to customers who take it.
What to do: see why it was not sent; it waits while its price is in dispute.
"""

from tieout.core.account import ClearingAccount, Expectation, Take, hours
from tieout.core.act import Act
from tieout.core.facts.invoice import Invoiced, InvoiceSent
from tieout.core.values import Role

invoice_to_send = ClearingAccount(
    code="EIS",
    name="invoice_to_send",
    flow="edi",
    subject="invoice",
    debit={Invoiced: Take.ONCE},
    credit={InvoiceSent: Take.ONCE},
    over=Expectation("invoiced, not sent to the customer", Role.ERP, "billing", hours(24), Act.SEND_INVOICE),
    under=Expectation("sent to the customer, never invoiced", Role.ERP, "billing", hours(4)),
    asked="invoice",
    singly=True,
    doc=__doc__,
)
