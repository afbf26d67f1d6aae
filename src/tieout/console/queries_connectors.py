"""How every system is: what it says, how the way to it is, what waits for it, and in which state that puts it. Reads only."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec

from tieout.connectors import System
from tieout.console.desk import Desk
from tieout.core.circuit import Stage
from tieout.core.lane import Lane, Limits
from tieout.policy.driving import Driving
from tieout.runtime import lane as lanes
from tieout.runtime.configuration import Configuration, sender_of, states_of
from tieout.runtime.polling import Health, polls
from tieout.runtime.traffic import MINUTES, Traffic, traffic_of
from tieout.store.database import fetch

GOOD, SOON, LATE, WAITING, PLAIN = "good", "soon", "late", "waiting", "plain"
SPELL = timedelta(hours=1)
"""What is counted as of late."""


class State(msgspec.Struct, frozen=True):
    """How a system is, derived: `kind` is a colour, `word` what to call it, `why` the sentence that explains it, `since` if known."""

    kind: str
    word: str
    why: str = ""
    since: datetime | None = None


class Backlog(msgspec.Struct, frozen=True):
    """What a system has been told or is to be told and has not proven."""

    queued: int = 0
    held: int = 0
    in_doubt: int = 0
    unproven: int = 0
    oldest: datetime | None = None
    refused: int = 0


class Connector(msgspec.Struct, frozen=True):
    """One system with all that is known of it. `lane` is None while it was never told anything, `poll` while it is not asked."""

    system: System
    state: State
    states: tuple[str, ...]
    told: tuple[str, ...]
    complete_to: datetime | None
    last_received: datetime | None
    messages: int
    lane: Lane | None
    backlog: Backlog
    limits: Limits
    drained: datetime | None
    poll: Health | None
    quarantined: int
    waiting: int
    traffic: Traffic = Traffic()
    expires: datetime | None = None

    @property
    def next_call(self) -> tuple[str, datetime] | None:
        """What comes next by itself, and when: the end of a pause, the probe of an open circuit, the next question for news."""
        if self.lane is not None and self.lane.paused_until is not None and self.state.word == "paused":
            return "resumes", self.lane.paused_until
        if self.lane is not None and self.lane.circuit.until is not None:
            return "probe", self.lane.circuit.until
        return ("asked again", self.poll.again) if self.poll is not None and self.poll.again is not None else None

    @property
    def name(self) -> str:
        """The system's name."""
        return self.system.name


def connectors(connection: Any, desk: Desk, now: datetime) -> list[Connector]:
    """Every system of the project, in its order."""
    feeds = {name: (mark, received, messages) for name, mark, received, messages in fetch(connection, "feeds")}
    ways, asked = lanes.lanes(connection), polls(connection)
    backlogs = _backlogs(connection, now)
    traffic = desk.of_ledger("traffic", connection, lambda other: traffic_of(other, desk.clock())).value
    unread, lines = dict(fetch(connection, "quarantined_by_system")), dict(fetch(connection, "waiting_by_system"))
    made = []
    for name, system in desk.configuration.systems.items():
        mark, received, messages = feeds.get(name, (None, None, 0))
        lane, limits, backlog = ways.get(name), desk.limits.get(name, Limits()), backlogs.get(name, Backlog())
        drained = lane.forecast(backlog.queued + backlog.in_doubt, limits, now) if lane and backlog.queued + backlog.in_doubt else None
        state = state_of(system, desk.configuration, lane, limits, asked.get(name), mark, received, now)
        made.append(Connector(
            system, state, states_of(system), _told(desk.configuration, system), mark if mark and mark.year > 1 else None, received, int(messages),
            lane, backlog, limits, drained, asked.get(name), unread.get(name, 0), lines.get(name, 0),
            traffic.get(name, Traffic((0,) * MINUTES, (0,) * MINUTES)), desk.access.expires(connection, name),
        ))  # fmt: skip
    return made


def state_of(
    system: System, configuration: Configuration, lane: Lane | None, limits: Limits, poll: Health | None, mark: datetime | None,
    received: datetime | None, now: datetime,
) -> State:  # fmt: skip
    """How it is, the worst first: paused, not answering, failing, silent, and only then healthy."""
    if lane is not None and lane.is_paused(now):
        return State(WAITING, "paused", f"by {lane.paused_by}: “{lane.paused_why}”; it ends by itself", lane.paused_until)
    if lane is not None and lane.circuit.stage is not Stage.CLOSED:
        word = "open" if lane.circuit.stage is Stage.OPEN else "half open"
        return State(
            LATE,
            "down" if word == "open" else "being tried",
            f"circuit {word}: {lane.circuit.why}",
            lane.circuit.down_since or lane.circuit.since,
        )
    if lane is not None and lane.circuit.faults:
        return State(SOON, "degraded", f"{lane.circuit.faults} calls in a row failed, at last: {lane.reason}", lane.fault_at)
    if poll is not None and poll.faults:
        return State(LATE, "not readable", f"{poll.faults} polls in a row failed: {poll.last_fault}", poll.last_poll)
    quiet = configuration.quiet.get(system.name)
    if quiet is not None and mark is not None and mark.year > 1 and now - mark > timedelta(hours=quiet):
        return State(SOON, "silent", f"nothing for more than {quiet} h, which is unusual for it", received)
    if received is None and lane is None:
        return State(PLAIN, "never heard of", "it has neither spoken nor been told anything")
    return State(GOOD, "healthy")


def _backlogs(connection: Any, now: datetime) -> Mapping[str, Backlog]:
    refused = dict(fetch(connection, "refused_of_late", now - SPELL))
    found = {
        name: Backlog(queued, held, in_doubt, unproven, oldest, int(refused.get(name, 0)))
        for name, queued, held, in_doubt, unproven, oldest in fetch(connection, "backlogs")
    }
    return {**{name: Backlog(refused=int(count)) for name, count in refused.items()}, **found}


def _told(configuration: Configuration, system: System) -> tuple[str, ...]:
    """What it may be told, by the rules; nothing when its connector cannot send."""
    rules = configuration.driving.rules if configuration.driving is not None else None
    if not isinstance(rules, Driving) or sender_of(system) is None:
        return ()
    return tuple(sorted(act.value for one in rules.systems if one.name == system.name for act in one.acts | one.stand_in))


def events(connection: Any, system: str) -> list[tuple[str, datetime, str, str, str]]:
    """The last steps in the life of the commands of a system: (command, at, event, who, what was said)."""
    return [(key, at, event, who, str(detail or "")) for key, at, event, who, detail in fetch(connection, "steps_of_system", system)]
