"""`/sign-in` and `/sign-out`: a form, the second factor where one is needed, and back to where one wanted to go."""

from starlette.responses import RedirectResponse, Response

from tieout.api.v1.caller import address_of
from tieout.console import door
from tieout.console.app import act, open_page
from tieout.console.qr import qr
from tieout.console.visit import Visit
from tieout.errors import OperatorError
from tieout.people import second, sessions
from tieout.people.accounts import Account
from tieout.people.throttle import TooFast

SECOND = "/sign-in/second"


def form(visit: Visit) -> Response:
    """The form; whoever is signed in goes on."""
    wanted = door.back(dict(visit.query).get("next", "/"))
    if visit.person_or_none is not None:
        return RedirectResponse(wanted, 303)
    return _form(visit, 200, wanted)


def sign_in(visit: Visit) -> Response:
    """A try. What was typed wrong is not said, and the password is not given back."""
    wanted, login = door.back(visit.field("next")), visit.field("login")
    if not _ours(visit):
        return _form(visit, 403, wanted, wrong="Sign in from this page, not from elsewhere.")
    if not visit.desk.sign_in.passwords:
        return _form(visit, 403, wanted, wrong="Passwords are not taken here; sign in at your provider.")
    agent, old = visit.request.headers.get("user-agent", ""), door.token_of(visit.request)
    try:
        token = sessions.sign_in(
            visit.connection, login, visit.field("password"), visit.now, address=_address(visit), agent=agent, old=old,
            second_for=visit.desk.sign_in.second_factor,
        )  # fmt: skip
    except OperatorError as bad:
        return _form(visit, 429 if isinstance(bad, TooFast) else 422, wanted, login=login[:100], wrong=str(bad))
    waits = sessions.waiting(visit.connection, token, visit.now)
    if waits is None:
        return _signed_in(visit, token, wanted)
    account, what = waits
    if what == "enrol" and not second.pending(visit.connection, visit.desk.vault, account.person.id):
        second.begin(visit.connection, visit.desk.vault, account.person, visit.now)
    response = RedirectResponse(f"{SECOND}?next={wanted}", 303)
    response.headers.append("Set-Cookie", sessions.cookie(token, secure=visit.desk.is_secure))
    return response


def ask_second(visit: Visit) -> Response:
    """The code of the app; or the app to be set up, for whom a role asks for one."""
    wanted = door.back(dict(visit.query).get("next", "/"))
    waits = sessions.waiting(visit.connection, door.token_of(visit.request), visit.now)
    return RedirectResponse(door.SIGN_IN, 303) if waits is None else _second(visit, 200, wanted, *waits)


def give_second(visit: Visit) -> Response:
    """A code: of the app or a recovery code; or the first one of an app that was just set up."""
    wanted, half = door.back(visit.field("next")), door.token_of(visit.request)
    waits = sessions.waiting(visit.connection, half, visit.now)
    if waits is None:
        return RedirectResponse(door.SIGN_IN, 303)
    account, what = waits
    if not door.is_ours(visit.request, visit.field(door.TOKEN)):
        return _second(visit, 403, wanted, account, what, wrong="Give the code on this page, not from elsewhere.")
    codes: list[str] = []
    try:
        if what == "enrol":
            codes = second.confirm(visit.connection, visit.desk.vault, account.person, visit.field("code"), visit.now)
        else:
            second.check(visit.connection, visit.desk.vault, account, visit.field("code"), visit.now)
    except OperatorError as bad:
        return _second(visit, 429 if isinstance(bad, TooFast) else 422, wanted, account, what, wrong=str(bad))
    token = sessions.begin(
        visit.connection, account.person.id, visit.now, address=_address(visit), agent=visit.request.headers.get("user-agent", ""), old=half,
        how="password and second factor",
    )  # fmt: skip
    if not codes:
        return _signed_in(visit, token, wanted)
    response = visit.show("pages/recovery_codes.html", codes=codes, wanted=wanted)
    response.headers.append("Set-Cookie", sessions.cookie(token, secure=visit.desk.is_secure))
    response.headers["Cache-Control"] = "no-store"
    return response


def sign_out(visit: Visit) -> Response:
    """The sign-in ends here and on the server."""
    sessions.end(visit.connection, visit.token, visit.now)
    response = RedirectResponse(door.SIGN_IN, 303)
    response.headers.append("Set-Cookie", sessions.cookie("", secure=visit.desk.is_secure))
    response.headers["Clear-Site-Data"] = '"storage"'
    return response


def _form(visit: Visit, status: int, wanted: str, *, login: str = "", wrong: str = "") -> Response:
    ways = visit.desk.sign_in
    return visit.show(
        "pages/sign_in.html", status, wanted=wanted, login=login, wrong=wrong, passwords=ways.passwords, provider=bool(ways.issuer)
    )


def _second(visit: Visit, status: int, wanted: str, account: Account, what: str, *, wrong: str = "") -> Response:
    secret = second.pending(visit.connection, visit.desk.vault, account.person.id) if what == "enrol" else ""
    uri = second.address(secret, account.person.login, visit.desk.name) if secret else ""
    response = visit.show(
        "pages/sign_in_second.html", status, wanted=wanted, account=account, wrong=wrong, secret=secret, uri=uri, qr=qr(uri) if uri else "",
        csrf=sessions.csrf_of(door.token_of(visit.request)),
    )  # fmt: skip
    response.headers["Cache-Control"] = "no-store"
    return response


def _signed_in(visit: Visit, token: str, wanted: str) -> Response:
    response = RedirectResponse(wanted, 303)
    response.headers.append("Set-Cookie", sessions.cookie(token, secure=visit.desk.is_secure))
    return response


def _ours(visit: Visit) -> bool:
    return visit.request.headers.get("sec-fetch-site", "same-origin") == "same-origin"


def _address(visit: Visit) -> str:
    """Where the browser is: what our own proxy saw, else whoever is connected."""
    peer = visit.request.client.host if visit.request.client else ""
    return address_of(peer, visit.request.headers.get("x-forwarded-for", ""), visit.desk.sign_in.proxies)


AT_ONCE = 2
"""Passwords are looked at one after the other, and take work on purpose: a whole office that signs in waits here, and takes no session."""
routes = [
    open_page(door.SIGN_IN, form), open_page(door.SIGN_IN, sign_in, writes=True, at_once=AT_ONCE), open_page(SECOND, ask_second),
    open_page(SECOND, give_second, writes=True), act("/sign-out", sign_out),
]  # fmt: skip
