"""Order booked, customer not told.

Why it matters: a customer whose system waits for the acknowledgment orders elsewhere, or charges for its lack.
Clears when: our acknowledgment of the sales order (855, ORDRSP) goes out. Owed only to customers who take it.
What to do: see why it was not sent. It waits while the order is not booked as it was placed: settle that first.
"""

from tieout.core.account import ClearingAccount, Expectation, Take, hours
from tieout.core.act import Act
from tieout.core.facts.order import OrderAcknowledged, OrderBooked
from tieout.core.values import Role

order_to_acknowledge = ClearingAccount(
    code="EOA",
    name="order_to_acknowledge",
    flow="edi",
    subject="sales order",
    debit={OrderBooked: Take.ONCE},
    credit={OrderAcknowledged: Take.ONCE},
    over=Expectation("booked, not acknowledged to the customer", Role.ERP, "order desk", hours(24), Act.ACKNOWLEDGE_ORDER),
    under=Expectation("acknowledged to the customer, never booked", Role.ERP, "order desk", hours(4)),
    asked="acknowledgment",
    singly=True,
    doc=__doc__,
)
