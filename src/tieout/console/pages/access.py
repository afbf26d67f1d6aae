"""`/settings/api-keys`, `/settings/second-factor`, `/settings/delegations`: what somebody lets programs, an app and other people do."""

from datetime import timedelta

from starlette.responses import RedirectResponse, Response

from tieout.console.app import act, page
from tieout.console.qr import qr
from tieout.console.visit import Refusal, Visit
from tieout.people import accounts, delegations, keys, second
from tieout.people.person import Right, Role, Scopes

DAYS = (7, 30, 90, 180, 366)
DELEGATION_DAYS = (1, 3, 7, 14, 28, 92)


def api_keys(visit: Visit) -> Response:
    """One's keys, without the keys themselves."""
    return _api_keys(visit)


def _api_keys(visit: Visit, made: str = "") -> Response:
    response = visit.show(
        "pages/settings_api_keys.html", title="API keys", at="api-keys", keys=keys.keys(visit.connection, visit.person), made=made, days=DAYS,
    )  # fmt: skip
    if made:
        response.headers["Cache-Control"] = "no-store"
    return response


def add_key(visit: Visit) -> Response:
    """Make one; the answer shows it, and no page does again."""
    scopes = Scopes(*(frozenset(_names(visit.field(kind))) for kind in ("teams", "channels", "warehouses")))
    roles = frozenset(Role(name) for name in visit.fields("role") if name in set(Role))
    ends = visit.now + timedelta(days=_choice(visit, "days", DAYS))
    made = keys.add(visit.connection, visit.person, visit.field("name"), ends, visit.now, roles=roles, scopes=scopes)
    return _api_keys(visit, made)


def revoke_key(visit: Visit) -> Response:
    """Take one back, at once."""
    keys.revoke(visit.connection, visit.person, visit.argument("key"), visit.now, by=visit.person)
    return visit.done("The key works no longer.", "/settings/api-keys", next_="/settings/api-keys")


# The second factor ------------------------------------------------------------------------------------------------------


def second_factor(visit: Visit) -> Response:
    """How it stands, or the app that is being set up."""
    return _second(visit)


def _second(visit: Visit, *, codes: list[str] | None = None) -> Response:
    account = accounts.account(visit.connection, visit.person.login)
    secret = second.pending(visit.connection, visit.desk.vault, visit.person.id)
    uri = second.address(secret, visit.person.login, visit.desk.name) if secret else ""
    response = visit.show(
        "pages/settings_second_factor.html", title="Second factor", at="second-factor", account=account, codes=codes or [], secret=secret, uri=uri,
        second=second.second(visit.connection, visit.person.id), qr=qr(uri) if uri else "",
        needed=sorted(role for role in visit.person.roles if role in visit.desk.sign_in.second_factor),
    )  # fmt: skip
    response.headers["Cache-Control"] = "no-store"
    return response


def begin_second(visit: Visit) -> Response:
    """A secret for the app; it counts after its first code."""
    if accounts.account(visit.connection, visit.person.login).issuer:
        raise Refusal(409, "You sign in at your provider", "A second factor is set up there. Nothing was changed.")
    second.begin(visit.connection, visit.desk.vault, visit.person, visit.now)
    return RedirectResponse("/settings/second-factor", 303)


def confirm_second(visit: Visit) -> Response:
    """The first code: from now on it is asked for."""
    return _second(visit, codes=second.confirm(visit.connection, visit.desk.vault, visit.person, visit.field("code"), visit.now))


def renew_codes(visit: Visit) -> Response:
    """Other recovery codes in place of the old."""
    account = accounts.account(visit.connection, visit.person.login)
    return _second(visit, codes=second.renew(visit.connection, visit.desk.vault, account, visit.field("code"), visit.now))


def remove_second(visit: Visit) -> Response:
    """Do without."""
    account = accounts.account(visit.connection, visit.person.login)
    second.remove(visit.connection, visit.desk.vault, account, visit.field("code"), visit.desk.sign_in.second_factor, visit.now)
    return visit.done("The second factor is removed.", "/settings/second-factor", next_="/settings/second-factor")


# Delegations ------------------------------------------------------------------------------------------------------------


def list_delegations(visit: Visit) -> Response:
    """Who may approve in whose place."""
    able = [one.person for one in accounts.accounts(visit.connection) if one.disabled is None and one.person.may(Right.APPROVE)]
    named = sorted({role for roles in visit.desk.configuration.work.people.roles.values() for role in roles} | {Role.APPROVER.value})
    return visit.show(
        "pages/settings_delegations.html", title="Delegations", at="delegations", given=delegations.given(visit.connection, visit.now),
        able=[one for one in able if one.id != visit.person.id], named=named, days=DELEGATION_DAYS,
    )  # fmt: skip


def delegate(visit: Visit) -> Response:
    """Let somebody approve in one's place, from now on."""
    taker = accounts.account(visit.connection, visit.field("taker"))
    ends = visit.now + timedelta(days=_choice(visit, "days", DELEGATION_DAYS))
    delegations.give(visit.connection, visit.person, taker, visit.field("role"), visit.now, ends, visit.field("reason"), visit.now)
    return visit.done(f"{taker.person.name} may approve in your place.", "/settings/delegations", next_="/settings/delegations")


def withdraw(visit: Visit) -> Response:
    """Take one back: one's own, or an admin anybody's."""
    number = visit.argument("id")
    found = next((one for one in delegations.given(visit.connection, visit.now) if str(one.id) == number), None)
    if found is None:
        raise Refusal(404, "There is no such delegation", "It may be over meanwhile. Nothing was changed.")
    giver = accounts.account(visit.connection, found.giver).person
    delegations.withdraw(visit.connection, giver, found.id, visit.now, by=visit.person)
    return visit.done("The delegation is taken back.", "/settings/delegations", next_=visit.back)


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _choice(visit: Visit, name: str, choices: tuple[int, ...]) -> int:
    found = next((days for days in choices if str(days) == visit.field(name)), None)
    if found is None:
        raise Refusal(422, "Say for how long", f"Choose one of {', '.join(map(str, choices))} days. Nothing was changed.")
    return found


routes = [
    page("/settings/api-keys", api_keys), act("/settings/api-keys", add_key), act("/settings/api-keys/{key}/revoke", revoke_key),
    page("/settings/second-factor", second_factor), act("/settings/second-factor", confirm_second),
    act("/settings/second-factor/begin", begin_second), act("/settings/second-factor/codes", renew_codes),
    act("/settings/second-factor/remove", remove_second),
    page("/settings/delegations", list_delegations), act("/settings/delegations", delegate, needs=Right.APPROVE),
    act("/settings/delegations/{id}/withdraw", withdraw),
]  # fmt: skip
