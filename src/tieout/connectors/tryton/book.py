"""Book a channel's order as a sale.

A sale is made as a draft that bears the command's key, and only then confirmed. So a `create` that arrives late, after
its sender has given up, leaves a draft without effect: the next attempt goes on with the first draft and removes others.
"""

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from tieout.connectors.tryton.options import key_in
from tieout.connectors.tryton.rpc import Denied, Session, Talk, money, read, write
from tieout.connectors.tryton.sales import (
    BOOKED,
    FIELDS,
    Product,
    Record,
    by_key,
    item,
    lines_of,
    only,
    press,
    products,
    reference_of,
    remove,
    search_read,
    total_of,
    unit_for,
)
from tieout.core.command import Absent, Accepted, Command
from tieout.core.facts import Line
from tieout.core.values import ZERO, exact, plain, ref, tidy

PRICE_STEP = Decimal("0.0001")
"""Tryton keeps unit prices to four decimals."""


def book_order(session: Session, command: Command) -> Talk[Accepted]:
    """Make, quote and confirm a sale for the command's lines, or go on with the one that an attempt before has made."""
    sale = yield from only(session, (yield from by_key(session, command)))
    noted: list[str] = []
    if sale is None:
        yield from _refuse_second(session, command)
        values, noted = yield from _values(session, command)
        yield from write(session, "sale.sale", "create", [values])
        sale = yield from only(session, (yield from by_key(session, command)))
        if sale is None:
            raise Denied("The sale that was just made is not there any more.")
    yield from confirm(session, sale)
    return (yield from _read_back(session, command, noted))


def find_booking(session: Session, command: Command) -> Talk[Accepted | Absent]:
    """Booked, or not; a draft that an attempt left is no booking, and `book_order` goes on with it."""
    sales = yield from by_key(session, command)
    if not any(sale["state"] in BOOKED for sale in sales):
        return Absent()
    return (yield from _read_back(session, command, []))


def confirm(session: Session, sale: Record) -> Talk[None]:
    """Take a sale from whatever state before to confirmed; a draft that Tryton refuses is removed again."""
    try:
        if sale["state"] == "draft":
            yield from press(session, "sale.sale", "quote", [sale["id"]])
        if sale["state"] in ("draft", "quotation"):
            yield from press(session, "sale.sale", "confirm", [sale["id"]])
    except Denied:
        yield from remove(session, sale["id"])
        raise


def _refuse_second(session: Session, command: Command) -> Talk[None]:
    """Look again before booking: somebody may have booked the order by hand since the ledger last heard of it."""
    reference = reference_of(command)
    same = [["reference", "=", reference], ["state", "in", list(BOOKED)], ["origin", "=", None]]
    for sale in (yield from search_read(session, "sale.sale", same, FIELDS)):
        known = ref(command.system, "sales_order", sale["number"]) in (command.group, *command.references)
        if not known and not key_in(sale["description"]):
            raise Denied(f"Tryton has sale {sale['number']} with the reference {reference} already, and the ledger does not know it yet.")


def _values(session: Session, command: Command) -> Talk[tuple[Record, list[str]]]:
    """The sale to create, and where it differs from what Tryton would have proposed."""
    party = yield from _party(session, command)
    defaults = yield from read(session, "sale.sale", "default_get", ["company", "currency", "warehouse", "shipment_method"], False)
    head = {"party": party, **{name: defaults[name] for name in ("company", "currency", "warehouse") if name in defaults}}
    proposed = yield from read(session, "sale.sale", "on_change", head, ["party"])
    kept = ("invoice_party", "invoice_address", "shipment_party", "shipment_address", "payment_term", "price_list", "warehouse")
    head |= {name: proposed[name] for name in kept if proposed.get(name) is not None}
    if command.currency:
        currencies = yield from search_read(session, "currency.currency", [["code", "=", command.currency]], ("code",))
        if not currencies:
            raise Denied(f"Tryton has no currency {command.currency}.")
        head["currency"] = currencies[0]["id"]
    if command.warehouse:
        head["warehouse"] = yield from _warehouse(session, command.warehouse)
    lines, noted = yield from order_lines(session, command.lines, head)
    return {
        **head,
        "reference": reference_of(command),
        "description": command.key,
        "invoice_method": session.options.invoice_method,
        "shipment_method": defaults.get("shipment_method", "order"),
        "lines": [["create", lines]],
    }, noted  # fmt: skip


def _party(session: Session, command: Command) -> Talk[int]:
    codes = [code for code in (command.customer, session.options.party) if code]
    found = yield from search_read(session, "party.party", [["code", "in", codes]], ("code",)) if codes else _nothing()
    by_code = {party["code"]: int(party["id"]) for party in found}
    for code in codes:
        if code in by_code:
            return by_code[code]
    raise Denied(f"Tryton has no party {command.customer or '(the order names no customer)'}, and the option `party` names no other.")


def _nothing() -> Talk[list[Record]]:
    yield from ()
    return []


def _warehouse(session: Session, name: str) -> Talk[int]:
    codes = [code for code, known in session.options.warehouses.items() if known == name] or [name]
    found = yield from search_read(session, "stock.location", [["code", "in", codes], ["type", "=", "warehouse"]], ("code",))
    if not found:
        raise Denied(f"Tryton has no warehouse {name}.")
    return int(found[0]["id"])


