"""A request being worked: a snapshot for what reads; for what acts one transaction, an idempotency key and the version that is meant."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Annotated, Any

import msgspec
from fastapi import Depends, Header, Request
from fastapi.responses import Response

from tieout.api.problem import Problem
from tieout.api.v1.caller import Caller, project_of
from tieout.api.v1.project import Project
from tieout.errors import Forbidden
from tieout.people import audit
from tieout.people.person import Person, Right
from tieout.store.database import Connection, fetch, run
from tieout.store.session import Session

KEPT = timedelta(days=7)
KEY_PATTERN = r"^[!-~]{1,200}$"
JSON = "application/json"


class At(msgspec.Struct, frozen=True):
    """Where an operation works: the session in its transaction, who asks, when, and the project."""

    session: Session
    person: Person
    now: datetime
    project: Project

    def wrote(self, action: str, object_: str, **detail: Any) -> None:
        """Write down what was done, in the transaction that did it."""
        audit.write(self.session, self.person, action, object_, detail, self.now)


class Asked:
    """A request by somebody known."""

    def __init__(self, request: Request, person: Caller, body: bytes, key: str | None, if_match: str | None, if_none_match: str | None) -> None:
        self.person = person
        self.body = body
        self._project = project_of(request)
        self._key = key
        self._if_match = if_match
        self._if_none_match = if_none_match
        self._what = f"{request.method} {request.url.path}"
        said = [request.method, request.url.path, request.url.query, if_match, body.decode("latin-1")]
        self._digest = hashlib.sha256(msgspec.json.encode(said)).digest()

    @property
    def key(self) -> str | None:
        """The idempotency key of the request, if it has one."""
        return self._key

    @contextmanager
    def reading(self, right: Right = Right.READ) -> Iterator[At]:
        """One snapshot, nothing is written. Raises Forbidden."""
        with self._noting(right), self._project.pool.session() as session, session.transaction():
            session.execute("set transaction isolation level repeatable read, read only")
            yield At(session, self.person, self._project.clock(), self._project)

    def do(self, right: Right, work: Callable[[At], Response]) -> Response:
        """Do something once: with the same idempotency key the first answer comes again. Raises Forbidden, Problem."""
        with self._noting(right), self._project.pool.session() as session, session.transaction():
            at = At(session, self.person, self._project.clock(), self._project)
            if self._key is None:
                return work(at)
            before = self._answered(at, self._key)
            if before is not None:
                return before
            answer = work(at)
            self._keep(at, self._key, answer)
            return answer

    def do_in_steps(self, right: Right, work: Callable[[At], Response]) -> Response:
        """Do something that commits by itself on its way, as a resolution does: it is kept as asked for before it is done.

        Should this process die in between, the same key says that nobody knows, until a person has looked.
        """
        with self._noting(right), self._project.pool.session() as session:
            at = At(session, self.person, self._project.clock(), self._project)
            if self._key is None:
                return work(at)
            before = self._answered(at, self._key)
            if before is not None:
                return before
            try:
                answer = work(at)
            except BaseException:
                if not session.closed:
                    run(session, "give_key_back", self.person.id, self._key)
                raise
            self._keep(at, self._key, answer)
            return answer

    @contextmanager
    def _noting(self, right: Right) -> Iterator[None]:
        """Ask for the right; who reaches for more than is his is written down, after what he did is undone. Raises Forbidden."""
        try:
            self.person.need(right)
            yield
        except Forbidden as bad:
            with self._project.pool.session() as session:
                audit.write(session, self.person, "refused", self._what[:400], {"why": bad.what[:400]}, self._project.clock())
            raise

    def _keep(self, at: At, key: str, answer: Response) -> None:
        headers = {name: value for name, value in answer.headers.items() if name in ("content-type", "etag", "location")}
        run(at.session, "set_answered", answer.status_code, msgspec.json.encode(headers).decode(), bytes(answer.body), self.person.id, key)

    def _answered(self, at: At, key: str) -> Response | None:
        """The answer of before; None when this is the first time, and from then on the key is taken."""
        if run(at.session, "take_key", self.person.id, key, self._digest, at.now) == 1:
            return None
        ((request, status, headers, body),) = fetch(at.session, "answered", self.person.id, key)
        if bytes(request) != self._digest:
            raise Problem(409, "http/key-reused", "The Idempotency-Key was used for another request.", "Use a new key for a new request.")
        if status is None:
            detail = "The first request with this Idempotency-Key is under way, or was cut off."
            raise Problem(409, "http/under-way", detail, "Wait a moment; then look at what it was about before you ask anew.", retry_after=5)
        return Response(bytes(body or b""), status, {**headers, "idempotent-replayed": "true"})

    def version(self, current: str, *, what: str) -> None:
        """Refuse whoever means another version than the current one, or none. Raises Problem."""
        if self._if_match is None:
            raise Problem(428, "http/version", f"Say which version of {what} you mean.", "Read it, and send its ETag as If-Match.")
        if self._if_match != etag(current):
            raise Problem(412, "http/changed", f"{what} is not what you looked at.", "Read it again, and decide again.")

    def one(self, current: str, make: Callable[[], Any]) -> Response:
        """A single thing with its version; nothing but 304 when the asker has it already."""
        headers = {"etag": etag(current), "cache-control": "private, no-cache"}
        if self._if_none_match == etag(current):
            return Response(status_code=304, headers=headers)
        return answer(make(), headers=headers)


def answer(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A model as JSON."""
    return Response(body.model_dump_json(by_alias=True).encode(), status, headers, JSON)


def etag(version: str) -> str:
    """A version as it stands in a header."""
    return f'"{version}"'


def sweep(connection: Connection, now: datetime) -> None:
    """Forget answers of last week."""
    run(connection, "drop_answered", now - KEPT)


Key = Annotated[str | None, Header(pattern=KEY_PATTERN, description="Sent again with the same key, nothing is done twice.")]
Version = Annotated[str | None, Header(max_length=300, description="The ETag of what you looked at.")]


async def _asked(request: Request, person: Caller, idempotency_key: Key = None) -> Asked:
    return Asked(request, person, await request.body(), idempotency_key, None, None)


async def _asked_changing(request: Request, person: Caller, idempotency_key: Key = None, if_match: Version = None) -> Asked:
    return Asked(request, person, await request.body(), idempotency_key, if_match, None)


async def _asked_reading(
    request: Request, person: Caller, if_none_match: Annotated[str | None, Header(max_length=300, description="The ETag you have.")] = None
) -> Asked:
    return Asked(request, person, b"", None, None, if_none_match)


Acting = Annotated[Asked, Depends(_asked)]
Changing = Annotated[Asked, Depends(_asked_changing)]
Reading = Annotated[Asked, Depends(_asked_reading)]
