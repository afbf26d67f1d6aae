"""A sale as facts: what was booked, what of it nobody will ship, and what a customer may send back."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

from tieout.connectors import System
from tieout.connectors.tryton.options import Options, cut_in, key_in, transaction, unit_code, warehouse_name
from tieout.connectors.tryton.record import Amendment, Coded, Day, Record, SaleDocument, SaleLine
from tieout.core.facts import Fact, Line, revision_time
from tieout.core.values import ZERO, Ref, day_start, exact, ref, round_money, tidy, times

BOOKED = frozenset(("confirmed", "processing", "done"))


def order_facts(document: SaleDocument, system: System, options: Options) -> Iterator[Fact]:
    """`OrderBooked` for what goes out, `ReturnAuthorised` for negative lines, `BookingCancelled` for what is taken out again.

    What our own amendments have cut stays booked and is cancelled by a fact of its own, which bears the command's key. Of what
    people amend nothing but the result is known: it is a revision of what was booked.

    A sale without a number is a draft that nobody has quoted yet: it says nothing. One that is no longer booked is a
    void revision. The identity is the record's id, because only that is left when a record is deleted.
    """
    sale = document.record
    if not sale.number:
        return
    goods = [line for line in document.lines if line.type == "line"]
    out = [line for line in goods if (line.quantity or ZERO) >= ZERO]
    back = [line for line in goods if (line.quantity or ZERO) < ZERO]
    key = _key(document)
    if out or not back:
        subject = ref(system.name, "sales_order", sale.number)
        cut = _all_cuts(document)
        lines = [_line(line, subject, sale.currency, options, cut=cut.get(line.id, ZERO)) for line in out]
        if sale.tax_amount is not None and sale.tax_amount.number:
            lines.append(Line("tax", subject, value=sale.tax_amount.number, charge="tax"))
        yield _fact("OrderBooked", "sale", document, system, options, subject, lines, transaction(key, sale.reference, options.orders))
        yield from _cancelled(document, system, options, subject)
        for amendment in document.amendments:
            yield from _cut(amendment, document, system, options, subject)
    if back:
        subject = ref(system.name, "return", sale.number)
        lines = [_line(line, subject, sale.currency, options, sign=-1) for line in back]
        yield _fact(
            "ReturnAuthorised", "return_sale", document, system, options, subject, lines, transaction(key, sale.reference, options.returns)
        )


def revision_of(*records: Record) -> str:
    """The last change of a record and of those that belong to it."""
    return revision_time(max(record.changed for record in records))


def moment_of(day: Day | None, record: Record, system: System) -> tuple[datetime, bool]:
    """When something happened, and whether that is known to the day only."""
    return (day_start(day.date, system.timezone), True) if day is not None else (record.create_date.utc, False)


def item_of(product: Coded | None, otherwise: str) -> str:
    """The product's code; a line without one keeps a name of its own and is not dropped."""
    if product is None:
        return otherwise
    return " ".join((product.code or "").split()) or f"PRODUCT-{product.id}"


def charge_of(item: str, options: Options) -> str:
    """The charge that a product code stands for; empty for goods."""
    return next((charge for charge, code in options.charges.items() if code == item), "")


def customer_of(party: Coded | None) -> str:
    """The party's code."""
    return "" if party is None else (party.code or f"PARTY-{party.id}")


def _key(document: SaleDocument) -> str:
    """The command that made the sale; a copy that somebody made of it keeps the description, but not the reference."""
    return key_in(document.record.description) if document.record.reference else ""


def _line(line: SaleLine, subject: Ref, currency: Coded, options: Options, sign: int = 1, cut: Decimal = ZERO) -> Line:
    item = item_of(line.product, f"LINE-{line.id}")
    charge = charge_of(item, options)
    value = None if line.amount is None else tidy(sign * line.amount.number)
    if charge:
        return Line(str(line.id), subject, value=value, charge=charge)
    quantity = None if line.quantity is None else exact(sign * line.quantity + cut)
    unit = unit_code(line.unit.symbol if line.unit else None, options)
    return Line(str(line.id), subject, item=item, quantity=quantity, unit=unit, value=_with(value, _worth(line, cut, currency)))


