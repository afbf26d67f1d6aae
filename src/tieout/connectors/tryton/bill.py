"""Post the draft invoices of a transaction, and apply cash to an invoice."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

from tieout.connectors.tryton.book import compare
from tieout.connectors.tryton.rpc import Denied, Session, Talk, ask, change, day, money, write
from tieout.connectors.tryton.sales import FIELDS as SALE_FIELDS
from tieout.connectors.tryton.sales import (
    Record,
    Wanted,
    in_pieces,
    item,
    of_ids,
    of_transaction,
    press,
    processed,
    search_read,
    total_of,
    wizard,
)
from tieout.connectors.tryton.ship import ship
from tieout.core.command import Absent, Accepted, Command
from tieout.core.values import ZERO, Ref, exact, plain, ref, ref_parts

INVOICE = "account.invoice"
FIELDS = ("number", "state", "description", "lines", "untaxed_amount", "tax_amount", "total_amount", "amount_to_pay", "lines_to_pay",
          "payment_lines", "party", "company", "currency", "currency.code", "account")  # fmt: skip
LINE_FIELDS = ("type", "product.code", "product.default_uom", "quantity", "unit", "amount", "origin", "invoice")
DRAFT, POSTED = ("draft", "validated"), ("posted", "paid")


def post_invoice(session: Session, command: Command) -> Talk[Accepted]:
    """Post those draft invoices of the transaction's sales that hold nothing beyond what is owed.

    Tryton drafts an invoice only for what it has shipped itself: what the warehouse has shipped and Tryton has not is
    shipped in it first, under the same key.
    """
    sales = yield from of_transaction(session, command, "sales_order")
    return (yield from post(session, command, sales, sign=1))


def find_invoice(session: Session, command: Command) -> Talk[Accepted | Absent]:
    """The posted invoices that bear the command's key."""
    return (yield from find(session, command, sign=1))


def post(session: Session, command: Command, sales: list[Record], sign: int) -> Talk[Accepted]:
    """Post drafts up to what is owed; `sign` is -1 for credit notes. What cannot be had whole is named in `differs`."""
    wanted = Wanted.of(command.lines)
    for lines in (yield from _mine(session, command)).values():
        _all_taken(wanted, _goods(session, lines), sign)
    if wanted.rest():
        drafts = yield from _drafts(session, sales)
        chosen, left = _chosen(session, drafts, wanted, sign)
        if left.rest() and sales:
            drafts = yield from _drafts(session, (yield from processed(session, sales)))
            chosen, left = _chosen(session, drafts, wanted, sign)
        if sign > 0 and left.rest() and len(chosen) == sum(1 for lines in drafts.values() if _goods(session, lines)):
            yield from ship(session, command, (yield from of_ids(session, "sale.sale", (one["id"] for one in sales), SALE_FIELDS)), left)
            drafts = yield from _drafts(session, (yield from processed(session, sales)))
            chosen, left = _chosen(session, drafts, wanted, sign)
        if not chosen:
            raise Denied(_why_none(drafts, wanted, sign))
        chosen += [id_ for id_, lines in drafts.items() if lines and not _goods(session, lines)]
        yield from write(session, INVOICE, "write", chosen, {"description": command.key})
        yield from press(session, INVOICE, "post", chosen)
    return (yield from _read_back(session, command, sign))


def find(session: Session, command: Command, sign: int) -> Talk[Accepted | Absent]:
    """What this command has posted, if that is anything."""
    mine = yield from _mine(session, command)
    return (yield from _read_back(session, command, sign)) if mine else Absent()


def _mine(session: Session, command: Command) -> Talk[dict[int, list[Record]]]:
    """The invoices that this command has posted; a credit note copies the description of what it credits, and is not one."""
    found = yield from search_read(session, INVOICE, [["description", "=", command.key], ["state", "in", [*POSTED, "cancelled"]]], FIELDS)
    lines = yield from _with_lines(session, [one for one in found if one["number"]])
    return {id_: some for id_, some in lines.items() if not any((line["origin"] or "").startswith("account.invoice.line,") for line in some)}


def _drafts(session: Session, sales: Iterable[Record]) -> Talk[dict[int, list[Record]]]:
    """The drafts of some sales: each invoice with its goods lines."""
    found = yield from of_ids(session, INVOICE, (id_ for sale in sales for id_ in sale["invoices"]), FIELDS)
    return (yield from _with_lines(session, [one for one in found if one["state"] in DRAFT]))


def _with_lines(session: Session, invoices: list[Record]) -> Talk[dict[int, list[Record]]]:
    lines = yield from of_ids(session, "account.invoice.line", (id_ for one in invoices for id_ in one["lines"]), LINE_FIELDS)
    goods = yield from in_pieces(session, [line for line in lines if line["type"] == "line"])
    return {one["id"]: [line for line in goods if line["id"] in one["lines"]] for one in invoices}


def _chosen(session: Session, drafts: dict[int, list[Record]], wanted: Wanted, sign: int) -> tuple[list[int], Wanted]:
    """The drafts that hold nothing beyond what is wanted, and what is still wanted then."""
    left = Wanted(dict(wanted.left))
    return [id_ for id_, lines in drafts.items() if _all_taken(left, _goods(session, lines), sign)], left


def _all_taken(wanted: Wanted, lines: list[Record], sign: int) -> bool:
    """Take all goods of an invoice, or none of them if one is not owed."""
    left = Wanted(dict(wanted.left))
    for line in lines:
        quantity = sign * line["base"]
        if quantity < ZERO or left.take(item(line), quantity) != quantity:
            return False
    taken = left.left != wanted.left
    wanted.left = left.left
    return taken


