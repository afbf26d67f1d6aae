"""Purchase orders (850) and their acknowledgments (855), received from customers or sent to vendors and back."""

from decimal import Decimal

from tieout.connectors.edi_documents import line_names
from tieout.connectors.x12.prices import charges, extended, stated_tax
from tieout.connectors.x12.reading import Loops, Reading, Unreadable, check_count, loops, pairs
from tieout.core.facts import Fact, FactType, Line
from tieout.core.facts.order import OrderBooked, OrderPlaced
from tieout.core.facts.purchase import PurchaseAcknowledged, PurchaseOrdered
from tieout.core.values import ZERO, Ref, plain, tidy
from tieout.formats.x12 import Segment

CANCELLATION = "01"
AMENDING = frozenset((CANCELLATION, "04", "05"))
"""BEG01: the order is cancelled, changed, replaced."""
DUE = ("010", "038", "002", "063")
"""DTM: requested ship, ship not later than, requested delivery, do not deliver after. Shipping comes first."""
ACCEPTING = frozenset(("IA", "AA", "AC", "AR", "BP", "DR", "IC", "IE", "IP", "IQ", "IS", "SP"))
"""ACK01 codes that accept the quantity beside them; IB waits, IF and IH are on hold, ID, IR and R1 to R8 refuse."""
BOOKING = ACCEPTING | {"IB"}
"""Our own order book keeps a backordered quantity open."""
WITHOUT_CHANGE = frozenset(("AD", "AK", "AT"))
REFUSED = frozenset(("RD", "RJ"))
CODES = ACCEPTING | {"IB", "ID", "IF", "IH", "IR", "R1", "R2", "R3", "R4", "R5", "R6", "R7", "R8"}


def order_placed(reading: Reading) -> Fact:
    """850 from a customer."""
    head = reading.need("BEG")
    subject = reading.order(reading.text(head, 3, "the purchase order number"))
    cut = loops(reading.segments, "PO1", ("CTT",))
    return _ordered(reading, OrderPlaced, head, subject, cut, customer=customer_of(reading, cut.head), channel="edi")


def customer_of(reading: Reading, head: list[Segment]) -> str:
    """Name or number of the buyer."""
    buyer = reading.party(head, ("BY", "ST", "BT"))
    return (buyer.get(2) or buyer.get(4)) if buyer else ""


def purchase_ordered(reading: Reading) -> Fact:
    """850 to a vendor."""
    head = reading.need("BEG")
    subject = reading.ours("purchase_order", reading.text(head, 3, "the purchase order number"))
    return _ordered(reading, PurchaseOrdered, head, subject, loops(reading.segments, "PO1", ("CTT",)))


def _ordered(reading: Reading, kind: FactType, head: Segment, subject: Ref, cut: Loops, **stated: str) -> Fact:
    happened, day = reading.happened(head, 5)
    lines = _order_lines(reading, cut, subject)
    check_count(reading, len(cut.lines))
    return reading.fact(
        kind,
        subject,
        head,
        amends=head.get(1) in AMENDING,
        happened=happened,
        day=day,
        currency=reading.currency(),
        due=reading.date_of(cut.head, DUE),
        lines=tuple(lines),
        total=_total(reading),
        void=head.get(1) == CANCELLATION,
        data=stated_tax(reading, cut.head + cut.tail),
        **stated,
    )


def _order_lines(reading: Reading, cut: Loops, subject: Ref) -> list[Line]:
    lines = []
    names = line_names([segment.get(1) for segment, _ in cut.lines])
    for name, (segment, body) in zip(names, cut.lines, strict=True):
        quantity = reading.quantity(segment, 2, "the quantity ordered")
        unit = segment.get(3) or "EA"
        lines.append(
            Line(
                line=name,
                subject=subject,
                item=reading.item(pairs(segment, 6)),
                order_line=name,
                quantity=quantity,
                unit=unit,
                value=extended(reading, segment, quantity, unit),
                due=reading.date_of(body, DUE),
            )
        )
        lines += charges(reading, body, subject, f"{name}/")
    return lines + charges(reading, cut.head + cut.tail, subject)