def order_lines(session: Session, lines: tuple[Line, ...], head: Record, sign: int = 1) -> Talk[tuple[list[Record], list[str]]]:
    """Lines to create: unit, taxes and list price as Tryton proposes them, the price as the order states it."""
    codes = {line: _code(session, line) for line in lines if line.charge != "tax"}
    known = yield from products(session, codes.values())
    units = yield from _units(session, codes, known)
    made, noted = [], []
    for line, code in codes.items():
        unit = units[line.unit, known[code].category] if not line.charge else known[code].unit
        proposed = yield from _proposal(session, line, known[code], unit, head, sign)
        listed = exact(proposed.get("unit_price") or ZERO)
        price = _price(line, listed)
        if price != listed and not line.charge:
            noted.append(f"unit_price of {code}: ordered {plain(price)}, Tryton's price is {plain(listed)}")
        taxes = [tax["id"] for _, tax in (proposed.get("taxes") or {}).get("add", [])]
        quantity = Decimal(1) if line.charge or line.quantity is None else line.quantity
        made.append(
            {
                "type": "line",
                "product": known[code].id,
                "quantity": sign * quantity,
                "unit": unit,
                "unit_price": money(price),
                "taxes": [["add", taxes]],
            }
        )
    if not made:
        raise Denied("The command has no line that a sale could hold.")
    return made, noted


def _code(session: Session, line: Line) -> str:
    if not line.charge:
        return line.item
    if line.charge not in session.options.charges:
        raise Denied(f"No product stands for the charge {line.charge}: name one in the option `charges`.")
    return session.options.charges[line.charge]


def _units(session: Session, codes: dict[Line, str], known: dict[str, Product]) -> Talk[dict[tuple[str, int], int]]:
    """The units of the lines, each asked for once."""
    found: dict[tuple[str, int], int] = {}
    for line, code in codes.items():
        asked = line.unit, known[code].category
        if not line.charge and asked not in found:
            found[asked] = yield from unit_for(session, session.options, line.unit, known[code])
    return found


def _proposal(session: Session, line: Line, product: Product, unit: int, head: Record, sign: int) -> Talk[Record]:
    """What Tryton fills in for a product, as its own client would ask for it."""
    quantity = Decimal(1) if line.quantity is None else line.quantity
    asked: dict[str, Any] = {"type": "line", "product": product.id, "quantity": sign * quantity, "unit": unit, "sale": {"id": -1, **head}}
    proposed: Record = yield from read(session, "sale.line", "on_change", asked, ["product", "unit", "quantity"])
    return proposed


def _price(line: Line, listed: Decimal) -> Decimal:
    """The order's own price per unit; Tryton's where the order states none."""
    if line.value is None:
        return listed
    if line.charge:
        return line.value
    if not line.quantity:
        return listed
    return tidy((line.value / line.quantity).quantize(PRICE_STEP, rounding=ROUND_HALF_UP))


def _read_back(session: Session, command: Command, noted: list[str]) -> Talk[Accepted]:
    """The sale as it stands now, against the command, field by field."""
    sale = yield from only(session, (yield from by_key(session, command)))
    if sale is None or sale["state"] not in BOOKED:
        raise Denied("The sale was confirmed and is not booked any more: somebody in Tryton has taken it back.")
    lines = yield from lines_of(session, [sale])
    differs = [*noted, *compare(command.lines, lines, session.options.charges)]
    if sale["reference"] != reference_of(command):
        differs.append(f"reference: sent {reference_of(command)}, there {sale['reference']}")
    ordered_tax = sum((line.value for line in command.lines if line.charge == "tax" and line.value is not None), ZERO)
    if tidy(sale["tax_amount"]) != tidy(ordered_tax):
        differs.append(f"tax: ordered {plain(ordered_tax)}, there {plain(sale['tax_amount'])}")
    there = total_of(lines)
    final = {line.line: there.take(line.item, line.quantity) for line in command.lines if line.quantity is not None and not line.charge}
    return Accepted((ref(command.system, "sale", str(sale["id"])),), final, tuple(differs))


def compare(lines: tuple[Line, ...], there: list[Record], charges: dict[str, str], sign: int = 1) -> list[str]:
    """Quantity and value of each product: what a command meant, and what documents of Tryton say."""
    meant: dict[str, tuple[Decimal, Decimal | None]] = {}
    for line in lines:
        if line.charge == "tax" or (line.charge and line.charge not in charges):
            continue
        code = charges[line.charge] if line.charge else line.item
        quantity, value = meant.get(code, (ZERO, ZERO))
        more = Decimal(1) if line.charge or line.quantity is None else line.quantity
        meant[code] = (quantity + more, None if value is None or line.value is None else value + line.value)
    found: dict[str, tuple[Decimal, Decimal]] = {}
    for record in there:
        quantity, value = found.get(item(record), (ZERO, ZERO))
        found[item(record)] = (quantity + sign * record["base"], value + sign * exact(record["amount"]))
    differs = []
    for code in sorted({*meant, *found}):
        quantity, wanted = meant.get(code, (ZERO, ZERO))
        is_there, value_there = found.get(code, (ZERO, ZERO))
        if quantity != is_there:
            differs.append(f"quantity of {code}: meant {plain(quantity)}, there {plain(is_there)}")
        if wanted is not None and wanted != value_there:
            differs.append(f"value of {code}: meant {plain(wanted)}, there {plain(value_there)}")
    return differs
