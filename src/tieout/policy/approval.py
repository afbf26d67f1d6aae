"""Approvals: who may let go what is held (maker-checker), as a function of values. Pure; nothing here waits, asks or stores.

An approval is bound to the SHA-256 of the exact payload, so nobody approves one thing and sends another. A request that has
expired is returned to the undecided work: no passing of time ever approves anything. Whoever gives a consent, and in whose
name, is a person on its own; no person counts twice, and none who proposed it counts at all.
"""

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec

from tieout.core.command import Command
from tieout.core.facts import Fact
from tieout.core.values import exact, plain
from tieout.policy.cell import Measure
from tieout.policy.checkpoints import Hold


class Consent(msgspec.Struct, frozen=True, omit_defaults=True):
    """One approver's yes: who, when, and in whose name, if not in the own."""

    who: str
    at: datetime
    for_: str = ""


class Request(msgspec.Struct, frozen=True, omit_defaults=True):
    """Something that waits for approval: `payload` is its hash, `what` its key, `rule` why it is held, `amount` what it is worth in
    `currency`, if that is known."""

    payload: str
    what: str
    rule: str
    proposer: str
    role: str
    approvers: int
    asked_at: datetime
    expires_at: datetime
    team: str = ""
    given: tuple[Consent, ...] = ()
    amount: Decimal | None = None
    currency: str = ""

    @property
    def needs(self) -> str:
        """Whose leave it needs, as one word for each approver and role."""
        return needs(self.approvers, self.role)


class Answer(msgspec.Struct, frozen=True):
    """What a person says to a request, about the payload that was shown; `agrees` false denies it, with the reason."""

    who: str
    payload: str
    agrees: bool
    reason: str = ""


class Delegation(msgspec.Struct, frozen=True):
    """`giver` lets `taker` act in one of the giver's roles, until `ends`; it cannot be passed on."""

    giver: str
    taker: str
    role: str
    begins: datetime
    ends: datetime


class Person(msgspec.Struct, frozen=True):
    """Somebody who approves: name, roles, and up to which amount per currency; no limits at all: any amount."""

    name: str
    roles: frozenset[str] = frozenset()
    limits: Mapping[str, Decimal] = {}


class People(msgspec.Struct, frozen=True):
    """The roles of everybody by name, who may act for whom, and the limits of those who have any."""

    roles: Mapping[str, Collection[str]]
    delegations: tuple[Delegation, ...] = ()
    limits: Mapping[str, Mapping[str, Decimal]] = {}


def people_of(persons: Iterable[Person], delegations: Iterable[Delegation] = ()) -> People:
    """These persons, and who of them may act for whom."""
    known = list(persons)
    return People({one.name: one.roles for one in known}, tuple(delegations), {one.name: one.limits for one in known if one.limits})


def needs(approvers: int, role: str) -> str:
    """Whose leave something needs: `2 finance`."""
    return f"{approvers} {role}"


class Approved(msgspec.Struct, frozen=True):
    """All consents are given: the payload, and no other, may go."""

    request: Request


class AnotherNeeded(msgspec.Struct, frozen=True):
    """The consent counts; `request` (to be kept) waits for `missing` more."""

    request: Request
    missing: int


class Denied(msgspec.Struct, frozen=True):
    """Refused by somebody who may."""

    who: str
    reason: str


class Unfit(msgspec.Struct, frozen=True):
    """The answer does not count, and changes nothing: why."""

    reason: str


class Returned(msgspec.Struct, frozen=True):
    """Nobody decided in time: it goes back to the undecided work."""

    reason: str


Outcome = Approved | AnotherNeeded | Denied | Unfit | Returned


def payload_hash(payload: Command | Fact) -> str:
    """The SHA-256 of the canonical encoding: sorted keys, numbers without trailing zeros; equal payloads, equal hashes."""
    plainly = _canonical(msgspec.to_builtins(payload, builtin_types=(Decimal,)))
    return hashlib.sha256(msgspec.json.encode([type(payload).__name__, plainly], order="deterministic")).hexdigest()


