"""The sales of a transaction as a command finds them, and what every act needs of Tryton's reference data."""

from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import msgspec

from tieout.connectors.tryton.options import Options, key_in, unit_symbols
from tieout.connectors.tryton.record import size
from tieout.connectors.tryton.rpc import Denied, Session, Talk, change, read
from tieout.core.command import Command
from tieout.core.facts import Line
from tieout.core.values import EXACT, ZERO, exact, normalise, ref_parts, tidy

Record = dict[str, Any]
FIELDS = ("number", "reference", "description", "state", "lines", "shipments", "shipment_returns", "invoices", "untaxed_amount",
          "tax_amount", "total_amount", "party", "create_date")  # fmt: skip
LINE_FIELDS = ("type", "product", "product.code", "product.default_uom", "quantity", "unit", "unit_price", "amount", "sale", "moves")
BOOKED = ("confirmed", "processing", "done")
FOUND_MAX = 100
"""Most documents one command may concern."""


def search_read(session: Session, model: str, domain: list[Any], fields: Iterable[str]) -> Talk[list[Record]]:
    """Records that match, by id. Raises Denied when they are too many to be one transaction's."""
    found: list[Record] = yield from read(session, model, "search_read", domain, 0, FOUND_MAX + 1, [["id", "ASC"]], list(fields))
    if len(found) > FOUND_MAX:
        raise Denied(f"More than {FOUND_MAX} records of {model} match; one transaction has fewer.")
    return found


def of_ids(session: Session, model: str, ids: Iterable[int], fields: Iterable[str]) -> Talk[list[Record]]:
    """Records by id, in that order."""
    wanted = sorted(set(ids))
    found: list[Record] = (yield from read(session, model, "read", wanted, list(fields))) if wanted else []
    return sorted(found, key=lambda record: int(record["id"]))


def reference_of(command: Command) -> str:
    """What people see as the reference of a sale: the number under which the other side knows it."""
    return command.data.get("reference") or ref_parts(command.group)[2]


def by_key(session: Session, command: Command) -> Talk[list[Record]]:
    """The sales that this very command has made; who copies a sale in Tryton copies its description, but not its reference."""
    domain = [["description", "=", command.key], ["reference", "=", reference_of(command)]]
    return (yield from search_read(session, "sale.sale", domain, FIELDS))


def of_transaction(session: Session, command: Command, type_: str) -> Talk[list[Record]]:
    """The booked sales that the ledger knows by name (`sales_order` or `return`), and those made by commands for the same group."""
    numbers = sorted({number for system, kind, number in map(ref_parts, (command.group, *command.references))
                      if system == command.system and kind == type_})  # fmt: skip
    group = command.key.partition(" ")[2].rpartition(" ")[0]
    pattern = "% " + group.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + " %"
    domain = ["OR", ["number", "in", numbers], ["description", "like", pattern]]
    found = yield from search_read(session, "sale.sale", [domain, ["state", "!=", "cancelled"]], FIELDS)
    named = [sale for sale in found if normalise(sale["number"] or "") in numbers]
    ours: dict[str, list[Record]] = {}
    for sale in found:
        if f" {group} " in _own_key(sale):
            ours.setdefault(_own_key(sale), []).append(sale)
    for same in ours.values():
        kept = yield from only(session, same)
        if kept is not None and kept not in named:
            named.append(kept)
    return sorted((sale for sale in named if sale["state"] in BOOKED), key=lambda sale: int(sale["id"]))


def _own_key(sale: Record) -> str:
    return key_in(sale["description"]) if sale["reference"] else ""


def lines_of(session: Session, sales: Iterable[Record]) -> Talk[list[Record]]:
    """The goods lines of sales."""
    lines = yield from of_ids(session, "sale.line", (id_ for sale in sales for id_ in sale["lines"]), LINE_FIELDS)
    return (yield from in_pieces(session, [line for line in lines if line["type"] == "line"]))


def in_pieces(session: Session, lines: list[Record]) -> Talk[list[Record]]:
    """Lines with their quantity in the product's own unit as `base`, as the ledger counts."""
    pairs = [(line, line["unit"], (line["product."] or {}).get("default_uom")) for line in lines]
    foreign = {unit for _, sold, own in pairs if own is not None and sold != own for unit in (sold, own)}
    sizes = {one["id"]: size(Decimal(one["factor"]), Decimal(one["rate"])) for one in (
        yield from of_ids(session, "product.uom", foreign, ("factor", "rate")))}  # fmt: skip
    for line, sold, own in pairs:
        ratio = sizes[sold] / sizes[own] if own is not None and sold != own else Fraction(1)
        line["base"] = in_unit(line, exact(line["quantity"] or ZERO), ratio)
    return lines


def in_unit(line: Record, quantity: Decimal, ratio: Fraction) -> Decimal:
    """A quantity times a ratio of units. Raises Denied when that is no exact number."""
    number = Fraction(quantity) * ratio
    try:
        return exact(EXACT.divide(Decimal(number.numerator), Decimal(number.denominator)))
    except (ValueError, ArithmeticError) as inexact:
        raise Denied(f"{tidy(quantity)} of {item(line)} is no exact number in the other unit of the product.") from inexact


