"""Ask Tryton what changed: per model a window on write and creation dates that overlaps the last one, page by page.

A record's write date is the time its transaction began, so one that commits late carries a date from before the last
poll. Each round therefore starts `overlap` seconds before the one before it; what it finds again is the same document
with the same content, and counts as a repetition. Deletions leave no date: a round counts the records that the last one
had found, and lists all there are when some are gone.
"""

from collections.abc import Generator
from datetime import datetime, timedelta
from typing import Any

import msgspec

from tieout.connectors import Document, Secrets, System
from tieout.connectors.tryton import CONTRACTS, LIST
from tieout.connectors.tryton.options import options_of
from tieout.connectors.tryton.products import LISTED
from tieout.connectors.tryton.related import DATES, PARTS, Found, Part, read_records
from tieout.connectors.tryton.rpc import STRANGE, Broken, Denied, Session, Talk, login, moment, read
from tieout.core.command import Call, Failed, Polled, Reply

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
        session = Session(options_of(system), "")
        yield from login(session, system, secrets)
        return (yield from _stretch(session, system, at, found))
    except STRANGE as bad:
        return Failed("answer", f"Tryton's answer is not what was asked for: {type(bad).__name__} {str(bad)[:200]}")
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
            documents, records = yield from _documents(session, system, model, ids)
            found.extend(documents)
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


def _documents(session: Session, system: System, model: str, ids: list[int]) -> Talk[tuple[list[Document], list[Found]]]:
    """Each record with what belongs to it. One that Tryton cannot read is told apart from the others by halving the page."""
    try:
        records = yield from read_records(session, model, ids)
        if model == "product.product":
            records = [one for one in records if one.values["default_uom."]["id"] != one.values["sale_uom."]["id"]]
        parts = yield from PARTS[model](session, records)
    except Denied as no:
        if len(ids) == 1:
            return [_unreadable(system, model, ids[0], no.outcome.reason)], []
        half = len(ids) // 2
        documents, known = yield from _documents(session, system, model, ids[:half])
        more, others = yield from _documents(session, system, model, ids[half:])
        if not known and not others:
            raise
        return documents + more, known + others
    return [_document(system, model, one, part) for one, part in zip(records, parts, strict=True)], records


def _document(system: System, model: str, record: Found, part: Part) -> Document:
    """No key of its own: the content is the key, so the same state polled twice is the same document."""
    members = b"".join(b',"%s":[%s]' % (name.encode(), b",".join(raws)) for name, raws in part.items())
    raw = b'{"model":"%s","record":%s%s}' % (model.encode(), record.raw, members)
    return Document(raw, f"{system.name} {model},{record.values['id']}", contract=CONTRACTS[model])


def _unreadable(system: System, model: str, id_: int, why: str) -> Document:
    raw = msgspec.json.encode({"model": model, "unreadable": id_, "why": why})
    return Document(raw, f"{system.name} {model},{id_}", contract=CONTRACTS[model])


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
