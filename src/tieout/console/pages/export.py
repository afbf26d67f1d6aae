"""`/exceptions.csv`: exactly the current filter and sort, all rows, written out as they are read; a long list is an operation with a link."""

import secrets
from collections.abc import Iterator, Sequence
from datetime import datetime
from urllib.parse import parse_qsl, urlencode

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from tieout.cases import csv_text, export
from tieout.cases.export import HEAD
from tieout.console import door, filters, urls
from tieout.console.app import act, page
from tieout.console.desk import Desk
from tieout.console.queries_exceptions import GRAMMAR, Reading, filter_of
from tieout.console.visit import Refusal, Visit
from tieout.people import audit
from tieout.people.person import Person, Right


async def download(request: Request) -> Response:
    """The list as a file. `bom=1` marks it as UTF-8 for spreadsheets that ask for that."""
    desk: Desk = request.app.state.desk
    now = desk.clock()
    person = await run_in_threadpool(_person, request, desk, now)
    if person is None:
        return door.sign_in_first(request)
    if not person.may(Right.EXPORT):
        return Response("You may not take data out.", 403, media_type="text/plain")
    query = [pair for pair in parse_qsl(request.url.query, keep_blank_values=True) if pair[0] != "bom"]
    state = urls.read(GRAMMAR, query)
    if not await run_in_threadpool(_fits, desk, person, state, now):
        return RedirectResponse(f"/exports/new?{urlencode(query)}", 303)
    name = "exceptions-" + "-".join(part for part in (state.view.replace("/", "-"), f"{now:%Y%m%dT%H%M%SZ}") if part)
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"', "Cache-Control": "private, no-store"}
    text = csv_text.written(HEAD, _rows(desk, person, state, now), bom=request.query_params.get("bom") == "1")
    return StreamingResponse(text, media_type="text/csv; charset=utf-8", headers=headers)


def _person(request: Request, desk: Desk, now: datetime) -> Person | None:
    with desk.pool.session() as session:
        person = door.person_of(session, request, now)
        if person is not None and person.may(Right.EXPORT):
            audit.write(session, person, "export", "/exceptions", {"query": request.url.query}, now)
        return person


def _fits(desk: Desk, person: Person, state: urls.State, now: datetime) -> bool:
    """Whether a list is short enough to be sent while somebody waits."""
    with desk.pool.session() as session:
        return Reading(session, person, state, now, person.zone or desk.zone).figures().total <= export.SENT_MAX


def _rows(desk: Desk, person: Person, state: urls.State, now: datetime) -> Iterator[Sequence[object]]:
    with desk.pool.session() as session, session.transaction():
        session.execute("set transaction isolation level repeatable read, read only")
        yield from export.numbered(Reading(session, person, state, now, person.zone or desk.zone).all())


def ask(visit: Visit) -> Response:
    """A list that is too long to be sent at once: what it is, and the button that has it written."""
    state = urls.read(GRAMMAR, visit.query)
    figures = visit.timed("db", Reading(visit.connection, visit.person, state, visit.now, visit.zone).figures)
    return visit.show(
        "pages/export.html", title="Export", total=figures.total, said=filters.sentence(state, visit.now), back=urls.url(GRAMMAR, state),
        query=urls.link("", urls.write(GRAMMAR, state, ignored=False)).removeprefix("?"), key=secrets.token_urlsafe(18), most=export.SENT_MAX,
    )  # fmt: skip


def begin(visit: Visit) -> Response:
    """Have it written in the background; the operation has the link."""
    state = urls.read(GRAMMAR, parse_qsl(visit.field("query"), keep_blank_values=True))
    if state.ignored or state.as_of:
        raise Refusal(422, "This list cannot be written out", "It shows the past, or has a filter that means nothing. Nothing was begun.")
    wanted = filter_of(state, visit.now, visit.zone)
    made = export.begin(visit.connection, visit.person, wanted, state.sort, visit.field("key"), visit.now)
    return visit.go(f"/operations/{made.ref}", said=f"{made.ref} writes {made.many:,} rows; the link is there when it is done.")


def file(visit: Visit) -> Response:
    """What an export has written."""
    ref = visit.argument("ref")
    number = int(ref[3:]) if ref.startswith("OP-") and ref[3:].isdecimal() and len(ref) < 19 else 0
    parts = export.file(visit.connection, visit.person, number, visit.now)
    bom = csv_text.BOM.encode() if ("bom", "1") in visit.query else b""
    headers = {"Content-Disposition": f'attachment; filename="exceptions-OP-{number}.csv"', "Cache-Control": "private, no-store"}
    return Response(bom + b"".join(parts), media_type="text/csv; charset=utf-8", headers=headers)


routes = [
    Route("/exceptions.csv", download, methods=["GET"]), page("/exports/new", ask, needs=Right.EXPORT), act("/exports", begin, needs=Right.EXPORT),
    page("/operations/{ref}/file", file, needs=Right.EXPORT, records=True),
]  # fmt: skip
