"""Invoices and credit memos (810), received from vendors and sent to customers."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal

from tieout.connectors.edi_documents import line_names
from tieout.connectors.footing import footing
from tieout.connectors.x12.prices import charges, extended
from tieout.connectors.x12.reading import Loops, Reading, check_count, loops, pairs
from tieout.core.facts import Fact, FactType, Line
from tieout.core.facts.invoice import CreditIssued, Invoiced, VendorCredited, VendorInvoiced
from tieout.core.values import Ref
from tieout.formats.x12 import Segment

CREDIT = frozenset(("CR", "CN"))
"""BIG07: credit memo, credit invoice."""
ORIGINAL = ("OI", "IV")
"""REF: the invoice that a credit is about."""
CANCELLATION = "01"
NET_DAYS_MAX = 3650


def vendor_invoiced(reading: Reading) -> Fact:
    """810 from a vendor."""
    head = reading.need("BIG")
    number = reading.text(head, 2, "the invoice number")
    credit = head.get(7) in CREDIT
    own = reading.partners("vendor_credit" if credit else "vendor_invoice", number)
    order = head.get(4) or reading.reference(("PO",), _head(reading))
    subject = reading.ours("purchase_order", order) if order else own
    original = reading.reference(ORIGINAL) if credit else ""
    data = {"against": str(reading.partners("vendor_invoice", original))} if original else {}
    kind = VendorCredited if credit else VendorInvoiced
    return _invoiced(reading, kind, head, own, subject, data, lambda number: reading.ours("purchase_order", number))


def invoiced(reading: Reading) -> Fact:
    """810 to a customer."""
    head = reading.need("BIG")
    number = reading.text(head, 2, "the invoice number")
    credit = head.get(7) in CREDIT
    own = reading.ours("credit_memo" if credit else "invoice", number)
    order = head.get(4) or reading.reference(("PO",), _head(reading))
    subject = reading.order(order) if order else own
    original = reading.reference(ORIGINAL) if credit else ""
    data = {"against": str(reading.ours("invoice", original))} if original else {}
    returned = reading.reference(("RZ",)) if credit else ""
    if returned:
        subject = reading.ours("return", returned)
    return _invoiced(reading, CreditIssued if credit else Invoiced, head, own, subject, data, reading.order)


def _invoiced(
    reading: Reading, kind: FactType, head: Segment, own: Ref, subject: Ref, data: dict[str, str], order: Callable[[str], Ref]
) -> Fact:
    happened, day = reading.happened(head, 1)
    currency = reading.currency()
    cut = loops(reading.segments, "IT1", ("TDS",))
    check_count(reading, len(cut.lines))
    total = _total(reading)
    lines, footed = footing(_lines(reading, cut, subject, order), total, currency)
    return reading.fact(
        kind,
        own,
        head,
        happened=happened,
        day=day,
        currency=currency,
        lines=lines,
        total=total,
        due=_due(reading, cut.head, happened),
        void=head.get(8) == CANCELLATION,
        data=data | footed,
    )


def _head(reading: Reading) -> list[Segment]:
    """What stands before the first line."""
    return loops(reading.segments, "IT1", ("TDS",)).head


def _total(reading: Reading) -> Decimal:
    segment = reading.need("TDS")
    reading.text(segment, 1, "the total of the invoice")
    total = reading.cents(segment, 1)
    return total if total is not None else Decimal(0)


def _lines(reading: Reading, cut: Loops, subject: Ref, order: Callable[[str], Ref]) -> list[Line]:
    """The lines and charges; an invoice for several orders names them line by line (REF*PO)."""
    lines = []
    names = line_names([segment.get(1) for segment, _ in cut.lines])
    for name, (segment, body) in zip(names, cut.lines, strict=True):
        quantity = reading.quantity(segment, 2, "the quantity invoiced")
        unit = segment.get(3) or "EA"
        number = reading.reference(("PO",), body)
        about = order(number) if number else subject
        lines.append(
            Line(
                line=name,
                subject=about,
                item=reading.item(pairs(segment, 6)),
                order_line=segment.get(1),
                quantity=quantity,
                unit=unit,
                value=extended(reading, segment, quantity, unit),
            )
        )
        lines += charges(reading, body, about, f"{name}/")
    return lines + charges(reading, cut.head + cut.tail, lines[0].subject if lines else subject)


def _due(reading: Reading, head: list[Segment], happened: datetime) -> datetime | None:
    """ITD06 (net due date), else ITD07 (net days) after the invoice date."""
    for segment in head:
        if segment.name == "ITD":
            if segment.get(6):
                return reading.deadline(segment, 6)
            days = reading.number(segment, 7)
            if days is not None and 0 <= days <= NET_DAYS_MAX:
                return happened + timedelta(days=int(days) + 1)
    return None
