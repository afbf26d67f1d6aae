"""What the clock does to the work: snoozes end, acknowledgements run out, chains escalate. It never resolves anything."""

from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec

from tieout.cases import notices, resting
from tieout.cases.notices import Notice
from tieout.policy.work import StepTable, Work
from tieout.runtime.batch import Connection
from tieout.runtime.configuration import Configuration
from tieout.runtime.intake import mapping_hash
from tieout.store.database import fetch, fetch_by, run_by

AT_ONCE = 5000


class Waiting(NamedTuple):
    """An exception whose next step has come due."""

    id: int
    ref: str
    summary: str
    title: str
    chain: str
    step: int
    person: str
    team: str
    acknowledged: datetime | None
    acknowledged_by: str
    opened: datetime
    due: datetime
    state: str
    priority: int


def move(connection: Connection, configuration: Configuration, now: datetime) -> None:
    """Do whatever has come due."""
    versions, well = live_versions(configuration), healthy(connection, configuration, now)
    resting.move(connection, now, well, versions)
    run_by(
        connection, "end_snoozes", now=now, healthy=well, systems=list(versions), versions=list(versions.values())
    )  # fmt: skip
    while _escalate(connection, configuration.work, now) == AT_ONCE:
        pass


def live_versions(configuration: Configuration) -> dict[str, str]:
    """System -> the version of its mapping that is live; and `policy` -> that of the checkpoints."""
    found = {name: mapping_hash(system) for name, system in configuration.systems.items()}
    return {name: version for name, version in (*found.items(), ("policy", configuration.work.policy)) if version}


def healthy(connection: Connection, configuration: Configuration, now: datetime) -> list[str]:
    """The systems whose circuit is closed, that nobody has paused, and whose feed is not silent."""
    driven = {system for (system,) in fetch(connection, "healthy_systems", now)}
    lanes = {row[0] for row in fetch(connection, "lanes")}
    silent = {system for (system,) in fetch(connection, "silent_feeds")}
    return sorted((driven | (configuration.systems.keys() - lanes)) - silent)


def _escalate(connection: Connection, work: Work, now: datetime) -> int:
    """Take the next step of every chain that is due; how many there were."""
    due = [Waiting(*row) for row in fetch(connection, "steps_due", now, AT_ONCE)]
    if not due:
        return 0
    made: list[tuple[int, int, datetime | None, str]] = []
    told: list[Notice] = []
    events = []
    for one in due:
        steps = work.table.chains.get(one.chain, ())
        if one.step >= len(steps):
            made.append((one.id, one.step, None, one.state))
            continue
        step, number = steps[one.step], one.step + 1
        after = now + timedelta(minutes=steps[number].after_minutes) if number < len(steps) else None
        made.append((one.id, number, after, "escalating"))
        lapsed = f" {one.acknowledged_by} acknowledged it and the time for that is over." if one.acknowledged is not None else ""
        who = recipient(step, one.person, one.team)
        if who:
            text = f"{one.ref} {one.title}: {one.summary} (due {one.due:%Y-%m-%d %H:%M} UTC).{lapsed}"
            told.append(Notice(who, step.way, f"step {number} of {one.chain}", one.id, text))
        detail = {"step": number, "chain": one.chain, "told": who, "way": step.way, "lapsed": bool(lapsed)}
        events.append((one.id, msgspec.json.encode(detail).decode()))
    columns = list(zip(*made, strict=True))
    run_by(connection, "set_steps", now=now, ids=list(columns[0]), steps=list(columns[1]), next=list(columns[2]), states=list(columns[3]))
    if events:
        fetch_by(
            connection, "insert_work_events", now=now, works=[e[0] for e in events], causes=[None] * len(events), events=["escalated"] * len(events),
            who=["clock"] * len(events), details=[e[1] for e in events],
        )  # fmt: skip
    notices.keep(connection, told, now)
    return len(due)


def recipient(step: StepTable, person: str, team: str) -> str:
    """Whom a step tells: a login, or `team:NAME`; the team where an exception has no person, nobody where it has neither."""
    if step.to == "person":
        return person or (f"team:{team}" if team else "")
    if step.to == "team":
        return f"team:{team}" if team else ""
    return step.to
