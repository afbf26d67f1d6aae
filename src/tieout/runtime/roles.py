"""Roles: named loops, each in a thread of its own with its own connections; one that fails is started again, and says so.

A role is opened as a `with` block that gives its step: `step(now)` does what there is to do and says after how many
seconds to do it again. Whoever opens it gets the event that ends it, for steps that take long. What ends last is what
others still need when they end: `receive` waits for the commits of `apply`.
"""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime

import msgspec
from psycopg import OperationalError

from tieout.connectors import Secrets
from tieout.errors import StoreError
from tieout.runtime.batch import Connection
from tieout.runtime.configuration import Configuration
from tieout.runtime.looks import tick
from tieout.store.database import fetch
from tieout.telemetry.logs import LOG, fields, reason_of
from tieout.telemetry.metrics import Metrics
from tieout.telemetry.traces import Traces

Step = Callable[[datetime], float]
"""Does what there is to do, and gives the seconds until the next time."""
Opening = Callable[[threading.Event], AbstractContextManager[Step]]
"""Opens a role; the event is set when it is to end."""

TICK_SECONDS = 5.0
BACKOFF_FIRST = 0.5
BACKOFF_MAX = 30.0
CALM = 60.0
"""Seconds without a fault after which a role's next fault counts as the first."""
GRACE = 5.0
"""Seconds that a group of roles has to end."""


class Place(msgspec.Struct, frozen=True):
    """What roles work with: how to open a connection, the configuration read by it, the secrets of a system, and where to tell."""

    open_session: Callable[[], Connection]
    configure: Callable[[Connection], Configuration]
    secrets: Callable[[str], Secrets]
    metrics: Metrics
    traces: Traces

    @contextmanager
    def working(self) -> Iterator[tuple[Connection, Configuration]]:
        """A connection of its own with the configuration that belongs to it."""
        connection = self.open_session()
        try:
            yield connection, self.configure(connection)
        finally:
            connection.close()


class Loop:
    """One role in its thread. `fault` says why it does not work at the moment; empty when it does.

    `renewal` is what takes the place of opening it anew, where that would turn somebody away.
    """

    def __init__(self, name: str, opening: Opening, metrics: Metrics, *, renewal: Callable[[], None] | None = None) -> None:
        self.name = name
        self.fault = "It has not begun."
        self._opening = opening
        self._metrics = metrics
        self._renewal = renewal
        self._end = threading.Event()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def end(self) -> None:
        """Let the step at hand be the last."""
        self._end.set()
        self._over.set()

    def renew(self) -> None:
        """After the step at hand go on by what the project's files say now."""
        if self._renewal is not None:
            self._renewal()
        else:
            self._over.set()

    def join(self, seconds: float) -> bool:
        """Wait for the end; false if it takes longer."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _run(self) -> None:
        pause = BACKOFF_FIRST
        while True:
            self._over.clear()
            if self._end.is_set():
                break
            began = time.monotonic()
            try:
                with self._opening(self._end) as step:
                    self._steps(step)
            except Exception as error:
                self.fault = reason_of(error)
                pause = BACKOFF_FIRST if time.monotonic() - began > CALM else min(pause * 2, BACKOFF_MAX)
                self._metrics.restarts.labels(self.name).inc()
                LOG.error("role failed, is started again", extra=fields(again_in=pause), exc_info=error)
                self._end.wait(pause)
        self.fault = "It has ended."

    def _steps(self, step: Step) -> None:
        while not self._over.is_set():
            seconds = step(datetime.now(UTC))
            self.fault = ""
            if seconds > 0:
                self._over.wait(seconds)


class Crew:
    """All roles of a process, in groups: the groups end one after the other."""

    def __init__(self, *groups: Sequence[Loop]) -> None:
        self._groups = groups

    @property
    def faults(self) -> dict[str, str]:
        """Every role by name, with what is wrong with it; empty if nothing is."""
        return {loop.name: loop.fault for group in self._groups for loop in group}

    def start(self) -> None:
        """Begin, those that end last first."""
        for group in reversed(self._groups):
            for loop in group:
                loop.start()

    def renew(self) -> None:
        """Let each role go on by what the project's files say now, after the step at hand."""
        for group in self._groups:
            for loop in group:
                loop.renew()

    def end(self) -> list[str]:
        """End all; names those that did not in time. What they have not committed does not count, and comes again."""
        late = []
        for group in self._groups:
            for loop in group:
                loop.end()
            until = time.monotonic() + GRACE
            late += [loop.name for loop in group if not loop.join(max(0.0, until - time.monotonic()))]
        return late


@contextmanager
def my_turn(connection: Connection, what: str) -> Iterator[bool]:
    """True while no other process does this; the turn ends with the block, or with the connection."""
    ((mine,),) = fetch(connection, "take_turn", f"/{what}")
    try:
        yield mine
    finally:
        if mine and not connection.closed:
            fetch(connection, "end_turn", f"/{what}")


@contextmanager
def ticking(place: Place, end: threading.Event) -> Iterator[Step]:
    """The role `tick`: looks at whatever has fallen due; one process at a time."""
    with place.working() as (connection, configuration):

        def step(now: datetime) -> float:
            with my_turn(connection, "tick") as mine:
                if mine:
                    tick(connection, configuration, now)
            return TICK_SECONDS

        yield step


def lost(error: BaseException) -> bool:
    """True when the database is away, and the same will work once it is back."""
    return isinstance(error, OperationalError | StoreError)
