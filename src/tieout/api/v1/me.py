"""`/me`: whoever asks, the keys of that person, and who may approve in whose place."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi.responses import Response

from tieout.api.problem import Problem
from tieout.api.v1.ask import Acting, At, Reading, answer
from tieout.api.v1.caller import token_of
from tieout.api.v1.models import NUMBER_MAX, Delegation, Done, Key, MadeKey, Me, NewDelegation, NewKey
from tieout.api.v1.page import Page
from tieout.api.v1.people import key_of
from tieout.api.v1.problems import told
from tieout.people import accounts, delegations, keys, sessions
from tieout.people.person import Right, Role, Scopes

router = APIRouter(tags=["me"])


@router.get("/me", responses=told())
def me(ask: Reading, request: Request) -> Me:
    """Who you are here, and what you may do and see."""
    person, token = ask.person, token_of(request)
    return Me(
        login=person.login, name=person.name, email=person.email, zone=person.zone, roles=sorted(person.roles),
        rights=sorted(right.value for right in person.rights), teams=sorted(person.scopes.teams), channels=sorted(person.scopes.channels),
        warehouses=sorted(person.scopes.warehouses), limits={currency: format(limit, "f") for currency, limit in sorted(person.limit.items())},
        key=person.key, csrf="" if person.key else sessions.csrf_of(token),
    )  # fmt: skip


@router.get("/me/keys", responses=told())
def my_keys(ask: Reading) -> Page[Key]:
    """Your keys; never the keys themselves."""
    with ask.reading() as at:
        return Page(items=[key_of(one) for one in keys.keys(at.session, at.person)])


@router.post("/me/keys", status_code=201, response_model=MadeKey, responses=told(409))
def add_key(ask: Acting, new: NewKey) -> Response:
    """Make a key. It is shown this once. Only a browser that is signed in can; an Idempotency-Key is not taken, as the answer is not kept."""
    if ask.key is not None:
        raise Problem(409, "http/key-unwanted", "The answer holds a secret and is not kept.", "Leave Idempotency-Key out.")

    def make(at: At) -> Response:
        scopes = Scopes(frozenset(new.teams), frozenset(new.channels), frozenset(new.warehouses))
        made = keys.add(
            at.session, at.person, new.name, at.now + timedelta(days=new.days), at.now, roles=frozenset(map(Role, new.roles)), scopes=scopes
        )
        return answer(MadeKey(id=made.split("_")[1], key=made), 201)

    return ask.do(Right.READ, make)


@router.post("/me/keys/{key}/revoke", response_model=Done, responses=told(409))
def revoke_key(ask: Acting, key: str) -> Response:
    """Take a key of yours back, at once."""

    def take(at: At) -> Response:
        keys.revoke(at.session, at.person, key, at.now, by=at.person)
        return answer(Done(done=f"{key} is revoked"))

    return ask.do(Right.READ, take)


@router.get("/delegations", responses=told())
def list_delegations(ask: Reading) -> Page[Delegation]:
    """Who may approve in whose place, now or later."""
    with ask.reading() as at:
        return Page(items=[_delegation(one) for one in delegations.given(at.session, at.now)])


@router.post("/delegations", status_code=201, response_model=Delegation, responses=told(409))
def give_delegation(ask: Acting, new: NewDelegation) -> Response:
    """Let somebody approve in your place, for some days."""

    def give(at: At) -> Response:
        taker = accounts.account(at.session, new.taker)
        ends = at.now + timedelta(days=new.days)
        id_ = delegations.give(at.session, at.person, taker, new.role, at.now, ends, new.reason, at.now)
        (made,) = (one for one in delegations.given(at.session, at.now) if one.id == id_)
        return answer(_delegation(made), 201)

    return ask.do(Right.APPROVE, give)


@router.post("/delegations/{delegation}/withdraw", response_model=Done, responses=told(409))
def withdraw_delegation(ask: Acting, delegation: Annotated[int, Path(ge=1, le=NUMBER_MAX)]) -> Response:
    """Take a delegation of yours back."""

    def take(at: At) -> Response:
        delegations.withdraw(at.session, at.person, delegation, at.now)
        return answer(Done(done=f"{delegation} is withdrawn"))

    return ask.do(Right.APPROVE, take)


def _delegation(one: delegations.Given) -> Delegation:
    return Delegation(id=one.id, giver=one.giver, taker=one.taker, role=one.role, begins=one.begins, ends=one.ends, reason=one.reason)
