"""The simulated partners as HTTP endpoints: what each system has sent, and what the ERP and the warehouse can be told.

GET  /SYSTEM?after=N          the files a system has sent since the N-th, as names; `next` is the N to ask with then
GET  /SYSTEM/NAME             one of these files, byte for byte
POST /erp/sales_orders        book an order        (header Idempotency-Key)
POST /erp/invoices            bill a sales order   (header Idempotency-Key)
POST /wms/releases            ship something; GET /wms/releases?release_id=… says what came of it
GET  /                        which systems there are, and the world's time
"""

import json
import random
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tieout.simulate.chance import stream
from tieout.simulate.clock import iso
from tieout.simulate.live import Live, Unfit

BODY_MAX = 1024 * 1024
FILES_MAX = 500
RETRY_SECONDS = "2"
Do = Callable[[Request, Mapping[str, Any]], dict[str, Any]]


def application(live: Live, misbehave: float = 0.0) -> Starlette:
    """The endpoints of a world. `misbehave` is the share of things told that go wrong: down, too many requests, or done but not answered."""
    rng = stream(live.world.seed, "misbehave")

    def key_of(request: Request) -> str:
        return request.headers.get("idempotency-key", "")

    return Starlette(routes=[
        Route("/", _index(live)),
        Route("/erp/sales_orders", _told(live, rng, misbehave, lambda r, body: live.book(key_of(r), body)), methods=["POST"]),
        Route("/erp/invoices", _told(live, rng, misbehave, lambda r, body: live.bill(key_of(r), body)), methods=["POST"]),
        Route("/wms/releases", _told(live, rng, misbehave, lambda r, body: live.release(body)), methods=["POST"]),
        Route("/wms/releases", _release(live), methods=["GET"]),
        Route("/{system}", _list(live)),
        Route("/{system}/{name}", _file(live)),
    ])  # fmt: skip


def _index(live: Live) -> Callable[[Request], Awaitable[Response]]:
    async def index(request: Request) -> Response:
        live.catch_up()
        return JSONResponse({"time": iso(live.moment), "systems": {system: len(files) for system, files in live.files.items()}})

    return index


def _list(live: Live) -> Callable[[Request], Awaitable[Response]]:
    async def list_(request: Request) -> Response:
        live.catch_up()
        system, after = request.path_params["system"], request.query_params.get("after", "0")
        if system not in live.files:
            return _problem(404, f"There is no system {system[:60]!r}.")
        if not after.isdecimal():
            return _problem(400, "`after` is a whole number.")
        names = [file.name for file in live.files[system][int(after) : int(after) + FILES_MAX]]
        return JSONResponse({"files": names, "next": int(after) + len(names)})

    return list_


def _file(live: Live) -> Callable[[Request], Awaitable[Response]]:
    async def file(request: Request) -> Response:
        wanted = request.path_params["name"]
        found = next((each for each in live.files.get(request.path_params["system"], ()) if each.name == wanted), None)
        return _problem(404, "There is no such file.") if found is None else Response(found.data, media_type="application/octet-stream")

    return file


def _release(live: Live) -> Callable[[Request], Awaitable[Response]]:
    async def release(request: Request) -> Response:
        key = request.query_params.get("release_id", "")
        found = live.known("release", key)
        return _problem(404, "No such release.") if found is None else JSONResponse({"release_id": key, "delivery": found["number"]})

    return release


def _told(live: Live, rng: random.Random, misbehave: float, do: Do) -> Callable[[Request], Awaitable[Response]]:
    async def told(request: Request) -> Response:
        raw = await request.body()
        fate = rng.choice(("down", "limited", "unanswered")) if rng.random() < misbehave else ""
        if fate == "down":
            return _problem(503, "Down for a moment.", {"Retry-After": RETRY_SECONDS})
        if fate == "limited":
            return _problem(429, "Too many requests.", {"Retry-After": RETRY_SECONDS})
        try:
            body = json.loads(raw) if len(raw) <= BODY_MAX else None
            if not isinstance(body, dict):
                raise Unfit(f"the body is no JSON object of at most {BODY_MAX:,} bytes")
            answer = do(request, body)
        except (Unfit, ValueError, TypeError) as bad:
            return _problem(422, f"{bad}."[:300])
        return _problem(504, "It took too long to answer.") if fate == "unanswered" else JSONResponse(answer, 201)

    return told


def _problem(status: int, title: str, headers: Mapping[str, str] | None = None) -> Response:
    return JSONResponse({"status": status, "title": title}, status, headers)
