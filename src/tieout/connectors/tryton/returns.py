"""Take goods back: a return sale (the authorisation), its receipt, and the credit note; each act does what is lacking before it."""

from decimal import Decimal

import msgspec

from tieout.connectors.tryton import bill, book
from tieout.connectors.tryton.rpc import Denied, Session, Talk, write
from tieout.connectors.tryton.sales import (
    BOOKED,
    FIELDS,
    Record,
    Wanted,
    by_key,
    in_base,
    item,
    lines_of,
    of_ids,
    of_transaction,
    only,
    press,
    processed,
    reference_of,
    scaled,
    search_read,
)
from tieout.connectors.tryton.ship import MOVE_FIELDS, Plan, moved
from tieout.core.command import Absent, Accepted, Command
from tieout.core.facts import Line
from tieout.core.values import ZERO, Ref, exact, ref, tidy

BACK = "stock.shipment.out.return"
SHIPMENT_FIELDS = ("number", "state", "reference", "incoming_moves")
ARRIVED = ("received", "done")


def authorise_return(session: Session, command: Command) -> Talk[Accepted]:
    """A confirmed return sale over the command's lines."""
    sale = yield from _made(session, command)
    lines = yield from lines_of(session, [sale])
    return Accepted(_names(command, sale), {}, tuple(book.compare(command.lines, lines, {}, sign=-1)))


def find_return(session: Session, command: Command) -> Talk[Accepted | Absent]:
    """The confirmed return sale of this command."""
    for sale in (yield from by_key(session, command)):
        if sale["state"] in BOOKED:
            return Accepted(_names(command, sale))
    return Absent()


def _names(command: Command, sale: Record) -> tuple[Ref, ...]:
    return (ref(command.system, "return_sale", str(sale["id"])),)


def receive_return(session: Session, command: Command) -> Talk[Accepted]:
    """Receive the command's quantities; a return nobody has authorised yet is made first."""
    sales = yield from _returns(session, command)
    return (yield from _receive(session, command, sales))


def find_receipt(session: Session, command: Command) -> Talk[Accepted | Absent]:
    """The receipts that bear the command's key, if they hold all of it."""
    wanted = Wanted.of(command.lines)
    done = yield from _received(session, command, wanted)
    return (yield from _read_back(session, command)) if done and not wanted.rest() else Absent()


def issue_credit(session: Session, command: Command) -> Talk[Accepted]:
    """Post the credit note for goods that are back; Tryton drafts one only for what it has received itself."""
    done = yield from bill.find(session, command, sign=-1)
    if isinstance(done, Accepted):
        return done
    sales = yield from _returns(session, command)
    if not any(sale["invoices"] for sale in sales):
        yield from _receive(session, command, sales)
        sales = yield from of_ids(session, "sale.sale", (sale["id"] for sale in sales), FIELDS)
    return (yield from bill.post(session, command, sales, sign=-1))


def find_credit(session: Session, command: Command) -> Talk[Accepted | Absent]:
    """The posted credit notes that bear the command's key."""
    return (yield from bill.find(session, command, sign=-1))


def _returns(session: Session, command: Command) -> Talk[list[Record]]:
    """The return sales of the transaction, or one made for this command."""
    found = yield from of_transaction(session, command, "return")
    back = {line["sale"] for line in (yield from lines_of(session, found)) if exact(line["quantity"]) < ZERO}
    known = [sale for sale in found if sale["id"] in back and sale["state"] in BOOKED]
    return known or [(yield from _made(session, command))]


def _made(session: Session, command: Command) -> Talk[Record]:
    """The return sale with this command's key, made if there is none, confirmed in any case."""
    sale = yield from only(session, (yield from by_key(session, command)))
    if sale is None:
        yield from _create(session, command)
        sale = yield from only(session, (yield from by_key(session, command)))
    if sale is None:
        raise Denied("The return that was just made is not there any more.")
    yield from book.confirm(session, sale)
    (sale,) = yield from of_ids(session, "sale.sale", [sale["id"]], FIELDS)
    return sale


