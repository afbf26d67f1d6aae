"""Customer invoices as facts: what was invoiced, voided or credited, and the cash applied to it."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from tieout.connectors import System
from tieout.connectors.tryton.options import Options, key_in, unit_code
from tieout.connectors.tryton.orders import charge_of, customer_of, item_of, moment_of, revision_of
from tieout.connectors.tryton.record import InvoiceDocument, InvoiceLine, Origin
from tieout.core.facts import Fact, Line
from tieout.core.values import ZERO, Ref, day_end, exact, largest_remainder, minor_unit, plain, ref, tidy

POSTED = ("posted", "paid")


def invoice_facts(document: InvoiceDocument, system: System, options: Options) -> Iterator[Fact]:
    """What a numbered invoice states; a draft has no number and says nothing.

    A line of a return is credited (`CreditIssued`), a line that credits an invoice's line voids it (`InvoiceVoided`, rule
    28), every other is `Invoiced`. An invoice that is cancelled by a move of its own is a void revision; one that is
    cancelled by a credit note stays, because the credit note says the opposite.
    """
    invoice = document.record
    if not invoice.number or invoice.state not in (*POSTED, "cancelled"):
        return
    parts: dict[str, list[Line]] = {}
    against = ""
    for line in document.lines:
        if line.type != "line":
            continue
        kind, subject, credited = _meaning(line, document, system)
        against = against or credited
        parts.setdefault(kind, []).append(_line(line, subject, kind, document, options))
    kinds = [kind for kind in ("Invoiced", "InvoiceVoided", "CreditIssued") if kind in parts] or ["Invoiced"]
    for kind in kinds:
        yield _fact(kind, document, system, parts.get(kind, []), against, is_first=kind == kinds[0], is_only=len(kinds) == 1)
    yield from _payments(document, system)


def _meaning(line: InvoiceLine, document: InvoiceDocument, system: System) -> tuple[str, Ref, str]:
    """(kind of fact, the document the line stands for, the invoice it voids)."""
    sold = {origin.id: origin for origin in document.sold}
    number = document.record.number or ""
    model, id_ = _origin(line.origin)
    if model == "account.invoice.line" and (line.quantity or ZERO) < ZERO:
        credited = next((origin for origin in document.credited if origin.id == id_), Origin(id_))
        voided = ref(system.name, "invoice", credited.invoice.number) if credited.invoice and credited.invoice.number else ""
        model, id_ = _origin(credited.origin)
        origin = sold.get(id_) if model == "sale.line" else None
        return "InvoiceVoided", _sale(origin, system) or Ref(voided or ref(system.name, "invoice", number)), voided
    origin = sold.get(id_) if model == "sale.line" else None
    if origin is not None and (origin.quantity or ZERO) < ZERO:
        return "CreditIssued", ref(system.name, "return", origin.sale.number) if origin.sale and origin.sale.number else Ref(""), ""
    return "Invoiced", _sale(origin, system) or ref(system.name, "invoice", number), ""


def _origin(text: str | None) -> tuple[str, int]:
    model, _, id_ = (text or "").partition(",")
    return model, int(id_) if id_.isascii() and id_.isdigit() else -1


def _sale(origin: Origin | None, system: System) -> Ref | None:
    return ref(system.name, "sales_order", origin.sale.number) if origin and origin.sale and origin.sale.number else None


def _line(line: InvoiceLine, subject: Ref, kind: str, document: InvoiceDocument, options: Options) -> Line:
    sign = 1 if kind == "Invoiced" else -1
    model, id_ = _origin(line.origin)
    item = item_of(line.product, f"LINE-{id_ if model == 'sale.line' else line.id}")
    value = None if line.amount is None else tidy(sign * line.amount.number)
    charge = charge_of(item, options)
    if charge:
        return Line(str(line.id), subject, value=value, charge=charge)
    unit = unit_code(line.unit.symbol if line.unit else None, options)
    quantity = None if line.quantity is None else exact(sign * line.quantity)
    return Line(str(line.id), subject, item=item, quantity=quantity, unit=unit, value=value)


def _fact(kind: str, document: InvoiceDocument, system: System, lines: list[Line], against: str, *, is_first: bool, is_only: bool) -> Fact:
    """One part of the invoice; tax stands with the first, and is split over its sales by their net amounts.

    A credit note copies the description of the invoice that it credits: the command's key there is not its own.
    """
    invoice = document.record
    sign = 1 if kind == "Invoiced" else -1
    currency = (invoice.currency.code or "").upper()
    tax = tidy(sign * invoice.tax_amount.number) if is_first and invoice.tax_amount is not None else ZERO
    total = sum((line.value for line in lines if line.value is not None), tax)
    if is_only and invoice.total_amount is not None:
        total = sign * invoice.total_amount.number
    happened, day = moment_of(invoice.invoice_date, invoice, system)
    key = "" if document.credited else key_in(invoice.description)
    by_credit = invoice.cancel_move is not None and (invoice.cancel_move.origin or "").startswith("account.invoice,")
    data = {"command": key} if key else {}
    if kind == "InvoiceVoided" and against:
        data["against"] = against
    return Fact(
        kind=kind,
        system=system.name,
        type="invoice" if kind == "Invoiced" else "credit_memo",
        number=_number(invoice.number),
        scope="" if kind != "CreditIssued" or is_only else "return",
        happened=happened,
        day=day,
        revision=revision_of(invoice, *document.lines),
        currency=currency,
        lines=(*lines, *_tax(tax, lines, currency)),
        total=tidy(total),
        due=_due(document, system) if kind == "Invoiced" else None,
        void=invoice.state == "cancelled" and not by_credit,
        customer=customer_of(invoice.party),
        entity=system.entity,
        data=data,
    )


def _number(number: str | None) -> str:
    return " ".join((number or "").split()).upper()


def _tax(tax: Decimal, lines: list[Line], currency: str) -> Iterator[Line]:
    weights: dict[Ref, Fraction] = {}
    for line in lines:
        weights[line.subject] = weights.get(line.subject, Fraction(0)) + Fraction(line.value or ZERO)
    if not tax or not weights:
        return
    parts = largest_remainder(tax, [abs(weight) for weight in weights.values()], minor_unit(currency))
    for n, (subject, part) in enumerate(zip(weights, parts, strict=True), 1):
        if part:
            yield Line(f"tax-{n}", subject, value=tidy(part), charge="tax")


def _due(document: InvoiceDocument, system: System) -> datetime | None:
    days = [line.maturity_date.date for line in document.payments if line.id in document.record.lines_to_pay and line.maturity_date]
    return day_end(max(days), system.timezone) if days else None


def _payments(document: InvoiceDocument, system: System) -> Iterator[Fact]:
    """`CashApplied`: each line that pays the invoice is a receipt of its own; money that went back is negative."""
    invoice = document.record
    subject = ref(system.name, "invoice", _number(invoice.number))
    for line in document.payments:
        if line.id not in invoice.payment_lines:
            continue
        key = key_in(line.move.description if line.move else None)
        happened, day = moment_of(line.date, line, system)
        amount = tidy(line.credit.number - line.debit.number)
        yield Fact(
            kind="CashApplied",
            system=system.name,
            type="cash_receipt",
            number=str(line.id),
            happened=happened,
            day=day,
            revision=revision_of(line),
            currency=(invoice.currency.code or "").upper(),
            lines=(Line("1", subject, value=amount),),
            customer=customer_of(invoice.party),
            entity=system.entity,
            data={"invoice": _number(invoice.number), "amount": plain(amount), **({"command": key} if key else {})},
        )
