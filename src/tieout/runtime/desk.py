"""The desk: what people do with commands, each with a name and a reason, and never against a dispatcher that holds one.

Who may let go what is held is said by `policy.approval`: somebody with the role, not the proposer, within a limit, in time,
and for exactly the content that was shown.
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from tieout.core.attempt import TRANSITIONS, Abandoned, Denied, Event, Retried, Target, advance
from tieout.core.attempt import Approved as LetGo
from tieout.core.command import Command, State
from tieout.errors import OperatorError
from tieout.policy import approval
from tieout.policy.approval import AnotherNeeded, Answer, Approved, Outcome, People, Request, Returned, Unfit, decide, payload_hash
from tieout.policy.checkpoints import UNNAMED, worth_of
from tieout.runtime.asking import changes, decode_request, renewed
from tieout.runtime.batch import Connection, encode
from tieout.runtime.outbox import consider_subjects, record
from tieout.runtime.steps import Step, decode_attempt, decode_command, say, told, write_attempts
from tieout.store.database import fetch, run

HASH_SHOWN = 12
"""How many digits of a payload's hash are shown, and must be said at least."""


class Held(NamedTuple):
    """A command somebody wants to act on, its row locked."""

    state: State
    hash: bytes
    body: bytes
    proposed_by: str
    subject: str
    account: str
    side: str
    number: int
    rule: str
    request: Request | None


class Changed(NamedTuple):
    """What was held for the same before and was withdrawn: its key, who had consented, and what is another now."""

    key: str
    consented: tuple[str, ...]
    changes: tuple[str, ...]


def approve(connection: Connection, key: str, who: str, people: People, target: Target, now: datetime, payload: str = "") -> str:
    """Consent to a held command, as it is; what came of it, as a sentence. `payload` is the hash that was looked at, or its beginning.

    Raises OperatorError for whoever may not, and for content that is not what was decided or looked at.
    """
    with connection.transaction():
        held = _held(connection, key)
        if held.state is State.CANCELLED:
            _refuse_changed(connection, key, held)
        _need(held.state is State.HELD, key, held, "approved", "Only a command that is held waits for an approver.")
        asked = _request(key, held, now)
        _check_payload(key, asked, payload)
        done = decide(asked, Answer(who, asked.payload, agrees=True), people, now)
        if isinstance(done, Approved):
            run(connection, "set_approver", ", ".join(_names(done.request)), key)
            _keep(connection, key, done.request)
            record(connection, key, LetGo(), target, now, who=who)
            return f"Approved {key}; it goes."
        if isinstance(done, AnotherNeeded):
            _keep(connection, key, done.request)
            consent = done.request.given[-1]
            detail = {"for": consent.for_, "missing": str(done.missing)}
            say(connection, [(key, now, "consented", who, encode({n: v for n, v in detail.items() if v}).decode())])
            return f"{who} consents to {key}; {done.missing} more with the role {asked.role} must before it goes."
        _lapse(connection, key, asked, done, now)
    raise _unfit(key, asked, done)


def reject(connection: Connection, key: str, who: str, why: str, people: People, target: Target, now: datetime) -> None:
    """Refuse a command before it goes; the same sums do not bring it back (rule 25). Of what is held, only who might approve it may."""
    with connection.transaction():
        held = _held(connection, key)
        if held.state is State.HELD:
            asked = renewed(_request(key, held, now), now)
            done = decide(asked, Answer(who, asked.payload, agrees=False, reason=why), people, now)
            if not isinstance(done, approval.Denied):
                raise _unfit(key, asked, done)
    _act(connection, key, who, Denied(why), target, now, "rejected", "What has been sent cannot be; see `tieout commands cancel`.")


def retry(connection: Connection, key: str, who: str, target: Target, now: datetime) -> None:
    """Let what was refused, or taken only in part, be tried again: what is still owed becomes a command of its own."""
    _act(connection, key, who, Retried(), target, now, "retried", "Only what was refused or confirmed can be.")


def retry_all(connection: Connection, keys: Mapping[str, Target], who: str, now: datetime) -> int:
    """The same for many commands, given with how their systems treat them, in one transaction; how many. What can no longer be is left as it is."""
    changed: list[Step] = []
    events: list[tuple[str, datetime, str, str, str]] = []
    subjects: set[str] = set()
    with connection.transaction():
        for key, subject, attempt, _ in fetch(connection, "commands_for_update", sorted(keys)):
            before = decode_attempt(attempt)
            if (before.state, Retried) in TRANSITIONS:
                changed.append(Step(key, advance(before, Retried(), keys[key], now), keys[key]))
                events.append((key, now, "retried", who, encode(told(Retried())).decode()))
                subjects.add(subject)
        if changed:
            run(connection, "raise_fences", [step.key for step in changed])
            write_attempts(connection, changed, now)
            say(connection, events)
            consider_subjects(connection, subjects, now)
    return len(changed)


