"""Take commands: look again, and commit that they are being sent before the first byte leaves (rules 25 and 26). One short transaction."""

import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from tieout.connectors import Secrets
from tieout.core.attempt import Attempt, Denied, Event, Move, Sent, Target, Withdrawn, advance
from tieout.core.circuit import Circuit, Stage
from tieout.core.command import Command
from tieout.core.lane import Lane, Limits
from tieout.runtime import lane as lanes
from tieout.runtime.batch import Batch, Connection, encode
from tieout.runtime.configuration import Configuration
from tieout.runtime.outbox import US, Step, decode_attempt, decode_command, orchestrate, say, write_attempts
from tieout.runtime.task import Task
from tieout.store.database import fetch, run
from tieout.store.sql import sql

HORIZON = timedelta(seconds=0.25)
"""How far ahead commands are taken: what is taken is in doubt if this process dies."""
AT_ONCE = 250
PROBES_TO_CHOOSE = 50
"""Among so many the command is chosen that tries a circuit half open: one that fails again and again must not keep it open."""
MARGIN = 2.0
"""Seconds before the end of a lease in which nothing is begun: the clocks of two hosts run at different speeds."""

Fallback = Callable[[Command, Attempt, Circuit, datetime], str | None]
"""Asked about every queued command that never left us, before it is sent and while its circuit is open: why it should not go
to its system after all, or None. It is withdrawn then and its root decided about again; the rules name another system."""


class Terms(NamedTuple):
    """On what terms a lane is served: by whom, for how long a lease lasts, and what the policy says besides."""

    holder: str
    lease: timedelta
    limits: Limits
    target: Target
    secrets: Secrets
    fallback: Fallback | None


class Taken(NamedTuple):
    """The tasks, and when it makes sense to ask again (None: not before a result or a change)."""

    tasks: list[Task]
    again_at: datetime | None


def take(connection: Connection, configuration: Configuration, system: str, room: int, terms: Terms, now: datetime) -> Taken:
    """Take at most `room` commands that are due for a system, in order. Nothing while another dispatcher has the lane."""
    lane = lanes.free(connection, system)
    if lane is None:
        return Taken([], now)
    limits = terms.limits
    if lane.opens(limits, now) > now + HORIZON:
        if terms.fallback is not None and lane.circuit.stage is Stage.OPEN:
            _divert(connection, configuration, lane, terms, now)
        return Taken([], lane.opens(limits, now))
    starts = lane.starts(limits, now, now + HORIZON, min(room, AT_ONCE))
    many = len(starts) if lane.circuit.stage is Stage.CLOSED else PROBES_TO_CHOOSE
    found = _due(connection, configuration, system, many, now) if starts else []
    if not found:
        return Taken([], None)
    going: list[_Row] = []
    ended: list[tuple[_Row, Event]] = []
    for row in found:
        stop = _stopped(row, lane, terms, now)
        if stop is None:
            going.append(row)
        else:
            ended.append((row, stop))
    if lane.circuit.stage is not Stage.CLOSED:
        going.sort(key=lambda row: row.attempt.failures)
    going = going[: len(starts)]
    lanes.keep(connection, lane.begun(starts[: len(going)], limits, now))
    if ended:
        _end(connection, ended, terms.target, now)
    return Taken(_hold(connection, going, starts, terms, now) if going else [], None)


class _Row(NamedTuple):
    key: str
    root: str
    command: Command
    attempt: Attempt
    move: Move
    created: datetime


def _due(connection: Connection, configuration: Configuration, system: str, most: int, now: datetime) -> list[_Row]:
    """What is due, one command of a subject at most, after its root was decided about again in this transaction.

    The batch comes first: while it stands nobody joins or parts roots, so what is found here stays what it is called.
    """
    batch = Batch(connection, configuration, now, "dispatch", alone=False)
    arguments = {"system": system, "now": now, "limit": most}
    roots: dict[str, str] = dict(connection.execute(sql("candidates"), arguments, prepare=True).fetchall())
    if not roots:
        return []
    orchestrate(batch, set(roots.values()))
    found: dict[str, tuple[Any, ...]] = {row[0]: row for row in fetch(connection, "to_take", list(roots), now)}
    made, seen = list[_Row](), set[str]()
    for key, root in roots.items():
        if key in found and root not in seen:
            _, body, attempt, move, created = found[key]
            made.append(_Row(key, root, decode_command(body), decode_attempt(attempt), Move(move), created))
            seen.add(root)
    return made


def _stopped(row: _Row, lane: Lane, terms: Terms, now: datetime) -> Event | None:
    """Why a command that never left us should not: its deadline, or a fallback."""
    if row.move is not Move.SEND or row.attempt.doubt_at is not None:
        return None
    deadline = terms.limits.deadline
    if deadline is not None and now - row.created > deadline:
        last = f"; at last: {row.attempt.reason}" if row.attempt.reason else ""
        return Denied(f"not sent within {deadline}{last}. A person decides: `tieout commands retry` lets it be tried again.")
    why = terms.fallback(row.command, row.attempt, lane.circuit, now) if terms.fallback is not None else None
    return None if why is None else Withdrawn(why)


def _divert(connection: Connection, configuration: Configuration, lane: Lane, terms: Terms, now: datetime) -> None:
    """While a circuit is open, let the fallback look at what waits."""
    rows = _due(connection, configuration, lane.system, AT_ONCE, now)
    ended = [(row, stop) for row in rows if (stop := _stopped(row, lane, terms, now)) is not None]
    if ended:
        _end(connection, ended, terms.target, now)


def _end(connection: Connection, ended: Sequence[tuple[_Row, Event]], target: Target, now: datetime) -> None:
    write_attempts(connection, [Step(row.key, advance(row.attempt, event, target, now), target) for row, event in ended], now)
    say(connection, [(row.key, now, type(event).__name__.lower(), US, encode(event).decode()) for row, event in ended])
    roots = sorted({row.root for row, _ in ended})
    run(connection, "consider", roots, [now] * len(roots))


def _hold(connection: Connection, rows: Sequence[_Row], starts: Sequence[datetime], terms: Terms, now: datetime) -> list[Task]:
    """Put the lease on commands; those that are sent are *sending* from here on."""
    clock = time.monotonic()
    columns: list[tuple[str, str, str, str, datetime | None]] = []
    for row in rows:
        after = advance(row.attempt, Sent(), terms.target, now) if row.move is Move.SEND else row.attempt
        move, again = (Move.NOTHING, None) if row.move is Move.SEND else (Move.PROBE, now + terms.lease)
        columns.append((row.key, encode(after).decode(), after.state.value, move.value, again))
    held = fetch(connection, "set_taken", now, terms.holder, terms.lease, *map(list, zip(*columns, strict=True)))
    fences: dict[str, int] = dict(held)
    detail = encode({"holder": terms.holder}).decode()
    say(connection, [(row.key, now, "sent" if row.move is Move.SEND else "probed", US, detail) for row in rows])
    ends = clock + terms.lease.total_seconds() - MARGIN
    return [
        Task(row.key, fences[row.key], row.move, row.command, terms.secrets, at, clock + (at - now).total_seconds(), ends)
        for row, at in zip(rows, starts, strict=False)
    ]