def _goods(session: Session, lines: list[Record]) -> list[Record]:
    """The lines that are no charges; a draft without any (Tryton bills a sale's freight apart) is posted with the goods."""
    return [line for line in lines if item(line) not in session.options.charges.values()]


def _why_none(drafts: dict[int, list[Record]], wanted: Wanted, sign: int) -> str:
    if not drafts:
        return f"Tryton has no draft to post for {wanted.rest()}: see whether it knows the shipment."
    held = ", ".join(f"{plain(sign * line['base'])} of {item(line)}" for lines in drafts.values() for line in lines)
    return f"Tryton's draft holds {held}, but owed is only {wanted.rest()}."


def _read_back(session: Session, command: Command, sign: int) -> Talk[Accepted]:
    mine = yield from _mine(session, command)
    found = yield from of_ids(session, INVOICE, mine, FIELDS)
    lines = [line for some in mine.values() for line in some]
    differs = compare(tuple(line for line in command.lines if not line.charge), _goods(session, lines), {}, sign)
    there = total_of(lines, sign)
    final = {line.line: there.take(line.item, line.quantity) for line in command.lines if line.quantity is not None and not line.charge}
    type_ = "invoice" if sign > 0 else "credit_memo"
    return Accepted(tuple(ref(command.system, type_, one["number"]) for one in found), final, tuple(differs))


def apply_cash(session: Session, command: Command) -> Talk[Accepted]:
    """Pay an invoice, whole or in part, by the wizard that people use; never more than is open."""
    invoice = yield from _invoice(session, command)
    done = yield from _payments(session, command, invoice)
    if done:
        return _applied(command, done)
    amount = command.total if command.total is not None else sum((line.value for line in command.lines if line.value is not None), ZERO)
    if not ZERO < amount <= exact(invoice["amount_to_pay"]):
        raise Denied(f"{plain(amount)} cannot be applied to invoice {invoice['number']}: {plain(invoice['amount_to_pay'])} is open.")
    if command.currency and command.currency != invoice["currency."]["code"]:
        raise Denied(f"Invoice {invoice['number']} is in {invoice['currency.']['code']}, the cash in {command.currency}.")
    method = yield from _method(session)
    prefix, context = wizard(session, "account.invoice.pay", (INVOICE, invoice["id"]))
    opened, state, _ = yield from ask(session, f"{prefix}.create", context)
    view = yield from ask(session, f"{prefix}.execute", opened, {}, state, context)
    start = _form(view)
    start |= {"amount": money(amount), "payment_method": method, "description": command.key}
    view = yield from change(session, f"{prefix}.execute", opened, {"start": start}, "choice", context)
    if "view" in view:
        rest = _form(view) | {"type": "partial"}
        yield from change(session, f"{prefix}.execute", opened, {"start": start, "ask": rest}, "pay", context)
    yield from ask(session, f"{prefix}.delete", opened, context)
    return _applied(command, (yield from _payments(session, command, (yield from _invoice(session, command)))), amount)


def find_cash(session: Session, command: Command) -> Talk[Accepted | Absent]:
    """The payment that bears the command's key."""
    found = yield from _payments(session, command, (yield from _invoice(session, command)))
    return _applied(command, found) if found else Absent()


def _invoice(session: Session, command: Command) -> Talk[Record]:
    named = (command.group, *command.references, *(line.subject for line in command.lines))
    numbers = sorted({number for system, kind, number in map(ref_parts, named) if system == command.system and kind == "invoice"})
    found = yield from search_read(session, INVOICE, [["number", "in", numbers], ["type", "=", "out"]], FIELDS)
    found = [one for one in found if one["state"] in POSTED]
    if len(found) != 1:
        raise Denied(f"{len(found)} posted invoices of Tryton bear the number {', '.join(numbers) or '(the command names none)'}.")
    return found[0]


def _payments(session: Session, command: Command, invoice: Record) -> Talk[list[Record]]:
    fields = ("debit", "credit", "move.description")
    lines = yield from of_ids(session, "account.move.line", invoice["payment_lines"], fields)
    return [line for line in lines if (line["move."] or {}).get("description") == command.key]


def _applied(command: Command, lines: list[Record], amount: Any = None) -> Accepted:
    paid = sum((line["credit"] - line["debit"] for line in lines), ZERO)
    differs = () if amount is None or paid == amount else (f"amount: meant {plain(amount)}, there {plain(paid)}",)
    names: tuple[Ref, ...] = tuple(ref(command.system, "cash_receipt", str(line["id"])) for line in lines)
    return Accepted(names, {}, differs)


def _method(session: Session) -> Talk[int]:
    name = session.options.payment_method
    domain = [["name", "=", name]] if name else []
    found = yield from search_read(session, "account.invoice.payment.method", domain, ("name",))
    if len(found) != 1:
        raise Denied(f"Tryton has {len(found)} payment methods{f' named {name!r}' if name else ''}; the option `payment_method` names one.")
    return int(found[0]["id"])


def _form(view: Record) -> Record:
    """The fields of a wizard's form as Tryton proposes them, as it wants them back."""
    values = {**view["view"]["defaults"], **(view["view"].get("values") or {})}
    return {name: _sent(value) for name, value in values.items() if not name.endswith(".")}


def _sent(value: Any) -> Any:
    if isinstance(value, Decimal):
        return money(value)
    return day(value) if isinstance(value, date) else value
