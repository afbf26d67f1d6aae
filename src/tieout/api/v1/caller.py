"""Who asks: a key of a person, or a browser that is signed in; and how often one may."""

import ipaddress
import threading
from collections.abc import Iterable
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import APIKeyCookie, HTTPBearer
from starlette.concurrency import run_in_threadpool

from tieout.api.problem import Problem
from tieout.api.v1.project import Project
from tieout.core.rate import Bucket, Rate
from tieout.people import keys, sessions
from tieout.people.person import Person

RATE = Rate(20, 1, 100)
"""Per person and process: 20 a second, 100 at once."""
STRANGERS = Rate(2, 1, 30)
"""Per address of those who show nothing that is known."""
KNOWN_MAX = 10_000
CSRF_HEADER = "X-CSRF-Token"
SAFE = ("GET", "HEAD", "OPTIONS")
BEARER = HTTPBearer(auto_error=False, scheme_name="key", description="A key of a person, made in the console.")
COOKIE = APIKeyCookie(
    name=sessions.COOKIE, auto_error=False, scheme_name="browser", description=f"A browser that is signed in; writes also need `{CSRF_HEADER}`."
)


class Turns:
    """How often each caller has asked of late. Threads share it."""

    def __init__(self) -> None:
        self._one = threading.Lock()
        self._buckets: dict[str, Bucket] = {}

    def take(self, who: str, rate: Rate, now: datetime) -> None:
        """Raises Problem when it is too early."""
        with self._one:
            bucket = self._buckets.pop(who, None) or Bucket(now)
            wait = bucket.wait(rate, now)
            self._buckets[who] = bucket if wait else bucket.taken(rate, now)
            if len(self._buckets) > KNOWN_MAX:
                self._buckets.pop(next(iter(self._buckets)))
        if wait:
            seconds = max(1, round(wait.total_seconds()))
            detail = f"More than {rate.calls} requests a second over time, or {rate.burst} at once, are too many."
            raise Problem(429, "http/rate", detail, f"Wait {seconds} s.", retry_after=seconds)


def project_of(request: Request) -> Project:
    """What the application works with."""
    found: Project = request.app.state.project
    return found


def address_of(peer: str, forwarded: str, proxies: Iterable[str]) -> str:
    """The address that a request comes from: what our own proxy saw, else whoever is connected."""
    if not _is_in(peer, proxies) or not forwarded:
        return peer
    last = forwarded.rpartition(",")[2].strip()
    try:
        return str(ipaddress.ip_address(last))
    except ValueError:
        return peer


def _is_in(address: str, networks: Iterable[str]) -> bool:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(found in ipaddress.ip_network(network) for network in networks)


async def authenticated(
    request: Request, bearer: Annotated[object, Depends(BEARER)] = None, cookie: Annotated[object, Depends(COOKIE)] = None
) -> Person:
    """Whoever asks. Raises Problem; before anything else of the request is looked at."""
    return await run_in_threadpool(_authenticate, request)


def _authenticate(request: Request) -> Person:
    project, turns = project_of(request), request.app.state.turns
    now = project.clock()
    address = address_of(request.client.host if request.client else "", request.headers.get("x-forwarded-for", ""), project.proxies)
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    cookie = token_of(request)
    person = None
    with project.pool.session() as session:
        if scheme.lower() == "bearer":
            person = keys.person_of(session, token, now)
        elif cookie:
            person = sessions.person_of(session, cookie, now)
    if person is None:
        turns.take(f"address {address}", STRANGERS, now)
        detail = "The request has no key that is known here, and no sign-in that holds."
        raise Problem(401, "http/key", detail, "Send `Authorization: Bearer KEY` with a key of yours, or sign in.")
    turns.take(f"person {person.id} {person.key}", RATE, now)
    if not person.key and request.method not in SAFE:
        refuse_foreign(request, cookie)
    return person


def token_of(request: Request) -> str:
    """The token of a browser that is signed in; empty when there is none."""
    return request.cookies.get(sessions.COOKIE) or request.cookies.get(sessions.PLAIN_COOKIE) or ""


def refuse_foreign(request: Request, token: str) -> None:
    """A browser writes only for a page of ours: by the token of the form, and by what the browser says of the page. Raises Problem."""
    site = request.headers.get("sec-fetch-site", "same-origin")
    if site != "same-origin" or not sessions.csrf_fits(token, request.headers.get(CSRF_HEADER, "")):
        raise Problem(
            403, "http/csrf", "The request does not come from a page of this console.", f"Send the header {CSRF_HEADER} of the sign-in."
        )


Caller = Annotated[Person, Depends(authenticated)]
