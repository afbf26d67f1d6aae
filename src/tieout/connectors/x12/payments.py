"""Remittances (820), received from customers and sent to vendors; a customer's is the payment itself, or only the advice of it."""

from collections.abc import Callable
from decimal import Decimal

from tieout.connectors.x12.reading import Reading, Unreadable
from tieout.core.facts import Fact, FactType, Line
from tieout.core.facts.payment import CashReceived, RemittanceAdvised, VendorPaid
from tieout.core.values import ZERO, Ref, plain
from tieout.formats.x12 import Segment

INVOICE = frozenset(("IV", "OI"))
"""RMR01: seller's invoice number, original invoice number."""


def cash_received(reading: Reading) -> Fact:
    """820 from a customer: what it paid on our invoices. Where the money travels apart it is the advice, and the trace joins both."""
    kind = RemittanceAdvised if reading.frame.has_money_apart else CashReceived
    return _paid(reading, kind, lambda number: reading.ours("invoice", number), reading.partners)


def vendor_paid(reading: Reading) -> Fact:
    """820 to a vendor: what we paid on its invoices."""
    return _paid(reading, VendorPaid, lambda number: reading.partners("vendor_invoice", number), reading.ours)


def _paid(reading: Reading, kind: FactType, invoice: Callable[[str], Ref], own: Callable[[str, str], Ref]) -> Fact:
    head = reading.need("BPR")
    trace = reading.need("TRN")
    number = reading.text(trace, 2, "the trace number")
    total = reading.quantity(head, 2, "the amount paid")
    happened, day = reading.happened(head, 16)
    paid = _remitted(reading, invoice)
    adjusted = _adjusted(reading, invoice)
    remitted = sum((line.value or ZERO for line in paid), ZERO)
    corrected = remitted + sum((line.value or ZERO for line in adjusted), ZERO)
    data = {"trace": number, "method": head.get(4), "foots": "yes"}
    if remitted != total and corrected != total:
        data |= {"foots": "no", "difference": plain(total - remitted)}
    lines = paid if remitted == total or corrected != total else paid + adjusted
    type_ = "vendor_payment" if kind is VendorPaid else "remittance"
    return reading.fact(
        kind,
        own(type_, f"{reading.frame.partner}:{number}" if kind is RemittanceAdvised else number),
        head,
        happened=happened,
        day=day,
        currency=reading.currency(),
        lines=tuple(lines),
        total=total,
        data={key: value for key, value in data.items() if value},
    )


def _remitted(reading: Reading, invoice: Callable[[str], Ref]) -> list[Line]:
    lines = []
    for position, segment in enumerate(reading.all("RMR"), 1):
        value = reading.quantity(segment, 4, "the amount paid")
        lines.append(Line(line=f"RMR{position}", subject=_subject(reading, segment, invoice), value=value))
    return lines


def _subject(reading: Reading, segment: Segment, invoice: Callable[[str], Ref]) -> Ref:
    if segment.get(1) not in INVOICE:
        reason = f"RMR01 is {segment.get(1)!r}: only payments on invoices (IV, OI) are read."
        raise Unreadable("remittance", reason, segment, 1)
    return invoice(reading.text(segment, 2, "the invoice number"))


def _adjusted(reading: Reading, invoice: Callable[[str], Ref]) -> list[Line]:
    """ADX as lines on the invoice they name or stand under; used only if the payment foots with them alone."""
    lines: list[Line] = []
    current: Ref | None = None
    for segment in reading.segments:
        if segment.name == "RMR":
            current = _subject(reading, segment, invoice)
        elif segment.name == "ADX":
            value: Decimal = reading.quantity(segment, 1, "the adjustment")
            named = segment.get(4) if segment.get(3) in INVOICE else ""
            subject = invoice(named) if named else current
            if subject is not None:
                lines.append(Line(line=f"ADX{len(lines) + 1}", subject=subject, value=value, charge="deduction"))
    return lines
