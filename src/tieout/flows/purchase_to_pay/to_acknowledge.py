"""Ordered, not acknowledged.

Why it matters: an order that the vendor has not confirmed will not come, and nobody has been told.
Clears when: the vendor's acknowledgment accepts the ordered quantity.
What to do: call the vendor; reorder elsewhere what was refused.
"""

from tieout.core.account import ClearingAccount, Expectation, Take, business_days, days
from tieout.core.facts.purchase import PurchaseAcknowledged, PurchaseCancelled, PurchaseOrdered
from tieout.core.values import Role

to_acknowledge = ClearingAccount(
    code="PAK",
    name="to_acknowledge",
    flow="purchase_to_pay",
    subject="purchase order line",
    debit={PurchaseOrdered: Take.GOODS},
    credit={PurchaseAcknowledged: Take.GOODS, PurchaseCancelled: Take.GOODS},
    over=Expectation("ordered, not acknowledged by the vendor", Role.VENDOR, "purchasing", business_days(1, "office")),
    under=Expectation("acknowledged more than ordered", Role.VENDOR, "purchasing", days(1)),
    layers=("PRC",),
    doc=__doc__,
)
