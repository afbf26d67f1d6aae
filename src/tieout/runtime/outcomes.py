"""Outcomes: what came of the commands of one system, written down for all of them in one transaction, with the lane's health."""

import random
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from tieout.core.attempt import TRANSITIONS, Target, advance
from tieout.core.command import Failed
from tieout.core.lane import Limits
from tieout.runtime import lane as lanes
from tieout.runtime.batch import Connection, encode
from tieout.runtime.outbox import consider_subjects
from tieout.runtime.steps import US, Step, decode_attempt, say, told, write_attempts
from tieout.runtime.task import Result
from tieout.store.database import fetch, run

LEASES_AT_ONCE = 500


def write(connection: Connection, system: str, results: Sequence[Result], limits: Limits, target: Target, now: datetime) -> int:
    """Write down what came of some commands of a system; how many were somebody else's by then, which is not written.

    Runs in the caller's transaction. What the lane has learned it keeps even from an answer that came too late.
    """
    lane = lanes.locked(connection, system, now)
    rows: dict[str, tuple[Any, ...]] = {
        row[0]: row[1:] for row in fetch(connection, "commands_for_update", [result.task.key for result in results])
    }
    changed: list[Step] = []
    events: list[tuple[str, datetime, str, str, str]] = []
    for result in results:
        key, outcome = result.task.key, result.outcome
        lane = lane.ended(outcome, result.task.calls, result.seconds, limits, now)
        _, body, fence = rows[key]
        before = decode_attempt(body)
        if fence != result.task.fence or (before.state, type(outcome)) not in TRANSITIONS:
            continue
        changed.append(Step(key, advance(before, outcome, target, now, random.random()), target))  # noqa: S311 - spreads retries
        events.append((key, now, type(outcome).__name__.lower(), US, encode(told(outcome)).decode()))
    lanes.keep(connection, lane)
    if changed:
        write_attempts(connection, changed, now)
        say(connection, events)
        consider_subjects(connection, {rows[key][0] for key, _, _ in changed}, now)
    return len(results) - len(changed)


def take_over(connection: Connection, system: str, target: Target, now: datetime) -> int:
    """Commands whose sender went away in the middle are in doubt: they may have left, and are never simply sent again. How many."""
    lanes.locked(connection, system, now)
    ended = fetch(connection, "ended_leases", system, LEASES_AT_ONCE)
    if not ended:
        return 0
    rows = {row[0]: row[1:] for row in fetch(connection, "commands_for_update", [key for key, _, _ in ended])}
    changed: list[Step] = []
    events: list[tuple[str, datetime, str, str, str]] = []
    for key, _, holder in ended:
        gone = Failed("lease", f"{holder} held it and has gone: it may have been sent.", in_doubt=True)
        changed.append(Step(key, advance(decode_attempt(rows[key][1]), gone, target, now, share=0.0), target))
        events.append((key, now, "failed", US, encode(told(gone)).decode()))
    write_attempts(connection, changed, now)
    run(connection, "raise_fences", [step.key for step in changed])
    say(connection, events)
    consider_subjects(connection, {rows[key][0] for key, _, _ in changed}, now)
    return len(changed)
