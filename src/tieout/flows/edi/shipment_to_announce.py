"""Shipped, customer not told.

Why it matters: a ship notice has to arrive before the truck; late ones are fined, and the goods stand at the dock.
Clears when: our ship notice for the shipment (856, DESADV) goes out; what a vendor ships to our customer is announced by us too.
Owed only to customers who take it.
What to do: see why it was not sent; it waits while more was shipped than was booked.
"""

from tieout.core.account import ClearingAccount, Expectation, Take, hours
from tieout.core.act import Act
from tieout.core.facts.purchase import DropShipped
from tieout.core.facts.shipment import ShipmentAnnounced, Shipped
from tieout.core.values import Role

shipment_to_announce = ClearingAccount(
    code="EAS",
    name="shipment_to_announce",
    flow="edi",
    subject="shipment",
    debit={Shipped: Take.ONCE, DropShipped: Take.ONCE},
    credit={ShipmentAnnounced: Take.ONCE},
    over=Expectation("shipped, not announced to the customer (no ASN)", Role.ERP, "shipping", hours(4), Act.ANNOUNCE_SHIPMENT),
    under=Expectation("announced to the customer, never shipped", Role.WMS, "warehouse", hours(4)),
    asked="ship_notice",
    singly=True,
    doc=__doc__,
)
