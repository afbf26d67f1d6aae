"""Take commands: look again, and commit that they are being sent before the first byte leaves (rules 25 and 26). One short transaction."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from tieout.connectors import Secrets
from tieout.core.attempt import Attempt, Denied, Event, Move, Sent, Target, advance
from tieout.core.circuit import Stage
from tieout.core.command import Command
from tieout.core.lane import Lane, Limits
from tieout.policy.approval import Request
from tieout.policy.fallback import Fallback
from tieout.runtime import lane as lanes
from tieout.runtime.asking import decode_request, is_as_approved
from tieout.runtime.batch import Batch, Connection, encode
from tieout.runtime.configuration import Configuration
from tieout.runtime.divert import Stuck, instead_of, settle
from tieout.runtime.outbox import orchestrate
from tieout.runtime.steps import US, Step, decode_attempt, decode_command, say, write_attempts
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


class Terms(NamedTuple):
    """On what terms a lane is served: by whom, for how long a lease lasts, and what the policy says besides."""

    holder: str
    lease: timedelta
    limits: Limits
    target: Target
    secrets: Secrets


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
        return Taken([], lane.opens(limits, now))
    starts = lane.starts(limits, now, now + HORIZON, min(room, AT_ONCE))
    many = len(starts) if lane.circuit.stage is Stage.CLOSED else PROBES_TO_CHOOSE
    found = _due(connection, configuration, system, many, now) if starts else []
    if not found:
        return Taken([], None)
    stopped = {row.key: stop for row in found if (stop := _stopped(row, terms, now)) is not None}
    going = _on_their_way(connection, configuration, lane, [row for row in found if row.key not in stopped], now)
    if lane.circuit.stage is not Stage.CLOSED:
        going.sort(key=lambda row: row.attempt.failures)
    going = going[: len(starts)]
    lanes.keep(connection, lane.begun(starts[: len(going)], limits, now))
    _end(connection, [(row, stopped[row.key]) for row in found if row.key in stopped], terms.target, now)
    return Taken(_hold(connection, going, starts, terms, now) if going else [], None)


class _Row(NamedTuple):
    key: str
    root: str
    command: Command
    attempt: Attempt
    move: Move
    created: datetime
    asked: Request | None

    @property
    def stuck(self) -> Stuck:
        """As the fallbacks look at it."""
        return Stuck(self.key, self.root, self.command, self.attempt, self.created)


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
            made.append(_row(root, *found[key]))
            seen.add(root)
    return made


def _row(root: str, key: str, body: str, attempt: str, move: str, created: datetime, asked: str | None) -> _Row:
    request = None if asked is None else decode_request(asked)
    return _Row(key, root, decode_command(body), decode_attempt(attempt), Move(move), created, request)


def _stopped(row: _Row, terms: Terms, now: datetime) -> Event | None:
    """Why a command that never left us should not: it is not what was approved, or its deadline has passed."""
    if row.move is not Move.SEND or row.attempt.doubt_at is not None:
        return None
    if not is_as_approved(row.asked, row.command):
        return Denied("what would be sent is not what was approved; run `tieout audit verify` before anything else.")
    deadline = terms.limits.deadline
    if deadline is None or now - row.created <= deadline:
        return None
    last = f"; at last: {row.attempt.reason}" if row.attempt.reason else ""
    return Denied(f"not sent within {deadline}{last}. A person decides: `tieout commands retry` lets it be tried again.")


def _on_their_way(connection: Connection, configuration: Configuration, lane: Lane, rows: Sequence[_Row], now: datetime) -> list[_Row]:
    """Those of some rows that no fallback takes another way."""
    driving = configuration.driving
    if driving is None or driving.policy is None or driving.policy.fallbacks.at(now) is None:
        return list(rows)
    left = settle(connection, driving, [row.stuck for row in rows], {lane.system: lane.circuit}, now)
    return [row for row in rows if row.key not in left]


class Place(NamedTuple):
    """How far a sweep has come: the moment and the key of the last command it looked at."""

    at: datetime
    key: str


START = Place(datetime.min.replace(tzinfo=UTC), "")


def sweep(connection: Connection, configuration: Configuration, system: str, after: Place, now: datetime) -> Place | None:
    """Let the fallbacks look at a page of all that waits for a system, also at what cannot go now; where to go on, None at the end.

    Most of it needs no second look: only what a row of the policy speaks of is locked, decided about again, and judged again.
    """
    driving = configuration.driving
    assert driving is not None and driving.policy is not None, "without a policy there is no fallback"
    lane = lanes.free(connection, system)
    if lane is None:
        return after
    batch = Batch(connection, configuration, now, "dispatch", alone=False)
    page = connection.execute(sql("waiting_to_go"), {"system": system, "at": after.at, "key": after.key, "limit": AT_ONCE}).fetchall()
    rows = [_row(root, key, body, attempt, move, created, None) for key, root, body, attempt, move, created, _ in page]
    circuits = {system: lane.circuit}
    found = instead_of(connection, driving.policy, [row.stuck for row in rows], circuits, now)
    hits = {row.key: row.root for row in rows if isinstance(found.get(row.key), Fallback)}
    if hits:
        orchestrate(batch, set(hits.values()))
        again = [_row(hits[row[0]], *row).stuck for row in fetch(connection, "still_waiting", list(hits))]
        settle(connection, driving, again, circuits, now)
    return Place(page[-1][6], page[-1][0]) if len(page) == AT_ONCE else None


def _end(connection: Connection, ended: Sequence[tuple[_Row, Event]], target: Target, now: datetime) -> None:
    if not ended:
        return
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
