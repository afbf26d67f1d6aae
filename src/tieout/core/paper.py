"""Papers: what a document to a customer or partner says, drawn from the statements it is about. Pure; a connector gives it its form."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal, Inexact
from fractions import Fraction

import msgspec

from tieout.core.account import Posting
from tieout.core.act import ANSWERS, Act
from tieout.core.command import Command
from tieout.core.facts import Fact, Line
from tieout.core.ground import Ground, Paper
from tieout.core.values import EXACT, ZERO, Ref, exact, ref_parts

ORDERED = "TBK"
"""The account on which orders stand against their bookings."""
PRICE_STEP = Decimal("0.000000001")
"""Unit prices are stated with so many decimals where the amount by the quantity has more."""
CARRIED = ("carrier",)
"""What a shipment's own data says that its notice says too; besides packs."""
REPEATED = "ship_to"
"""What of an order's data is repeated: what begins so."""
ABOUT = "about"
"""The `data` of a paper that names the document of ours it is about, where its own number does not."""
RECEIVED, ANSWERED, FULFILLED = "GroupReceived", "GroupAnswered", "Fulfilled"


def written(ground: Ground, command: Command) -> Command:
    """The command with what its document says; as it is, where what is owed is no document."""
    if command.act is Act.CONFIRM_FULFILMENT:
        return _fulfilled(ground, command)
    if command.act not in ANSWERS:
        return command
    if command.act is Act.ACKNOWLEDGE_GROUP:
        lines = tuple(msgspec.structs.replace(line, quantity=Decimal(1)) for line in command.lines)
        return msgspec.structs.replace(command, lines=lines, data=_verdict(ground.standing.book))
    (owed,) = command.lines
    papers = ground.standing.papers
    about = next((paper for paper in papers if paper.fact.number == owed.line and paper.fact.kind not in PLACED), None)
    if about is None:
        return command
    placed = [paper for paper in papers if paper.fact.kind in PLACED and paper.fact.system == command.system]
    say = {Act.ACKNOWLEDGE_ORDER: _booked, Act.ANNOUNCE_SHIPMENT: _shipped, Act.SEND_INVOICE: _invoiced}[command.act]
    return say(ground, command, about, placed)


PLACED = frozenset(("OrderPlaced",))
SUBJECTS = {
    Act.ACKNOWLEDGE_ORDER: frozenset(("OrderPlaced", "OrderBooked")),
    Act.ANNOUNCE_SHIPMENT: frozenset(("OrderPlaced", "Shipped", "DropShipped")),
    Act.SEND_INVOICE: frozenset(("OrderPlaced", "Invoiced")),
    Act.CONFIRM_FULFILMENT: frozenset(("OrderPlaced", "Shipped", "DropShipped", "Fulfilled")),
}
"""The kinds of statements that each document is drawn from."""


def _booked(ground: Ground, command: Command, about: Paper, placed: Sequence[Paper]) -> Command:
    """The customer's own lines, each with what became of it: accepted as far as it is booked and not cancelled since, else refused."""
    found = ground.standing.found
    disputed = {item.key for item in ground.standing.items if item.account == ORDERED and (item.price or item.quantity == ZERO)}
    lines: list[Line] = []
    data = {"sales_order": about.fact.number} | _of_order(placed)
    left: dict[tuple[str, str], Fraction] = {}
    for line in (line for paper in placed for line in paper.fact.lines):
        key = next((key for key in (line.order_line, line.line, line.item) if (ORDERED, key) in found.by_pair), "")
        if line.charge:
            lines += [line] if line.charge not in disputed else []
        elif line.quantity is None or not key:
            lines.append(line)
        else:
            same = [other for paper in placed for other in paper.fact.lines if other.unit == line.unit and _is_same(other, line, key)]
            stated = sum((Fraction(other.quantity or 0) for other in same), Fraction(0))
            rest = left.setdefault((key, line.unit), stated * _share(ground, key))
            taken = min(rest, Fraction(line.quantity))
            left[key, line.unit] = rest - taken
            lines.append(_answered(line, taken, data, with_price=key not in disputed))
    return _filled(command, lines, data, next((paper.fact.currency for paper in placed), command.currency))


