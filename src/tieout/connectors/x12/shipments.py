"""Ship notices (856), received from vendors and sent to customers, and the warehouse's shipping advice (945)."""

from collections.abc import Callable, Iterable
from datetime import datetime

from tieout.connectors.asked import ships_for_us
from tieout.connectors.edi_documents import line_names
from tieout.connectors.x12.orders import CANCELLATION
from tieout.connectors.x12.reading import Reading, Unreadable, check_count, loops, pairs
from tieout.core.facts import Fact, FactType, Line
from tieout.core.facts.purchase import DropShipped, GoodsAnnounced
from tieout.core.facts.shipment import Shipped
from tieout.core.values import Ref
from tieout.formats.x12 import Fault, Level, Segment, read_levels

TRACKING = ("CN", "2I")
"""REF and N9: the carrier's reference number, tracking number."""
MARKS = ("GM", "CP", "UC", "AA")
"""MAN: SSCC-18, the carrier's package id, serial shipping codes."""
DELIVERY = ("017", "067", "002")
SHIPPED = ("011",)
DROP_SHIP = "DS"
PARCELS_MAX = 10_000


def goods_announced(reading: Reading) -> Fact:
    """856 from a vendor: on its way to us, or to our customer if the vendor ships for us or the order says so (PRF07)."""
    head = reading.need("BSN")
    frame = reading.frame
    direct = ships_for_us(frame.system, frame.partner) or any(segment.get(7) == DROP_SHIP for segment in reading.all("PRF"))
    kind = DropShipped if direct else GoodsAnnounced
    own = reading.partners("asn", reading.text(head, 2, "the shipment identification"))
    lines = _notice_lines(reading, lambda number: reading.ours("purchase_order", number))
    due = reading.date_of(reading.segments, DELIVERY)
    return _notice(reading, kind, own, lines, reading.happened(head, 3, 4), due)


def notice_shipped(reading: Reading) -> Fact:
    """856 to a customer."""
    head = reading.need("BSN")
    own = reading.ours("shipment", reading.text(head, 2, "the shipment identification"))
    when = reading.happened(head, 3, 4)
    for segment in reading.all("DTM"):
        if segment.get(1) in SHIPPED and segment.get(2):
            when = reading.happened(segment, 2, 3)
            break
    return _notice(reading, Shipped, own, _notice_lines(reading, reading.order), when, None)


def _notice(reading: Reading, kind: FactType, own: Ref, lines: list[Line], when: tuple[datetime, bool], due: datetime | None) -> Fact:
    head = reading.need("BSN")
    return reading.fact(
        kind,
        own,
        head,
        happened=when[0],
        day=when[1],
        due=due,
        lines=tuple(lines),
        parcels=parcels(reading.segments),
        void=head.get(1) == CANCELLATION,
        warehouse=warehouse(reading, ("SF", "SH")),
    )


def _notice_lines(reading: Reading, order: Callable[[str], Ref]) -> list[Line]:
    levels = read_levels(reading.segments)
    if isinstance(levels, Fault):
        segment = next(s for s in reading.segments if s.byte == levels.byte)
        raise Unreadable(levels.rule.removeprefix("x12/"), levels.reason, segment)
    items = [(level, each) for level in levels for each in level.segments if each.name == "SN1"]
    check_count(reading, len(items), {"HL segments": len(levels)})
    given = [segment.get(1) or _first(level, "LIN").get(1) for level, segment in items]
    stated = reading.all("PRF")
    only = stated[0].get(1) if len(stated) == 1 else ""
    lines = []
    for name, number, (level, segment) in zip(line_names(given), given, items, strict=True):
        lin = _first(level, "LIN")
        lines.append(
            Line(
                line=name,
                subject=order(_purchase_order(reading, level, segment, only)),
                item=reading.item(pairs(lin, 2)),
                order_line=number,
                quantity=reading.quantity(segment, 2, "the number of units shipped"),
                unit=segment.get(3) or "EA",
            )
        )
    return lines


def _first(level: Level, name: str) -> Segment:
    return next((segment for segment in level.segments if segment.name == name), Segment([name], level.hl.index, 0))


def _purchase_order(reading: Reading, level: Level, segment: Segment, only: str) -> str:
    """PRF01 of the order level above; one notice may be about many orders."""
    above = level.above("O") or level
    number = _first(above, "PRF").get(1) or reading.reference(("PO",), above.segments) or only
    if not number:
        raise Unreadable("order-missing", "No PRF01 says which purchase order this item belongs to.", segment)
    return number


def shipping_advice(reading: Reading) -> Fact:
    """945 from the warehouse."""
    head = reading.need("W06")
    order = reading.text(head, 2, "the depositor's order number")
    own = reading.partners("shipment", head.get(4) or order)
    happened, day = reading.happened(head, 3)
    cut = loops(reading.segments, "W12", ("W03",))
    given = _line_numbers(reading.segments)
    lines = []
    data: dict[str, str] = {}
    for name, number, (segment, _) in zip(line_names(given), given, cut.lines, strict=True):
        shipped = reading.quantity(segment, 3, "the number of units shipped")
        lines.append(
            Line(
                line=name,
                subject=reading.ours("sales_order", order),
                item=reading.item([(segment.get(7), segment.get(8)), ("UP", segment.get(6)), *pairs(segment, 17)[:1]]),
                order_line=number,
                quantity=shipped,
                unit=segment.get(5) or "EA",
            )
        )
        ordered = reading.number(segment, 2)
        if ordered is not None and ordered != shipped:
            data[f"line {name}"] = f"{segment.get(1)} {segment.get(3)} of {segment.get(2)}".strip()
    return reading.fact(
        Shipped,
        own,
        head,
        happened=happened,
        day=day,
        lines=tuple(lines),
        parcels=parcels(reading.segments),
        warehouse=warehouse(reading, ("SF", "WH")),
        data=data,
    )


def _line_numbers(segments: Iterable[Segment]) -> list[str]:
    """For each W12 the line number that its LX (or an N9*LI after it) gives; empty where several W12 share an LX."""
    numbers: list[str] = []
    current, used = "", False
    for segment in segments:
        if segment.name == "LX":
            current, used = segment.get(1), False
        elif segment.name == "W12":
            numbers.append("" if used else current)
            used = True
        elif segment.name == "N9" and segment.get(1) == "LI" and numbers:
            numbers[-1] = segment.get(2)
    return numbers


def parcels(segments: Iterable[Segment]) -> tuple[str, ...]:
    """Tracking and carton numbers, each once, in order."""
    found: dict[str, None] = {}
    for segment in segments:
        wanted = {"REF": TRACKING, "N9": TRACKING, "MAN": MARKS}.get(segment.name, ())
        if segment.get(1) in wanted and segment.get(2):
            found[segment.get(2)] = None
    return tuple(found)[:PARCELS_MAX]


def warehouse(reading: Reading, codes: tuple[str, ...]) -> str:
    """N104, or the name, of the party that ships or holds the goods."""
    party = reading.party(reading.segments, codes)
    return (party.get(4) or party.get(2)) if party else ""
