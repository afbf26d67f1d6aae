"""The shape of a warehouse event, and which fact each event becomes."""

from datetime import datetime
from decimal import Decimal

import msgspec


class Order(msgspec.Struct, frozen=True):
    """The document an event works for, as its own system names it: `{"system": "erp", "type": "sales_order", …}`."""

    system: str
    type: str
    number: str


class EventLine(msgspec.Struct, frozen=True):
    """One item of an event; `order_line` is the line of the document it works for, if the warehouse knows it."""

    item: str
    quantity: Decimal
    unit: str = "EA"
    line: str = ""
    order_line: str = ""


class Event(msgspec.Struct, frozen=True):
    """One event. A time without an offset is local to the warehouse; `revision` counts corrections of one document. `delivery` is the
    warehouse's own number of what it carries out, `release_id` the release that told it to, if it knows it again."""

    event: str
    event_id: str
    occurred_at: datetime
    lines: tuple[EventLine, ...]
    warehouse: str = ""
    order: Order | None = None
    delivery: str = ""
    release_id: str = ""
    shipment: str = ""
    parcels: tuple[str, ...] = ()
    revision: int | None = None
    void: bool = False


class Meaning(msgspec.Struct, frozen=True):
    """What an event becomes: the fact, the type of its document, and whether it is about a stock position."""

    kind: str
    type: str
    is_stock: bool = False


MEANINGS = {
    "shipped": Meaning("Shipped", "shipment"),
    "allocated": Meaning("Allocated", "allocation"),
    "deallocated": Meaning("Deallocated", "deallocation"),
    "received": Meaning("GoodsReceived", "goods_receipt"),
    "rejected": Meaning("GoodsRejected", "inspection"),
    "returned_to_vendor": Meaning("ReturnedToVendor", "vendor_return"),
    "return_received": Meaning("ReturnReceived", "return_receipt"),
    "restocked": Meaning("Restocked", "restock"),
    "stock_moved": Meaning("StockMoved", "stock_movement", is_stock=True),
    "counted": Meaning("StockCounted", "stock_count", is_stock=True),
}
