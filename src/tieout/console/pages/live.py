"""`/live`: the stream of what changes; `/live/counters`: the counts of the rail; `/find`: what the palette finds."""

from collections.abc import AsyncIterator

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from tieout.cases.listing import count
from tieout.console import cards, door, queries, urls
from tieout.console.app import page
from tieout.console.live import Pulse, Stream
from tieout.console.queries_exceptions import GRAMMAR, filter_of
from tieout.console.visit import Visit
from tieout.people.person import Right

JSON = "application/json"


async def stream(request: Request) -> Response:
    """Server-sent events for whoever is signed in. The browser resumes where it was by `Last-Event-ID`, a new tab by `after`."""
    pulse = _pulse(request)
    after = request.headers.get("last-event-id") or request.query_params.get("after", "")
    first = await run_in_threadpool(_first, request, pulse, int(after) if after.isdecimal() and len(after) < 19 else 0)
    if first is None:
        return Response("You are signed out.", 401, media_type="text/plain")

    async def messages() -> AsyncIterator[bytes]:
        heard = Stream()
        pulse.join(heard)
        try:
            yield b"retry: 2000\n\n"
            for message in first:
                yield message
            async for message in heard.messages():
                yield message
        finally:
            pulse.leave(heard)

    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(messages(), media_type="text/event-stream", headers=headers)


def _pulse(request: Request) -> Pulse:
    state = request.app.state
    if not hasattr(state, "pulse"):
        state.pulse = Pulse(state.desk)
    pulse: Pulse = state.pulse
    return pulse


def _first(request: Request, pulse: Pulse, after: int) -> list[bytes] | None:
    desk = request.app.state.desk
    with desk.pool.session() as session:
        person = door.person_of(session, request, desk.clock())
        if person is None or not person.may(Right.READ):
            return None
        return pulse.missed(session, after)


def counters(visit: Visit) -> Response:
    """How many there are behind each link of the rail; of those in `least` there are at least so many, as a system is behind."""
    wanted = filter_of(urls.read(GRAMMAR, []), visit.now, visit.zone)
    counts = {
        "exceptions": visit.timed("db", count, visit.connection, wanted, visit.person, visit.now),
        "approvals": cards.waiting_for(visit),
        "operations": visit.fetch("operations_running")[0][0],
    }
    more = {"least": ["exceptions"] if visit.health.behind else [], "notices": visit.health.notices}
    return Response(msgspec.json.encode({**counts, **more}), media_type=JSON)


def find(visit: Visit) -> Response:
    """Exceptions, transactions and saved views by the beginning of what was typed."""
    text = " ".join(dict(visit.query).get("q", "").split())[:100]
    found = queries.found(visit, text) if text else []
    return Response(msgspec.json.encode(found), media_type=JSON)


routes = [Route("/live", stream, methods=["GET"]), page("/live/counters", counters), page("/find", find)]
