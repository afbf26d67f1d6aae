"""Remittance advice (REMADV), received from customers and sent to vendors."""

from collections.abc import Callable
from decimal import Decimal

from tieout.connectors.edifact import amounts
from tieout.connectors.edifact.invoices import CREDITS, INVOICES, ORIGINAL
from tieout.connectors.edifact.orders import CANCELLED
from tieout.connectors.edifact.reading import Reading, Unreadable, parts
from tieout.core.facts import Fact, FactType, Line
from tieout.core.facts.payment import CashReceived, RemittanceAdvised, VendorPaid
from tieout.core.values import ZERO, Ref, plain, tidy
from tieout.formats.edifact import Segment

REMITTED = ("12", "9")
"""MOA: amount remitted, else amount due."""
TOTAL = ("12", "128", "9", "86")
PAID = ("138", "171", "209", "137")
"""DTM: payment, reference, value date, else the document's own."""
TRACE = ("PQ", "AEK", "TN")
"""RFF: payment reference, payment order number, transaction reference."""
Name = Callable[[str, bool], Ref]
"""The reference of a document by its number, and whether it is a credit note."""


def cash_received(reading: Reading) -> Fact:
    """REMADV from a customer: what it paid on our invoices. Where the money travels apart it is the advice, joined by its reference."""
    kind = RemittanceAdvised if reading.frame.has_money_apart else CashReceived
    return _paid(reading, kind, lambda number, credit: reading.ours("credit_memo" if credit else "invoice", number))


def vendor_paid(reading: Reading) -> Fact:
    """REMADV to a vendor: what we paid on its invoices."""
    return _paid(reading, VendorPaid, lambda number, credit: reading.partners("vendor_credit" if credit else "vendor_invoice", number))


def _paid(reading: Reading, kind: FactType, name: Name) -> Fact:
    head = reading.need("BGM")
    cut = parts(reading, "DOC")
    number = reading.reference(TRACE, cut.head) or reading.text(head, 2, "the remittance advice's number")
    happened, day = reading.happened(PAID, cut.head)
    total = amounts.amount(reading, cut.tail, TOTAL)
    if total is None:
        total = amounts.amount(reading, cut.head, TOTAL)
    if total is None:
        raise Unreadable("total-missing", "No MOA+12 (nor 128, 9 or 86) says what was paid.", head)
    lines, remitted = _remitted(reading, cut.lines, total, name)
    data = {"trace": number, "foots": "yes" if remitted == total else "no"}
    if remitted != total:
        data["difference"] = plain(total - remitted)
    own = reading.ours("vendor_payment", number) if kind is VendorPaid else reading.partners("remittance", number)
    if kind is RemittanceAdvised:
        own = reading.partners("remittance", f"{reading.frame.partner}:{number}")
    return reading.fact(
        kind,
        own,
        head,
        happened=happened,
        day=day,
        currency=reading.currency,
        lines=tuple(lines),
        total=total,
        void=head.get(3) == CANCELLED,
        data=data,
    )


def _remitted(reading: Reading, documents: list[tuple[Segment, list[Segment]]], total: Decimal, name: Name) -> tuple[list[Line], Decimal]:
    """A line per document. Some partners write a credit note's amount with a minus, others without: the sum tells which."""
    lines, credits = [], []
    for position, (segment, body) in enumerate(documents, 1):
        code = segment.get(1)
        if code not in CREDITS | INVOICES:
            raise Unreadable("remittance", f"DOC, element 1, is {code!r}: only invoices and credit notes are read.", segment, 1)
        value = amounts.amount(reading, body, REMITTED)
        if value is None:
            raise Unreadable("element-missing", f"DOC {segment.get(2)} has no MOA+12 that says what was remitted.", segment)
        is_credit = code in CREDITS
        credits.append(is_credit)
        lines.append(Line(line=f"DOC{position}", subject=_subject(reading, segment, body, name, is_credit=is_credit), value=value))
    deducted = [_minus(line) if credit else line for line, credit in zip(lines, credits, strict=True)]
    for chosen in (deducted, lines):
        if _sum(chosen) == total:
            return chosen, total
    return deducted, _sum(deducted)


def _subject(reading: Reading, segment: Segment, body: list[Segment], name: Name, *, is_credit: bool) -> Ref:
    """The invoice that is paid; for a credit note the invoice it is about, where that is stated."""
    number = reading.text(segment, 2, "the document's number")
    original = reading.reference(ORIGINAL, body) if is_credit else ""
    return name(original, False) if original else name(number, is_credit)


def _minus(line: Line) -> Line:
    value = line.value or ZERO
    return Line(line=line.line, subject=line.subject, value=-abs(value) if value else value)


def _sum(lines: list[Line]) -> Decimal:
    return tidy(sum((line.value or ZERO for line in lines), ZERO))
