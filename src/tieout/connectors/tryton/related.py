"""A record and what belongs to it, in the bytes that Tryton sent: lines, moves, payments, places; which fields of each are read."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import msgspec

from tieout.connectors.tryton.record import Moment
from tieout.connectors.tryton.rpc import Broken, Session, Talk, ask_raw, read
from tieout.core.command import Failed

DATES = ("create_date", "write_date")
FIELDS = {
    "product.product": ("code", "default_uom.symbol", "default_uom.factor", "default_uom.rate", "sale_uom.symbol", "sale_uom.factor",
                        "sale_uom.rate", "cost_price"),
    "sale.sale": ("number", "reference", "description", "state", "sale_date", "currency.code", "party.code", "warehouse.code",
                  "tax_amount", "total_amount", "lines"),
    "sale.line": ("sale", "type", "product.code", "quantity", "unit.symbol", "unit_price", "amount", "moves_ignored"),
    "sale.amendment": ("sale", "description", "state"),
    "stock.shipment.out": ("number", "reference", "state", "effective_date", "customer.code", "warehouse.code", "outgoing_moves"),
    "stock.shipment.out.return": ("number", "reference", "state", "effective_date", "customer.code", "warehouse.code", "incoming_moves"),
    "stock.move": ("product.code", "quantity", "unit.symbol", "state", "effective_date", "from_location", "to_location", "origin", "shipment",
                   "sale.number"),
    "account.invoice": ("number", "description", "state", "invoice_date", "currency.code", "party.code", "tax_amount", "total_amount",
                        "cancel_move.origin", "lines", "lines_to_pay", "payment_lines"),
    "account.invoice.line": ("type", "product.code", "quantity", "unit.symbol", "amount", "origin"),
    "account.move.line": ("date", "debit", "credit", "maturity_date", "move.description"),
}  # fmt: skip
"""What is read of each model, besides its dates."""


class Found(msgspec.Struct):
    """A record: its bytes and its values."""

    raw: bytes
    values: dict[str, Any]

    @property
    def created(self) -> datetime:
        """When it was made."""
        return msgspec.convert(self.values["create_date"], Moment).utc

    def ids(self, name: str) -> list[int]:
        """The ids of a list of related records."""
        return list(self.values.get(name) or ())


Part = dict[str, list[bytes]]
_raws = msgspec.json.Decoder(list[msgspec.Raw])


def read_records(session: Session, model: str, ids: Iterable[int], *fields: str) -> Talk[list[Found]]:
    """Records by id, with the fields of `FIELDS` or those that are named."""
    wanted = sorted(set(ids))
    if not wanted:
        return []
    raw = yield from ask_raw(session, f"model.{model}.read", wanted, [*(fields or (*FIELDS[model], *DATES))], session.context)
    try:
        found = [Found(bytes(one), msgspec.json.decode(one, type=dict[str, Any])) for one in _raws.decode(raw)]
        return sorted(found, key=lambda one: one.values["id"])
    except (msgspec.MsgspecError, KeyError, TypeError) as bad:
        raise Broken(Failed("answer", f"Tryton's records of {model} cannot be read: {str(bad)[:200]}")) from bad


def _by_id(records: list[Found]) -> dict[int, Found]:
    return {one.values["id"]: one for one in records}


def _picked(known: dict[int, Found], ids: Iterable[int]) -> list[bytes]:
    return [known[id_].raw for id_ in ids if id_ in known]


def _alone(session: Session, records: list[Found]) -> Talk[list[Part]]:
    yield from ()
    return [{} for _ in records]


def _sales(session: Session, records: list[Found]) -> Talk[list[Part]]:
    lines = _by_id((yield from read_records(session, "sale.line", (id_ for one in records for id_ in one.ids("lines")))))
    ignored = _by_id((yield from read_records(session, "stock.move", (id_ for one in lines.values() for id_ in one.ids("moves_ignored")))))
    amendments = yield from _amendments(session, [one.values["id"] for one in records])
    made: list[Part] = []
    for one in records:
        mine = one.ids("lines")
        changes = [change.raw for change in amendments if change.values["sale"] == one.values["id"]]
        skipped = [id_ for line in mine if line in lines for id_ in lines[line].ids("moves_ignored")]
        made.append({"lines": _picked(lines, mine), "ignored": _picked(ignored, skipped), "amendments": changes})
    return made


def _amendments(session: Session, sales: list[int]) -> Talk[list[Found]]:
    """The amendments in force, where the module that makes them is installed."""
    known = yield from read(session, "sale.sale", "fields_get", ["amendments"])
    if not sales or "amendments" not in known:
        return []
    ids = yield from read(session, "sale.amendment", "search", [["sale", "in", sales], ["state", "=", "validated"]])
    return (yield from read_records(session, "sale.amendment", ids))


def _shipments(session: Session, records: list[Found]) -> Talk[list[Part]]:
    def moves_of(one: Found) -> list[int]:
        return one.ids("outgoing_moves") or one.ids("incoming_moves")

    moves = _by_id((yield from read_records(session, "stock.move", (id_ for one in records for id_ in moves_of(one)))))
    return [{"moves": _picked(moves, moves_of(one))} for one in records]


def _moves(session: Session, records: list[Found]) -> Talk[list[Part]]:
    if not records:
        return []
    ids = yield from read(session, "stock.location", "search", [])
    places = _by_id((yield from read_records(session, "stock.location", ids, "type", "code", "parent")))
    shipments: dict[str, bytes] = {}
    for model in ("stock.shipment.out", "stock.shipment.out.return"):
        carried = [id_ for one in records for id_ in _carrier(one, model)]
        for shipment in (yield from read_records(session, model, carried, "reference")):
            shipments[f"{model},{shipment.values['id']}"] = shipment.raw
    return [
        {
            "locations": _picked(places, _above(one, places)),
            "shipments": [shipments[name]] if (name := one.values["shipment"]) in shipments else [],
        }
        for one in records
    ]


def _carrier(move: Found, model: str) -> list[int]:
    """The shipment of a move, if it is of that model."""
    named, _, id_ = (move.values.get("shipment") or "").partition(",")
    return [int(id_)] if named == model and id_.isdigit() else []


def _above(move: Found, places: dict[int, Found]) -> list[int]:
    """Both ends of a move and all places above them."""
    found: list[int] = []
    for end in ("from_location", "to_location"):
        place = move.values[end]
        while place in places and place not in found:
            found.append(place)
            place = places[place].values["parent"]
    return found


def _invoices(session: Session, records: list[Found]) -> Talk[list[Part]]:
    lines = _by_id((yield from read_records(session, "account.invoice.line", (id_ for one in records for id_ in one.ids("lines")))))
    credits = _origins(lines.values(), "account.invoice.line")
    credited = _by_id((yield from read_records(session, "account.invoice.line", credits, "quantity", "invoice.number", "origin")))
    sales = {*_origins(lines.values(), "sale.line"), *_origins(credited.values(), "sale.line")}
    sold = _by_id((yield from read_records(session, "sale.line", sales, "quantity", "sale.number")))
    money = [id_ for one in records for id_ in (*one.ids("lines_to_pay"), *one.ids("payment_lines"))]
    payments = _by_id((yield from read_records(session, "account.move.line", money)))
    made: list[Part] = []
    for one in records:
        mine = [lines[id_] for id_ in one.ids("lines") if id_ in lines]
        credit_ids = _origins(mine, "account.invoice.line")
        sale_ids = {*_origins(mine, "sale.line"), *_origins([credited[id_] for id_ in credit_ids if id_ in credited], "sale.line")}
        paid = dict.fromkeys((*one.ids("lines_to_pay"), *one.ids("payment_lines")))
        made.append(
            {
                "lines": [line.raw for line in mine],
                "sold": _picked(sold, sorted(sale_ids)),
                "credited": _picked(credited, credit_ids),
                "payments": _picked(payments, paid),
            }
        )
    return made


def _origins(records: Iterable[Found], model: str) -> list[int]:
    found = []
    for one in records:
        named, _, id_ = (one.values.get("origin") or "").partition(",")
        if named == model and id_.isdigit():
            found.append(int(id_))
    return sorted(set(found))


PARTS = {
    "product.product": _alone,
    "sale.sale": _sales,
    "stock.shipment.out": _shipments,
    "stock.shipment.out.return": _shipments,
    "stock.move": _moves,
    "account.invoice": _invoices,
}
"""What belongs to the records of each model."""
