"""Despatch advice (DESADV), received from vendors and sent to customers."""

from collections.abc import Callable, Iterable

from tieout.connectors.asked import ships_for_us
from tieout.connectors.edi_documents import line_names
from tieout.connectors.edifact.orders import CANCELLED
from tieout.connectors.edifact.reading import Parts, Reading, Unreadable, parts
from tieout.core.facts import Fact, FactType, Line
from tieout.core.facts.purchase import DropShipped, GoodsAnnounced
from tieout.core.facts.shipment import Shipped
from tieout.core.values import Ref, normalise
from tieout.formats.edifact import Segment

DESPATCHED = ("12", "1")
LEFT = ("11", "137")
"""DTM: despatch, else the document's own date."""
ARRIVES = ("17", "69", "2", "63")
"""DTM: estimated, promised, requested and latest delivery."""
PACKAGES = frozenset(("BJ", "AW"))
"""GIN: serial shipping container code, serial package number."""
PARCELS_MAX = 10_000


def goods_announced(reading: Reading) -> Fact:
    """DESADV from a vendor: on its way to us, or to our customer if the vendor ships for us."""
    kind = DropShipped if ships_for_us(reading.frame.system, reading.frame.partner) else GoodsAnnounced
    own = reading.partners("asn", reading.text(reading.need("BGM"), 2, "the despatch advice's number"))
    cut = parts(reading, "LIN", ("CPS",))
    lines = _lines(reading, cut, lambda number: reading.ours("purchase_order", number))
    return _notice(reading, kind, own, cut, lines, ("137", "11"), ARRIVES)


def notice_shipped(reading: Reading) -> Fact:
    """DESADV to a customer."""
    own = reading.ours("shipment", reading.text(reading.need("BGM"), 2, "the despatch advice's number"))
    cut = parts(reading, "LIN", ("CPS",))
    return _notice(reading, Shipped, own, cut, _lines(reading, cut, reading.order), LEFT, ())


def _notice(reading: Reading, kind: FactType, own: Ref, cut: Parts, lines: list[Line], when: tuple[str, ...], due: tuple[str, ...]) -> Fact:
    head = reading.need("BGM")
    happened, day = reading.happened(when)
    origin = reading.party(("SF", "SH"), cut.head)
    return reading.fact(
        kind,
        own,
        head,
        happened=happened,
        day=day,
        due=reading.deadline(due, cut.head),
        lines=tuple(lines),
        parcels=parcels(reading.segments),
        void=head.get(3) == CANCELLED,
        warehouse=(origin.get(2) or origin.get(4)) if origin else "",
    )


def _lines(reading: Reading, cut: Parts, order: Callable[[str], Ref]) -> list[Line]:
    """One line per LIN; each belongs to the order that it names itself, else to the one order of the document."""
    only = reading.references("ON", cut.head)
    lines = []
    for name, (segment, body) in zip(line_names([segment.get(1) for segment, _ in cut.lines]), cut.lines, strict=True):
        quantity, unit = reading.need_quantity(segment, body, DESPATCHED)
        number = reading.reference(("ON",), body) or (only[0] if len(only) == 1 else "")
        if not number:
            raise Unreadable("order-missing", f"No RFF+ON says which order line {segment.get(1)} belongs to.", segment)
        lines.append(
            Line(
                line=name,
                subject=order(number),
                item=reading.item(segment, body),
                order_line=order_line(segment, body),
                quantity=quantity,
                unit=unit,
            )
        )
    return lines


def order_line(line: Segment, body: Iterable[Segment]) -> str:
    """The order's line number: beside the order in RFF+ON, else the line's own."""
    for segment in body:
        if segment.name == "RFF" and segment.get(1) == "ON" and segment.get(1, 3):
            return segment.get(1, 3)
    return line.get(1)


def parcels(segments: Iterable[Segment]) -> tuple[str, ...]:
    """Package and tracking numbers, each once, in order."""
    found: dict[str, None] = {}
    for segment in segments:
        if segment.name == "GIN" and segment.get(1) in PACKAGES:
            for element in segment.elements[1:]:
                found.update(dict.fromkeys(normalise(each) for each in element if each.strip()))
        elif segment.name == "RFF" and segment.get(1) == "CN" and segment.get(1, 2):
            found[normalise(segment.get(1, 2))] = None
    return tuple(found)[:PARCELS_MAX]
