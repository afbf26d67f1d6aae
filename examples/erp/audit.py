"""Asks Tryton itself what is there, by a few lines of its own, and compares every document with the entries of the ledger.

Nothing here comes by the connector: quantities, amounts and states are read by plain JSON-RPC and put beside what the
ledger has posted for the same document. Then every order is followed through Tryton: how often it is there, what of it was
shipped, invoiced and paid.
"""

from collections import Counter, defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from examples.erp.rpc import Rpc

from tieout.report import tables
from tieout.runtime.batch import Connection

BOOKED, POSTED = ("confirmed", "processing", "done"), ("posted", "paid")
CHARGES = {"FREIGHT": "freight", "DISCOUNT": "discount"}
ZERO = Decimal(0)
Figures = dict[str, Decimal]


@dataclass
class Audit:
    """What was found: how many documents of each kind Tryton holds, how many figures were compared, and which differ."""

    documents: Counter[str] = field(default_factory=Counter)
    compared: int = 0
    differences: list[str] = field(default_factory=list)

    @property
    def made(self) -> int:
        """All documents."""
        return sum(self.documents.values())

    @property
    def equal(self) -> int:
        """Figures that agree."""
        return self.compared - len(self.differences)

    def check(self, name: str, there: object, said: object) -> None:
        """Compare one figure."""
        self.compared += 1
        if there != said:
            self.differences.append(f"{name}: {there} in Tryton, {said} in the ledger")

    def figures(self, name: str, there: Figures, said: Figures) -> None:
        """Compare figures by item; what is zero need not be named."""
        for key in sorted(there.keys() | said.keys()):
            self.check(f"{name} {key}".strip(), there.get(key, ZERO).normalize(), said.get(key, ZERO).normalize())


class Book:
    """What the ledger has posted for each document: the sum of its entries, reversals taken off."""

    def __init__(self, connection: Connection) -> None:
        self._quantity: dict[tuple[str, str], Figures] = defaultdict(dict)
        self._value: dict[tuple[str, str], Figures] = defaultdict(dict)
        self.standing: Counter[str] = Counter()
        for e in tables.entries(connection).to_pylist():
            name, sign = (e["identity"], f"{e['account']}{'+' if e['side'] == 'debit' else '-'}"), e["sign"]
            self.standing[e["identity"]] += sign
            for column, amount in ((self._quantity, e["quantity"]), (self._value, e["value"])):
                if amount is not None:
                    column[name][e["key"]] = column[name].get(e["key"], ZERO) + sign * amount

    def quantity(self, identity: str, side: str) -> Figures:
        """By item."""
        return self._quantity[identity, side]

    def value(self, identity: str, side: str) -> Figures:
        """By item or charge."""
        return self._value[identity, side]


def audit(rpc: Rpc, connection: Connection) -> Audit:
    """Every document of Tryton against the ledger, and every document of the ledger against Tryton."""
    found, book = Audit(), Book(connection)
    seen = _sales(rpc, book, found) | _invoices(rpc, book, found) | _moves(rpc, book, found)
    for identity, postings in sorted(book.standing.items()):
        if postings and identity.startswith("erp/") and identity not in seen:
            found.check(identity, "nothing", "a document")
    return found


def _sales(rpc: Rpc, book: Book, found: Audit) -> set[str]:
    seen = set()
    fields = ("state", "tax_amount")
    lines = _by(rpc.find("sale.line", [["type", "=", "line"]], "sale", "product.code", "quantity", "amount", "unit.factor"), "sale")
    for sale in rpc.find("sale.sale", [["state", "in", list(BOOKED)]], *fields):
        goods = lines.get(sale["id"], [])
        is_return = any(line["quantity"] < 0 for line in goods)
        sign = -1 if is_return else 1
        identity = f"erp/{'return_sale' if is_return else 'sale'}//{sale['id']}"
        seen.add(identity)
        found.documents["returns" if is_return else "sales"] += 1
        side = "RRC+" if is_return else "TBK-"
        found.figures(f"quantity of {identity}", _quantities(goods, sign), book.quantity(identity, side))
        if not is_return:
            amounts = _sum((_key(line), line["amount"]) for line in goods)
            amounts["tax"] = sale["tax_amount"]
            found.figures(f"amount of {identity}", amounts, book.value(identity, side))
    return seen


