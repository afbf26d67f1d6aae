"""Changes of purchase orders (860), received from customers or sent to vendors: the whole order anew, or single lines of it.

An order that is changed line by line has to be kept line by line: with the option `order_changes = "by line"` an 850 gives
one fact per line, which an 860 restates. No change is ever added up, so the order of arrival does not matter.
"""

import msgspec

from tieout.connectors.edi_documents import by_line, line_names, of_line
from tieout.connectors.x12 import orders
from tieout.connectors.x12.orders import DUE, customer_of
from tieout.connectors.x12.prices import charges, extended
from tieout.connectors.x12.reading import Loops, Reading, Unreadable, check_count, loops, pairs
from tieout.core.facts import Fact, FactType, Line
from tieout.core.facts.order import OrderPlaced
from tieout.core.facts.purchase import PurchaseOrdered
from tieout.core.values import Ref
from tieout.formats.x12 import Segment

CANCELLED, CHANGED, REPLACED = "01", "04", "05"
"""BCH01: the order is cancelled, changed in the lines that follow, replaced by what follows."""
DELETED = frozenset(("DI",))
RESTATED = frozenset(("AI", "CA", "CT", "CF", "PC", "PQ", "PR", "RQ", "RZ", "NC"))
"""POC02 codes after which POC03 is the quantity ordered from now on."""
BY_HOW_MUCH = frozenset(("QD", "QI"))
"""Decrease and increase: some partners write the new quantity in POC03, others the difference."""


def order_placed(reading: Reading) -> tuple[Fact, ...]:
    """850 from a customer."""
    return _kept(reading, orders.order_placed(reading))


def purchase_ordered(reading: Reading) -> tuple[Fact, ...]:
    """850 to a vendor."""
    return _kept(reading, orders.purchase_ordered(reading))


def order_changed(reading: Reading) -> tuple[Fact, ...]:
    """860 from a customer."""
    head = reading.need("BCH")
    subject = reading.order(reading.text(head, 3, "the purchase order number"))
    customer = customer_of(reading, loops(reading.segments, "POC", ("CTT",)).head)
    return _changed(reading, OrderPlaced, head, subject, customer=customer, channel="edi")


def purchase_changed(reading: Reading) -> tuple[Fact, ...]:
    """860 to a vendor."""
    head = reading.need("BCH")
    subject = reading.ours("purchase_order", reading.text(head, 3, "the purchase order number"))
    return _changed(reading, PurchaseOrdered, head, subject)


def _kept(reading: Reading, whole: Fact) -> tuple[Fact, ...]:
    return by_line(whole) if reading.frame.has_line_changes else (whole,)


def _changed(reading: Reading, kind: FactType, head: Segment, subject: Ref, **stated: str) -> tuple[Fact, ...]:
    purpose = head.get(1)
    if purpose not in (CANCELLED, CHANGED, REPLACED):
        raise Unreadable("code", f"BCH01 is {purpose!r}: 01 (cancel), 04 (change) and 05 (replace) are read.", head, 1)
    cut = loops(reading.segments, "POC", ("CTT",))
    check_count(reading, len(cut.lines))
    if purpose != REPLACED and reading.frame.has_line_changes:
        return _line_by_line(reading, kind, head, subject, cut, stated)
    if purpose == CHANGED:
        reason = "BCH01 is 04: only the lines that change are named, but orders of this system are kept as a whole."
        raise Unreadable("line-change", reason, head, 1, 'Set the option `order_changes = "by line"` and replay the messages.')
    lines = [] if purpose == CANCELLED else _lines(reading, cut, subject)
    return _kept(reading, _fact(reading, kind, head, subject, lines, stated, void=purpose == CANCELLED))


def _line_by_line(reading: Reading, kind: FactType, head: Segment, subject: Ref, cut: Loops, stated: dict[str, str]) -> tuple[Fact, ...]:
    """One revision per named line; void where the line, or the order with it, is cancelled."""
    if not cut.lines:
        raise Unreadable("line-missing", "No POC says which lines change; orders of this system are kept by line.", head)
    base = _fact(reading, kind, head, subject, [], stated, void=False)
    found = []
    for segment, body in cut.lines:
        name = reading.text(segment, 1, "the line number of the order")
        is_void = head.get(1) == CANCELLED or segment.get(2) in DELETED
        lines = [] if is_void else [_line(reading, name, segment, body, subject), *charges(reading, body, subject, f"{name}/")]
        fact = msgspec.structs.replace(base, lines=tuple(lines), due=None if is_void else base.due, void=is_void)
        found.append(of_line(fact, name))
    return tuple(found)


def _fact(reading: Reading, kind: FactType, head: Segment, subject: Ref, lines: list[Line], stated: dict[str, str], *, void: bool) -> Fact:
    happened, day = reading.happened(head, 11 if head.get(11) else 6)
    due = None if void else reading.date_of(loops(reading.segments, "POC", ("CTT",)).head, DUE)
    data = {"change": head.get(5)} if head.get(5) else {}
    return reading.fact(
        kind,
        subject,
        head,
        amends=True,
        happened=happened,
        day=day,
        currency=reading.currency(),
        due=due,
        lines=tuple(lines),
        void=void,
        data=data,
        **stated,
    )


def _lines(reading: Reading, cut: Loops, subject: Ref) -> list[Line]:
    lines = []
    kept = [(segment, body) for segment, body in cut.lines if segment.get(2) not in DELETED]
    for name, (segment, body) in zip(line_names([segment.get(1) for segment, _ in kept]), kept, strict=True):
        lines.append(_line(reading, name, segment, body, subject))
        lines += charges(reading, body, subject, f"{name}/")
    return lines + charges(reading, cut.head + cut.tail, subject)


def _line(reading: Reading, name: str, segment: Segment, body: list[Segment], subject: Ref) -> Line:
    code = segment.get(2)
    if code in BY_HOW_MUCH and not reading.frame.has_new_quantities:
        reason = f"POC02 is {code}: it is not known whether POC03 is the new quantity or the difference."
        step = "Ask the partner; if it is the new quantity, set the option `changed_quantity` to `new` and replay the messages."
        raise Unreadable("changed-quantity", reason, segment, 3, step)
    if code not in RESTATED | BY_HOW_MUCH:
        raise Unreadable("code", f"POC02 is {code!r}: this kind of change is not known.", segment, 2)
    quantity = reading.quantity(segment, 3, "the quantity ordered")
    unit = segment.get(5) or "EA"
    return Line(
        line=name,
        subject=subject,
        item=reading.item(pairs(segment, 8)),
        order_line=name,
        quantity=quantity,
        unit=unit,
        value=extended(reading, segment, quantity, unit, price=6),
        due=reading.date_of(body, DUE),
    )
