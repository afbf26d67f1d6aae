"""`/people`: everybody who works here, for admins. Nobody changes by it what the own account may do."""

from collections.abc import Callable
from decimal import Decimal
from typing import Annotated

from fastapi import APIRouter, Path
from fastapi.responses import Response

from tieout.api.problem import Problem
from tieout.api.v1.ask import Acting, Asked, At, Reading, answer
from tieout.api.v1.models import NUMBER_MAX, Done, Key, Why
from tieout.api.v1.models.people import Account, Limit, NewAccount, NewPassword, NewScopes, Roles, SignIn
from tieout.api.v1.page import Page
from tieout.api.v1.problems import missing, told
from tieout.errors import OperatorError
from tieout.people import accounts, delegations, keys, second, sessions
from tieout.people.accounts import Account as Known
from tieout.people.person import Right

router = APIRouter(tags=["people"])
Login = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9._@+-]{0,99}$")]
REFUSALS = told(404, 409)


@router.get("/people", responses=told())
def people(ask: Reading) -> Page[Account]:
    """Everybody, by login; the disabled too."""
    with ask.reading(Right.ADMINISTER) as at:
        return Page(items=[_account(at, one) for one in accounts.accounts(at.session)])


@router.post("/people", status_code=201, response_model=Account, responses=told(409))
def add(ask: Acting, new: NewAccount) -> Response:
    """Add somebody; a password is set by itself."""

    def make(at: At) -> Response:
        made = accounts.add(at.session, new.login, new.name, at.now, by=at.person, email=new.email, zone=new.zone)
        accounts.set_roles(at.session, made, new.roles, (), at.now, by=at.person)
        return answer(_account(at, accounts.account(at.session, new.login)), 201)

    return ask.do(Right.ADMINISTER, make)


@router.get("/people/{login}", responses=told(404))
def person(ask: Reading, login: Login) -> Account:
    """One of them."""
    with ask.reading(Right.ADMINISTER) as at:
        return _account(at, _one(at, login))


@router.post("/people/{login}/roles", response_model=Account, responses=REFUSALS)
def roles(ask: Acting, login: Login, wanted: Roles) -> Response:
    """Give and take roles, so that these are all. They hold from the next request on."""

    def change(at: At, one: Known) -> None:
        have, want = {role.value for role in one.person.roles}, {str(name) for name in wanted.roles}
        accounts.set_roles(at.session, one, sorted(want - have), sorted(have - want), at.now, by=at.person)

    return _change(ask, login, change)


@router.post("/people/{login}/scopes", response_model=Account, responses=REFUSALS)
def scopes(ask: Acting, login: Login, wanted: NewScopes) -> Response:
    """Keep somebody to teams, channels and warehouses."""
    given = {"team": wanted.teams, "channel": wanted.channels, "warehouse": wanted.warehouses}

    def change(at: At, one: Known) -> None:
        named = {kind: names for kind, names in given.items() if names is not None}
        accounts.set_scopes(at.session, one, named, at.now, by=at.person)

    return _change(ask, login, change)


@router.post("/people/{login}/limit", response_model=Account, responses=REFUSALS)
def limit(ask: Acting, login: Login, wanted: Limit) -> Response:
    """Set up to what somebody may accept a difference alone, in one currency."""
    amount = None if wanted.amount is None else Decimal(wanted.amount)
    return _change(ask, login, lambda at, one: accounts.set_limit(at.session, one, wanted.currency, amount, at.now, by=at.person))


@router.post("/people/{login}/password", response_model=Done, responses=REFUSALS)
def password(ask: Acting, login: Login, new: NewPassword) -> Response:
    """Set a password; every sign-in of the person ends. An Idempotency-Key is not taken, as the request holds a secret."""
    if ask.key is not None:
        raise Problem(409, "http/key-unwanted", "The request holds a secret and nothing of it is kept.", "Leave Idempotency-Key out.")

    def set_(at: At) -> Response:
        accounts.set_password(at.session, _one(at, login), new.password, at.now, by=at.person)
        return answer(Done(done=f"the password of {login} is set"))

    return ask.do(Right.ADMINISTER, set_)


