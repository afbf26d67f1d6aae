"""Ordered, not received.

Why it matters: short receipts turn into backorders for our own customers, and short lines are paid for by mistake.
Clears when: goods receipts and cancellations cover the ordered quantity. What the vendor ships to our customer is never
received: his ship notice stands for it.
What to do: chase the vendor for the rest, or cancel it. A status column that says 'complete' clears nothing: only
quantities do.
"""

from tieout.core.account import ClearingAccount, Expectation, Take, days
from tieout.core.facts.purchase import DropShipped, GoodsReceived, PurchaseCancelled, PurchaseOrdered
from tieout.core.values import Role

to_receive_goods = ClearingAccount(
    code="PRC",
    name="to_receive_goods",
    flow="purchase_to_pay",
    subject="purchase order line",
    debit={PurchaseOrdered: Take.GOODS},
    credit={GoodsReceived: Take.GOODS, PurchaseCancelled: Take.GOODS, DropShipped: Take.GOODS},
    over=Expectation("ordered, not received", Role.VENDOR, "purchasing", days(14)),
    under=Expectation("received more than ordered", Role.WMS, "purchasing", days(2)),
    own_due=True,
    doc=__doc__,
)
