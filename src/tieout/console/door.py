"""Who comes in: the person behind a request, and whether a form was really sent by a page of ours."""

from datetime import datetime
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from tieout.people import sessions
from tieout.people.person import Person
from tieout.store.session import Session

TOKEN = "csrf"  # noqa: S105 - the name of a field
SIGN_IN = "/sign-in"


def token_of(request: Request) -> str:
    """The token of the sign-in that a browser holds."""
    return request.cookies.get(sessions.COOKIE) or request.cookies.get(sessions.PLAIN_COOKIE, "")


def person_of(session: Session, request: Request, now: datetime) -> Person | None:
    """Who asks; None when nobody is signed in, or no longer."""
    return sessions.person_of(session, token_of(request), now)


def is_ours(request: Request, stated: str) -> bool:
    """Whether a form was sent from a page of ours: by what the browser says of its origin, and by the token in it."""
    return request.headers.get("sec-fetch-site", "same-origin") == "same-origin" and sessions.csrf_fits(token_of(request), stated)


def sign_in_first(request: Request) -> Response:
    """To the sign-in and back. A link from elsewhere brings no cookie, as ours is for our pages alone: then the page asks once more itself."""
    if request.headers.get("X-Fragment") or request.method != "GET":
        return Response("You are signed out.", 401, {"X-Sign-In": SIGN_IN}, media_type="text/plain")
    wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    if request.headers.get("sec-fetch-site") == "cross-site":
        return HTMLResponse(
            '<!doctype html><html lang="en"><title>Tieout</title><meta http-equiv="refresh" content="0"><p>Opening …</p></html>'
        )
    return RedirectResponse(f"{SIGN_IN}?next={quote(wanted, safe='/')}" if wanted != "/" else SIGN_IN, 303)


def back(wanted: str) -> str:
    """Where to go after the sign-in: a path of ours, never another host's."""
    return wanted if wanted.startswith("/") and not wanted.startswith(("//", "/\\", SIGN_IN)) and wanted.isprintable() else "/"
