"""The console as one ASGI application: the pages of `console.pages`, who may see them, and what is shown when something fails."""

import logging
import pkgutil
import secrets
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from importlib import import_module
from typing import NamedTuple

import psycopg
from anyio import CapacityLimiter, to_thread
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from tieout.console import assets, door, pages
from tieout.console import form as forms
from tieout.console.desk import Desk
from tieout.console.form import FORM_MAX, Form
from tieout.console.headers import Headers
from tieout.console.render import environment
from tieout.console.visit import Refusal, Visit
from tieout.errors import Forbidden, OperatorError, StoreError
from tieout.people import audit
from tieout.people.person import Right
from tieout.people.throttle import TooFast
from tieout.store.pool import Busy

LOG = logging.getLogger("tieout")
PLANS = "set local random_page_cost = 1.1; set local max_parallel_workers_per_gather = 0"
"""What a page counts is in memory as a rule: the counting index is read in place of the table. Many people read at once, so that helpers
for one of them would only take the processor from the others."""
Show = Callable[[Visit], Response]


def page(path: str, show: Show, *, needs: Right = Right.READ, records: bool = False, tries: bool = False) -> Route:
    """A page that reads: one snapshot of the database, nothing is written; unless it `records` who looked at what is masked for others.

    One that `tries` out what an act would do holds rows for a moment, so it has no snapshot.
    """
    return Route(path, _endpoint(Work(show, needs, records=records, tries=tries)), methods=["GET"])


def act(path: str, do: Show, *, needs: Right = Right.READ, most: int = FORM_MAX) -> Route:
    """What a form does. The function commits what it does by itself. `most` bounds what is sent, where files come."""
    return Route(path, _endpoint(Work(do, needs, writes=True, most=most)), methods=["POST"])


def open_page(path: str, show: Show, *, writes: bool = False, at_once: int = 0) -> Route:
    """What may be seen, or sent, without being signed in. `at_once`: more than so many wait, and hold neither a thread nor a session."""
    return Route(path, _endpoint(Work(show, None, writes=writes), at_once), methods=["POST" if writes else "GET"])


class Work(NamedTuple):
    """What is done for a path, what right that needs (None: not even a person), whether it writes, or only records that it was seen."""

    show: Show
    needs: Right | None
    writes: bool = False
    records: bool = False
    tries: bool = False
    most: int = FORM_MAX


def application(desk: Desk) -> Starlette:
    """The console of a project."""
    routes: list[BaseRoute] = [assets.route]
    for module in sorted(pkgutil.iter_modules(pages.__path__), key=lambda m: m.name):
        routes += import_module(f"{pages.__name__}.{module.name}").routes
    routes.sort(key=lambda route: getattr(route, "path", "").count("{"))
    made = Starlette(
        routes=routes,
        middleware=[Middleware(Headers), Middleware(GZipMiddleware, minimum_size=800, compresslevel=5)],
        exception_handlers={HTTPException: _no_such, Exception: _fault},
    )
    made.state.desk = desk
    made.state.paths = {route.path for route in routes if isinstance(route, Route)}
    return made


def _endpoint(work: Work, at_once: int = 0) -> Callable[[Request], Awaitable[Response]]:
    limiter = CapacityLimiter(at_once) if at_once else None

    async def endpoint(request: Request) -> Response:
        began = time.perf_counter()
        form = Form()
        if work.writes:
            form = forms.read(await forms.body(request.stream(), work.most), request.headers.get("content-type", ""))
        return await to_thread.run_sync(_answer, request, work, form, began, limiter=limiter)

    return endpoint


def _answer(request: Request, work: Work, form: Form, began: float) -> Response:
    """In a thread of its own: take a session, see who asks, do it."""
    desk: Desk = request.app.state.desk
    try:
        with desk.pool.session() as session:
            person = door.person_of(session, request, desk.clock())
            if person is None and work.needs is not None:
                return door.sign_in_first(request)
            visit = Visit(request, desk, session, person, door.token_of(request) if person else "", form)
            response = _worked(visit, work)
            if response.status_code == 403 and person is not None:
                _note(visit)
    except (StoreError, psycopg.OperationalError, Busy) as bad:
        return _failure(request, 503, "The database is not at hand", "Nothing was changed. Try again in a moment.", bad)
    spent = {**visit.spent, "app": time.perf_counter() - began}
    response.headers["Server-Timing"] = ", ".join(f"{name};dur={seconds * 1000:.1f}" for name, seconds in spent.items())
    return response


def _worked(visit: Visit, work: Work) -> Response:
    try:
        if work.needs is not None:
            _let_in(visit, work, work.needs)
        if work.writes or work.tries:
            return work.show(visit)
        with visit.connection.transaction():
            visit.connection.execute(f"set transaction isolation level repeatable read{'' if work.records else ', read only'}; {PLANS}")
            return work.show(visit)
    except Refusal as refused:
        return _refused(visit, refused)
    except psycopg.errors.ReadOnlySqlTransaction:
        return _refused(
            visit, Refusal(503, "Nothing can be changed for now", "The database takes no changes; nothing was done. Try again later.")
        )
    except OperatorError as bad:
        status = 403 if isinstance(bad, Forbidden) else 429 if isinstance(bad, TooFast) else 422
        return _refused(visit, Refusal(status, bad.what, bad.next_step))


def _let_in(visit: Visit, work: Work, needs: Right) -> None:
    if work.writes and not door.is_ours(visit.request, visit.field(door.TOKEN)):
        raise Refusal(403, "This form was not sent from a page of yours", "Nothing was done. Open the page again and send it from there.")
    visit.person.need(needs)


def _refused(visit: Visit, refused: Refusal) -> Response:
    """What was not done and why: as a page, or as a part of one for our script."""
    visit.why_not = refused.title
    if visit.person_or_none is None:
        return _failure(visit.request, refused.status, refused.title, refused.detail, None)
    return visit.show("pages/refused.html", refused.status, block="problem" if visit.fragment else "", refused=refused)


def _note(visit: Visit) -> None:
    """Who reaches for more than is his is written down, after what he did is undone; a database that takes nothing takes that neither."""
    what = f"{visit.request.method} {visit.path}"
    with suppress(psycopg.errors.ReadOnlySqlTransaction):
        audit.write(visit.connection, visit.person, "refused", what[:400], {"why": visit.why_not[:400]}, visit.now)


async def _no_such(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 404
    titles = {404: "There is no such page", 405: "This cannot be done here", 413: "That is too much at once"}
    return _failure(request, status, titles.get(status, "That did not work"), "Go back, or press Ctrl+K to find what you look for.", None)


async def _fault(request: Request, error: Exception) -> Response:
    """What nobody foresaw; the server logs it with the id that the person sees."""
    return _failure(request, 500, "This is our fault", "Nothing more was done. Try again; if it stays, tell an engineer the id below.", error)


def _failure(request: Request, status: int, title: str, detail: str, error: Exception | None) -> Response:
    number = secrets.token_hex(6)
    if error is not None:
        LOG.error("console %s %s", number, request.url.path, exc_info=error)
    text = (
        environment()
        .get_template("pages/failed.html")
        .render(title=title, detail=detail, number=number if error else "", path=request.url.path)
    )
    return Response(text, status, media_type="text/html")
