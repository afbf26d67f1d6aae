"""Shipped, not confirmed.

Why it matters: a parcel without confirmation is a claim in the making, and its window closes.
Clears when: the carrier confirms the delivery of each parcel once.
What to do: trace the parcel; file the claim in time. Negative: a carrier confirmed a parcel that no shipment names,
see whether the warehouse forgot to report it.
"""

from tieout.core.account import ClearingAccount, Expectation, Take, days, hours
from tieout.core.facts.purchase import DropShipped
from tieout.core.facts.shipment import Delivered, Shipped
from tieout.core.values import Role

to_deliver = ClearingAccount(
    code="TDL",
    name="to_deliver",
    flow="order_to_cash",
    subject="parcel",
    debit={Shipped: Take.PARCELS, DropShipped: Take.PARCELS},
    credit={Delivered: Take.EACH},
    over=Expectation("shipped, not confirmed by the carrier", Role.CARRIER, "shipping", days(5)),
    under=Expectation("confirmed by the carrier, never shipped by us", Role.WMS, "shipping", hours(24)),
    doc=__doc__,
)
