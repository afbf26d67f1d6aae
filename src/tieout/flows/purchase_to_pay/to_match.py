"""Received, not invoiced: the three-way match.

Why it matters: an invoice paid for goods that never came, or at a price never agreed, is money gone.
Clears when: the vendor's invoices cover the received quantity at the order's price. With the switch `match_accepted`
rejected goods need no invoice.
What to do: quantity and price are judged apart: block the invoice, then get a credit or correct the order's price.
"""

from tieout.core.account import ClearingAccount, Expectation, Measure, Take, days
from tieout.core.facts.invoice import VendorInvoiced
from tieout.core.facts.purchase import DropShipped, GoodsReceived, GoodsRejected
from tieout.core.values import Role

to_match = ClearingAccount(
    code="PMT",
    name="to_match",
    flow="purchase_to_pay",
    subject="purchase order line",
    debit={GoodsReceived: Take.GOODS, DropShipped: Take.GOODS},
    credit={VendorInvoiced: Take.GOODS, GoodsRejected: Take.GOODS},
    over=Expectation("received, not invoiced by the vendor (GR/IR)", Role.VENDOR, "payables", days(30)),
    under=Expectation("invoiced by the vendor, not received, or at another price", Role.VENDOR, "payables", days(3)),
    measure=Measure.BOTH,
    layers=("PRC",),
    only_if={GoodsRejected: "match_accepted"},
    doc=__doc__,
)
