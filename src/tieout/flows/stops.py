"""Which open findings stop which commands: the side of an account that is owed, and what must not stand open on the same goods.

A finding stops from the moment it stands, not from its deadline: a person may have four hours to settle an
over-shipment, its invoice must not leave in the first second. It stops that subject and nothing else.
"""

from tieout.core.ground import Stop
from tieout.core.values import Side

STOPS: dict[str, tuple[Stop, ...]] = {
    "TSH+": (Stop("TBK", Side.CREDIT),),
    "SNI+": (
        Stop("TSH", Side.CREDIT),
        Stop("TBK", Side.CREDIT),
        Stop("TBK", by_price=True),
        Stop("TBL", by_price=True),
    ),
    "EOA+": (Stop("TBK"), Stop("TBK", by_price=True)),
    "EAS+": (Stop("TSH", Side.CREDIT),),
    "EIS+": (Stop("TBL", by_price=True), Stop("TBK", by_price=True)),
    "TFU+": (Stop("TSH", Side.CREDIT),),
    "RCR+": (Stop("RRC", Side.CREDIT),),
    "RRF+": (Stop("RCR", Side.CREDIT),),
}
"""Booked more often than ordered stops the release; shipped more than booked, or a price in dispute, stops the invoice;
what is not booked as it was placed stops its acknowledgment, what was shipped beyond the booking its announcement to customer or shop, a price in
dispute the sending of the invoice; goods that came back unannounced stop the credit; a credit without goods stops the refund."""
