"""`/sign-in` and `/sign-out`: one form, and back to where one wanted to go."""

from starlette.responses import RedirectResponse, Response

from tieout.console import door
from tieout.console.app import act, open_page
from tieout.console.visit import Visit
from tieout.errors import OperatorError
from tieout.people import sessions
from tieout.people.throttle import TooFast


def form(visit: Visit) -> Response:
    """The form; whoever is signed in goes on."""
    wanted = door.back(dict(visit.query).get("next", "/"))
    if visit.person_or_none is not None:
        return RedirectResponse(wanted, 303)
    return visit.show("pages/sign_in.html", wanted=wanted, login="", wrong=None)


def sign_in(visit: Visit) -> Response:
    """A try. What was typed wrong is not said, and the password is not given back."""
    wanted, login = door.back(visit.field("next")), visit.field("login")
    if visit.request.headers.get("sec-fetch-site", "same-origin") != "same-origin":
        return visit.show("pages/sign_in.html", 403, wanted=wanted, login="", wrong="Sign in from this page, not from elsewhere.")
    address = visit.request.client.host if visit.request.client else ""
    agent, old = visit.request.headers.get("user-agent", ""), door.token_of(visit.request)
    try:
        token = sessions.sign_in(visit.connection, login, visit.field("password"), visit.now, address=address, agent=agent, old=old)
    except OperatorError as bad:
        return visit.show("pages/sign_in.html", 429 if isinstance(bad, TooFast) else 422, wanted=wanted, login=login[:100], wrong=str(bad))
    response = RedirectResponse(wanted, 303)
    response.headers.append("Set-Cookie", sessions.cookie(token, secure=visit.desk.is_secure))
    return response


def sign_out(visit: Visit) -> Response:
    """The sign-in ends here and on the server."""
    sessions.end(visit.connection, visit.token, visit.now)
    response = RedirectResponse(door.SIGN_IN, 303)
    response.headers.append("Set-Cookie", sessions.cookie("", secure=visit.desk.is_secure))
    response.headers["Clear-Site-Data"] = '"storage"'
    return response


AT_ONCE = 2
"""A password takes a tenth of a second and 64 MiB to look at, on purpose: a whole office that signs in waits here, and takes no session."""
routes = [open_page("/sign-in", form), open_page("/sign-in", sign_in, writes=True, at_once=AT_ONCE), act("/sign-out", sign_out)]
