"""How this process and its database are doing, asked by whoever watches them; over a connection of its own."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar

import psycopg

from tieout.api.keys import AccessKey, keys
from tieout.core.circuit import Stage
from tieout.errors import StoreError
from tieout.runtime import lane as lanes
from tieout.runtime.batch import Connection
from tieout.runtime.polling import polls
from tieout.store.database import fetch
from tieout.store.migrate import migrations
from tieout.telemetry.logs import reason_of
from tieout.telemetry.metrics import Metrics

T = TypeVar("T")
ANSWER_MILLISECONDS = 3000
STATES = ("to_send", "held", "in_doubt", "unproven")
"""What `backlogs` counts, as `tieout systems` calls it."""


class Probe:
    """Asks the database short questions. Threads may share it; a lost connection is opened again."""

    def __init__(self, open_session: Callable[[], Connection]) -> None:
        self._open = open_session
        self._connection: Connection | None = None
        self._one = threading.Lock()

    def keys(self) -> list[AccessKey]:
        """The access keys."""
        return self._ask(keys)

    def fault(self) -> str:
        """Why messages could not be kept now; empty when they could."""
        try:
            ((number,),) = self._ask(lambda connection: fetch(connection, "newest_migration"))
        except (StoreError, psycopg.Error) as bad:
            return reason_of(bad)
        newest = max(number for number, _, _ in migrations())
        return "" if number == newest else f"The schema is at version {number}, this Tieout works with {newest}."

    def polls(self) -> dict[str, dict[str, str]]:
        """Per polled system when it was last read, and the kind of fault since, if any; what a target said stays inside."""
        return {
            name: {"last_poll": health.last_poll.isoformat() if health.last_poll else "", "last_fault": health.last_fault.partition(":")[0]}
            for name, health in self._ask(polls).items()
        }

    def measure(self, metrics: Metrics) -> None:
        """Put what only the database knows into the metrics: watermarks, open cases, and what systems are to be told."""
        try:
            feeds, cases, waiting, known = self._ask(
                lambda c: (fetch(c, "feeds"), fetch(c, "open_cases_by_class"), fetch(c, "backlogs"), lanes.lanes(c))
            )
        except (StoreError, psycopg.Error):
            metrics.database_up.set(0)
            return
        now = datetime.now(UTC)
        metrics.database_up.set(1)
        metrics.set_all(metrics.watermark_age, {system: (now - mark).total_seconds() for system, mark, _, _ in feeds if mark.year > 1})
        metrics.set_all(metrics.open_cases, dict(cases))
        counts: dict[tuple[str, ...], float] = {(row[0], state): many for row in waiting for state, many in zip(STATES, row[1:5], strict=True)}
        metrics.set_all(metrics.commands, counts)
        metrics.set_all(metrics.command_age, {row[0]: (now - row[5]).total_seconds() if row[5] else 0.0 for row in waiting})
        metrics.set_all(metrics.circuit_closed, {name: float(lane.circuit.stage is Stage.CLOSED) for name, lane in known.items()})

    def _ask(self, question: Callable[[Connection], T]) -> T:
        with self._one:
            if self._connection is None or self._connection.closed:
                self._connection = self._open()
                self._connection.execute(f"set statement_timeout to {ANSWER_MILLISECONDS}")
            try:
                return question(self._connection)
            except psycopg.OperationalError:
                self._connection.close()
                raise

    def close(self) -> None:
        """Close the connection."""
        with self._one:
            if self._connection is not None:
                self._connection.close()
