"""Billed at another price than ordered.

Why it matters: the customer short-pays a dear invoice and keeps silent about a cheap one.
Clears when: the invoiced value lies between the cheapest and the dearest filling of the invoiced quantity from the
order's price layers.
What to do: correct the price in the ERP and credit or re-bill the difference.
"""

from tieout.core.account import ClearingAccount, Expectation, Measure, Take, hours
from tieout.core.facts.invoice import Invoiced, InvoiceVoided
from tieout.core.facts.order import BookingCancelled, OrderBooked, Substituted
from tieout.core.values import Role

to_bill = ClearingAccount(
    code="TBL",
    name="to_bill",
    flow="order_to_cash",
    subject="order line",
    debit={OrderBooked: Take.LINES, InvoiceVoided: Take.LINES, Substituted: Take.LINES},
    credit={Invoiced: Take.LINES, BookingCancelled: Take.LINES},
    over=Expectation("billed cheaper than ordered", Role.ERP, "billing", hours(24)),
    under=Expectation("billed dearer than ordered", Role.ERP, "billing", hours(24)),
    measure=Measure.PRICE,
    upstream=("TBK",),
    doc=__doc__,
)
