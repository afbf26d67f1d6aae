"""Shipped, shop not told.

Why it matters: until the shop knows, the customer has no tracking number, asks where the goods are, and can still cancel; marketplaces
fine orders that are confirmed late.
Clears when: the shop states the fulfilment, whoever entered it.
Owed only to shops that take it (`takes_fulfilments`).
What to do: see why the shop refused it. Negative: the shop holds goods as sent that no warehouse has shipped; see whether the
warehouse forgot to report it, or take the fulfilment back.
"""

from tieout.core.account import ClearingAccount, Expectation, Take, hours
from tieout.core.act import Act
from tieout.core.facts.purchase import DropShipped
from tieout.core.facts.shipment import Fulfilled, Shipped
from tieout.core.values import Role

to_fulfil = ClearingAccount(
    code="TFU",
    name="to_fulfil",
    flow="order_to_cash",
    subject="order line",
    debit={Shipped: Take.GOODS, DropShipped: Take.GOODS},
    credit={Fulfilled: Take.GOODS},
    over=Expectation("shipped, the shop not told", Role.CHANNEL, "shipping", hours(4), Act.CONFIRM_FULFILMENT),
    under=Expectation("fulfilled in the shop, never shipped", Role.WMS, "warehouse", hours(4)),
    asked="fulfilment",
    doc=__doc__,
)
