"""The desk: what people do with commands, each with a name and a reason, and never against a dispatcher that holds one."""

import hashlib
from datetime import datetime

import msgspec

from tieout.core.attempt import TRANSITIONS, Abandoned, Approved, Denied, Event, Retried, Target
from tieout.core.command import State
from tieout.errors import OperatorError
from tieout.runtime.batch import Connection
from tieout.runtime.outbox import record
from tieout.store.database import fetch, run


class Held(msgspec.Struct, frozen=True):
    """A command somebody wants to act on, its row locked."""

    state: State
    hash: bytes
    body: bytes
    proposed_by: str


def approve(connection: Connection, key: str, who: str, target: Target, now: datetime) -> None:
    """Let a held command go, as it is. Raises OperatorError for whoever proposed it, and for content that is not what was decided."""
    with connection.transaction():
        held = _held(connection, key)
        _need(held.state is State.HELD, key, held, "approved", "Only a command that is held waits for an approver.")
        if who == held.proposed_by:
            raise OperatorError(f"{key} was proposed by {who}.", "Somebody else has to approve it.")
        if hashlib.sha256(held.body).digest() != held.hash:
            raise OperatorError(f"The content of {key} is not what was decided.", "Do not send it; run `tieout audit verify`.")
        run(connection, "set_approver", who, key)
        record(connection, key, Approved(), target, now, who=who)


def reject(connection: Connection, key: str, who: str, why: str, target: Target, now: datetime) -> None:
    """Refuse a command before it goes; the same sums do not bring it back (rule 25)."""
    _act(connection, key, who, Denied(why), target, now, "rejected", "What has been sent cannot be; see `tieout commands cancel`.")


def retry(connection: Connection, key: str, who: str, target: Target, now: datetime) -> None:
    """Let what was refused, or taken only in part, be tried again: what is still owed becomes a command of its own."""
    _act(connection, key, who, Retried(), target, now, "retried", "Only what was refused or confirmed can be.")


def cancel(connection: Connection, key: str, who: str, why: str, target: Target, now: datetime) -> None:
    """Give a command up: before it goes it is refused; after that somebody has looked into the target and vouches that nothing
    more will come of it."""
    with connection.transaction():
        held = _held(connection, key)
        waits = held.state in (State.HELD, State.QUEUED)
    _act(connection, key, who, Denied(why) if waits else Abandoned(why), target, now, "cancelled", "It is over, or on its way this moment.")


def _act(connection: Connection, key: str, who: str, event: Event, target: Target, now: datetime, done: str, next_step: str) -> None:
    with connection.transaction():
        held = _held(connection, key)
        _need((held.state, type(event)) in TRANSITIONS, key, held, done, next_step)
        run(connection, "raise_fences", [key])
        record(connection, key, event, target, now, who=who)


def _held(connection: Connection, key: str) -> Held:
    found = fetch(connection, "command_to_handle", key)
    if not found:
        raise OperatorError(f"There is no command {key!r}.", "`tieout commands list` shows them.")
    state, hash_, body, proposed_by = found[0]
    return Held(State(state), hash_, body.encode(), proposed_by)


def _need(good: bool, key: str, held: Held, done: str, next_step: str) -> None:
    if not good:
        raise OperatorError(f"{key} is {held.state.value} and cannot be {done}.", next_step)
