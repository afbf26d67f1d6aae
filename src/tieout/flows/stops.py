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
    "RCR+": (Stop("RRC", Side.CREDIT),),
    "RRF+": (Stop("RCR", Side.CREDIT),),
}
"""Booked more often than ordered stops the release; shipped more than booked, or a price in dispute, stops the invoice;
goods that came back unannounced stop the credit; a credit without goods stops the refund."""
