"""The console as one ASGI application: the pages of `console.pages`, who may see them, and what is shown when something fails."""

import logging
import pkgutil
import secrets
import time
from collections.abc import Callable, Mapping
from importlib import import_module
from urllib.parse import parse_qs

import psycopg
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from tieout.console import assets, pages
from tieout.console.desk import Busy, Desk
from tieout.console.headers import Headers
from tieout.console.render import environment
from tieout.console.visit import Refusal, Visit
from tieout.console.who import Person
from tieout.errors import TieoutError
from tieout.store.session import Session

LOG = logging.getLogger("tieout")
FORM_MAX = 1024 * 1024
Show = Callable[[Visit], Response]


def page(path: str, show: Show) -> Route:
    """A page that reads: one snapshot of the database, nothing is written."""
    return Route(path, _endpoint(show, writes=False), methods=["GET"])


def act(path: str, do: Show) -> Route:
    """What a form does. The function commits what it does by itself."""
    return Route(path, _endpoint(do, writes=True), methods=["POST"])


def application(desk: Desk) -> Starlette:
    """The console of a project."""
    routes: list[BaseRoute] = [assets.route]
    for module in sorted(pkgutil.iter_modules(pages.__path__), key=lambda m: m.name):
        routes += import_module(f"{pages.__name__}.{module.name}").routes
    made = Starlette(
        routes=routes,
        middleware=[Middleware(Headers), Middleware(GZipMiddleware, minimum_size=800, compresslevel=5)],
        exception_handlers={HTTPException: _no_such, Exception: _fault},
    )
    made.state.desk = desk
    made.state.paths = {route.path for route in routes if isinstance(route, Route)}
    return made


def _endpoint(work: Show, *, writes: bool) -> Callable[[Request], object]:
    async def endpoint(request: Request) -> Response:
        began = time.perf_counter()
        form: Mapping[str, list[str]] = {}
        if writes:
            body = await _body(request)
            form = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True)
        return await run_in_threadpool(_answer, request, work, form, began, writes=writes)

    return endpoint


async def _body(request: Request) -> bytes:
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > FORM_MAX:
            raise HTTPException(413)
        parts.append(part)
    return b"".join(parts)


def _answer(request: Request, work: Show, form: Mapping[str, list[str]], began: float, *, writes: bool) -> Response:
    """In a thread of its own: take a session, see who asks, do it."""
    desk: Desk = request.app.state.desk
    try:
        with desk.pool.session() as session:
            return _worked(request, desk, session, work, form, began, writes=writes)
    except (TieoutError, psycopg.OperationalError, Busy) as bad:
        return _failure(request, 503, "The database is not at hand", "Nothing was changed. Try again in a moment.", bad)


def _worked(
    request: Request, desk: Desk, session: Session, work: Show, form: Mapping[str, list[str]], began: float, *, writes: bool
) -> Response:  # fmt: skip
    visit = Visit(request, desk, session, Person(), "", form)
    try:
        if writes:
            response = work(visit)
        else:
            with session.transaction():
                session.execute("set transaction isolation level repeatable read, read only")
                response = work(visit)
    except Refusal as refused:
        response = visit.show("pages/refused.html", refused.status, refused=refused)
    spent = {**visit.spent, "app": time.perf_counter() - began}
    response.headers["Server-Timing"] = ", ".join(f"{name};dur={seconds * 1000:.1f}" for name, seconds in spent.items())
    return response


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
