"""Orders out: our answer to a customer's order (855) and our own order to a vendor (850)."""

import re
from decimal import Decimal

from tieout.connectors.x12.orders import BOOKING, CODES
from tieout.connectors.x12.send.draft import Draft, Unsendable
from tieout.core.facts import Line
from tieout.core.values import ZERO, exact, plain
from tieout.formats.x12 import Row

ANSWER = re.compile(r"([A-Z0-9]{2}) ([0-9]{1,10}(?:\.[0-9]{1,5})?)")
ACCEPTED = "IA"
WITHOUT_CHANGE, WITH_CHANGE, REJECTED = "AD", "AC", "RD"
SELLER, BUYER = "SE", "BY"


def order_answer(draft: Draft) -> list[Row]:
    """855: what of the order we have booked, line by line.

    A line is accepted as it is (`IA`) unless the data `line <number>` says otherwise, as `IB 4, IR 2` or `IA 6, IB 4`:
    codes of ACK01 with quantities. What is backordered is booked too, so the booked quantity is the line's own.
    """
    draft.need_goods()
    answers = [(line, draft.line_name(line, n), _answers(draft, line, n)) for n, line in enumerate(draft.goods, 1)]
    number, ordered = draft.purchase_order(), draft.day("order_date", "when the customer ordered")
    own = draft.ours("sales_order", "our sales order")
    rows: list[Row] = [("BAK", "00", _verdict(answers), number, ordered, "", "", "", own, draft.made_day)]
    rows += draft.currency(SELLER) + draft.charge_rows(draft.charges)
    for line, name, given in answers:
        asked = sum((quantity for _, quantity in given), ZERO)
        price = draft.price(line)
        rows.append(("PO1", name, plain(asked), line.unit, price, "", *draft.item(line, "VN")))
        rows += [("ACK", code, plain(quantity), line.unit) for code, quantity in given]
    return [*rows, ("CTT", str(len(answers)))]


def _answers(draft: Draft, line: Line, position: int) -> list[tuple[str, Decimal]]:
    booked = line.quantity if line.quantity is not None else ZERO
    said = draft.command.data.get(f"line {draft.line_name(line, position)}", "")
    if not said:
        return [(ACCEPTED, exact(draft.quantity(line)))]
    found = []
    for part in said.split(","):
        match = ANSWER.fullmatch(part.strip())
        if match is None or match[1] not in CODES:
            raise Unsendable(f"Line {line.line}: {part.strip()!r} is no answer.", "Write codes of ACK01 with quantities: IA 6, IB 4.")
        found.append((match[1], exact(match[2])))
    counted = sum((quantity for code, quantity in found if code in BOOKING), ZERO)
    if counted != booked:
        what = f"Line {line.line}: the answers {said!r} book {plain(counted)}, the command books {plain(booked)}."
        raise Unsendable(what, "Correct the data; both must say the same.")
    return found


def _verdict(answers: list[tuple[Line, str, list[tuple[str, Decimal]]]]) -> str:
    codes = {code for _, _, given in answers for code, _ in given}
    if codes == {ACCEPTED}:
        return WITHOUT_CHANGE
    return WITH_CHANGE if codes & BOOKING else REJECTED


def purchase_order(draft: Draft) -> list[Row]:
    """850: what we order from the vendor; `order_date` and `ship_by` from the data, the ship-to party as `ship_to…`."""
    draft.need_goods()
    number = draft.ours("purchase_order", "our purchase order")
    rows: list[Row] = [("BEG", "00", "SA", number, "", draft.day("order_date", "when we ordered", draft.made_day))]
    rows += draft.currency(BUYER) + draft.charge_rows(draft.charges)
    ship_by = draft.day("ship_by", "when to ship", "")
    rows += [("DTM", "010", ship_by)] if ship_by else []
    rows += draft.parties("ST", "ship_to")
    for position, line in enumerate(draft.goods, 1):
        name, quantity = draft.line_name(line, position), draft.quantity(line)
        rows.append(("PO1", name, quantity, line.unit, draft.price(line), "", *draft.item(line, "BP")))
        rows += [("DTM", "010", draft.last_day(line.due))] if line.due else []
    return [*rows, ("CTT", str(len(draft.goods)))]