def cancel(connection: Connection, key: str, who: str, why: str, people: People, target: Target, now: datetime) -> None:
    """Give a command up: before it goes it is refused; after that somebody has looked into the target and vouches that nothing
    more will come of it."""
    with connection.transaction():
        state = _held(connection, key).state
    if state is State.HELD:
        reject(connection, key, who, why, people, target, now)
        return
    event = Denied(why) if state is State.QUEUED else Abandoned(why)
    _act(connection, key, who, event, target, now, "cancelled", "It is over, or on its way this moment.")


def changed_from(connection: Connection, subject: str, account: str, side: str, number: int, command: Command) -> Changed | None:
    """What a held command took the place of, if somebody was asked about that; its approval does not count for this one."""
    found = fetch(connection, "asked_before", subject, account, side, number)
    if not found:
        return None
    key, body, request, _, _ = found[0]
    consented = tuple(_names(decode_request(request)))
    return Changed(key, consented, tuple(changes(decode_command(body), command)))


def _request(key: str, held: Held, now: datetime) -> Request:
    """The request of a held command, checked against its content."""
    command = decode_command(held.body)
    asked = held.request
    if asked is None:  # held by a release that knew no requests
        asked = approval.request(command, UNNAMED, held.rule, held.proposed_by, now, worth_of(command), command.currency)
    if hashlib.sha256(held.body).digest() != held.hash or asked.payload != payload_hash(command):
        raise OperatorError(f"The content of {key} is not what was decided.", "Do not send it; run `tieout audit verify`.")
    return msgspec.structs.replace(asked, proposer=held.proposed_by)


def _check_payload(key: str, asked: Request, payload: str) -> None:
    if payload and (len(payload) < HASH_SHOWN or not asked.payload.startswith(payload.lower())):
        raise OperatorError(
            f"What you looked at ({payload}) is not what waits ({asked.payload[:HASH_SHOWN]}): changed, review again.",
            f"`tieout commands show '{key}'`",
        )


def _refuse_changed(connection: Connection, key: str, held: Held) -> None:
    """A command that was withdrawn because it changed says what came in its place."""
    found = fetch(connection, "asked_after", held.subject, held.account, held.side, held.number)
    if found:
        raise OperatorError(
            f"{key} has changed, review again: in its place stands {found[0][0]} ({found[0][1]}).", f"`tieout commands show '{found[0][0]}'`"
        )


def _lapse(connection: Connection, key: str, asked: Request, done: Outcome, now: datetime) -> None:
    """A request whose time is over goes back, and is asked anew: that is kept although this answer does not count."""
    if isinstance(done, Returned):
        _keep(connection, key, renewed(asked, now))
        say(connection, [(key, now, "returned", "tieout", encode({"why": done.reason}).decode())])


def _unfit(key: str, asked: Request, done: Outcome) -> OperatorError:
    if isinstance(done, Returned):
        return OperatorError(f"{key}: {done.reason}.", "It is asked anew from now on: look at it again, then approve it.")
    assert isinstance(done, Unfit), "whatever else an answer makes has been dealt with"
    who = f"{asked.approvers} with the role {asked.role}" + (f" (team {asked.team})" if asked.team else "")
    return OperatorError(f"{key}: {done.reason}.", f"It needs {who}; `tieout people list`, `[people]` and `[[delegations]]` say who that is.")


def _keep(connection: Connection, key: str, request: Request) -> None:
    run(connection, "set_requests", [key], [encode(request).decode()], [request.rule])


def _names(request: Request) -> list[str]:
    return [f"{one.who} (for {one.for_})" if one.for_ else one.who for one in request.given]


def _act(connection: Connection, key: str, who: str, event: Event, target: Target, now: datetime, done: str, next_step: str) -> None:
    with connection.transaction():
        held = _held(connection, key)
        _need((held.state, type(event)) in TRANSITIONS, key, held, done, next_step)
        run(connection, "raise_fences", [key])
        record(connection, key, event, target, now, who=who)


def _held(connection: Connection, key: str) -> Held:
    found: list[tuple[Any, ...]] = fetch(connection, "command_to_handle", key)
    if not found:
        raise OperatorError(f"There is no command {key!r}.", "`tieout commands list` shows them.")
    state, hash_, body, proposed_by, subject, account, side, number, rule, request = found[0]
    asked = None if request is None else decode_request(request)
    return Held(State(state), hash_, body.encode(), proposed_by, subject, account, side, number, rule, asked)


def _need(good: bool, key: str, held: Held, done: str, next_step: str) -> None:
    if not good:
        raise OperatorError(f"{key} is {held.state.value} and cannot be {done}.", next_step)
