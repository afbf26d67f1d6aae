"""`/settings/people`: everybody who works here, for admins: roles, scopes, limits, passwords, sign-ins. Nobody changes the own account here."""

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import available_timezones

from starlette.responses import Response

from tieout.console.app import act, page
from tieout.console.visit import Refusal, Visit
from tieout.errors import OperatorError
from tieout.people import accounts, delegations, keys, second, sessions
from tieout.people.accounts import Account
from tieout.people.person import KINDS, RIGHTS, Right, Role

PATH = "/settings/people"


def list_(visit: Visit) -> Response:
    """Everybody, the disabled last."""
    found = sorted(accounts.accounts(visit.connection), key=lambda one: (one.disabled is not None, one.person.login))
    return visit.show("pages/people.html", title="People", at="people", found=found, roles=list(Role), zones=sorted(available_timezones()))


def add(visit: Visit) -> Response:
    """Add somebody with roles. The password comes on the next page, which is that person's."""
    with visit.connection.transaction():
        made = accounts.add(
            visit.connection, visit.field("login"), visit.field("name"), visit.now, by=visit.person, email=visit.field("email"),
            zone=visit.field("zone") or visit.desk.zone,
        )  # fmt: skip
        accounts.set_roles(visit.connection, made, visit.fields("role"), (), visit.now, by=visit.person)
    return visit.done(f"{made.person.name} is added. Give a password so that signing in works.", PATH, next_=_path(made))


def show(visit: Visit) -> Response:
    """One of them with everything that may be changed."""
    one = _one(visit)
    given = [d for d in delegations.given(visit.connection, visit.now) if one.person.login in (d.giver, d.taker)]
    return visit.show(
        "pages/person.html", title=one.person.name, at="people", one=one, path=_path(one), roles=list(Role), rights=RIGHTS, kinds=KINDS,
        known=_known(visit), own=one.person.id == visit.person.id, keys=keys.keys(visit.connection, one.person), delegations=given,
        sign_ins=sessions.sign_ins(visit.connection, one.person, visit.now), second=second.second(visit.connection, one.person.id),
    )  # fmt: skip


def _known(visit: Visit) -> dict[str, list[str]]:
    """Names of teams, channels and warehouses to choose from: of the settings, and of what is open."""
    rows = visit.fetch("dimensions_of_work")
    table = visit.desk.configuration.work.table
    return {
        "team": sorted(table.teams), "channel": sorted({channel for channel, _ in rows if channel}),
        "warehouse": sorted({warehouse for _, warehouse in rows if warehouse}),
    }  # fmt: skip


def _roles(visit: Visit, one: Account) -> str:
    wanted = set(visit.fields("role"))
    accounts.set_roles(
        visit.connection, one, sorted(wanted - one.person.roles), sorted(set(one.person.roles) - wanted), visit.now, by=visit.person
    )
    return "The roles are changed; they hold from the next request on."


def _scopes(visit: Visit, one: Account) -> str:
    given = {kind: [*visit.fields(kind), *visit.field(f"{kind}-more").split(",")] for kind in KINDS}
    accounts.set_scopes(visit.connection, one, given, visit.now, by=visit.person)
    return "The scopes are changed; they hold from the next request on."


def _limit(visit: Visit, one: Account) -> str:
    text = visit.field("amount").strip()
    try:
        amount = Decimal(text) if text else None
    except InvalidOperation as bad:
        raise OperatorError(f"{text[:20]!r} is no amount.", "Write it with a point, such as 250.00, or leave it empty for none.") from bad
    accounts.set_limit(visit.connection, one, visit.field("currency").strip().upper(), amount, visit.now, by=visit.person)
    return "The limit is changed."


def _password(visit: Visit, one: Account) -> str:
    if visit.field("password") != visit.field("again"):
        raise OperatorError("The two passwords are not the same.", "Type the same password twice. Nothing was changed.")
    accounts.set_password(visit.connection, one, visit.field("password"), visit.now, by=visit.person)
    return "The password is set, and every sign-in of this person has ended."


def _disable(visit: Visit, one: Account) -> str:
    accounts.disable(visit.connection, one, visit.now, by=visit.person, why=visit.field("why").strip())
    return f"{one.person.name} is let in no longer: sign-ins have ended and keys are revoked."


def _enable(visit: Visit, one: Account) -> str:
    accounts.enable(visit.connection, one, visit.now, by=visit.person)
    return f"{one.person.name} may sign in again; revoked keys stay revoked."


def _end(visit: Visit, one: Account) -> str:
    sessions.end_all(visit.connection, one.person, visit.now, keep=visit.token if one.person.id == visit.person.id else "", by=visit.person)
    return f"Every sign-in of {one.person.name} has ended."


def _reset(visit: Visit, one: Account) -> str:
    second.reset(visit.connection, one, visit.now, by=visit.person)
    return "The second factor is taken away; where a role asks for one, the next sign-in sets it up anew."


def _revoke(visit: Visit, one: Account) -> str:
    keys.revoke(visit.connection, one.person, visit.field("key"), visit.now, by=visit.person)
    return "The key works no longer."


def _change(do: Callable[[Visit, Account], str]) -> Callable[[Visit], Response]:
    """A form that changes one person."""

    def change(visit: Visit) -> Response:
        one = _one(visit)
        said = do(visit, one)
        return visit.done(said, _path(one), next_=_path(one))

    return change


def _one(visit: Visit) -> Account:
    try:
        return accounts.account(visit.connection, visit.argument("login"))
    except OperatorError as bad:
        raise Refusal(404, "There is nobody with this login", "The list shows who there is.") from bad


def _path(one: Account) -> str:
    return f"{PATH}/{one.person.login}"


CHANGES: dict[str, Callable[[Visit, Account], str]] = {
    "roles": _roles, "scopes": _scopes, "limit": _limit, "password": _password, "disable": _disable, "enable": _enable, "sign-outs": _end,
    "second-factor": _reset, "revoke-key": _revoke,
}  # fmt: skip

routes: list[Any] = [
    page(PATH, list_, needs=Right.ADMINISTER), act(PATH, add, needs=Right.ADMINISTER), page(PATH + "/{login}", show, needs=Right.ADMINISTER),
    *(act(f"{PATH}/{{login}}/{name}", _change(do), needs=Right.ADMINISTER) for name, do in CHANGES.items()),
]  # fmt: skip
