"""The life of one command as a state machine: which event leads where, and what may be tried next (rule 26).

Pure: the dispatcher does, this file says what that means. The whole danger is *doubt*. Once a write has left us without an
answer, the target may still commit it, up to its settle time later. Nothing that is learned about a later attempt
takes that doubt away, and only three things do: the target says that it has it, the target's own statement turns up, or
two probes a settle time apart find nothing.
"""

from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

import msgspec

from tieout.core.command import Absent, Accepted, Failed, Rejected, State
from tieout.core.values import Ref

NEVER = timedelta(0)
FAILURES_MAX = 24
"""Beyond that many failures in a row the wait no longer grows."""


class Target(msgspec.Struct, frozen=True):
    """How a system treats what it is told.

    `settle`: the longest time, after we have stopped waiting for an answer, in which it may still commit the request.
    `remembers`: how long it knows our key (or a unique reference) again and does not do the same twice; zero: it does not.
    `first` and `longest` bound the wait between attempts.
    """

    settle: timedelta
    remembers: timedelta = NEVER
    first: timedelta = timedelta(seconds=1)
    longest: timedelta = timedelta(minutes=5)


class Sent(msgspec.Struct, frozen=True):
    """The dispatcher took the command and is about to send it: from here on it may have left us."""


class Approved(msgspec.Struct, frozen=True):
    """The approver let it go."""


class Denied(msgspec.Struct, frozen=True):
    """A person refused it before it went: blocks like the target's own refusal (rule 25)."""

    reason: str


class Withdrawn(msgspec.Struct, frozen=True):
    """Looked at again before it went, it was no longer owed."""

    reason: str


class Confirmed(msgspec.Struct, frozen=True):
    """The target's own statements have brought all that was in flight."""


class Retried(msgspec.Struct, frozen=True):
    """A person says that what was refused, or taken only in part, may be tried again; it will be a command of its own."""


class Abandoned(msgspec.Struct, frozen=True):
    """A person has looked into the target and says that nothing more will come of it."""

    reason: str


Event = Sent | Approved | Denied | Withdrawn | Confirmed | Retried | Abandoned | Accepted | Rejected | Failed | Absent

TRANSITIONS: dict[tuple[State, type[Event]], tuple[State, ...]] = {
    (State.HELD, Approved): (State.QUEUED,),
    (State.HELD, Denied): (State.REFUSED,),
    (State.HELD, Withdrawn): (State.CANCELLED,),
    (State.QUEUED, Sent): (State.SENDING,),
    (State.QUEUED, Denied): (State.REFUSED,),
    (State.QUEUED, Withdrawn): (State.CANCELLED,),
    (State.SENDING, Accepted): (State.ACCEPTED,),
    (State.SENDING, Rejected): (State.REFUSED, State.UNKNOWN),
    (State.SENDING, Failed): (State.QUEUED, State.UNKNOWN),
    (State.UNKNOWN, Sent): (State.SENDING,),
    (State.UNKNOWN, Accepted): (State.ACCEPTED,),
    (State.UNKNOWN, Rejected): (State.REFUSED, State.UNKNOWN),
    (State.UNKNOWN, Failed): (State.UNKNOWN,),
    (State.UNKNOWN, Absent): (State.UNKNOWN, State.QUEUED),
    (State.UNKNOWN, Confirmed): (State.CONFIRMED,),
    (State.UNKNOWN, Abandoned): (State.CANCELLED,),
    (State.ACCEPTED, Accepted): (State.ACCEPTED,),
    (State.ACCEPTED, Confirmed): (State.CONFIRMED,),
    (State.ACCEPTED, Abandoned): (State.CANCELLED,),
    (State.REFUSED, Retried): (State.REFUSED,),
    (State.CONFIRMED, Retried): (State.CONFIRMED,),
}
"""Every step there is. Any other is a fault of ours and crashes."""

OPEN = frozenset((State.QUEUED, State.HELD, State.SENDING, State.ACCEPTED, State.UNKNOWN))
FLYING = frozenset((State.SENDING, State.ACCEPTED, State.UNKNOWN))
"""In flight: it may have reached the target, so that its quantity counts (rule 23)."""


