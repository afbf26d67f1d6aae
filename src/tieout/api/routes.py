"""The HTTP interface: which path does what. A message is acknowledged after the commit that holds it, never before."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import Future
from datetime import UTC, datetime
from functools import partial

import msgspec
import psycopg
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from tieout.api.body import Room
from tieout.api.keys import Gate
from tieout.api.probe import Probe
from tieout.api.problem import Problem
from tieout.api.webhook import SCHEMES, Webhook
from tieout.connectors import Secrets, System
from tieout.errors import TieoutError
from tieout.runtime.batch import FUTURE_MAX
from tieout.runtime.gather import DOCUMENTS_MAX, Delivery, Kept, KeyReused, Queue, TooMany
from tieout.runtime.roles import lost
from tieout.settings import WEBHOOK_SECRET
from tieout.telemetry.metrics import TYPE, Metrics
from tieout.telemetry.traces import TRACEPARENT, Traces, traceparent_of

COMMIT_SECONDS = 30.0
"""How long a caller waits for the commit of its delivery."""
NAME_MAX = 200
JSON = "application/json"


class Intake(msgspec.Struct, frozen=True):
    """What taking messages in needs: who may speak, by which webhook scheme, and the line to the writer."""

    systems: Mapping[str, System]
    webhooks: Mapping[str, str]
    secrets: Callable[[str], Secrets]
    queue: Queue
    gate: Gate
    room: Room
    traces: Traces


class Watched(msgspec.Struct, frozen=True):
    """What watching needs: the roles with their faults, the database, the figures."""

    faults: Callable[[], dict[str, str]]
    probe: Probe
    metrics: Metrics


def interface(watched: Watched, intake: Intake | None, people: Sequence[BaseRoute] = ()) -> Starlette:
    """The ASGI application; without an intake, and without what `people` reach, it only tells how the process is doing."""
    routes: list[BaseRoute] = [
        Route("/healthz", partial(_healthz, watched=watched), methods=["GET"]),
        Route("/readyz", partial(_readyz, watched=watched, intake=intake), methods=["GET"]),
        Route("/metrics", partial(_metrics, watched=watched, intake=intake), methods=["GET"]),
    ]
    if intake is not None:
        for path, take in (("/v1/messages/{system}", _message), ("/v1/webhooks/{system}", _webhook)):
            routes.append(Route(path, partial(_told, watched=watched, intake=intake, take=take), methods=["POST"]))
    return Starlette(routes=[*routes, *people], exception_handlers={HTTPException: _no_such, Exception: _our_fault})


# Watching ----------------------------------------------------------------------------------------------------------------


async def _healthz(request: Request, watched: Watched) -> Response:
    """200 while every role works."""
    faults = watched.faults()
    body = {"roles": {name: fault or "works" for name, fault in faults.items()}}
    return Response(msgspec.json.encode(body), 503 if any(faults.values()) else 200, media_type=JSON)


async def _readyz(request: Request, watched: Watched, intake: Intake | None) -> Response:
    """200 while a message would be kept: the database answers and is migrated, the line is not full."""
    fault, polls = await run_in_threadpool(_asked, watched.probe)
    if not fault and intake is not None and intake.queue.is_full:
        fault = "Too many deliveries wait for their commit."
    body = {"ready": not fault, "fault": fault, "polls": polls}
    return Response(msgspec.json.encode(body), 503 if fault else 200, media_type=JSON)


def _asked(probe: Probe) -> tuple[str, dict[str, dict[str, str]]]:
    fault = probe.fault()
    return fault, {} if fault else probe.polls()


async def _metrics(request: Request, watched: Watched, intake: Intake | None) -> Response:
    """The figures for Prometheus."""
    metrics = watched.metrics
    await run_in_threadpool(watched.probe.measure, metrics)
    metrics.set_all(metrics.role_up, {name: 0.0 if fault else 1.0 for name, fault in watched.faults().items()})
    metrics.queue_depth.set(len(intake.queue) if intake is not None else 0)
    return Response(metrics.text(), headers={"content-type": TYPE})


async def _no_such(request: Request, error: Exception) -> Response:
    """A path or method that is none."""
    status = error.status_code if isinstance(error, HTTPException) else 404
    rule = "http/method" if status == 405 else "http/path"
    next_step = "POST to /v1/messages/SYSTEM or /v1/webhooks/SYSTEM; GET /healthz, /readyz or /metrics."
    return Problem(status, rule, f"There is nothing here for {request.method}.", next_step, closes=True).response(request.url.path)


async def _our_fault(request: Request, error: Exception) -> Response:
    """What nobody foresaw; the server logs it."""
    return Problem(500, "http/fault", "This is our fault.", "Send it again later; tell the operator.").response(request.url.path)


# Taking in ---------------------------------------------------------------------------------------------------------------

Taking = Callable[[Request, Intake, System, str], Awaitable[tuple[Kept, bool]]]


async def _told(request: Request, watched: Watched, intake: Intake, take: Taking) -> Response:
    """What became of a request; 202 for what is new, 200 with the same answer for a repetition."""
    name = request.path_params["system"]
    system = intake.systems.get(name)
    try:
        parent = traceparent_of(request.headers.get(TRACEPARENT, ""))
        with intake.traces.span("receive", parent, system=name if system is not None else "unknown") as trace:
            if system is None:
                await _refuse_stranger(request, intake, take, name)
                raise _unknown(name)
            kept, is_new = await take(request, intake, system, trace)
    except Problem as problem:
        watched.metrics.refused.labels(problem.rule).inc()
        return problem.response(request.url.path)
    return Response(msgspec.json.encode(kept), 202 if is_new else 200, media_type=JSON)


async def _refuse_stranger(request: Request, intake: Intake, take: Taking, name: str) -> None:
    """Whoever has no key does not learn which systems there are."""
    if take is _message:
        await _let_in(request, intake, name, may_be_unknown=True)


def _unknown(name: str) -> Problem:
    next_step = "Name a system of tieout.toml in the path; a new one is known after a restart."
    return Problem(404, "http/system", f"There is no system {name[:40]!r} here.", next_step, closes=True)


async def _let_in(request: Request, intake: Intake, name: str, *, may_be_unknown: bool = False) -> None:
    try:
        if not intake.gate.is_fresh:
            await run_in_threadpool(intake.gate.refresh)
    except (TieoutError, psycopg.Error):
        raise _away() from None
    try:
        intake.gate.check(request.headers.get("authorization", ""), name)
    except Problem as problem:
        if problem.status != 403 or not may_be_unknown:
            raise


async def _message(request: Request, intake: Intake, system: System, trace: str) -> tuple[Kept, bool]:
    """One document or a file of the system's connector, by key; with `complete_to` also how far the system has reported, or that alone."""
    await _let_in(request, intake, system.name)
    key = request.headers.get("idempotency-key", "")
    origin = request.query_params.get("name", "")
    for text, what in ((key, "The header Idempotency-Key"), (origin, "The parameter `name`")):
        if len(text) > NAME_MAX or not (text.isascii() and text.isprintable()):
            raise Problem(400, "http/name", f"{what} is none.", f"Use 1 to {NAME_MAX} printable ASCII characters.", closes=True)
    complete_to = _complete_to(request.query_params.get("complete_to"), datetime.now(UTC))
    async with intake.room.body(request) as body:
        if not body and complete_to is None:
            raise Problem(400, "http/empty", "The request has no body.", "Send a document or a file as the body.")
        return await _committed(intake, Delivery(system, body, origin or f"messages/{system.name}", Future(), key, {}, trace, complete_to))


