"""Booked, not reserved.

Why it matters: without a reservation the same stock is sold twice.
Clears when: the warehouse has reserved the booked quantity. What a vendor was ordered to supply for this very order (the purchase
order is linked to it) needs no reservation.
What to do: see whether stock is short (backorder) or the release failed; a negative residual is a reservation that
nobody needs any more.
"""

from tieout.core.account import ClearingAccount, Expectation, Take, hours
from tieout.core.facts.order import Allocated, BookingCancelled, Deallocated, OrderBooked, Substituted
from tieout.core.values import Role

to_allocate = ClearingAccount(
    code="TAL",
    name="to_allocate",
    flow="order_to_cash",
    subject="order line",
    debit={OrderBooked: Take.GOODS, Deallocated: Take.GOODS, Substituted: Take.GOODS},
    credit={Allocated: Take.GOODS, BookingCancelled: Take.GOODS},
    over=Expectation("booked, not reserved", Role.WMS, "warehouse", hours(8)),
    under=Expectation("reserved for nothing", Role.WMS, "warehouse", hours(8)),
    layers=("TBL",),
    covered_by=("PRC",),
    doc=__doc__,
)