def _with(value: Decimal | None, more: Decimal | None) -> Decimal | None:
    return value if value is None or more is None else tidy(value + more)


def _worth(line: SaleLine, quantity: Decimal, currency: Coded) -> Decimal | None:
    """What a quantity of a line comes to at its price, rounded as Tryton rounds an amount."""
    return None if line.unit_price is None else round_money(times(line.unit_price.number, quantity), currency.code or "")


def _all_cuts(document: SaleDocument) -> dict[int, Decimal]:
    """What our amendments have taken out, by line."""
    found: dict[int, Decimal] = {}
    for amendment in document.amendments:
        for line, quantity in cut_in(amendment.description)[1].items():
            found[line] = found.get(line, ZERO) + quantity
    return found


def _cut(amendment: Amendment, document: SaleDocument, system: System, options: Options, subject: Ref) -> Iterator[Fact]:
    sale = document.record
    key, cuts = cut_in(amendment.description)
    lines = [
        Line(
            str(line.id),
            subject,
            item=item_of(line.product, f"LINE-{line.id}"),
            quantity=cuts[line.id],
            unit=unit_code(line.unit.symbol if line.unit else None, options),
            value=_with(ZERO, _worth(line, cuts[line.id], sale.currency)),
        )
        for line in document.lines
        if line.id in cuts
    ]
    if lines:
        yield Fact(
            kind="BookingCancelled",
            system=system.name,
            type="amendment",
            number=str(amendment.id),
            happened=amendment.create_date.utc,
            revision=revision_of(sale, amendment, *document.lines),
            currency=(sale.currency.code or "").upper(),
            lines=tuple(lines),
            void=sale.state not in BOOKED,
            customer=customer_of(sale.party),
            entity=system.entity,
            data={"command": key},
        )


def _fact(
    kind: str, type_: str, document: SaleDocument, system: System, options: Options, subject: Ref, lines: list[Line], belongs: Ref | None
) -> Fact:
    sale = document.record
    happened, day = moment_of(sale.sale_date, sale, system)
    key = _key(document)
    return Fact(
        kind=kind,
        system=system.name,
        type=type_,
        number=str(sale.id),
        happened=happened,
        day=day,
        revision=revision_of(sale, *document.lines, *document.ignored, *document.amendments),
        currency=(sale.currency.code or "").upper(),
        lines=tuple(lines),
        void=sale.state not in BOOKED,
        customer=customer_of(sale.party),
        warehouse=warehouse_name(sale.warehouse.code if sale.warehouse else None, options),
        entity=system.entity,
        links=((subject, belongs),) if belongs else (),
        data={"number": sale.number or "", **({"command": key} if key else {})},
    )


def _cancelled(document: SaleDocument, system: System, options: Options, subject: Ref) -> Iterator[Fact]:
    """Moves that were cancelled and are not to be made again: their share of the line is no longer booked."""
    sale = document.record
    ignored = {move.id: move for move in document.ignored}
    lines = []
    for line in document.lines:
        moves = [ignored[id_] for id_ in line.moves_ignored if id_ in ignored]
        quantity = exact(sum((move.quantity for move in moves), ZERO))
        if not moves or not line.quantity:
            continue
        value = None if line.amount is None else _share(line.amount.number, quantity, line.quantity, sale.currency.code or "")
        unit = unit_code(moves[0].unit.symbol if moves[0].unit else None, options)
        lines.append(Line(str(line.id), subject, item=item_of(line.product, f"LINE-{line.id}"), quantity=quantity, unit=unit, value=value))
    if lines:
        happened, day = moment_of(sale.sale_date, sale, system)
        yield Fact(
            kind="BookingCancelled",
            system=system.name,
            type="sale_cancellation",
            number=str(sale.id),
            happened=happened,
            day=day,
            revision=revision_of(sale, *document.lines, *document.ignored, *document.amendments),
            currency=(sale.currency.code or "").upper(),
            lines=tuple(lines),
            void=sale.state not in BOOKED,
            customer=customer_of(sale.party),
            entity=system.entity,
        )


def _share(amount: Decimal, part: Decimal, whole: Decimal, currency: str) -> Decimal:
    return tidy(amount if part == whole else round_money(times(amount, part) / whole, currency))
