"""Everything that can go wrong as a problem document (RFC 9457), and how the description tells of it."""

from collections.abc import Mapping
from typing import Any

import psycopg
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import compile_path

from tieout.api.problem import Problem
from tieout.errors import Forbidden, OperatorError, StoreError
from tieout.store.pool import Busy

TELL = "Try again later; tell the operator."


class ProblemBody(BaseModel):
    """A problem: whose fault, by which rule, and what to do next."""

    type: str
    title: str
    status: int
    detail: str
    source: str = Field(description="The path it came to.")
    rule: str = Field(description="Stable; for programs to tell problems apart.")
    next_step: str


def told(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The refusals of an operation, for the description; those that every operation has are among them."""
    words = {
        400: "Not HTTP as it should be", 401: "Nobody known", 403: "Not allowed", 404: "Not there, or not yours to see", 409: "It cannot be, as things stand",
        412: "Changed since you looked", 413: "Too large", 422: "Not as described here", 428: "Say which version you mean", 429: "Too many requests",
        503: "Not now",
    }  # fmt: skip
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemBody"}}}
    return {status: {"description": words[status], "content": content} for status in sorted({400, 401, 403, 413, 422, 429, 503, *statuses})}


def install(app: FastAPI) -> None:
    """Answer every error of an application this way."""
    for kind, answer in ANSWERS.items():
        app.add_exception_handler(kind, _handler(answer))


def missing(what: str) -> Problem:
    """Not there; or not to be seen, which is not told apart."""
    return Problem(404, "http/missing", f"There is no {what}.", "Look at the list; what is outside your scopes is not shown.")


def _handler(answer: Any) -> Any:
    async def handle(request: Request, error: Exception) -> Response:
        response: Response = answer(request, error).response(request.url.path)
        return response

    return handle


def _invalid(request: Request, error: Any) -> Problem:
    """What does not fit the description; the place is named, the value is not repeated."""
    found = error.errors()[0]
    place = " ".join(str(part) for part in found["loc"])[:200]
    message = "it is no JSON" if found["type"] == "json_invalid" else str(found["msg"])[:200]
    return Problem(422, "http/invalid", f"{place}: {message}.", "Compare it with /api/v1/openapi.json.")


def _http(request: Request, error: Any) -> Problem:
    if error.status_code == 405:
        problem = Problem(405, "http/method", f"{request.method} is not for this path.", "Compare it with /api/v1/openapi.json.")
        problem.headers = {"allow": ", ".join(sorted(_allowed(request)))}
        return problem
    if error.status_code == 404:
        return Problem(404, "http/path", "There is nothing at this path.", "Compare it with /api/v1/openapi.json.")
    return Problem(error.status_code, "http/request", "The request cannot be read.", "Compare it with /api/v1/openapi.json.")


def _allowed(request: Request) -> set[str]:
    """The methods of a path, as the description has them."""
    described = request.app.openapi()["paths"].items()
    asked = request.scope["path"].removeprefix(request.scope.get("root_path", ""))
    return {
        method.upper() for path, methods in described if compile_path(path)[0].match(asked) for method in methods
    }  # fmt: skip


def _refused(request: Request, error: Any) -> Problem:
    return Problem(409, "request/refused", error.what, error.next_step)


def _forbidden(request: Request, error: Any) -> Problem:
    return Problem(403, "request/forbidden", error.what, error.next_step)


def _away(request: Request, error: Any) -> Problem:
    return Problem(503, "http/database", "The database is not at hand.", TELL, retry_after=5)


def _waited(request: Request, error: Any) -> Problem:
    return Problem(503, "http/busy", "Others are at it; it took too long.", "Send it again.", retry_after=2)


def _data(request: Request, error: Any) -> Problem:
    return Problem(422, "http/invalid", "A value cannot be kept: a character or a number beyond what the database holds.", "Correct it.")


def _fault(request: Request, error: Any) -> Problem:
    return Problem(500, "http/fault", "This is our fault.", TELL)


def _itself(request: Request, error: Any) -> Problem:
    problem: Problem = error
    return problem


ANSWERS: Mapping[type[Exception], Any] = {
    Problem: _itself,
    RequestValidationError: _invalid,
    HTTPException: _http,
    Forbidden: _forbidden,
    OperatorError: _refused,
    StoreError: _away,
    Busy: _waited,
    psycopg.OperationalError: _away,
    psycopg.errors.LockNotAvailable: _waited,
    psycopg.errors.QueryCanceled: _waited,
    psycopg.DataError: _data,
    Exception: _fault,
}
