"""Polling: asks one system for news at its interval; the cursor is stored in the transaction that applies what was found.

A poll that fails keeps what it found and leaves the cursor: the next one finds the rest, and what it finds again is a
repetition. Of several processes one asks at a time.
"""

import importlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from typing import cast

import msgspec

from tieout.connectors import Document, Poller, System
from tieout.core.command import Failed, Polled
from tieout.errors import SettingsError
from tieout.runtime.apply import apply
from tieout.runtime.batch import Connection
from tieout.runtime.configuration import Configuration
from tieout.runtime.intake import DOCUMENTS_AT_ONCE, arrivals_of, keep_mapping, note
from tieout.runtime.roles import Place, Step, my_turn
from tieout.runtime.statements import Arrival
from tieout.runtime.transport import Transport
from tieout.store.database import fetch, run
from tieout.telemetry.logs import LOG, fields
from tieout.telemetry.traces import TRACEPARENT

RETRY_FIRST = 5.0
RETRY_MAX = 900.0
"""Seconds between tries of a poll that fails again and again, unless the interval is longer."""
ELSEWHERE = 1.0
"""Seconds until we see again whether another process still polls."""


class Health(msgspec.Struct, omit_defaults=True):
    """How the polls of a system go; kept in `meta` under `poll:NAME`. `again` is when to ask next, `faults` how many failed in a row."""

    last_poll: datetime | None = None
    last_fault: str = ""
    faults: int = 0
    again: datetime | None = None


def poller(system: System) -> Poller:
    """The `poll` module of a system's connector. Raises SettingsError when it cannot be asked for news."""
    name = f"tieout.connectors.{system.connector}.poll"
    if find_spec(name) is None:
        raise SettingsError(
            f"`systems.{system.name}.poll_seconds`: the connector {system.connector} cannot be asked for news.", "Remove the key."
        )
    return cast(Poller, importlib.import_module(name))


def health_of(connection: Connection, system: str) -> Health:
    """How the polls of a system go, as any process left it."""
    found = fetch(connection, "meta", f"poll:{system}")
    return msgspec.json.decode(found[0][0], type=Health) if found else Health()


def polls(connection: Connection) -> dict[str, Health]:
    """How the polls of all systems go."""
    return {name: msgspec.json.decode(text, type=Health) for name, text in fetch(connection, "polls")}


@contextmanager
def polling(place: Place, name: str, seconds: float, end: threading.Event) -> Iterator[Step]:
    """The role `poll` for one system."""
    with place.working() as (connection, configuration), Transport() as transport:
        system = configuration.systems[name]
        keep_mapping(connection, system)
        asking = Polls(place, connection, configuration, transport, poller(system), system, seconds)

        def step(now: datetime) -> float:
            with my_turn(connection, f"poll/{name}") as mine:
                return asking.step(now) if mine else ELSEWHERE

        yield step


class Polls:
    """The polls of one system."""

    def __init__(
        self,
        place: Place,
        connection: Connection,
        configuration: Configuration,
        transport: Transport,
        poller: Poller,
        system: System,
        seconds: float,
    ) -> None:
        self._place = place
        self._connection = connection
        self._configuration = configuration
        self._transport = transport
        self._poller = poller
        self._system = system
        self._seconds = seconds

    def step(self, now: datetime) -> float:
        """Ask once, if it is time; the seconds until it is."""
        health = health_of(self._connection, self._system.name)
        if health.again is not None and health.again > now:
            return (health.again - now).total_seconds()
        found: list[Document] = []
        cursor = fetch(self._connection, "meta", f"cursor:{self._system.name}")
        asked = self._poller.poll(self._system, self._place.secrets(self._system.name), cursor[0][0] if cursor else "", found)
        outcome = self._transport.perform(asked)
        if isinstance(outcome, Failed):
            return self._failed(found, outcome, health)
        return self._polled(found, outcome)

    def _polled(self, found: list[Document], polled: Polled) -> float:
        now = datetime.now(UTC)
        name, wait = self._system.name, 0.0 if polled.more else self._seconds
        declared = {name: polled.complete_to} if polled.complete_to is not None else {}
        *before, last = self._batches(found)
        for batch in before:
            self._apply(batch, {})
        with self._connection.transaction():
            self._apply(last, declared)
            run(self._connection, "set_meta", f"cursor:{name}", polled.cursor)
            self._note(Health(last_poll=now, again=now + timedelta(seconds=wait)))
        self._place.metrics.last_poll.labels(name).set(now.timestamp())
        LOG.info("polled", extra=fields(system=name, documents=len(found), more=polled.more))
        return wait

    def _failed(self, found: list[Document], failed: Failed, health: Health) -> float:
        """What was found until then is good; the cursor stays."""
        name, faults = self._system.name, health.faults + 1
        again: float = min(RETRY_FIRST * 2.0 ** min(faults - 1, 20), max(RETRY_MAX, self._seconds))
        wait = max(again, min(failed.retry_after or 0.0, 24 * 3600.0))
        for batch in self._batches(found):
            self._apply(batch, {})
        self._note(Health(health.last_poll, f"{failed.fault}: {failed.reason}", faults, datetime.now(UTC) + timedelta(seconds=wait)))
        self._place.metrics.poll_faults.labels(name, failed.fault).inc()
        LOG.warning("poll failed", extra=fields(system=name, fault=failed.fault, in_a_row=faults, again_in=wait))
        return wait

    def _note(self, health: Health) -> None:
        run(self._connection, "set_meta", f"poll:{self._system.name}", msgspec.json.encode(health).decode())

    def _batches(self, found: list[Document]) -> list[list[Arrival]]:
        """At least one, which may be empty."""
        arrivals = list(arrivals_of(found, self._system))
        return [arrivals[start : start + DOCUMENTS_AT_ONCE] for start in range(0, max(len(arrivals), 1), DOCUMENTS_AT_ONCE)]

    def _apply(self, arrivals: list[Arrival], declared: dict[str, datetime]) -> None:
        """Apply one batch. Nothing found and nothing declared is no batch."""
        if not arrivals and not declared:
            return
        metrics, name = self._place.metrics, self._system.name
        span = self._place.traces.span("poll", system=name, documents=len(arrivals))
        with span as trace, metrics.batch_seconds.labels("poll").time():
            for arrival in arrivals:
                note(arrival, {TRACEPARENT: trace} if trace else {})
            counts = apply(self._connection, self._configuration, arrivals, datetime.now(UTC), what="poll", declared=declared)
        metrics.messages.labels(name, "kept").inc(counts.messages)
        metrics.messages.labels(name, "repeated").inc(counts.repeated)
        metrics.quarantined.labels(name).inc(max(counts.quarantined, 0))