class Attempt(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where a command stands.

    `failures` counts attempts in a row without an answer, `not_before` is the end of the wait after the last,
    `sent_at` when the target could first have seen the key, `doubt_at` when the last attempt in doubt was given up,
    `absent_at` the first probe since then that found nothing. `released`: a person wants what was refused tried again.
    `denied`: it was a person of ours who refused, not the target.
    """

    state: State = State.QUEUED
    failures: int = 0
    not_before: datetime | None = None
    sent_at: datetime | None = None
    doubt_at: datetime | None = None
    absent_at: datetime | None = None
    documents: tuple[Ref, ...] = ()
    final: dict[str, Decimal] = {}
    differs: tuple[str, ...] = ()
    reason: str = ""
    again_at: datetime | None = None
    released: bool = False
    denied: bool = False


class Move(StrEnum):
    """What the dispatcher may do with a command."""

    SEND = "send"
    PROBE = "probe"
    NOTHING = "nothing"


class Next(NamedTuple):
    """The next move and the earliest time for it."""

    move: Move
    at: datetime


def advance(before: Attempt, event: Event, target: Target, now: datetime, share: float = 1.0) -> Attempt:
    """Where a command stands after an event; `share` (0 to 1) is the caller's dice for full jitter.

    `now` is when the outcome was known, of a probe when it was begun; all times of a command come from one clock. An
    outcome that arrives when the command has ended meanwhile (its state is not in TRANSITIONS for it) is for the caller to drop.
    Raises ValueError for a step that TRANSITIONS does not have, or for a repetition while the target might do it twice.
    """
    if (before.state, type(event)) not in TRANSITIONS:
        raise ValueError(f"a command that is {before.state} cannot be {type(event).__name__.lower()}")
    after = _step(before, event, target, now, share)
    if after.state not in TRANSITIONS[before.state, type(event)]:
        raise AssertionError(f"{before.state} and {type(event).__name__} led to {after.state}")
    return after


def next_move(standing: Attempt, target: Target, now: datetime) -> Next:
    """What may be tried next, and when: a queued command is sent, an unknown one sent again only if that is harmless."""
    earliest = max(now, standing.not_before or now)
    if standing.state is State.QUEUED:
        return Next(Move.SEND, earliest)
    if standing.state is not State.UNKNOWN:
        return Next(Move.NOTHING, now)
    if _knows_again(standing, target, earliest):
        return Next(Move.SEND, earliest)
    if standing.absent_at is not None:
        earliest = max(earliest, standing.absent_at + target.settle)
    return Next(Move.PROBE, earliest)


def wait_max(failures: int, target: Target) -> timedelta:
    """The longest wait after so many failures in a row: exponential, bounded; full jitter takes a share of it."""
    doublings = max(min(failures, FAILURES_MAX) - 1, 0)
    return min(target.longest, target.first * (1 << doublings))


def _step(before: Attempt, event: Event, target: Target, now: datetime, share: float) -> Attempt:
    """The effect of an event that is allowed in this state."""
    change = msgspec.structs.replace
    match event:
        case Sent():
            return _sent(before, target, now)
        case Approved():
            return change(before, state=State.QUEUED)
        case Denied(reason):
            return change(before, state=State.REFUSED, reason=reason, denied=True)
        case Withdrawn(reason) | Abandoned(reason):
            return change(before, state=State.CANCELLED, reason=reason)
        case Confirmed():
            return change(before, state=State.CONFIRMED)
        case Retried():
            return change(before, released=True)
        case Accepted(documents, final, differs):
            named = tuple(dict.fromkeys((*before.documents, *documents)))
            return change(
                before, state=State.ACCEPTED, documents=named, final={**before.final, **final}, differs=differs, failures=0, reason=""
            )
        case Rejected(reason, again_at):
            state = State.UNKNOWN if _unsettled(before, target, now) else State.REFUSED
            refused = change(before, state=state, reason=reason, again_at=again_at)
            return _later(refused, target, now, share, None) if state is State.UNKNOWN else refused
        case Failed():
            return _failed(before, event, target, now, share)
        case Absent():
            return _absent(before, target, now)


def _sent(before: Attempt, target: Target, now: datetime) -> Attempt:
    if before.state is State.UNKNOWN and not _knows_again(before, target, now):
        raise ValueError("a command of unknown outcome is sent again only to a target that knows its key, or after two absent probes")
    sent_at = before.sent_at if before.doubt_at is not None else now
    return msgspec.structs.replace(before, state=State.SENDING, sent_at=sent_at, absent_at=None)


def _failed(before: Attempt, event: Failed, target: Target, now: datetime, share: float) -> Attempt:
    """A failure that did not leave us changes nothing about an earlier attempt that did."""
    doubt_at = now if event.in_doubt and before.state is State.SENDING else before.doubt_at
    state = State.QUEUED if doubt_at is None else State.UNKNOWN
    failed = msgspec.structs.replace(before, state=state, doubt_at=doubt_at, reason=f"{event.fault}: {event.reason}")
    return _later(failed, target, now, share, event.retry_after)


def _absent(before: Attempt, target: Target, now: datetime) -> Attempt:
    """Once is not enough: the request may still be on its way. Twice, a settle time apart, and it never will be."""
    if before.absent_at is None:
        return msgspec.structs.replace(before, absent_at=now)
    if now - before.absent_at < target.settle:
        return before
    return msgspec.structs.replace(before, state=State.QUEUED, doubt_at=None, absent_at=None, sent_at=None, failures=0, not_before=None)


def _later(standing: Attempt, target: Target, now: datetime, share: float, retry_after: float | None) -> Attempt:
    failures = standing.failures + 1
    wait = wait_max(failures, target) * min(max(share, 0.0), 1.0)
    if retry_after is not None:
        wait = max(wait, timedelta(seconds=retry_after))
    return msgspec.structs.replace(standing, failures=failures, not_before=now + wait)


def _unsettled(standing: Attempt, target: Target, now: datetime) -> bool:
    """True while an earlier attempt may still be committed, whatever a later one was answered."""
    return standing.doubt_at is not None and now - standing.doubt_at < target.settle


def _knows_again(standing: Attempt, target: Target, at: datetime) -> bool:
    """True when the target will still know the key by the time a repetition settles."""
    return standing.sent_at is not None and at + target.settle < standing.sent_at + target.remembers