def _is_same(other: Line, line: Line, key: str) -> bool:
    return not other.charge and (other == line or (key == line.item and other.item == line.item))


def _share(ground: Ground, key: str) -> Fraction:
    """How much of what was ordered is booked and stands, at most all of it."""
    sums: dict[str, Fraction] = defaultdict(Fraction)
    for entry in ground.standing.found.by_pair[ORDERED, key]:
        sums[entry.kind] += Fraction(entry.quantity or 0)
    ordered, booked = sums["OrderPlaced"], sums["OrderBooked"] - sums["BookingCancelled"]
    return min(max(booked, Fraction(0)) / ordered, Fraction(1)) if ordered > 0 else Fraction(1)


def _answered(line: Line, taken: Fraction, data: dict[str, str], *, with_price: bool) -> Line:
    """A line of which so much is accepted; without its price if that is not what was booked, or if the part has no exact amount."""
    assert line.quantity is not None
    value = line.value if with_price else None
    if taken == Fraction(line.quantity):
        return msgspec.structs.replace(line, value=value)
    quantity = _decimal(taken) or ZERO
    refused = EXACT.subtract(line.quantity, quantity)
    data[f"line {line.order_line or line.line}"] = f"IA {quantity:f}, IR {refused:f}" if quantity else f"IR {refused:f}"
    worth = None if value is None else _decimal(Fraction(value) * taken / Fraction(line.quantity))
    return msgspec.structs.replace(line, quantity=quantity, value=worth)


def _decimal(number: Fraction) -> Decimal | None:
    """The exact decimal, if there is one that we keep."""
    try:
        return exact(EXACT.divide(Decimal(number.numerator), Decimal(number.denominator)))
    except (ArithmeticError, ValueError):
        return None


def _shipped(ground: Ground, command: Command, about: Paper, placed: Sequence[Paper]) -> Command:
    """What was shipped, by the customer's own line numbers where the item tells them, with the parcels and where it went."""
    fact = about.fact
    data = {name: said for name, said in fact.data.items() if name in CARRIED or name.startswith("pack ")}
    data |= {"shipment": fact.number.rsplit(":", 1)[-1], "tracking": ",".join(fact.parcels)}
    data |= {} if fact.day else {"shipped": fact.happened.isoformat()}
    lines = _theirs(ground, (line for line in fact.lines if line.quantity), placed)
    filled = _filled(command, lines, data | _of_order(placed), "")
    return msgspec.structs.replace(filled, warehouse=fact.warehouse)


def _fulfilled(ground: Ground, command: Command) -> Command:
    """What the shop is told: the owed pieces on the shop's own order lines, and the parcels that it does not know yet."""
    papers = [paper.fact for paper in ground.standing.papers]
    placed = [fact for fact in papers if fact.kind in PLACED and fact.system == command.system]
    told = [fact for fact in papers if fact.kind == FULFILLED]
    shipped = [fact for fact in papers if fact.kind not in PLACED and fact.kind != FULFILLED]
    known = {parcel for fact in told for parcel in fact.parcels}
    unknown = [fact for fact in shipped if not known.issuperset(fact.parcels) or not fact.parcels]
    data = {name: said for fact in unknown for name, said in fact.data.items() if name in CARRIED}
    data["tracking"] = ",".join(dict.fromkeys(parcel for fact in unknown for parcel in fact.parcels if parcel not in known))
    data["shipment"] = ",".join(fact.number.rsplit(":", 1)[-1] for fact in unknown)
    done: dict[str, Decimal] = defaultdict(Decimal)
    for line in (line for fact in told for line in fact.lines):
        done[line.order_line] += line.quantity or ZERO
    lines = [part for line in command.lines for part in _on_order_lines(line, placed, done)]
    return _filled(command, lines, data, command.currency)


