"""Invoices out (810): lines, charges and taxes that foot to the cent, or nothing."""

from decimal import Decimal

from tieout.connectors.x12.send.draft import Draft, Unsendable
from tieout.connectors.x12.send.orders import SELLER
from tieout.core.values import ZERO, plain, round_money
from tieout.formats.x12 import Row

TAX = "tax"


def invoice(draft: Draft) -> list[Row]:
    """810: `invoice` and `invoice_date` from the data, `order_date` and `due` if they are there. Lines of several orders name theirs."""
    draft.need_goods()
    if not draft.command.currency:
        raise Unsendable("The command states no currency.", "An invoice without one cannot be paid; state it.")
    total = _total(draft)
    ordered = draft.day("order_date", "when the customer ordered", "")
    head = ("BIG", draft.day("invoice_date", "the date of the invoice"), draft.text("invoice", "the invoice number"), ordered)
    orders = draft.orders()
    rows: list[Row] = [(*head, "" if len(orders) > 1 else draft.purchase_order()), *draft.currency(SELLER)]
    rows += draft.parties("ST", "ship_to")
    due = draft.day("due", "when it is due", "")
    rows += [("ITD", "01", "3", "", "", "", due)] if due else []
    for position, line in enumerate(draft.goods, 1):
        if line.value is None:
            raise Unsendable(f"Line {line.line} has no amount.", "State what it costs; an invoice is no place to guess.")
        name, quantity = draft.line_name(line, position), draft.quantity(line)
        rows.append(("IT1", name, quantity, line.unit, draft.price(line), "", *draft.item(line, "VN")))
        rows += [("REF", "PO", orders[line.subject])] if len(orders) > 1 else []
    rows.append(("TDS", draft.cents(total, "The total")))
    rows += [("TXI", "TX", plain(line.value or ZERO)) for line in draft.charges if line.charge == TAX]
    rows += draft.charge_rows(line for line in draft.charges if line.charge != TAX)
    return [*rows, ("CTT", str(len(draft.goods)))]


def _total(draft: Draft) -> Decimal:
    """What the lines sum to: exactly, rounded once, or rounded line by line; a stated total must be one of these."""
    currency = draft.command.currency
    values = [line.value or ZERO for line in draft.lines]
    whole = sum(values, ZERO)
    each = sum((round_money(value, currency) for value in values), ZERO)
    possible = {round_money(whole, currency), each}
    stated = draft.command.total
    if stated is None and len(possible) == 1:
        return possible.pop()
    if stated in possible:
        return stated
    said = "no total is stated" if stated is None else f"the total is {plain(stated)}"
    what = f"The invoice does not foot: its lines sum to {plain(whole)} {currency}, {said}."
    raise Unsendable(what, "State the total that was posted, or correct the lines.")
