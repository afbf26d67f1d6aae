"""Booked, not shipped.

Why it matters: the customer waits, and nothing can be invoiced.
Clears when: shipments and cancellations cover the booked quantity.
What to do: ask the warehouse for the open lines; ship, backorder or cancel them. Negative: more left than was booked,
or a cancellation crossed the truck; agree with the customer before anything is billed.
"""

from tieout.core.account import ClearingAccount, Expectation, Take, business_days, hours
from tieout.core.act import Act
from tieout.core.facts.order import BookingCancelled, OrderBooked, Substituted
from tieout.core.facts.purchase import DropShipped
from tieout.core.facts.shipment import Shipped
from tieout.core.values import Role

to_ship = ClearingAccount(
    code="TSH",
    name="to_ship",
    flow="order_to_cash",
    subject="order line",
    debit={OrderBooked: Take.GOODS, Substituted: Take.GOODS},
    credit={Shipped: Take.GOODS, BookingCancelled: Take.GOODS, DropShipped: Take.GOODS},
    over=Expectation("booked, not shipped", Role.WMS, "warehouse", business_days(2, "warehouse"), Act.RELEASE_SHIPMENT),
    under=Expectation("shipped more than booked", Role.ERP, "order desk", hours(4)),
    own_due=True,
    layers=("TBL", "TBK"),
    upstream=("TBK",),
    supplied_by=("PRC",),
    doc=__doc__,
)
