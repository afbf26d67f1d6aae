"""Dispatch: what waits in the outbox reaches its system, once, in order, no faster than it may, and what came of it is written down.

One coordinator does all the database work, a crew of threads per system all the sending. `step` does what there is to do
and says when it wants to be called again; whoever calls it sleeps in `wait`, which an answer ends.

```text
candidates ─▶ look again ─▶ sending (committed) ─▶ crew ─▶ outcome ─▶ state, lane's health, root to consider
   └────────── take ────────────────┘                        └─────────── outcomes ──────────┘
```
"""

import os
import secrets as dice
import socket
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import TypeVar

import msgspec
import psycopg

from tieout.connectors import Document, Secrets, System
from tieout.core.command import Accepted, Command, Failed
from tieout.core.flight import COMMAND
from tieout.core.lane import Limits
from tieout.core.paper import ABOUT
from tieout.errors import OperatorError
from tieout.runtime import lane as lanes
from tieout.runtime import outcomes
from tieout.runtime.apply import apply
from tieout.runtime.batch import Connection
from tieout.runtime.configuration import Configuration, connector
from tieout.runtime.crew import Crew
from tieout.runtime.delivery import Clock, Delivery, Folder, OpenSession, delivery_of, wall
from tieout.runtime.intake import arrivals_of
from tieout.runtime.lease import LEASE, RENEWALS, renew
from tieout.runtime.numbers import outgoing
from tieout.runtime.take import AT_ONCE, HORIZON, START, Place, Taken, Terms, sweep, take
from tieout.runtime.task import Result, Task
from tieout.store.database import fetch
from tieout.telemetry.traces import Traces, Untraced

IDLE = 0.05
"""Seconds between two looks into an outbox that has nothing."""
LINGER = 0.01
"""Seconds for which an outcome may wait for others to be written down with it; what is sent next does not wait for that."""
WRITE_AT_ONCE = 100
TAKE_OVER_EVERY = 1.0
SWEEP_EVERY, PAGE_EVERY = 2.0, 0.25
"""Seconds between two looks at all that waits, whether a fallback takes it elsewhere, and between two pages of a long backlog."""
SECONDS_UNKNOWN = 0.05
"""What a conversation is taken to last before one has."""
TRIES = 8
Made = TypeVar("Made")
CROSSED = (psycopg.errors.UniqueViolation, psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure)


class Lane(msgspec.Struct):
    """What this process knows of a lane: its crew, what it holds, what came back, and when to look again."""

    system: System
    crew: Crew
    terms: Terms
    is_folder: bool
    held: dict[str, Task] = {}
    seconds: float = SECONDS_UNKNOWN
    again: float = 0.0
    swept: Place = START
    sweeps: float = 0.0

    @property
    def room(self) -> int:
        """How many commands more keep the crew busy until the next look; none while it has enough."""
        turns = min(int(HORIZON.total_seconds() / max(self.seconds, 1e-4)), AT_ONCE)
        full = self.crew.size * max(turns, 1)
        left = full - len(self.held)
        return left if turns < 2 or left * 2 >= full else 0