def _invoices(rpc: Rpc, book: Book, found: Audit) -> set[str]:
    seen = set()
    fields = ("invoice", "product.code", "quantity", "unit.factor", "origin")
    lines = _by(rpc.find("account.invoice.line", [["type", "=", "line"]], *fields), "invoice")
    paid = {line["id"]: line["credit"] - line["debit"] for line in rpc.find("account.move.line", [], "debit", "credit")}
    ours = [["type", "=", "out"], ["number", "!=", None], ["state", "in", [*POSTED, "cancelled"]]]
    for invoice in rpc.find("account.invoice", ours, "number", "total_amount", "payment_lines"):
        goods = lines.get(invoice["id"], [])
        cancels = any((line["origin"] or "").startswith("account.invoice.line,") for line in goods)
        is_credit = invoice["total_amount"] < 0
        sign = -1 if is_credit else 1
        identity = f"erp/{'credit_memo' if is_credit else 'invoice'}//{invoice['number']}"
        seen.add(identity)
        found.documents["credit notes" if is_credit else "invoices"] += 1
        sides = ("SNI+", "TCO-") if cancels else ("RCR-", "RRF+") if is_credit else ("SNI-", "TCO+")
        found.figures(f"quantity of {identity}", _quantities(goods, sign), book.quantity(identity, sides[0]))
        found.check(f"total of {identity}", sign * invoice["total_amount"], sum(book.value(identity, sides[1]).values(), ZERO))
        for line in invoice["payment_lines"]:
            receipt = f"erp/cash_receipt//{line}"
            seen.add(receipt)
            found.documents["payments"] += 1
            found.check(f"amount of {receipt}", paid[line], sum(book.value(receipt, "TCO-").values(), ZERO))
    return seen


def _moves(rpc: Rpc, book: Book, found: Audit) -> set[str]:
    seen = set()
    across = [["state", "=", "done"], ["OR", ["from_location.type", "!=", "storage"], ["to_location.type", "!=", "storage"]]]
    for move in rpc.find("stock.move", across, "product.code", "internal_quantity", "to_location.type"):
        inwards = move["to_location."]["type"] == "storage"
        identity = f"erp/stock_move//{move['id']}"
        seen.add(identity)
        found.documents["stock moves"] += 1
        there = Decimal(move["internal_quantity"]) * (1 if inwards else -1)
        found.check(f"quantity of {identity}", there, sum(book.quantity(identity, "STK-").values(), ZERO))
    return seen


@dataclass
class Order:
    """One order as Tryton has it: how many sales and drafts bear its reference, and what became of its goods, by item."""

    sales: int
    drafts: int
    booked: Figures
    shipped: Figures
    invoiced: Figures
    unpaid: Decimal

    @property
    def is_once(self) -> bool:
        """Booked exactly once, with nothing left lying about, and nothing shipped or invoiced beyond it."""
        within = all(self.shipped.get(i, ZERO) <= q and self.invoiced.get(i, ZERO) <= q for i, q in self.booked.items())
        return self.sales == 1 and not self.drafts and within

    @property
    def is_through(self) -> bool:
        """Booked once, shipped and invoiced whole."""
        return self.is_once and self.booked == self.shipped == self.invoiced


def orders(rpc: Rpc, references: Collection[str]) -> dict[str, Order]:
    """What Tryton has of some orders, by their reference."""
    asked = [["reference", "in", list(references)], ["origin", "=", None], ["state", "!=", "cancelled"]]
    sales = rpc.find("sale.sale", asked, "reference", "state", "invoices")
    sold = rpc.find("sale.line", [["type", "=", "line"], ["quantity", ">", 0]], "sale", "product.code", "quantity", "unit.factor")
    leaving = [["state", "=", "done"], ["to_location.type", "=", "customer"]]
    moved = rpc.find("stock.move", leaving, "sale", "product.code", "internal_quantity")
    billed = rpc.find("account.invoice.line", [["invoice.state", "in", list(POSTED)]], "invoice", "product.code", "quantity", "unit.factor")
    open_ = {one["id"]: one["amount_to_pay"] for one in rpc.find("account.invoice", [["state", "in", list(POSTED)]], "amount_to_pay")}
    by_invoice, by_sale, by_move = _by(billed, "invoice"), _by(sold, "sale"), _by(moved, "sale")
    made = {}
    for reference in references:
        mine = [sale for sale in sales if sale["reference"] == reference and sale["state"] in BOOKED]
        drafts = sum(1 for sale in sales if sale["reference"] == reference) - len(mine)
        invoices = {id_ for sale in mine for id_ in sale["invoices"] if id_ in open_}
        made[reference] = Order(
            len(mine),
            drafts,
            _quantities([line for sale in mine for line in by_sale.get(sale["id"], [])], 1),
            _sum((move["product."]["code"], Decimal(move["internal_quantity"])) for sale in mine for move in by_move.get(sale["id"], [])),
            _quantities([line for invoice in invoices for line in by_invoice.get(invoice, []) if line["quantity"] > 0], 1),
            sum((open_[invoice] for invoice in invoices), ZERO),
        )
    return made


def _quantities(lines: list[dict[str, Any]], sign: int) -> Figures:
    """Goods alone, in pieces."""
    return _sum(
        (line["product."]["code"], sign * Decimal(line["quantity"]) * Decimal(line["unit."]["factor"]))
        for line in lines
        if line["product."]["code"] not in CHARGES
    )


def _key(line: dict[str, Any]) -> str:
    code = line["product."]["code"]
    return CHARGES.get(code, code)


def _sum(pairs: Any) -> Figures:
    made: Figures = {}
    for key, amount in pairs:
        made[key] = made.get(key, ZERO) + amount
    return made


def _by(records: list[dict[str, Any]], name: str) -> dict[Any, list[dict[str, Any]]]:
    made: dict[Any, list[dict[str, Any]]] = defaultdict(list)
    for record in records:
        made[record[name]].append(record)
    return made
