"""Purchase orders (ORDERS), their changes (ORDCHG) and responses (ORDRSP), received from customers or sent to vendors and back."""

from decimal import Decimal

import msgspec

from tieout.connectors.edi_documents import by_line, line_names, of_line
from tieout.connectors.edifact import amounts
from tieout.connectors.edifact.reading import Parts, Reading, Unreadable, parts
from tieout.core.facts import Fact, FactType, Line
from tieout.core.facts.order import OrderBooked, OrderPlaced
from tieout.core.facts.purchase import PurchaseAcknowledged, PurchaseOrdered
from tieout.core.values import ZERO, Ref, tidy
from tieout.formats.edifact import Segment

CANCELLED, CHANGED, REPLACED = "1", "4", "5"
"""BGM, element 3: message function."""
AMENDING = frozenset((CANCELLED, CHANGED, REPLACED))
STATED = frozenset(("", "9", "5", "4", "6", "7", "31", "35", "43", CANCELLED))
"""Functions of an ORDERS that says the whole order: original, replace, change, confirmation, duplicate, copy, retransmission."""
ORDERED = ("21", "1")
DUE = ("10", "38", "2", "63", "69", "76")
"""DTM: requested despatch, despatch not later than, requested delivery, latest delivery, promised and scheduled delivery. Shipping first."""
TOTAL = ("86", "128", "77", "79")
DELETED = "2"
ADDED_OR_CHANGED = frozenset(("1", "3"))
UNCHANGED = "4"
REFUSED = "27"
"""BGM of ORDRSP: not accepted."""
REFUSED_LINES = frozenset(("2", "7", "10"))
ANSWERS = frozenset(("", "1", "2", "3", "4", "5", "6", "7", "10", "24"))
"""LIN, element 2, of ORDRSP: added, deleted, changed, no action, accepted, accepted with amendment, not accepted, not found."""
PROMISED = ("113", "12", "21", "1")
"""QTY of ORDRSP: to be delivered, despatched, else what is repeated as ordered."""
BACKORDERED = ("83",)


def order_placed(reading: Reading) -> tuple[Fact, ...]:
    """ORDERS from a customer."""
    head = reading.need("BGM")
    cut = parts(reading, "LIN")
    subject = reading.order(_number(reading, head))
    return _whole(reading, OrderPlaced, head, subject, cut, customer=_customer(reading, cut), channel="edi")


def purchase_ordered(reading: Reading) -> tuple[Fact, ...]:
    """ORDERS to a vendor."""
    head = reading.need("BGM")
    return _whole(reading, PurchaseOrdered, head, reading.ours("purchase_order", _number(reading, head)), parts(reading, "LIN"))


def order_changed(reading: Reading) -> tuple[Fact, ...]:
    """ORDCHG from a customer."""
    cut = parts(reading, "LIN")
    return _changed(reading, OrderPlaced, reading.order(order_number(reading)), cut, customer=_customer(reading, cut), channel="edi")


def purchase_changed(reading: Reading) -> tuple[Fact, ...]:
    """ORDCHG to a vendor."""
    return _changed(reading, PurchaseOrdered, reading.ours("purchase_order", order_number(reading)), parts(reading, "LIN"))


def order_booked(reading: Reading) -> Fact:
    """ORDRSP to a customer: the sales order as we booked it, and the link to the customer's order."""
    head = reading.need("BGM")
    own = reading.reference(("VN",), parts(reading, "LIN").head) or _number(reading, head)
    subject = reading.ours("sales_order", own)
    links = ((subject, reading.order(order_number(reading))),)
    return _answered(reading, OrderBooked, subject, subject, BACKORDERED, links)


def purchase_acknowledged(reading: Reading) -> Fact:
    """ORDRSP from a vendor: what it accepts of our purchase order."""
    number = order_number(reading)
    own = reading.partners("purchase_acknowledgment", number)
    return _answered(reading, PurchaseAcknowledged, own, reading.ours("purchase_order", number), (), ())


def _whole(reading: Reading, kind: FactType, head: Segment, subject: Ref, cut: Parts, **stated: str) -> tuple[Fact, ...]:
    function = head.get(3)
    if function not in STATED:
        reason = f"BGM, element 3, is {function!r}: not a function in which an order is placed, changed, repeated or cancelled."
        raise Unreadable("function", reason, head, 3)
    lines = _lines(reading, cut, subject)
    void, amends = function == CANCELLED, function in AMENDING
    return _kept(reading, _fact(reading, kind, head, subject, cut, lines, stated, void=void, amends=amends))


def _changed(reading: Reading, kind: FactType, subject: Ref, cut: Parts, **stated: str) -> tuple[Fact, ...]:
    head = reading.need("BGM")
    function = head.get(3) or CHANGED
    if function not in (CANCELLED, CHANGED, REPLACED):
        raise Unreadable("function", f"BGM, element 3, is {function!r}: 1 (cancel), 4 (change) and 5 (replace) are read.", head, 3)
    if function != REPLACED and reading.frame.has_line_changes:
        return _line_by_line(reading, kind, head, subject, cut, stated)
    if function == CHANGED:
        reason = "The message changes single lines, but orders of this system are kept as a whole."
        raise Unreadable("line-change", reason, head, 3, 'Set the option `order_changes = "by line"` and replay the messages.')
    lines = [] if function == CANCELLED else _lines(reading, cut, subject)
    return _kept(reading, _fact(reading, kind, head, subject, cut, lines, stated, void=function == CANCELLED, amends=True))