def _total(reading: Reading) -> Decimal | None:
    for segment in reading.all("AMT"):
        if segment.get(1) == "TT":
            return reading.number(segment, 2)
    return None


def order_booked(reading: Reading) -> Fact:
    """855 to a customer: the sales order as we booked it, and the link to the customer's order."""
    head = reading.need("BAK")
    number = reading.text(head, 3, "the purchase order number")
    own = head.get(8) or reading.reference(("VN", "SO")) or number
    subject = reading.ours("sales_order", own)
    return _acknowledged(reading, OrderBooked, head, subject, subject, BOOKING, links=((subject, reading.order(number)),))


def purchase_acknowledged(reading: Reading) -> Fact:
    """855 from a vendor: what it accepts of our purchase order."""
    head = reading.need("BAK")
    number = reading.text(head, 3, "the purchase order number")
    subject = reading.ours("purchase_order", number)
    own = reading.partners("purchase_acknowledgment", number)
    return _acknowledged(reading, PurchaseAcknowledged, head, own, subject, ACCEPTING)


def _acknowledged(
    reading: Reading,
    kind: FactType,
    head: Segment,
    own: Ref,
    subject: Ref,
    counted: frozenset[str],
    links: tuple[tuple[Ref, Ref], ...] = (),
) -> Fact:
    happened, day = reading.happened(head, 9 if head.get(9) else 4)
    cut = loops(reading.segments, "PO1", ("CTT",))
    check_count(reading, len(cut.lines))
    lines: list[Line] = []
    data = {"acknowledgment": head.get(2)}
    names = line_names([segment.get(1) for segment, _ in cut.lines])
    for name, (segment, body) in zip(names, cut.lines, strict=True):
        lines.append(_answered(reading, name, segment, body, head.get(2), subject, counted, data))
        lines += charges(reading, body, subject, f"{name}/")
    lines += charges(reading, cut.head + cut.tail, subject)
    return reading.fact(
        kind,
        own,
        head,
        happened=happened,
        day=day,
        currency=reading.currency(),
        lines=tuple(lines),
        void=head.get(1) == CANCELLATION,
        links=links,
        data=data,
    )


def _answered(
    reading: Reading,
    name: str,
    segment: Segment,
    body: list[Segment],
    header: str,
    subject: Ref,
    counted: frozenset[str],
    data: dict[str, str],
) -> Line:
    """One line: the quantities of its ACK segments that count, or PO102 where the header accepts all without change."""
    unit = segment.get(3) or "EA"
    answers = [each for each in body if each.name == "ACK"]
    accepted, unit = _accepted(reading, answers, counted, unit)
    ordered = reading.number(segment, 2)
    if not answers and header in WITHOUT_CHANGE and ordered is not None:
        accepted = ordered
    if header in REFUSED:
        accepted = ZERO
    notes = [f"{each.get(1)} {each.get(2)}".strip() for each in answers if each.get(1) not in ("IA", "AC")]
    if notes:
        data[f"line {name}"] = ", ".join(notes[:20])
    said = sum((reading.number(each, 2) or ZERO for each in answers), ZERO)
    if answers and ordered is not None and said and said != ordered:
        data[f"line {name} differs"] = plain(said - ordered)
    return Line(
        line=name,
        subject=subject,
        item=reading.item(pairs(segment, 6)),
        order_line=name,
        quantity=accepted,
        unit=unit,
        value=extended(reading, segment, accepted, unit),
        due=reading.date_of(body, DUE),
    )


def _accepted(reading: Reading, answers: list[Segment], counted: frozenset[str], unit: str) -> tuple[Decimal, str]:
    accepted = ZERO
    units = {each.get(3) for each in answers if each.get(3)}
    for answer in answers:
        code = answer.get(1)
        if code not in CODES:
            raise Unreadable("code", f"ACK01 is {code!r}: this line status is not known.", answer, 1)
        if code in counted:
            accepted += reading.quantity(answer, 2, "the quantity acknowledged")
    if len(units) > 1:
        raise Unreadable("unit", "The ACK segments of one line are in different units.", answers[0], 3)
    return tidy(accepted), next(iter(units), unit)