def _on_order_lines(line: Line, placed: Sequence[Fact], done: Mapping[str, Decimal]) -> list[Line]:
    """Owed pieces of an item, spread over the order lines that want it, in their order; what no line wants stands on the last."""
    wanted = [each for fact in placed for each in fact.lines if not each.charge and line.line in (each.order_line, each.line, each.item)]
    left, made = line.quantity or ZERO, list[Line]()
    for n, each in enumerate(wanted, 1):
        number = each.order_line or each.line
        rest = left if n == len(wanted) else min(left, max((each.quantity or ZERO) - done.get(number, ZERO), ZERO))
        if rest:
            made.append(msgspec.structs.replace(line, order_line=number, quantity=rest))
            left -= rest
    return made or [line]


def _invoiced(ground: Ground, command: Command, about: Paper, placed: Sequence[Paper]) -> Command:
    """The ERP's invoice, line by line and to the cent."""
    fact = about.fact
    data = {"invoice": fact.number, "invoice_date": about.day, "due": about.due} | _of_order(placed)
    lines = _theirs(ground, fact.lines, placed)
    for position, line in enumerate((line for line in lines if not line.charge), 1):
        price = _price(line)
        if price is not None:
            data[f"price {line.order_line or position}"] = f"{price:f}"
    return msgspec.structs.replace(_filled(command, lines, data, fact.currency), total=fact.total)


def _price(line: Line) -> Decimal | None:
    """The unit price to nine decimals where amount by quantity has no end before that; None where it has."""
    if line.value is None or not line.quantity:
        return None
    try:
        price = EXACT.divide(line.value, line.quantity).normalize(EXACT)
        if isinstance(exponent := price.as_tuple().exponent, int) and exponent >= -9:
            return None
    except Inexact:
        pass
    wide = Fraction(line.value) / Fraction(line.quantity)
    return (Decimal(wide.numerator) / Decimal(wide.denominator)).quantize(PRICE_STEP, ROUND_HALF_UP)


def _theirs(ground: Ground, lines: Iterable[Line], placed: Sequence[Paper]) -> list[Line]:
    """Lines as the customer knows them: of his order, by his line number where only one line of it has the item."""
    orders = ground.standing.orders
    made = []
    for line in lines:
        subject = orders.get(line.subject, line.subject)
        same = [each for paper in placed if paper.fact.ref == subject for each in paper.fact.lines if line.item and each.item == line.item]
        number = (same[0].order_line or same[0].line) if len(same) == 1 else line.order_line
        made.append(msgspec.structs.replace(line, subject=subject, order_line=number))
    return made


def _of_order(placed: Sequence[Paper]) -> dict[str, str]:
    """What the order says that its answers repeat; of several orders what all of them say."""
    said = [{"order_date": one.day} | {name: text for name, text in one.fact.data.items() if name.startswith(REPEATED)} for one in placed]
    return {name: text for name, text in said[0].items() if all(one.get(name) == text for one in said)} if said else {}


def _verdict(book: Sequence[Posting]) -> dict[str, str]:
    """What was found in the first received group of this number that nobody has answered yet."""
    received = sorted((p for p in book if p.kind == RECEIVED), key=lambda p: (p.occurred, p.identity))
    answered = sum(1 for p in book if p.kind == ANSWERED)
    return dict(received[min(answered, len(received) - 1)].notes) if received else {}


def _filled(command: Command, lines: Sequence[Line], data: Mapping[str, str], currency: str) -> Command:
    data = {name: text for name, text in data.items() if text}
    return msgspec.structs.replace(command, content=tuple(lines), data=command.data | data, currency=currency)


def order_of(references: Iterable[Ref], system: str) -> Ref | None:
    """The one order of a system among the names of a root; None if there is none, or more than one."""
    found = {reference for reference in references if ref_parts(reference)[:2] == (system, "order")}
    return found.pop() if len(found) == 1 else None