def _line_by_line(reading: Reading, kind: FactType, head: Segment, subject: Ref, cut: Parts, stated: dict[str, str]) -> tuple[Fact, ...]:
    """One revision per named line; void where the line, or the order with it, is cancelled."""
    if not cut.lines:
        raise Unreadable("line-missing", "No LIN says which lines change; orders of this system are kept by line.", head)
    base = _fact(reading, kind, head, subject, cut, [], stated, void=False, amends=True)
    found = []
    for segment, body in cut.lines:
        name, action = reading.text(segment, 1, "the line number of the order"), segment.get(2)
        is_void = head.get(3) == CANCELLED or action == DELETED
        if action == UNCHANGED and not is_void:
            continue
        if action not in ADDED_OR_CHANGED and not is_void:
            raise Unreadable("code", f"LIN, element 2, is {action!r}: this kind of change is not known.", segment, 2)
        lines = [] if is_void else _line(reading, name, segment, body, subject)
        fact = msgspec.structs.replace(base, lines=tuple(lines), due=None if is_void else base.due, total=None, void=is_void)
        found.append(of_line(fact, name))
    return tuple(found)


def _kept(reading: Reading, whole: Fact) -> tuple[Fact, ...]:
    return by_line(whole) if reading.frame.has_line_changes else (whole,)


def _fact(
    reading: Reading,
    kind: FactType,
    head: Segment,
    subject: Ref,
    cut: Parts,
    lines: list[Line],
    stated: dict[str, str],
    *,
    void: bool,
    amends: bool,
) -> Fact:
    happened, day = reading.happened()
    return reading.fact(
        kind,
        subject,
        head,
        amends=amends,
        happened=happened,
        day=day,
        currency=reading.currency,
        due=None if void else reading.deadline(DUE, cut.head),
        lines=tuple(lines),
        total=None if void else amounts.amount(reading, cut.tail, TOTAL),
        void=void,
        **stated,
    )


def _lines(reading: Reading, cut: Parts, subject: Ref) -> list[Line]:
    kept = [(segment, body) for segment, body in cut.lines if segment.get(2) != DELETED]
    lines = []
    for name, (segment, body) in zip(line_names([segment.get(1) for segment, _ in kept]), kept, strict=True):
        lines += _line(reading, name, segment, body, subject)
    return lines + amounts.of_document(reading, cut.head, subject) + amounts.of_document(reading, cut.tail, subject, "S")


def _line(reading: Reading, name: str, segment: Segment, body: list[Segment], subject: Ref) -> list[Line]:
    quantity, unit = reading.need_quantity(segment, body, ORDERED)
    worth = amounts.worth(reading, body, quantity, unit)
    line = Line(
        line=name,
        subject=subject,
        item=reading.item(segment, body),
        order_line=name,
        quantity=quantity,
        unit=unit,
        value=worth.value,
        due=reading.deadline(DUE, body),
    )
    return [line, *amounts.of_line(reading, name, body, subject, is_net=worth.is_net)]


def _answered(reading: Reading, kind: FactType, own: Ref, subject: Ref, counted: tuple[str, ...], links: tuple[tuple[Ref, Ref], ...]) -> Fact:
    head = reading.need("BGM")
    cut = parts(reading, "LIN")
    happened, day = reading.happened()
    data = {"response": head.get(3)} if head.get(3) else {}
    lines: list[Line] = []
    for name, (segment, body) in zip(line_names([segment.get(1) for segment, _ in cut.lines]), cut.lines, strict=True):
        action = segment.get(2)
        if action not in ANSWERS:
            raise Unreadable("code", f"LIN, element 2, is {action!r}: this answer is not known.", segment, 2)
        accepted, unit = _accepted(reading, segment, body, counted)
        if head.get(3) == REFUSED or action in REFUSED_LINES:
            accepted = ZERO
        if action not in ("", "5"):
            data[f"line {name}"] = action
        worth = amounts.worth(reading, [each for each in body if each.name != "MOA"], accepted, unit)
        line = Line(
            line=name,
            subject=subject,
            item=reading.item(segment, body),
            order_line=name,
            quantity=accepted,
            unit=unit,
            value=worth.value,
            due=reading.deadline(DUE, body),
        )
        lines += [line, *amounts.of_line(reading, name, body, subject, is_net=worth.is_net)]
    return reading.fact(
        kind,
        own,
        head,
        happened=happened,
        day=day,
        currency=reading.currency,
        lines=tuple(lines + amounts.of_document(reading, cut.head, subject)),
        void=head.get(3) == CANCELLED,
        links=links,
        data=data,
    )


def _accepted(reading: Reading, segment: Segment, body: list[Segment], counted: tuple[str, ...]) -> tuple[Decimal, str]:
    """What is promised; our own order book keeps a backordered quantity open."""
    promised, unit = reading.need_quantity(segment, body, PROMISED)
    waiting = reading.quantity(body, counted) if reading.quantity(body, PROMISED[:2]) is not None else None
    if waiting is None:
        return promised, unit
    if waiting[1] != unit:
        raise Unreadable("unit", "The quantities of one line are in different units.", waiting[2], 1)
    return tidy(promised + waiting[0]), unit


def _number(reading: Reading, head: Segment) -> str:
    return reading.text(head, 2, "the document's number")


def order_number(reading: Reading) -> str:
    """RFF+ON of the head: which order is meant."""
    number = reading.reference(("ON",), parts(reading, "LIN").head)
    if not number:
        raise Unreadable("order-missing", "No RFF+ON before the lines says which order is meant.", reading.need("BGM"))
    return number


def _customer(reading: Reading, cut: Parts) -> str:
    """Name or number of the buyer."""
    buyer = reading.party(("BY", "DP", "IV"), cut.head)
    return (buyer.get(4) or buyer.get(2)) if buyer else ""