@router.post("/people/{login}/disable", response_model=Account, responses=REFUSALS)
def disable(ask: Acting, login: Login, said: Why) -> Response:
    """Let somebody in no longer: sign-ins end and keys are revoked at once."""
    return _change(ask, login, lambda at, one: accounts.disable(at.session, one, at.now, by=at.person, why=said.why))


@router.post("/people/{login}/enable", response_model=Account, responses=REFUSALS)
def enable(ask: Acting, login: Login) -> Response:
    """Let somebody in again; revoked keys stay revoked."""
    return _change(ask, login, lambda at, one: accounts.enable(at.session, one, at.now, by=at.person))


@router.post("/people/{login}/second-factor/reset", response_model=Account, responses=REFUSALS)
def reset_second_factor(ask: Acting, login: Login) -> Response:
    """Take the second factor of somebody who has lost it; every sign-in ends."""
    return _change(ask, login, lambda at, one: second.reset(at.session, one, at.now, by=at.person))


@router.get("/people/{login}/sign-ins", responses=told(404))
def sign_ins(ask: Reading, login: Login) -> Page[SignIn]:
    """Where somebody is signed in."""
    with ask.reading(Right.ADMINISTER) as at:
        found = sessions.sign_ins(at.session, _one(at, login).person, at.now)
        return Page(items=[SignIn(id=s.id, began=s.began, seen=s.seen, ends=s.ends, address=s.address, agent=s.agent) for s in found])


@router.post("/people/{login}/sign-ins/end", response_model=Account, responses=REFUSALS)
def end_sign_ins(ask: Acting, login: Login) -> Response:
    """End every sign-in of somebody."""
    return _change(ask, login, lambda at, one: sessions.end_all(at.session, one.person, at.now, by=at.person))


@router.get("/people/{login}/keys", responses=told(404))
def person_keys(ask: Reading, login: Login) -> Page[Key]:
    """The keys of somebody; never the keys themselves."""
    with ask.reading(Right.ADMINISTER) as at:
        return Page(items=[key_of(one) for one in keys.keys(at.session, _one(at, login).person)])


@router.post("/people/{login}/keys/{key}/revoke", response_model=Account, responses=REFUSALS)
def revoke_key(ask: Acting, login: Login, key: Annotated[str, Path(pattern="^[0-9a-f]{1,40}$")]) -> Response:
    """Take a key of somebody back, at once."""
    return _change(ask, login, lambda at, one: keys.revoke(at.session, one.person, key, at.now, by=at.person))


@router.post("/people/{login}/delegations/{delegation}/withdraw", response_model=Account, responses=REFUSALS)
def withdraw_delegation(ask: Acting, login: Login, delegation: Annotated[int, Path(ge=1, le=NUMBER_MAX)]) -> Response:
    """Take a delegation back that somebody has given."""
    return _change(ask, login, lambda at, one: delegations.withdraw(at.session, one.person, delegation, at.now, by=at.person))


def key_of(one: keys.PersonKey) -> Key:
    """A key as the interface tells of it."""
    return Key(
        id=one.id, name=one.name, roles=sorted(one.roles), teams=sorted(one.scopes.teams), channels=sorted(one.scopes.channels),
        warehouses=sorted(one.scopes.warehouses), created=one.created, ends=one.ends, used=one.used, revoked=one.revoked,
    )  # fmt: skip


def _change(ask: Asked, login: str, work: Callable[[At, Known], object]) -> Response:
    def change(at: At) -> Response:
        work(at, _one(at, login))
        return answer(_account(at, _one(at, login)))

    return ask.do(Right.ADMINISTER, change)


def _one(at: At, login: str) -> Known:
    try:
        return accounts.account(at.session, login)
    except OperatorError as bad:
        raise missing("person with this login") from bad


def _account(at: At, one: Known) -> Account:
    who = one.person
    return Account(
        login=who.login, name=who.name, email=who.email, zone=who.zone, roles=sorted(who.roles), teams=sorted(who.scopes.teams),
        channels=sorted(who.scopes.channels), warehouses=sorted(who.scopes.warehouses),
        limits={currency: format(amount, "f") for currency, amount in sorted(who.limit.items())}, issuer=one.issuer, has_password=one.has_password,
        second_factor=second.second(at.session, who.id).since is not None, disabled=one.disabled, disabled_by=one.disabled_by,
    )  # fmt: skip