def _create(session: Session, command: Command) -> Talk[None]:
    """At the price the command states, else at which the goods were sold."""
    sold = [sale for sale in (yield from of_transaction(session, command, "sales_order")) if sale["state"] in BOOKED]
    if not sold:
        raise Denied("Tryton knows no sale that this return belongs to.")
    fields = ("party", "invoice_party", "invoice_address", "shipment_party", "shipment_address", "payment_term", "price_list", "warehouse",
              "company", "currency", "shipment_method")  # fmt: skip
    (origin,) = yield from of_ids(session, "sale.sale", [sold[0]["id"]], fields)
    head = {name: origin[name] for name in fields if origin.get(name) is not None}
    prices = {item(line): exact(line["amount"]) / line["base"] for line in (yield from lines_of(session, sold)) if line["base"]}
    lines, _ = yield from book.order_lines(session, tuple(_priced(line, prices) for line in command.lines), head, sign=-1)
    values = {
        **head,
        "origin": f"sale.sale,{origin['id']}",
        "reference": reference_of(command),
        "description": command.key,
        "invoice_method": session.options.invoice_method,
        "lines": [["create", lines]],
    }
    yield from write(session, "sale.sale", "create", [values])


def _priced(line: Line, prices: dict[str, Decimal]) -> Line:
    if line.value is not None or line.quantity is None or line.item not in prices:
        return line
    return msgspec.structs.replace(line, value=tidy(prices[line.item] * line.quantity))


def _receive(session: Session, command: Command, sales: list[Record]) -> Talk[Accepted]:
    """Each open return shipment takes its part; Tryton makes a new one for what has not come yet."""
    wanted = Wanted.of(command.lines)
    yield from _received(session, command, wanted)
    before = Wanted(dict(wanted.left))
    plan = yield from _plan(session, sales, wanted)
    if wanted.rest():
        wanted = before
        plan = yield from _plan(session, (yield from processed(session, sales)), wanted)
    if wanted.rest():
        raise Denied(f"Not announced to come back in Tryton: {wanted.rest()}.")
    for shipment, shares in plan:
        yield from write(session, BACK, "write", [shipment["id"]], {"reference": command.key})
        for move, quantity in shares:
            if quantity != in_base(move):
                yield from write(session, "stock.move", "write", [move["id"]], {"quantity": scaled(move, quantity)})
        yield from press(session, BACK, "receive", [shipment["id"]])
        yield from press(session, BACK, "do", [shipment["id"]])
    return (yield from _read_back(session, command))


def _plan(session: Session, sales: list[Record], wanted: Wanted) -> Talk[Plan]:
    """Which moves of which return shipments bring the quantities; nothing is changed yet."""
    shipments = yield from of_ids(session, BACK, (id_ for sale in sales for id_ in sale["shipment_returns"]), SHIPMENT_FIELDS)
    plan: Plan = []
    for shipment in shipments:
        if shipment["state"] == "draft" and wanted.rest():
            moves = yield from of_ids(session, "stock.move", shipment["incoming_moves"], MOVE_FIELDS)
            shares = [(move, wanted.take(item(move), in_base(move))) for move in moves]
            if any(quantity for _, quantity in shares):
                plan.append((shipment, shares))
    return plan


def _received(session: Session, command: Command, wanted: Wanted) -> Talk[list[Record]]:
    """What this command has received before; goods that were received but not put away are put away."""
    mine = yield from search_read(session, BACK, [["reference", "=", command.key], ["state", "in", list(ARRIVED)]], SHIPMENT_FIELDS)
    for one in mine:
        for move in (yield from of_ids(session, "stock.move", one["incoming_moves"], MOVE_FIELDS)):
            wanted.take(item(move), in_base(move))
    return mine


def _read_back(session: Session, command: Command) -> Talk[Accepted]:
    mine = yield from search_read(session, BACK, [["reference", "=", command.key], ["state", "in", list(ARRIVED)]], SHIPMENT_FIELDS)
    moves = yield from of_ids(session, "stock.move", (id_ for one in mine for id_ in one["incoming_moves"]), MOVE_FIELDS)
    names = tuple(ref(command.system, "return_receipt", str(one["id"])) for one in mine)
    return moved(command, names, [move for move in moves if move["state"] == "done"], [])
