"""Divert: a command that its system does not take goes another way, if the policy names one; each such step is kept, for ever.

Taken is a fallback only when the first way is surely closed (`policy.fallback`). Nothing is sent here: what was queued is
withdrawn, what was refused bars no more, and the ledger's own decision issues anew where the rules now point.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from tieout.core.attempt import Attempt, Retried, Withdrawn, advance
from tieout.core.circuit import Circuit
from tieout.core.command import Command, State
from tieout.policy import driving as policies
from tieout.policy.fallback import Fallback, Wait
from tieout.runtime import knowing, steps
from tieout.runtime import lane as lanes
from tieout.runtime.batch import Connection, encode
from tieout.runtime.configuration import Driving
from tieout.store.database import run


class Stuck(NamedTuple):
    """A command that has not gone through, and the root it is about."""

    key: str
    root: str
    command: Command
    attempt: Attempt
    created: datetime


def instead_of(
    connection: Connection, policy: policies.Driving, stuck: Sequence[Stuck], circuits: Mapping[str, Circuit], now: datetime
) -> dict[str, Fallback | Wait]:
    """What the policy does about some commands, by key; those it does nothing about are left out."""
    if not stuck or policy.fallbacks.at(now) is None:
        return {}
    by_subject: dict[str, list[knowing.Taken]] = defaultdict(list)
    for one in knowing.taken_of(connection, {name for row in stuck for name in (row.root, str(row.command.group))}):
        by_subject[one.subject].append(one)
    found = {}
    for row in stuck:
        taken = [one for name in dict.fromkeys((str(row.command.group), row.root)) for one in by_subject.get(name, ())]
        rules = policy.knowing(diversions=knowing.standing_of(taken))
        asked = {one.ask for one in taken if one.command == row.key}
        circuit = circuits.get(row.command.system)
        instead = rules.instead(row.command, row.attempt, circuit, now, issued_at=row.created, asked=asked)
        if instead is not None:
            found[row.key] = instead
    return found


def keep(connection: Connection, found: Iterable[tuple[Stuck, Fallback]], now: datetime) -> None:
    """Write down fallbacks that are taken, each also in the life of its command."""
    columns, events = [], []
    for row, instead in found:
        command = row.command
        taken = knowing.Taken(
            row.key, str(command.group), command.account, command.side.value, command.number, command.act.value, command.system,
            command.warehouse, command.data.get("carrier", ""), instead.use_system, instead.use_warehouse, instead.use_carrier,
            instead.ask, instead.rule, now,
        )  # fmt: skip
        columns.append(taken[:-1])
        events.append((row.key, now, "asked" if instead.ask else "diverted", steps.US, encode({"way": taken.way, "rule": taken.rule}).decode()))
    if columns:
        run(connection, "insert_diversions", *map(list, zip(*columns, strict=True)))
        steps.say(connection, events)


def release(connection: Connection, driving: Driving, refused: Sequence[Stuck], now: datetime) -> list[tuple[Stuck, Fallback]]:
    """Take the fallbacks of commands that were refused, their rows locked; those that bar the next command no more, as they stand then."""
    assert driving.policy is not None, "without a policy there is no fallback"
    circuits = {lane.system: lane.circuit for lane in lanes.lanes(connection).values()}
    found = instead_of(connection, driving.policy, refused, circuits, now)
    taken = [(row, instead) for row in refused if isinstance(instead := found.get(row.key), Fallback)]
    keep(connection, taken, now)
    made, changed = [], []
    for row, instead in taken:
        if not instead.ask:
            target = driving.targets[row.command.system]
            after = advance(row.attempt, Retried(), target, now)
            changed.append(steps.Step(row.key, after, target))
            made.append((row._replace(attempt=after), instead))
    steps.write_attempts(connection, changed, now)
    return made


def settle(connection: Connection, driving: Driving, stuck: Sequence[Stuck], circuits: Mapping[str, Circuit], now: datetime) -> set[str]:
    """Take the fallbacks of commands that wait to go, their rows locked; the keys of those that are withdrawn for another way."""
    if driving.policy is None:
        return set()
    found = instead_of(connection, driving.policy, stuck, circuits, now)
    taken = [(row, instead) for row in stuck if isinstance(instead := found.get(row.key), Fallback)]
    keep(connection, taken, now)
    leaving = [(row, instead) for row, instead in taken if not instead.ask]
    assert all(row.attempt.state is State.QUEUED for row, _ in leaving), "only what is surely not at its target goes another way"
    changed = []
    for row, instead in leaving:
        target = driving.targets[row.command.system]
        changed.append(steps.Step(row.key, advance(row.attempt, Withdrawn(f"goes to {instead.way} instead"), target, now), target))
    steps.write_attempts(connection, changed, now)
    steps.say(connection, [(step.key, now, "withdrawn", steps.US, encode({"reason": step.attempt.reason}).decode()) for step in changed])
    roots = sorted({row.root for row, _ in leaving})
    run(connection, "consider", roots, [now] * len(roots))
    return {row.key for row, _ in leaving}
