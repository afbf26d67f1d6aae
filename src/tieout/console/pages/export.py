"""`/exceptions.csv`: exactly the current filter and sort, all rows, written out as they are read."""

from collections.abc import Iterator
from datetime import datetime
from urllib.parse import parse_qsl

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from tieout.console import csv_text, door, urls
from tieout.console.csv_text import Number
from tieout.console.desk import Desk
from tieout.console.queries_exceptions import GRAMMAR, Reading
from tieout.people import audit
from tieout.people.person import Person, Right

HEAD = (
    "ref", "class", "title", "what_disagrees", "state", "progress", "owner", "team", "priority", "transaction", "number", "system", "partner",
    "item", "channel", "warehouse", "value", "currency", "due", "since", "opened", "tags", "hint",
)  # fmt: skip
NUMBERS = (8, 16)


async def export(request: Request) -> Response:
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


def _rows(desk: Desk, person: Person, state: urls.State, now: datetime) -> Iterator[list[object]]:
    with desk.pool.session() as session, session.transaction():
        session.execute("set transaction isolation level repeatable read, read only")
        for row in Reading(session, person, state, now, person.zone or desk.zone).all():
            yield [Number(value) if place in NUMBERS and value != "" else value for place, value in enumerate(row)]


routes = [Route("/exceptions.csv", export, methods=["GET"])]
