"""Steps: how what happens to commands is written down, for many of them at once; where each stands, and its life for ever."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from tieout.core.attempt import Attempt, Event, Move, Target, next_move
from tieout.core.command import Accepted, Command
from tieout.runtime.batch import Connection, encode
from tieout.store.database import run

US = "tieout"
"""Who did what nobody decided by hand."""

decode_command = msgspec.json.Decoder(Command).decode
decode_attempt = msgspec.json.Decoder(Attempt).decode


class Step(NamedTuple):
    """A command, where it stands from now on, and how its target treats it."""

    key: str
    attempt: Attempt
    target: Target


def told(event: Event) -> dict[str, Any]:
    """An event as it is kept in the life of a command."""
    found: dict[str, Any] = msgspec.structs.asdict(event)
    return found if not isinstance(event, Accepted) else {name: value for name, value in found.items() if value}


def write_attempts(connection: Connection, changed: Sequence[Step], now: datetime) -> None:
    """Write where some commands stand; whoever held them holds them no longer."""
    columns = []
    for key, attempt, target in changed:
        move = next_move(attempt, target, now)
        at = None if move.move is Move.NOTHING else move.at
        columns.append((key, encode(attempt).decode(), attempt.state.value, move.move.value, at))
    if columns:
        run(connection, "set_attempts", now, *map(list, zip(*columns, strict=True)))


def say(connection: Connection, events: Iterable[tuple[str, datetime, str, str, str]]) -> None:
    """Write events into the lives of commands: key, when, what, who, detail as JSON."""
    columns = list(zip(*events, strict=True))
    if columns:
        run(connection, "insert_command_events", *map(list, columns))