class Dispatcher:
    """Sends the commands of some systems; what one does not take goes another way, as the policy says.

    `limits` and `folders` are by system, `secrets` gives those of a system and raises SettingsError. `holder` names this
    process among the others; two on one host get different names by themselves. Documents bear the time of `clock`.
    """

    def __init__(
        self,
        open_session: OpenSession,
        configuration: Configuration,
        secrets: Callable[[str], Secrets],
        *,
        holder: str = "",
        limits: Mapping[str, Limits] | None = None,
        folders: Mapping[str, Path] | None = None,
        lease: timedelta = LEASE,
        deliveries: Mapping[str, Delivery] | None = None,
        traces: Traces | None = None,
        clock: Clock = wall,
    ) -> None:
        if configuration.driving is None:
            raise OperatorError("This project tells its systems nothing.", "Describe what is commanded in its policy first.")
        self.holder = holder or f"{socket.gethostname()}:{os.getpid()}:{dice.token_hex(3)}"
        self._configuration = configuration
        self._targets, self._policy = configuration.driving.targets, configuration.driving.policy
        self._secrets = secrets
        self._lease = lease
        self._traces = traces or Untraced()
        self._results: deque[Result] = deque()
        self._news = threading.Event()
        self._renewed = self._looked = self._written = 0.0
        self._is_stopping = False
        self._block = open_session()
        self._connection: Connection = self._block.__enter__()
        self._lanes: dict[str, Lane] = {}
        for name, target in self._targets.items():
            system = configuration.systems[name]
            terms = Terms(self.holder, lease, (limits or {}).get(name, Limits()), target, {})
            delivery = (deliveries or {}).get(name) or delivery_of(
                system, size=terms.limits.concurrency, folder=(folders or {}).get(name), open_session=open_session, clock=clock
            )
            self._lanes[name] = Lane(system, Crew(name, delivery, self._done, self._traces), terms, isinstance(delivery, Folder))
        lanes.make(self._connection, self._lanes, datetime.now(UTC))

    # Doing -----------------------------------------------------------------------------------------------------------

    def step(self, now: datetime) -> float:
        """Write down what has come back, renew, take over, and take what is due; seconds until there may be more to do."""
        self._news.clear()
        clock = time.monotonic()
        if len(self._results) >= WRITE_AT_ONCE or clock - self._written > LINGER or self._is_stopping:
            self._write_results(now)
            self._written = clock
        if clock - self._renewed > self._lease.total_seconds() / RENEWALS:
            renew(self._connection, [task for lane in self._lanes.values() for task in lane.held.values()], self.holder, self._lease)
            self._renewed = clock
        if clock - self._looked > TAKE_OVER_EVERY:
            self._take_over(now)
            self._looked = clock
        if not self._is_stopping:
            self._sweep(now, clock)
            self._take(now, clock)
        return LINGER if self._results else IDLE

    def wait(self, seconds: float) -> None:
        """Sleep so long, or until an answer comes or somebody calls `wake`."""
        self._news.wait(seconds)

    def wake(self) -> None:
        """End a `wait`: there may be something new to send."""
        for lane in self._lanes.values():
            lane.again = 0.0
        self._news.set()

    @property
    def held(self) -> int:
        """How many commands this process holds."""
        return sum(len(lane.held) for lane in self._lanes.values())

    def close(self, seconds: float = 30.0) -> bool:
        """Take nothing more, wait for what is under way, write it down; True when all of it has ended.

        What was taken and not begun goes back to the outbox. What has not ended by then is in doubt, and taken over when its
        lease ends.
        """
        self._is_stopping = True
        for lane in self._lanes.values():
            lane.crew.stop()
        until = time.monotonic() + seconds
        while self.held and time.monotonic() < until:
            self.wait(self.step(datetime.now(UTC)))
        over = True
        for lane in self._lanes.values():
            over = lane.crew.join(max(until - time.monotonic(), 0.1)) and over
        self._write_results(datetime.now(UTC))
        self._block.__exit__(None, None, None)
        return over

    def _done(self, result: Result) -> None:
        self._results.append(result)
        if len(self._results) in (1, WRITE_AT_ONCE):
            self._news.set()

    # Taking ----------------------------------------------------------------------------------------------------------

    def _take(self, now: datetime, clock: float) -> None:
        ready = [name for name, lane in self._lanes.items() if lane.again <= clock and lane.room > 0]
        if not ready:
            return
        for name, at in fetch(self._connection, "next_of_lanes", ready):
            if at is not None and at <= now:
                self._take_for(self._lanes[name], now, clock)

    def _sweep(self, now: datetime, clock: float) -> None:
        """Let the fallbacks look at what waits, also at what cannot go: a page of each lane."""
        if self._policy is None or self._policy.fallbacks.at(now) is None:
            return
        for name, lane in self._lanes.items():
            if lane.sweeps > clock:
                continue
            place = self._in_transaction(partial(sweep, self._connection, self._configuration, name, lane.swept, now))
            lane.swept, lane.sweeps = place or START, clock + (SWEEP_EVERY if place is None else PAGE_EVERY)

    def _take_for(self, lane: Lane, now: datetime, clock: float) -> None:
        name = lane.system.name
        try:
            terms = lane.terms._replace(secrets=self._secrets(name))
        except OperatorError as bad:
            self._fail_all(lane, str(bad), now, clock)
            return
        taken = self._transaction(lambda: take(self._connection, self._configuration, name, lane.room, terms, now))
        if taken.tasks and self._traces.is_recording:
            causes = dict(fetch(self._connection, "traces_of", [task.key for task in taken.tasks]))
            for task in taken.tasks:
                task.trace = causes.get(task.key, "")
        lane.held |= {task.key: task for task in taken.tasks}
        lane.crew.give(taken.tasks)
        later = IDLE if taken.again_at is None else min((taken.again_at - now).total_seconds(), 1.0)
        lane.again = clock if taken.tasks else clock + max(later, 0.002)

    def _fail_all(self, lane: Lane, why: str, now: datetime, clock: float) -> None:
        """Its secrets cannot be had: that is the lane's health, and the next try is a circuit's wait away."""
        with self._connection.transaction():
            found = lanes.locked(self._connection, lane.system.name, now)
            ended = found.ended(Failed("credentials", why), 1, 0.0, lane.terms.limits, now)
            lanes.keep(self._connection, ended)
        lane.again = clock + 1.0

    def _take_over(self, now: datetime) -> None:
        for (name,) in fetch(self._connection, "lanes_with_ended_leases", list(self._lanes)):
            with self._connection.transaction():
                outcomes.take_over(self._connection, name, self._lanes[name].terms.target, now)

    # Writing down ----------------------------------------------------------------------------------------------------

    def _write_results(self, now: datetime) -> None:
        by_system: dict[str, list[Result]] = defaultdict(list)
        for _ in range(len(self._results)):
            result = self._results.popleft()
            by_system[result.task.command.system].append(result)
        for name, results in by_system.items():
            lane = self._lanes[name]
            self._transaction(lambda name=name, lane=lane, results=results: self._write(name, lane, results, now))  # type: ignore[misc]
            for result in results:
                lane.held.pop(result.task.key, None)
                lane.seconds += 0.1 * (result.seconds - lane.seconds)
            lane.again = 0.0

    def _write(self, name: str, lane: Lane, results: list[Result], now: datetime) -> None:
        """Outcomes, with the documents that went out: they are statements of that system like any other."""
        if lane.is_folder:
            lanes.locked(self._connection, name, now)
            for result in results:
                if isinstance(result.outcome, Accepted):
                    self._take_in(lane.system, result.task.command, now)
        outcomes.write(self._connection, name, results, lane.terms.limits, lane.terms.target, now)

    def _take_in(self, system: System, command: Command, now: datetime) -> None:
        """What was sent, as a message of that system; it bears the command that it carries out, and what that was about."""
        sent = outgoing(self._connection, command.key)
        assert sent is not None, "an accepted document was stored before it was delivered"
        known = {COMMAND: command.key} | ({ABOUT: command.lines[0].line} if command.content else {})
        documents = connector(system.connector).split(BytesIO(sent.raw), f"sent {sent.file}", system)
        own = (msgspec.structs.replace(each, meta=each.meta | known) if isinstance(each, Document) else each for each in documents)
        apply(self._connection, self._configuration, list(arrivals_of(own, system)), now, what="sent")

    def _transaction(self, work: Callable[[], Taken | None]) -> Taken:
        return self._in_transaction(work) or Taken([], None)

    def _in_transaction(self, work: Callable[[], Made]) -> Made:
        """Run some work in one transaction, again when another writer crossed it."""
        for attempt in range(TRIES):
            try:
                with self._connection.transaction():
                    return work()
            except CROSSED:
                if attempt == TRIES - 1:
                    raise
        raise AssertionError("the last try either ends or raises")
