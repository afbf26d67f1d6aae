"""Cases: exceptions of every kind, their causes and history."""

from typing import Annotated

import msgspec
from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response

from tieout.api.problem import Problem
from tieout.api.v1.ask import Asked, At, Reading
from tieout.api.v1.caller import project_of
from tieout.api.v1.filters import EXTRA
from tieout.api.v1.models import NUMBER_MAX, Case, Cause, Event, Totals, amount
from tieout.api.v1.page import Cursor, Limit, Page, page_of, place_of
from tieout.api.v1.problems import missing, told
from tieout.api.v1.seen import BY_ITSELF, rows
from tieout.cases import listing
from tieout.cases.filter import Filter, parse, where
from tieout.cases.listing import SORTS, Item
from tieout.errors import OperatorError
from tieout.store.database import fetch_by

router = APIRouter(tags=["cases"])
BIGGEST = 2**63 - 1
OURS = ("sort", "limit", "cursor")
Ref = Annotated[str, Path(pattern=r"^EX-[0-9]{1,18}$", examples=["EX-104211"])]
Sort = Annotated[str, Query(pattern=f"^-?({'|'.join(SORTS)})$", description="`-` in front for descending.")]


@router.get("/cases", responses=told(404), openapi_extra=EXTRA)
def cases(ask: Reading, request: Request, sort: Sort = "due", limit: Limit = 100, cursor: Cursor = None) -> Page[Case]:
    """Exceptions, due soonest first; open ones unless a filter asks for others. `not.` in front of a filter's name excludes what it means."""
    place = place_of(cursor, tuple[str, int])
    if place is not None and place[0] != sort:
        raise Problem(404, "page/unknown", "This cursor names no page of this list.", "Begin without a cursor.")
    wanted = _filter(ask, request)
    with ask.reading() as at:
        found = listing.items(at.session, wanted, at.person, at.now, sort=sort, limit=limit + 1, after=place[1] if place else None)
    items, following = page_of(found, limit, lambda item: (sort, item.id))
    return Page(items=[case_of(item) for item in items], next=following)


@router.get("/cases/totals", responses=told(), openapi_extra=EXTRA)
def totals(ask: Reading, request: Request) -> Totals:
    """How many a filter means, and what they are worth."""
    wanted = _filter(ask, request)
    with ask.reading() as at:
        found = listing.totals(at.session, wanted, at.person, at.now)
    sums = {currency: format(worth, "f") for currency, worth in found.sums.items()}
    return Totals(many=found.many, sums=sums, overdue=found.overdue, unpriced=found.unpriced, by_class=found.by_class, by_state=found.by_state)


@router.get("/cases/{ref}", response_model=Case, responses={**told(404), 304: {"description": "You have it."}})
def case(ask: Reading, ref: Ref) -> Response:
    """An exception, whatever its state. Its ETag is its version."""
    with ask.reading() as at:
        item = item_of(at, ref)
        return ask.one(str(item.version), lambda: case_of(item))


@router.get("/cases/{ref}/history", responses=told(404))
def history(ask: Reading, ref: Ref, limit: Limit = 100, cursor: Cursor = None) -> Page[Event]:
    """What happened to it, newest first."""
    before = place_of(cursor, tuple[int]) or (None,)
    with ask.reading() as at:
        found = fetch_by(at.session, "work_history", work=item_of(at, ref).id, before=before[0], limit=limit + 1)
    items, following = page_of(found, limit, lambda row: (row[0],))
    made = [Event(at=when, event=event, who=who, detail=msgspec.json.decode(detail) or {}) for _, when, event, who, detail in items]
    return Page(items=made, next=following)


@router.get("/causes", responses=told(404))
def causes(ask: Reading, all: bool = False, limit: Limit = 100, cursor: Cursor = None) -> Page[Cause]:
    """Causes with how many exceptions of each are open; newest first, with `all` also those that have none."""
    before = place_of(cursor, tuple[int]) or (BIGGEST,)
    with ask.reading() as at:
        found = rows(
            at.session,
            "causes_page",
            at.person.scopes,
            BY_ITSELF,
            before=before[0],
            id=None,
            all=all and at.person.scopes.is_all,
            limit=limit + 1,
        )
    items, following = page_of(found, limit, lambda row: (row[0],))
    return Page(items=[_cause(row) for row in items], next=following)


@router.get("/causes/{cause}", responses=told(404))
def one_cause(ask: Reading, cause: Annotated[int, Path(ge=1, le=NUMBER_MAX)]) -> Cause:
    """One cause."""
    with ask.reading() as at:
        found = rows(at.session, "causes_page", at.person.scopes, BY_ITSELF, before=BIGGEST, id=cause, all=at.person.scopes.is_all, limit=1)
    if not found:
        raise missing("cause with this number")
    return _cause(found[0])


def item_of(at: At, ref: str) -> Item:
    """The exception of a reference, if whoever asks may see it. Raises Problem."""
    item = listing.one(at.session, ref, at.person, at.now)
    if item is None:
        raise missing("case with this reference")
    return item


def case_of(item: Item) -> Case:
    """An exception as it is told."""
    return Case.model_validate({
        "ref": item.ref, "kind": item.kind, "class": item.class_, "title": item.title, "summary": item.summary, "hint": item.hint,
        "cause": item.cause, "state": item.state, "subject": item.root, "key": item.key, "account": item.account, "side": item.side,
        "system": item.system, "party": item.party, "sku": item.sku, "channel": item.channel, "warehouse": item.warehouse,
        "worth": amount(item.worth), "currency": item.currency, "cost_of_delay": amount(item.cost), "since": item.since, "due": item.due,
        "resolved": item.resolved, "team": item.team, "person": item.person, "priority": item.priority, "acknowledged": item.acknowledged,
        "snoozed_until": item.snooze_until, "progress": item.progress, "tags": list(item.tags), "version": item.version, "changed": item.changed,
    })  # fmt: skip


def _filter(ask: Asked, request: Request) -> Filter:
    """The filter of a query. Raises Problem for what means nothing."""
    try:
        wanted = parse((name, value) for name, value in request.query_params.multi_items() if name not in OURS)
        where(wanted, ask.person, project_of(request).clock())
        return wanted
    except OperatorError as bad:
        raise Problem(422, "http/invalid", bad.what, bad.next_step) from bad


def _cause(row: tuple[object, ...]) -> Cause:
    names = ("id", "title", "class", "state", "systems", "field", "open", "first_seen", "last_seen", "version")
    return Cause.model_validate(dict(zip(names, row, strict=True)))