def _complete_to(text: str | None, now: datetime) -> datetime | None:
    """The moment up to which a system says that it has reported. Raises Problem."""
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text[:NAME_MAX])
    except ValueError:
        found = now + 2 * FUTURE_MAX
    if found.tzinfo is None or found > now + FUTURE_MAX:
        detail = "The parameter `complete_to` is no time with its offset, or one to come."
        raise Problem(400, "http/complete-to", detail, "Write it like 2026-03-02T18:00:00Z.", closes=True)
    return found.astimezone(UTC)


async def _webhook(request: Request, intake: Intake, system: System, trace: str) -> tuple[Kept, bool]:
    """A webhook, by its signature over the raw bytes."""
    scheme = SCHEMES.get(intake.webhooks.get(system.name, ""))
    if scheme is None:
        next_step = f'Set `webhook` in [systems.{system.name}]: "shopify" or "standard".'
        raise Problem(404, "webhook/scheme", f"The system {system.name} takes no webhooks.", next_step, closes=True)
    async with intake.room.body(request) as body:
        try:
            secrets = [secret for name, secret in intake.secrets(system.name).items() if name.startswith(WEBHOOK_SECRET)]
        except TieoutError:
            raise Problem(503, "webhook/secret", "The secret is not at hand.", "The operator finds why in the log.", retry_after=60) from None
        found: Webhook = scheme(request.headers, body, secrets, datetime.now(UTC))
        if not body:
            raise Problem(400, "http/empty", "The request has no body.", "Send what happened as the body.")
        key = found.key or hashlib.sha256(body).hexdigest()
        return await _committed(intake, Delivery(system, body, f"webhooks/{system.name}", Future(), key, found.meta, trace))


async def _committed(intake: Intake, delivery: Delivery) -> tuple[Kept, bool]:
    """Hand a delivery to the writer and wait for its commit."""
    if not intake.queue.put(delivery):
        raise Problem(503, "http/busy", "Too many deliveries wait for their commit.", "Send it again.", retry_after=1)
    try:
        return await asyncio.wait_for(asyncio.wrap_future(delivery.answer), COMMIT_SECONDS)
    except TimeoutError:
        detail = f"It was not committed within {COMMIT_SECONDS:g} seconds, and may be yet."
        raise Problem(503, "http/busy", detail, "Send it again with the same key.", retry_after=5) from None
    except KeyReused:
        detail = "The key of this delivery was used for another content."
        raise Problem(409, "http/key-reused", detail, "Use a new key for new content; nothing of this was kept.") from None
    except TooMany:
        detail = f"A delivery may hold {DOCUMENTS_MAX:,} documents."
        raise Problem(413, "http/too-many", detail, "Send it in parts, or use `tieout import`.") from None
    except Exception as error:
        if lost(error):
            raise _away() from None
        detail = "It could not be kept; the operator finds why in the log."
        raise Problem(500, "http/fault", detail, "Send it again later with the same key; tell the operator.") from None


def _away() -> Problem:
    return Problem(503, "http/database", "The database is away; nothing was acknowledged.", "Send it again with the same key.", retry_after=5)