def only(session: Session, sales: Iterable[Record]) -> Talk[Record | None]:
    """The one sale of a command: the booked one, else the first; other drafts came from a late request and go."""
    kept = sorted((sale for sale in sales if sale["state"] != "cancelled"), key=lambda sale: (sale["state"] not in BOOKED, sale["id"]))
    for stray in kept[1:]:
        if stray["state"] in ("draft", "quotation"):
            yield from remove(session, stray["id"])
    return kept[0] if kept else None


def remove(session: Session, id_: int) -> Talk[None]:
    """Take away a draft of ours that nobody needs."""
    yield from press(session, "sale.sale", "cancel", [id_])
    yield from press(session, "sale.sale", "delete", [id_])


def processed(session: Session, sales: list[Record]) -> Talk[list[Record]]:
    """The sales again, once Tryton has caught up with them: where a queue makes shipments and invoices, it may lag."""
    ids = [sale["id"] for sale in sales if sale["state"] in ("confirmed", "processing")]
    if ids:
        yield from press(session, "sale.sale", "process", ids)
    return (yield from of_ids(session, "sale.sale", (sale["id"] for sale in sales), FIELDS))


def item(record: Record) -> str:
    """The product code of a record that was read with `product.code`."""
    product = record.get("product.") or {}
    return " ".join((product.get("code") or "").split())


class Wanted(msgspec.Struct):
    """What a command still wants, by item and in base units; taken down as it is found."""

    left: dict[str, Decimal]

    @classmethod
    def of(cls, lines: Iterable[Line]) -> "Wanted":
        """The goods of some lines."""
        left: dict[str, Decimal] = {}
        for line in lines:
            if not line.charge and line.quantity is not None:
                left[line.item] = EXACT.add(left.get(line.item, ZERO), line.quantity)
        return cls(left)

    def take(self, code: str, most: Decimal) -> Decimal:
        """Take up to `most` of an item."""
        taken = max(min(self.left.get(code, ZERO), most), ZERO)
        if taken:
            self.left[code] = EXACT.subtract(self.left[code], taken)
        return tidy(taken)

    def rest(self) -> str:
        """What could not be had, in words; empty when all was."""
        return ", ".join(f"{tidy(amount)} of {code}" for code, amount in sorted(self.left.items()) if amount > ZERO)


def total_of(lines: Iterable[Record], sign: int = 1) -> Wanted:
    """What lines hold together, to be taken from."""
    there = Wanted({})
    for line in lines:
        there.left[item(line)] = EXACT.add(there.left.get(item(line), ZERO), sign * line["base"])
    return there


class Product(msgspec.Struct, frozen=True):
    """A product, and the units of its category by id: how many base units each is."""

    id: int
    unit: int
    category: int


def products(session: Session, codes: Iterable[str]) -> Talk[dict[str, Product]]:
    """Products by code. Raises Denied naming those that are not there."""
    wanted = sorted(set(codes))
    fields = ("code", "default_uom", "default_uom.category")
    found = yield from search_read(session, "product.product", [["code", "in", wanted], ["salable", "=", True]], fields)
    known = {item_code(one["code"]): Product(one["id"], one["default_uom"], one["default_uom."]["category"]) for one in found}
    lacking = [code for code in wanted if code not in known]
    if lacking:
        raise Denied(f"Tryton has no salable product {', '.join(lacking)}.")
    return known


def item_code(code: str | None) -> str:
    """A product code as facts write it."""
    return " ".join((code or "").split())


def unit_for(session: Session, options: Options, code: str, product: Product) -> Talk[int]:
    """The unit of the product's category that a code of ours means. Raises Denied."""
    symbols = list(dict.fromkeys(unit_symbols(code, options)))
    found = yield from search_read(session, "product.uom", [["symbol", "in", symbols], ["category", "=", product.category]], ("symbol",))
    ranked = sorted(found, key=lambda unit: symbols.index(unit["symbol"]))
    if not ranked:
        raise Denied(f"The product has no unit {code} in Tryton.")
    return int(ranked[0]["id"])


def in_base(record: Record) -> Decimal:
    """A move's quantity in its product's own unit."""
    return exact(record["internal_quantity"])


def scaled(record: Record, base: Decimal) -> Decimal:
    """A quantity in base units, in the unit of a move. Raises Denied when that is no exact number."""
    whole, inside = exact(record["quantity"]), in_base(record)
    return in_unit(record, base, Fraction(whole) / Fraction(inside)) if inside else base


def wizard(session: Session, name: str, record: tuple[str, int]) -> tuple[str, Record]:
    """The method prefix and the context of a wizard that works on one record."""
    model, id_ = record
    return f"wizard.{name}", {**session.context, "active_model": model, "active_id": id_, "active_ids": [id_]}


def press(session: Session, model: str, button: str, ids: list[int]) -> Talk[None]:
    """Press a button of some records."""
    yield from change(session, f"model.{model}.{button}", ids, session.context)
