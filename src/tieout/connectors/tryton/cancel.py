"""Take booked quantities out of sales by an amendment, whose description says under which command and how much of which line."""

from decimal import Decimal
from fractions import Fraction

from tieout.connectors.tryton.options import cut_in, cut_text
from tieout.connectors.tryton.rpc import Denied, Session, Talk, money, read, write
from tieout.connectors.tryton.sales import (
    LINE_FIELDS,
    Record,
    Wanted,
    in_base,
    in_pieces,
    in_unit,
    item,
    lines_of,
    of_ids,
    of_transaction,
    press,
    search_read,
    total_of,
)
from tieout.core.command import Absent, Accepted, Command
from tieout.core.values import ZERO, exact, ref, tidy

Cut = tuple[Record, Decimal]
"""A line of a sale, and how much of it goes, in the line's own unit."""


def cancel_booking(session: Session, command: Command) -> Talk[Accepted]:
    """Take quantities out of the transaction's sales: never what has been shipped already."""
    made = yield from _in_force(session, command)
    wanted = Wanted.of(command.lines)
    _taken(wanted, (yield from _cut_already(session, made)))
    cuts: list[tuple[Record, list[Cut]]] = []
    for sale in (yield from of_transaction(session, command, "sales_order")) if wanted.rest() else []:
        cuts.append((sale, (yield from _cuts(session, sale, wanted))))
    if wanted.rest():
        raise Denied(f"Not open in Tryton any more: {wanted.rest()}.")
    for sale, lines in cuts:
        if lines:
            yield from _cut(session, command, sale, lines)
    return (yield from _read_back(session, command))


def find_cancellation(session: Session, command: Command) -> Talk[Accepted | Absent]:
    """Whether amendments of this command are in force and have cut all of it."""
    made = yield from _in_force(session, command)
    wanted = Wanted.of(command.lines)
    _taken(wanted, (yield from _cut_already(session, made)))
    return Absent() if not made or wanted.rest() else (yield from _read_back(session, command))


def _read_back(session: Session, command: Command) -> Talk[Accepted]:
    made = yield from _in_force(session, command)
    there = total_of((yield from _cut_already(session, made)))
    final = {line.line: there.take(line.item, line.quantity) for line in command.lines if line.quantity is not None and not line.charge}
    return Accepted(tuple(ref(command.system, "amendment", str(one["id"])) for one in made), final)


def _in_force(session: Session, command: Command) -> Talk[list[Record]]:
    return [one for one in (yield from _amendments(session, command)) if one["state"] == "validated"]


def _amendments(session: Session, command: Command) -> Talk[list[Record]]:
    known = yield from read(session, "sale.sale", "fields_get", ["amendments"])
    if "amendments" not in known:
        raise Denied("This Tryton has no amendments (its module sale_amendment): cancel by hand.")
    pattern = command.key.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + " = %"
    found = yield from search_read(session, "sale.amendment", [["description", "like", pattern]], ("state", "sale", "description"))
    return [one for one in found if cut_in(one["description"])[0] == command.key]


def _cut_already(session: Session, made: list[Record]) -> Talk[list[Record]]:
    """Lines with the quantity that amendments have taken out of them."""
    cuts = {line: quantity for one in made for line, quantity in cut_in(one["description"])[1].items()}
    lines = yield from of_ids(session, "sale.line", cuts, LINE_FIELDS)
    return (yield from in_pieces(session, [{**line, "quantity": cuts[line["id"]]} for line in lines]))


def _taken(wanted: Wanted, lines: list[Record]) -> None:
    for line in lines:
        wanted.take(item(line), line["base"])


def _cuts(session: Session, sale: Record, wanted: Wanted) -> Talk[list[Cut]]:
    """Lines of a sale that are still open, with what goes of them."""
    lines = yield from lines_of(session, [sale])
    fields = ("origin", "product.code", "quantity", "internal_quantity", "state")
    moves = yield from of_ids(session, "stock.move", (id_ for line in lines for id_ in line["moves"]), fields)
    made: list[Cut] = []
    for line in lines:
        gone = sum((in_base(move) for move in moves if move["state"] == "done" and move["origin"] == f"sale.line,{line['id']}"), ZERO)
        cut = wanted.take(item(line), line["base"] - gone)
        if cut:
            made.append((line, in_unit(line, cut, Fraction(exact(line["quantity"])) / Fraction(line["base"]))))
    return made


def _cut(session: Session, command: Command, sale: Record, lines: list[Cut]) -> Talk[None]:
    """Amend a sale in process; an amendment that an attempt before has left as a draft goes first."""
    if sale["state"] not in ("processing", "done"):
        raise Denied(f"Sale {sale['number']} is {sale['state']} in Tryton, and only a sale in process can be amended.")
    drafts = [one["id"] for one in (yield from _amendments(session, command)) if one["state"] == "draft" and one["sale"] == sale["id"]]
    if drafts:
        yield from press(session, "sale.amendment", "delete", drafts)
    changes = [
        {"action": "line", "line": line["id"], "product": line["product"], "unit": line["unit"], "unit_price": money(line["unit_price"]),
         "quantity": tidy(exact(line["quantity"]) - cut)}
        for line, cut in lines
    ]  # fmt: skip
    text = cut_text(command.key, {line["id"]: cut for line, cut in lines})
    values = {"sale": sale["id"], "description": text, "lines": [["create", changes]]}
    (made,) = yield from write(session, "sale.amendment", "create", [values])
    try:
        yield from press(session, "sale.amendment", "validate_amendment", [made])
    except Denied:
        yield from press(session, "sale.amendment", "delete", [made])
        raise
