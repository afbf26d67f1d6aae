"""Rejected, not returned or debited.

Why it matters: rejected goods are paid for unless they go back or a debit memo is posted.
Clears when: a return to the vendor or a debit memo covers the rejected quantity.
What to do: return the goods or post the debit memo.
"""

from tieout.core.account import ClearingAccount, Expectation, Take, days
from tieout.core.facts.invoice import VendorCredited
from tieout.core.facts.purchase import GoodsRejected, ReturnedToVendor
from tieout.core.values import Role

to_return_to_vendor = ClearingAccount(
    code="PRT",
    name="to_return_to_vendor",
    flow="purchase_to_pay",
    subject="purchase order line",
    debit={GoodsRejected: Take.GOODS},
    credit={ReturnedToVendor: Take.GOODS, VendorCredited: Take.GOODS},
    over=Expectation("rejected, neither returned nor debited", Role.VENDOR, "purchasing", days(14)),
    under=Expectation("returned or debited, never rejected", Role.WMS, "purchasing", days(2)),
    layers=("PRC",),
    doc=__doc__,
)
