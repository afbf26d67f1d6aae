"""Invoices and credit notes (INVOIC), received from vendors and sent to customers."""

from datetime import datetime, timedelta
from decimal import Decimal

from tieout.connectors.edi_documents import line_names
from tieout.connectors.edifact import amounts
from tieout.connectors.edifact.despatch import order_line
from tieout.connectors.edifact.orders import CANCELLED
from tieout.connectors.edifact.reading import Parts, Reading, Unreadable, parts
from tieout.connectors.footing import footing
from tieout.core.facts import Fact, FactType, Line
from tieout.core.facts.invoice import CreditIssued, Invoiced, VendorCredited, VendorInvoiced
from tieout.core.values import Ref
from tieout.formats.edifact import Segment

CREDITS = frozenset(("381", "83", "308", "396"))
"""BGM, element 1: credit note, of goods and services, delcredere credit note, factored credit note."""
INVOICES = frozenset(("380", "383", "384", "385", "386", "389", "393", "82", "326"))
"""Commercial invoice, debit note, corrected, consolidated, prepayment, self-billed, factored, metered and partial invoice."""
BILLED = ("47", "12", "46", "1")
"""QTY: invoiced, else despatched, delivered."""
DATED = ("137", "3")
TOTAL = ("77", "39", "86", "9", "128")
"""MOA: invoice amount, invoice total, message total, amount due, total amount."""
ORIGINAL = ("IV", "OI", "DQ")
RETURN = ("ALQ", "RZ")
NET_DUE = ("13",)
DAYS_MAX = 3650


def vendor_invoiced(reading: Reading) -> Fact:
    """INVOIC from a vendor."""
    head, number = _head(reading)
    is_credit = head.get(1) in CREDITS
    own = reading.partners("vendor_credit" if is_credit else "vendor_invoice", number)
    cut = parts(reading, "LIN")
    original = reading.reference(ORIGINAL, cut.head) if is_credit else ""
    data = {"against": str(reading.partners("vendor_invoice", original))} if original else {}
    kind = VendorCredited if is_credit else VendorInvoiced
    return _invoiced(reading, kind, head, own, cut, _Subjects(reading, cut, own, sent=False), data)


def invoiced(reading: Reading) -> Fact:
    """INVOIC to a customer."""
    head, number = _head(reading)
    is_credit = head.get(1) in CREDITS
    own = reading.ours("credit_memo" if is_credit else "invoice", number)
    cut = parts(reading, "LIN")
    original = reading.reference(ORIGINAL, cut.head) if is_credit else ""
    data = {"against": str(reading.ours("invoice", original))} if original else {}
    returned = reading.reference(RETURN, cut.head) if is_credit else ""
    subjects = _Subjects(reading, cut, reading.ours("return", returned) if returned else own, sent=True, fixed=bool(returned))
    return _invoiced(reading, CreditIssued if is_credit else Invoiced, head, own, cut, subjects, data)


class _Subjects:
    """Which order each line is about: the one it names, else the one order of the document, else the invoice itself."""

    def __init__(self, reading: Reading, cut: Parts, own: Ref, *, sent: bool, fixed: bool = False) -> None:
        self.reading = reading
        self.sent = sent
        self.fixed = fixed
        numbers = reading.references("ON", cut.head) or reading.references("ON", (each for _, body in cut.lines for each in body))
        self.document = self.order(numbers[0]) if len(numbers) == 1 and not fixed else own

    def order(self, number: str) -> Ref:
        return self.reading.order(number) if self.sent else self.reading.ours("purchase_order", number)

    def of(self, body: list[Segment]) -> Ref:
        number = "" if self.fixed else self.reading.reference(("ON",), body)
        return self.order(number) if number else self.document


def _head(reading: Reading) -> tuple[Segment, str]:
    head = reading.need("BGM")
    if head.get(1) not in CREDITS | INVOICES:
        raise Unreadable("document", f"BGM, element 1, is {head.get(1)!r}: not an invoice or a credit note.", head, 1)
    return head, reading.text(head, 2, "the invoice number")


def _invoiced(reading: Reading, kind: FactType, head: Segment, own: Ref, cut: Parts, subjects: _Subjects, data: dict[str, str]) -> Fact:
    happened, day = reading.happened(DATED, cut.head)
    currency = reading.currency
    total = amounts.amount(reading, cut.tail, TOTAL)
    if total is None:
        raise Unreadable("total-missing", "No MOA+77 (nor 39, 86, 9 or 128) after UNS+S says what the invoice comes to.", head)
    lines, footed = footing(_lines(reading, cut, subjects), total, currency)
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
        void=head.get(3) == CANCELLED,
        data=data | footed,
    )


def _lines(reading: Reading, cut: Parts, subjects: _Subjects) -> list[Line]:
    lines = []
    for name, (segment, body) in zip(line_names([segment.get(1) for segment, _ in cut.lines]), cut.lines, strict=True):
        quantity, unit = reading.need_quantity(segment, body, BILLED)
        worth = amounts.worth(reading, body, quantity, unit)
        subject = subjects.of(body)
        lines.append(
            Line(
                line=name,
                subject=subject,
                item=reading.item(segment, body),
                order_line=order_line(segment, body),
                quantity=quantity,
                unit=unit,
                value=worth.value,
            )
        )
        lines += amounts.of_line(reading, name, body, subject, is_net=worth.is_net)
    head = amounts.of_document(reading, cut.head, subjects.document)
    return lines + head + amounts.of_document(reading, cut.tail, subjects.document, "S")


def _due(reading: Reading, head: list[Segment], happened: datetime) -> datetime | None:
    """DTM+13 (net due date), else the days after the invoice that PAT says."""
    stated = reading.deadline(NET_DUE, head)
    if stated is not None:
        return stated
    for segment in head:
        days: Decimal | None = reading.number(segment, 3, 4) if segment.name == "PAT" and segment.get(3, 3) == "D" else None
        if days is not None and 0 <= days <= DAYS_MAX and days == days.to_integral_value():
            return happened + timedelta(days=int(days) + 1)
    return None
