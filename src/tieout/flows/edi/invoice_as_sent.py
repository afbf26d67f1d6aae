"""Invoiced, sent to the customer with another amount.

Why it matters: the customer pays what his electronic invoice says; what it says too little is lost, what it says too much he disputes.
Clears when: the invoice that was sent (810, INVOIC) comes to what the ERP has posted. Nothing is owed before it is sent: that is
`invoice_to_send`.
What to do: compare the two, line by line: units, prices, allowances; correct what is wrong, and send the invoice again.
"""

from tieout.core.account import ClearingAccount, Expectation, Measure, Take, hours
from tieout.core.facts.invoice import Invoiced, InvoiceSent
from tieout.core.values import Role

invoice_as_sent = ClearingAccount(
    code="EIV",
    name="invoice_as_sent",
    flow="edi",
    subject="invoice",
    debit={Invoiced: Take.DOCUMENT},
    credit={InvoiceSent: Take.AGAINST},
    over=Expectation("invoiced for more than the customer was sent", Role.ERP, "billing", hours(4)),
    under=Expectation("sent to the customer for more than was invoiced", Role.ERP, "billing", hours(4)),
    measure=Measure.PRICE,
    only_if={Invoiced: "invoice", InvoiceSent: "invoice"},
    doc=__doc__,
)
