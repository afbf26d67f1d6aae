"""Warehouse documents: our ship order (940), receipts (944), adjustments (947) and stock positions (846)."""

from collections.abc import Mapping

import msgspec

from tieout.connectors.edi_documents import line_names
from tieout.connectors.x12.reading import Reading, Unreadable, loops, pairs
from tieout.connectors.x12.shipments import warehouse
from tieout.core.facts import Fact, Line, revision_time
from tieout.core.facts.decision import Linked
from tieout.core.facts.purchase import GoodsReceived
from tieout.core.facts.stock import StockCounted, StockMoved
from tieout.core.values import Ref, ref
from tieout.formats.x12 import Segment

ON_HAND = "17"
"""QTY01 in 846; other qualifiers (available, committed, on order) are promises, not positions."""


def order_linked(reading: Reading) -> Fact:
    """940 to the warehouse: our order number and the customer's purchase order name one transaction.

    W0503 is unique only for its customer. If the option `customers` knows the party the two are identified; otherwise
    they are only related, since one number used by two customers would merge their orders.
    """
    head = reading.need("W05")
    own = reading.ours("sales_order", reading.text(head, 2, "the depositor's order number"))
    number = head.get(3)
    customer = _customer(reading)
    links: tuple[tuple[Ref, Ref], ...] = ()
    relates: tuple[tuple[Ref, Ref], ...] = ()
    if number and customer:
        links = ((own, reading.partners("order", f"{customer}:{number}")),)
    elif number:
        relates = ((own, reading.partners("order", number)),)
    return reading.fact(
        Linked,
        reading.ours("link", head.get(2)),
        head,
        happened=reading.frame.moment,
        links=links,
        relates=relates,
        warehouse=warehouse(reading, ("WH", "SF")),
    )


def _customer(reading: Reading) -> str:
    known = reading.frame.system.options.get("customers")
    if not isinstance(known, Mapping):
        return ""
    for code in ("BY", "ST"):
        party = reading.party(reading.segments, (code,))
        if party is not None:
            for name in (party.get(4), party.get(2)):
                if name and name in known:
                    return str(known[name])
    return ""


def goods_received(reading: Reading) -> Fact:
    """944 from the warehouse."""
    head = reading.need("W17")
    number = reading.text(head, 3, "the warehouse receipt number")
    order = head.get(4) or reading.reference(("PO",))
    if not order:
        raise Unreadable("x12/order-missing", "W1704 (or N9*PO) does not say what was received for.", head, 4)
    happened, day = reading.happened(head, 2)
    cut = loops(reading.segments, "W07", ("W14",))
    given = [reading.reference(("LI",), body) for _, body in cut.lines]
    lines = []
    for name, line, (segment, _) in zip(line_names(given), given, cut.lines, strict=True):
        lines.append(
            Line(
                line=name,
                subject=reading.ours("purchase_order", order),
                item=reading.item([*pairs(segment, 4)[:2], ("UP", segment.get(3))]),
                order_line=line,
                quantity=reading.quantity(segment, 1, "the quantity received"),
                unit=segment.get(2) or "EA",
            )
        )
    return reading.fact(
        GoodsReceived,
        reading.partners("goods_receipt", number),
        head,
        happened=happened,
        day=day,
        lines=tuple(lines),
        warehouse=warehouse(reading, ("WH", "SF")),
    )


def stock_moved(reading: Reading) -> Fact:
    """947 from the warehouse: one line per W19, positive into stock, negative out of it."""
    head = reading.need("W15")
    happened, day = reading.happened(head, 1)
    number = reading.text(head, 2, "the adjustment number")
    place = warehouse(reading, ("WH", "SF")) or reading.frame.partner
    segments = reading.all("W19")
    lines = []
    data: dict[str, str] = {}
    for position, segment in enumerate(segments, 1):
        item = reading.item([*pairs(segment, 5)[:2], ("UP", segment.get(4))])
        data[f"line {position}"] = segment.get(1)
        lines.append(
            Line(
                line=str(position),
                subject=_position(segment, item, place),
                item=item,
                quantity=reading.quantity(segment, 2, "the quantity adjusted"),
                unit=segment.get(3) or "EA",
            )
        )
    return reading.fact(
        StockMoved,
        reading.partners("stock_movement", number),
        head,
        happened=happened,
        day=day,
        lines=tuple(lines),
        warehouse=place,
        data={key: value for key, value in data.items() if value},
    )


def stock_counted(reading: Reading) -> tuple[Fact, ...]:
    """846 from the warehouse: on-hand positions only, each a fact of its own, so that the next 846 replaces it and is never added to it."""
    head = reading.need("BIA")
    happened, day = reading.happened(head, 4, 5)
    number = reading.text(head, 3, "the document number")
    cut = loops(reading.segments, "LIN", ("CTT",))
    place = warehouse(reading, ("WH", "SF")) or reading.frame.partner
    revision = revision_time(happened, int(reading.frame.control or 0))
    found: dict[str, Fact] = {}
    for segment, body in cut.lines:
        item = reading.item(pairs(segment, 2))
        counted = next((each for each in body if each.name == "QTY" and each.get(1) == ON_HAND), None)
        if counted is None:
            continue
        position = _position(segment, item, place)
        if position in found:
            raise Unreadable("x12/position-twice", f"{item} stands twice: which of the two is on hand cannot be known.", segment)
        quantity = reading.quantity(counted, 2, "the quantity on hand")
        line = Line(line="1", subject=position, item=item, quantity=quantity, unit=counted.get(3) or "EA")
        own = reading.partners("stock_count", position.split("/", 2)[2])
        fact = reading.fact(StockCounted, own, segment, happened=happened, day=day, lines=(line,), warehouse=place, data={"count": number})
        found[position] = msgspec.structs.replace(fact, revision=revision)
    if not found:
        reason = "No QTY*17 (on hand): what is available or expected is no stock position."
        raise Unreadable("x12/no-position", reason, head)
    return tuple(found.values())


def _position(segment: Segment, item: str, place: str) -> Ref:
    if not item:
        raise Unreadable("x12/item-missing", "No product id says which item this is about.", segment)
    return ref("*", "stock", f"{item}@{place}")
