"""Warehouse shipping orders out (940): what the warehouse is to send, to whom and until when."""

import re

from tieout.connectors.x12.send.draft import Draft, Unsendable
from tieout.core.values import ZERO, plain
from tieout.formats.x12 import Row

SCAC = re.compile(r"[A-Z]{2,4}")


def warehouse_order(draft: Draft) -> list[Row]:
    """940: the customer (`customer` and `customer_id`) and the ship-to party (`ship_to…`) from the data, `ship_by` and `carrier` if they are there."""
    draft.need_goods()
    parties = draft.parties("BY", "customer") + draft.parties("ST", "ship_to")
    if not parties:
        raise Unsendable("The command does not say where the goods go.", "Give it the data `ship_to` (with its address) or `customer`.")
    order = draft.ours("sales_order", "our sales order")
    rows: list[Row] = [("W05", "N", order, draft.customer_order()), *draft.warehouse("WH"), *parties]
    ship_by = draft.day("ship_by", "when to ship", "")
    rows += [("G62", "10", ship_by)] if ship_by else []
    rows += _carrier(draft.command.data.get("carrier", "").strip())
    for position, line in enumerate(draft.goods, 1):
        rows.append(("LX", str(position)))
        rows.append(("W01", draft.quantity(line), line.unit, "", *draft.item(line, "VN")))
        rows.append(("N9", "LI", draft.line_name(line, position)))
    total = sum((line.quantity or ZERO for line in draft.goods), ZERO)
    return [*rows, ("W76", plain(total))]


def _carrier(name: str) -> list[Row]:
    """Whom the warehouse is to give it to: a Standard Carrier Alpha Code in its own place, any other name as routing. Who pays and how it
    moves is agreed elsewhere (`DF`, `ZZ`)."""
    if not name:
        return []
    coded = SCAC.fullmatch(name) is not None
    return [("W66", "DF", "ZZ", "", "", "", "", "", "", "", name) if coded else ("W66", "DF", "ZZ", "", "", name)]
