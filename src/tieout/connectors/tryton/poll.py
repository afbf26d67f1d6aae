"""Ask Tryton what changed: per model a window on write and creation dates that overlaps the last one, page by page.

A record's write date is the time its transaction began, so one that commits late carries a date from before the last
poll. Each round therefore starts `overlap` seconds before the one before it; what it finds again is the same document
with the same content, and counts as a repetition. Deletions leave no date: a round counts the records that the last one
had found, and lists all there are when some are gone.
"""

from collections.abc import Generator, Iterable
from datetime import datetime, timedelta
from typing import Any

import msgspec

from tieout.connectors import Document, Secrets, System
from tieout.connectors.tryton import CONTRACTS, LIST
from tieout.connectors.tryton.products import LISTED
from tieout.connectors.tryton.record import Moment
from tieout.connectors.tryton.rpc import Broken, Session, Talk, ask_raw, login, moment, read
from tieout.core.command import Call, Failed, Polled, Reply

DATES = ("create_date", "write_date")
FIELDS = {
    "product.product": ("code", "default_uom.symbol", "default_uom.factor", "default_uom.rate", "sale_uom.symbol", "sale_uom.factor",
                        "sale_uom.rate"),
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
MODELS: dict[str, tuple[tuple[str, ...], tuple[Any, ...]]] = {
    "product.product": (("", "template."), ()),
    "sale.sale": (("", "lines."), ()),
    "stock.shipment.out": (("", "moves."), (["state", "in", ["shipped", "done", "cancelled"]],)),
    "stock.shipment.out.return": (("", "moves."), (["state", "in", ["received", "done", "cancelled"]],)),
    "stock.move": (
        ("",),
        (["state", "=", "done"], ["OR", ["from_location.type", "!=", "storage"], ["to_location.type", "!=", "storage"]]),
    ),
    "account.invoice": (("", "lines.", "payment_lines."), (["type", "=", "out"], ["number", "!=", None])),
}
"""The models that are polled, in this order: whose dates tell a change, and which records are of interest."""
LISTED_MAX = 1_000_000
"""Longest complete list."""
PAGES_MAX = 10
"""Pages of one poll; the runtime goes on from the cursor."""


class Cursor(msgspec.Struct, omit_defaults=True):
    """Where a poll goes on.

    A round reads all models from `since` (none: from the beginning); `started` is the server's time at its start, `model`
    and `after` say how far it has come. `counts` is how many records were older than `settled` when the round began,
    `recent` are the younger ones, also those that the round has read and that may be gone at its end.
    """

    since: datetime | None = None
    started: datetime | None = None
    model: int = 0
    after: int = 0
    settled: datetime | None = None
    counts: dict[str, int] = {}
    recent: dict[str, list[int]] = {}


def poll(system: System, secrets: Secrets, cursor: str, found: list[Document]) -> Generator[Call, Reply, Polled | Failed]:
    """One stretch of a round, appended to `found`; after a failure the cursor stays where it was and nothing is lost."""
    try:
        at = msgspec.json.decode(cursor, type=Cursor) if cursor else Cursor()
        session = yield from login(system, secrets)
        return (yield from _stretch(session, system, at, found))
    except Broken as broken:
        return broken.outcome if isinstance(broken.outcome, Failed) else Failed("answer", broken.outcome.reason)


def _stretch(session: Session, system: System, at: Cursor, found: list[Document]) -> Talk[Polled]:
    if session.now is None:
        raise Broken(Failed("answer", "Tryton's answer has no Date header, so its clock is not known."))
    if at.started is None:
        at.started = session.now
        for model in LISTED:
            found.extend((yield from _deleted(session, system, model, at, session.now)))
        at.settled = at.started - timedelta(seconds=session.options.overlap)
        at.counts, at.recent = (yield from _counts(session, at.settled)), {}
    settled = at.settled or at.started
    names = list(MODELS)
    for _ in range(PAGES_MAX):
        if at.model == len(names):
            break
        model = names[at.model]
        ids = yield from _changed(session, model, at)
        if ids:
            records = yield from _read(session, model, ids)
            found.extend((yield from _documents(session, system, model, records)))
            at.after = ids[-1]
            if model in LISTED:
                at.recent.setdefault(model, []).extend(one.values["id"] for one in records if one.created >= settled)
        if len(ids) < session.options.page:
            at.model, at.after = at.model + 1, 0
    if at.model < len(names):
        return Polled(_text(at), more=True)
    recent = yield from _recent(session, settled, at.recent)
    return Polled(_text(Cursor(since=settled, settled=settled, counts=at.counts, recent=recent)), complete_to=settled)


def _text(cursor: Cursor) -> str:
    return msgspec.json.encode(cursor).decode()


def _changed(session: Session, model: str, at: Cursor) -> Talk[list[int]]:
    """The next page of records, by id: their order never changes while we turn the pages."""
    whose, only = MODELS[model]
    domain: list[Any] = [["id", ">", at.after], *only]
    if at.since is not None:
        since = moment(at.since)
        domain.append(["OR", *([f"{prefix}{name}", ">=", since] for prefix in whose for name in DATES)])
    found: list[int] = yield from read(session, model, "search", domain, 0, session.options.page, [["id", "ASC"]])
    return found


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


def _documents(session: Session, system: System, model: str, records: list[Found]) -> Talk[list[Document]]:
    """Each record with what belongs to it, in the bytes that Tryton sent."""
    if model == "product.product":
        records = [one for one in records if one.values["default_uom."]["id"] != one.values["sale_uom."]["id"]]
    parts = yield from PARTS[model](session, records)
    return [_document(system, model, one, part) for one, part in zip(records, parts, strict=True)]


def _read(session: Session, model: str, ids: Iterable[int], *fields: str) -> Talk[list[Found]]:
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
    lines = _by_id((yield from _read(session, "sale.line", (id_ for one in records for id_ in one.ids("lines")))))
    ignored = _by_id((yield from _read(session, "stock.move", (id_ for one in lines.values() for id_ in one.ids("moves_ignored")))))
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
    return (yield from _read(session, "sale.amendment", ids))


def _shipments(session: Session, records: list[Found]) -> Talk[list[Part]]:
    def moves_of(one: Found) -> list[int]:
        return one.ids("outgoing_moves") or one.ids("incoming_moves")

    moves = _by_id((yield from _read(session, "stock.move", (id_ for one in records for id_ in moves_of(one)))))
    return [{"moves": _picked(moves, moves_of(one))} for one in records]


def _moves(session: Session, records: list[Found]) -> Talk[list[Part]]:
    if not records:
        return []
    ids = yield from read(session, "stock.location", "search", [])
    places = _by_id((yield from _read(session, "stock.location", ids, "type", "code", "parent")))
    shipments: dict[str, bytes] = {}
    for model in ("stock.shipment.out", "stock.shipment.out.return"):
        carried = [id_ for one in records for id_ in _carrier(one, model)]
        for shipment in (yield from _read(session, model, carried, "reference")):
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
    lines = _by_id((yield from _read(session, "account.invoice.line", (id_ for one in records for id_ in one.ids("lines")))))
    credits = _origins(lines.values(), "account.invoice.line")
    credited = _by_id((yield from _read(session, "account.invoice.line", credits, "quantity", "invoice.number", "origin")))
    sales = {*_origins(lines.values(), "sale.line"), *_origins(credited.values(), "sale.line")}
    sold = _by_id((yield from _read(session, "sale.line", sales, "quantity", "sale.number")))
    money = [id_ for one in records for id_ in (*one.ids("lines_to_pay"), *one.ids("payment_lines"))]
    payments = _by_id((yield from _read(session, "account.move.line", money)))
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


def _document(system: System, model: str, record: Found, part: Part) -> Document:
    """No key of its own: the content is the key, so the same state polled twice is the same document."""
    members = b"".join(b',"%s":[%s]' % (name.encode(), b",".join(raws)) for name, raws in part.items())
    raw = b'{"model":"%s","record":%s%s}' % (model.encode(), record.raw, members)
    return Document(raw, f"{system.name} {model},{record.values['id']}", contract=CONTRACTS[model])


def _deleted(session: Session, system: System, model: str, at: Cursor, now: datetime) -> Talk[list[Document]]:
    """A complete list, if any record is gone that was there before."""
    if at.settled is None:
        return []
    left = yield from read(session, model, "search_count", [["create_date", "<", moment(at.settled)]])
    recent = at.recent.get(model, [])
    still = (yield from read(session, model, "search_count", [["id", "in", recent]])) if recent else 0
    if left >= at.counts.get(model, 0) and still == len(recent):
        return []
    ids: list[int] = yield from read(session, model, "search", [], 0, LISTED_MAX + 1, [["id", "ASC"]])
    if len(ids) > LISTED_MAX:
        raise Broken(Failed("too-large", f"Records of {model} were deleted, and there are too many ({LISTED_MAX:,}) to list the rest."))
    raw = msgspec.json.encode({"model": model, "listed": ids, "at": now.isoformat()})
    return [Document(raw, f"{system.name} {model}", contract=LIST)]


def _counts(session: Session, settled: datetime) -> Talk[dict[str, int]]:
    """How many records there are that no transaction under way can still add to."""
    made: dict[str, int] = {}
    for model in LISTED:
        made[model] = yield from read(session, model, "search_count", [["create_date", "<", moment(settled)]])
    return made


def _recent(session: Session, settled: datetime, seen: dict[str, list[int]]) -> Talk[dict[str, list[int]]]:
    """The records created since: those that are there, and those that were read in this round but may be gone already."""
    made: dict[str, list[int]] = {}
    for model in LISTED:
        there = yield from read(session, model, "search", [["create_date", ">=", moment(settled)]], 0, None, [["id", "ASC"]])
        made[model] = sorted({*there, *seen.get(model, [])})
    return made
