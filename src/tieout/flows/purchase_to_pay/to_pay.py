"""Vendor invoice, not paid.

Why it matters: late payment costs discount and goodwill; paying twice costs more.
Clears when: payments and credits cover the vendor's invoice.
What to do: pay it when it is matched. Negative: ask the vendor for the money back.
"""

from tieout.core.account import ClearingAccount, Expectation, Measure, Take, days
from tieout.core.facts.invoice import VendorCredited, VendorInvoiced
from tieout.core.facts.payment import VendorPaid
from tieout.core.values import Role

to_pay = ClearingAccount(
    code="PPY",
    name="to_pay",
    flow="purchase_to_pay",
    subject="vendor invoice",
    debit={VendorInvoiced: Take.DOCUMENT},
    credit={VendorPaid: Take.AMOUNT, VendorCredited: Take.AGAINST},
    over=Expectation("invoiced by the vendor, not paid", Role.ERP, "payables", days(30)),
    under=Expectation("paid more than the vendor invoiced", Role.VENDOR, "payables", days(3)),
    measure=Measure.VALUE,
    own_due=True,
    doc=__doc__,
)
