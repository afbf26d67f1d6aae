"""`/sign-in/sso`: the browser goes to the provider and comes back signed in, or to a page that says why not."""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from html import escape

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from tieout.api.v1.caller import address_of, token_of
from tieout.errors import OperatorError, TieoutError
from tieout.people import oidc, sessions, vouched
from tieout.people.oidc import Provider
from tieout.people.vouched import Groups
from tieout.settings import SignInTable
from tieout.store.pool import Busy, Pool

BEGIN = "/sign-in/sso"
BACK = "/sign-in/sso/back"
POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


class Door(msgspec.Struct, frozen=True):
    """What letting people in needs: sessions, what the settings say, the client secret, and a clock."""

    pool: Pool
    table: SignInTable
    secret: Callable[[], str]
    clock: Callable[[], datetime]

    @property
    def provider(self) -> Provider:
        """Who vouches. The secret is fetched anew, so that it can be changed while this runs."""
        table = self.table
        return Provider(table.issuer, table.client, self.secret(), table.address + BACK, table.scope)

    @property
    def groups(self) -> Groups:
        """What the groups of the provider mean."""
        table = self.table
        return Groups(table.login, table.groups, table.roles, {"team": table.teams, "channel": table.channels, "warehouse": table.warehouses})

    @property
    def is_secure(self) -> bool:
        """Whether browsers come by TLS."""
        return self.table.address.startswith("https://")


def routes(door: Door) -> list[Route]:
    """The two paths; none without a provider."""
    if not door.table.issuer:
        return []
    return [Route(path, partial(_answered, door=door, work=work), methods=["GET"]) for path, work in ((BEGIN, _begin), (BACK, _back))]


async def _answered(request: Request, door: Door, work: Callable[[Request, Door], Response]) -> Response:
    try:
        response = await run_in_threadpool(work, request, door)
    except OperatorError as refused:
        response = _page("You are not signed in", refused.what, refused.next_step, 403)
    except (TieoutError, Busy):
        response = _page("You are not signed in", "The database is not at hand.", "Try again in a moment.", 503)
    for name, value in (("cache-control", "no-store"), ("content-security-policy", POLICY), ("x-content-type-options", "nosniff")):
        response.headers[name] = value
    response.headers["referrer-policy"] = "no-referrer"
    return response


def _begin(request: Request, door: Door) -> Response:
    """Off to the provider. The state waits in a cookie that comes back with a link from elsewhere, unlike the one of a sign-in."""
    with door.pool.session() as session:
        begun = oidc.begin(session, door.provider, request.query_params.get("next", "/"), door.clock())
    response = RedirectResponse(begun.url, 303)
    response.set_cookie(
        oidc.STATE_COOKIE,
        begun.state,
        max_age=int(oidc.PENDING.total_seconds()),
        path=BEGIN,
        secure=door.is_secure,
        httponly=True,
        samesite="lax",
    )
    return response


def _back(request: Request, door: Door) -> Response:
    """Back from the provider, signed in.

    The answer is a page that goes on by itself, not a redirect: only what begins at a page of ours takes our `SameSite=Strict` cookie along.
    """
    now, said = door.clock(), {name: value for name, value in request.query_params.items() if len(value) <= 4000}
    with door.pool.session() as session:
        found = oidc.complete(session, door.provider, request.cookies.get(oidc.STATE_COOKIE, ""), said, now)
        account = vouched.provision(session, found, door.groups, now)
        token = sessions.begin(
            session, account.person.id, now, address=_address(request, door), agent=request.headers.get("user-agent", ""), old=token_of(request),
            how=vouched.WHO,
        )  # fmt: skip
    response = _page("You are signed in", "", "", 200, found.return_to)
    response.headers.append("set-cookie", sessions.cookie(token, secure=door.is_secure))
    response.delete_cookie(oidc.STATE_COOKIE, path=BEGIN, secure=door.is_secure, httponly=True, samesite="lax")
    return response


def _address(request: Request, door: Door) -> str:
    peer = request.client.host if request.client else ""
    return address_of(peer, request.headers.get("x-forwarded-for", ""), door.table.proxies)


def _page(title: str, what: str, next_step: str, status: int, onward: str = "") -> Response:
    goes_on = f'<meta http-equiv="refresh" content="0;url={escape(onward)}">' if onward else ""
    link = f'<a href="{escape(onward or "/sign-in")}">{"Go on" if onward else "To the sign-in"}</a>'
    text = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>{goes_on}</head>'
        f"<body><main><h1>{title}</h1><p>{escape(what)} {escape(next_step)}</p><p>{link}</p></main></body></html>"
    )
    return Response(text, status, media_type="text/html")
