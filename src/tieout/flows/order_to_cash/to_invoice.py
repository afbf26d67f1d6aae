"""Shipped, not invoiced (SNI).

Why it matters: goods have left and nobody has asked for the money.
Clears when: invoices cover the shipped quantity.
What to do: see why billing refused; retry the invoice or correct the shipment. Negative: the customer was billed for
goods that no shipment shows.
"""

from tieout.core.account import ClearingAccount, Expectation, Take, hours
from tieout.core.act import Act
from tieout.core.facts.invoice import Invoiced, InvoiceVoided
from tieout.core.facts.purchase import DropShipped
from tieout.core.facts.shipment import Shipped
from tieout.core.values import Role

to_invoice = ClearingAccount(
    code="SNI",
    name="to_invoice",
    flow="order_to_cash",
    subject="order line",
    debit={Shipped: Take.GOODS, InvoiceVoided: Take.GOODS, DropShipped: Take.GOODS},
    credit={Invoiced: Take.GOODS},
    over=Expectation("shipped, not invoiced", Role.ERP, "billing", hours(24), Act.POST_INVOICE),
    under=Expectation("invoiced, not shipped", Role.WMS, "warehouse", hours(24)),
    layers=("TBL", "TBK"),
    doc=__doc__,
)