def request(
    payload: Command | Fact, hold: Hold, rule: str, proposer: str, now: datetime, worth: Decimal | None = None, currency: str = ""
) -> Request:
    """Ask for approval of exactly this payload, which is worth so much if that is known.

    Raises ValueError without a proposer: nobody could be told from the approver.
    """
    if not _same(proposer):
        raise ValueError("a request needs the name of its proposer")
    what = payload.key if isinstance(payload, Command) else payload.identity
    ends = now + timedelta(hours=hold.expires_hours)
    asked = Request(payload_hash(payload), what, rule, proposer, hold.role, hold.approvers, now, ends, hold.team)
    return asked if worth is None else msgspec.structs.replace(asked, amount=exact(worth), currency=currency)


def expired(asked: Request, now: datetime) -> Returned | None:
    """Whether the time for it is over; the moment of its end already is."""
    if now < asked.expires_at:
        return None
    return Returned(f"nobody with the role {asked.role} decided by {asked.expires_at:%Y-%m-%d %H:%M} UTC; it is undecided again")


def decide(asked: Request, answer: Answer, people: People, now: datetime) -> Outcome:
    """What an answer makes of a request. A proposer may deny (take back) the own request, never approve it."""
    over = expired(asked, now)
    if over is not None:
        return over
    if answer.payload != asked.payload:
        return Unfit("what was looked at is not what waits: the payload has another hash")
    who = _same(answer.who)
    if not who:
        return Unfit("the answer names nobody")
    if not answer.agrees and who == _same(asked.proposer):
        return Denied(answer.who, answer.reason)
    names = list(_names(asked, who, people, now))
    if not names:
        return Unfit(f"{answer.who} has not the role {asked.role}, nor a delegation of it that is in force")
    if not answer.agrees:
        return Denied(answer.who, answer.reason)
    able = [name for name in names if not _beyond(asked, name, people)]
    return _consent(asked, answer.who, able, now) if able else Unfit(_beyond(asked, names[0], people))


def _consent(asked: Request, who: str, names: Iterable[str], now: datetime) -> Outcome:
    """Take the first name in which the consent counts: neither the person nor who stands behind it is in it already."""
    proposer = _same(asked.proposer)
    earlier = {_same(name) for one in asked.given for name in (one.who, one.for_ or one.who)}
    why = ""
    for name in names:
        persons = {_same(who), _same(name)}
        if proposer in persons:
            own = _same(who) == proposer
            why = why or (f"{who} proposed it" if own else f"{who} acts for {name}, who proposed it")
        elif persons & earlier:
            why = why or f"{who} has consented already, or acts with somebody who has"
        else:
            consent = Consent(who, now, "" if _same(name) == _same(who) else name)
            given = msgspec.structs.replace(asked, given=(*asked.given, consent))
            missing = asked.approvers - len(given.given)
            return AnotherNeeded(given, missing) if missing > 0 else Approved(given)
    return Unfit(f"{why}: another person has to approve")


def _beyond(asked: Request, name: str, people: People) -> str:
    """Why the amount is more than somebody may let go; empty when it is not. Who has a limit may not approve what nobody can value."""
    limits = people.limits.get(name)
    if not limits:
        return ""
    most = limits.get(asked.currency)
    if asked.amount is None:
        return f"{name} has a limit, and what this is worth is not known"
    if most is None:
        return f"{name} may approve nothing in {asked.currency}"
    if asked.amount <= most:
        return ""
    return f"{name} may approve up to {Measure(most, asked.currency)}, this is {Measure(asked.amount, asked.currency)}"


def _names(asked: Request, who: str, people: People, now: datetime) -> Iterator[str]:
    """In whose name a person may speak here: the own first, then of those who delegated the role."""
    holders = {_same(name): name for name, roles in people.roles.items() if asked.role in roles}
    if who in holders:
        yield holders[who]
    for one in people.delegations:
        in_force = one.begins <= now < one.ends
        if in_force and _same(one.taker) == who and one.role == asked.role and _same(one.giver) in holders:
            yield holders[_same(one.giver)]


def _same(name: str) -> str:
    """A person however the name is typed."""
    return " ".join(name.split()).casefold()


def _canonical(value: Any) -> Any:
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, dict):
        return {key: _canonical(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_canonical(one) for one in value]
    return value
