"""Return merchandise authorizations (180) that we send to customers; what a customer asks for is no authorization yet."""

from tieout.connectors.edi_documents import line_names
from tieout.connectors.x12.orders import CANCELLATION
from tieout.connectors.x12.reading import Reading, Unreadable, loops, pairs
from tieout.core.facts import Fact, Line
from tieout.core.facts.return_ import ReturnAuthorised
from tieout.core.values import Ref

AUTHORIZATION = ("RZ",)
"""REF: the number of the return authorization."""


def return_authorised(reading: Reading) -> Fact:
    """180 to a customer: one line per BLI, and the order that the goods came from joins the view."""
    head = reading.need("BGN")
    number = reading.reference(AUTHORIZATION) or reading.text(head, 2, "the number of the return")
    subject = reading.ours("return", number)
    happened, day = reading.happened(head, 3, 4)
    cut = loops(reading.segments, "BLI", ("CTT",))
    if not cut.lines:
        raise Unreadable("segment-missing", "Segment BLI is missing: a 180 without items authorises nothing.", head)
    names = line_names(["" for _ in cut.lines])
    lines = tuple(
        Line(
            line=name,
            subject=subject,
            item=reading.item([*pairs(segment, 1)[:1], *pairs(segment, 8)]),
            quantity=reading.quantity(segment, 3, "the quantity to return"),
            unit=segment.get(4) or "EA",
        )
        for name, (segment, _) in zip(names, cut.lines, strict=True)
    )
    order = reading.reference(("PO",)) or next((each.get(1) for each in reading.all("PRF")), "")
    relates: tuple[tuple[Ref, Ref], ...] = ((subject, reading.order(order)),) if order else ()
    return reading.fact(
        ReturnAuthorised, subject, head, happened=happened, day=day, lines=lines, relates=relates, void=head.get(1) == CANCELLATION
    )
