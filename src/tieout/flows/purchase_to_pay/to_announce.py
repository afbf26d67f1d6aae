"""Ordered, no ship notice.

Why it matters: the dock plans by ship notices; goods without one are received slowly and wrongly.
Clears when: ship notices cover the ordered quantity.
What to do: ask the vendor for the ship notice (856).
"""

from tieout.core.account import ClearingAccount, Expectation, Take, days
from tieout.core.facts.purchase import DropShipped, GoodsAnnounced, PurchaseCancelled, PurchaseOrdered
from tieout.core.values import Role

to_announce = ClearingAccount(
    code="PAN",
    name="to_announce",
    flow="purchase_to_pay",
    subject="purchase order line",
    debit={PurchaseOrdered: Take.GOODS},
    credit={GoodsAnnounced: Take.GOODS, PurchaseCancelled: Take.GOODS, DropShipped: Take.GOODS},
    over=Expectation("ordered, not announced (no ASN)", Role.VENDOR, "purchasing", days(7)),
    under=Expectation("announced more than ordered", Role.VENDOR, "purchasing", days(1)),
    own_due=True,
    layers=("PRC",),
    doc=__doc__,
)
