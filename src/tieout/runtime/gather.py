"""Deliveries of many callers are gathered into batches, each caller waits for the commit of its own: durable before acknowledged.

No batch waits for more: while one is being committed the next ones gather, so that batches grow with the load and a
lone delivery is not held back.
"""

import threading
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from datetime import UTC, datetime
from hashlib import sha256
from io import BytesIO
from itertools import islice

import msgspec

from tieout.connectors import System
from tieout.formats.archive import Opened
from tieout.runtime.apply import apply
from tieout.runtime.batch import Connection
from tieout.runtime.configuration import Configuration, connector
from tieout.runtime.intake import DOCUMENTS_AT_ONCE, arrivals_of, keep_mapping, note, pieces
from tieout.runtime.receive import key_of
from tieout.runtime.roles import Place, Step, lost
from tieout.runtime.statements import Arrival, read
from tieout.store.database import fetch
from tieout.telemetry.logs import LOG, fields
from tieout.telemetry.traces import TRACEPARENT

QUEUE_MAX = 1000
"""Most deliveries that wait."""
DELIVERIES_AT_ONCE = 500
BYTES_AT_ONCE = 8 * 1024 * 1024
DOCUMENTS_MAX = 20_000
"""Most documents of one delivery."""
SHOWN_MAX = 100
"""Most messages, and refusals of one message, that an answer names."""
PATIENCE = 0.5


class KeyReused(Exception):
    """The key of a delivery belongs to another content."""


class TooMany(Exception):
    """A delivery holds more documents than one may."""


class Delivery(msgspec.Struct, gc=False, eq=False):
    """What a caller brought, and the answer it waits for: what was kept, and whether any of it was new.

    `key` is its own id for the delivery, `trace` its traceparent; `complete_to` says that with it its system has reported up to then,
    also where it brings nothing else.
    """

    system: System
    body: bytes
    origin: str
    answer: "Future[tuple[Kept, bool]]"
    key: str = ""
    meta: dict[str, str] = {}
    trace: str = ""
    complete_to: datetime | None = None


class Refused(msgspec.Struct, frozen=True):
    """A statement of a kept message that could not be read."""

    where: str
    rule: str
    reason: str
    next_step: str


class KeptMessage(msgspec.Struct, frozen=True):
    """A message as it is kept: its number, its hash, how many statements it made, and the first of those in quarantine."""

    message: int
    sha256: str
    statements: int
    refused: tuple[Refused, ...] = ()


class Kept(msgspec.Struct, frozen=True):
    """What was kept of a delivery; the same for a repetition. `messages` are the first of its `documents`."""

    system: str
    documents: int
    statements: int
    quarantined: int
    messages: tuple[KeptMessage, ...]


class Queue:
    """Deliveries that wait for the writer; bounded."""

    def __init__(self) -> None:
        self._waiting: deque[Delivery] = deque()
        self._more = threading.Condition()

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def is_full(self) -> bool:
        """True when nobody more can wait."""
        return len(self._waiting) >= QUEUE_MAX

    def put(self, delivery: Delivery) -> bool:
        """Wait in line; false when the line is too long."""
        with self._more:
            if self.is_full:
                return False
            self._waiting.append(delivery)
            self._more.notify()
            return True

    def take(self, seconds: float) -> list[Delivery]:
        """What waits, as much as one batch takes; waits so long for the first."""
        with self._more:
            if not self._waiting:
                self._more.wait(seconds)
            taken: list[Delivery] = []
            size = 0
            while self._waiting and len(taken) < DELIVERIES_AT_ONCE and size < BYTES_AT_ONCE:
                taken.append(self._waiting.popleft())
                size += len(taken[-1].body)
            return taken


@contextmanager
def applying(place: Place, queue: Queue, end: threading.Event) -> Iterator[Step]:
    """The role `apply`: the one writer behind `receive`."""
    with place.working() as (connection, configuration):
        for system in configuration.systems.values():
            keep_mapping(connection, system)
        writer = Writer(place, connection, configuration)

        def step(now: datetime) -> float:
            writer.write(queue.take(PATIENCE))
            return 0.0

        yield step
        while left := queue.take(0.0):
            writer.write(left)


class Writer:
    """Applies deliveries and answers them."""

    def __init__(self, place: Place, connection: Connection, configuration: Configuration) -> None:
        self._place = place
        self._connection = connection
        self._configuration = configuration

    def write(self, deliveries: Sequence[Delivery]) -> None:
        """Apply some deliveries together. One that cannot be applied fails alone; raises when the database is away."""
        ready: list[tuple[Delivery, list[Arrival]]] = []
        for delivery in deliveries:
            try:
                ready.append((delivery, self._cut(delivery)))
            except Exception as error:
                _fail([delivery], error)
        try:
            self._together(ready)
        except Exception as error:
            if lost(error) or self._connection.broken:
                _fail([delivery for delivery, _ in ready], error)
                raise
            self._one_by_one(ready, error)

    def _one_by_one(self, ready: list[tuple[Delivery, list[Arrival]]], error: Exception) -> None:
        """One of them broke the batch, and nothing of it was kept: each has a batch of its own now."""
        if len(ready) == 1:
            return _fail([ready[0][0]], error)
        for n, one in enumerate(ready):
            try:
                self._together([one])
            except Exception as own:
                if lost(own) or self._connection.broken:
                    _fail([delivery for delivery, _ in ready[n:]], own)
                    raise
                _fail([one[0]], own)
        return None

    def _cut(self, delivery: Delivery) -> list[Arrival]:
        """The documents of a delivery, read into statements."""
        with self._place.traces.span("translate", delivery.trace, system=delivery.system.name):
            is_said = delivery.body or delivery.complete_to is None
            found = pieces(Opened(delivery.origin, BytesIO(delivery.body)), delivery.system) if is_said else ()
            arrivals = list(islice(arrivals_of(found, delivery.system), DOCUMENTS_MAX + 1))
            if len(arrivals) > DOCUMENTS_MAX:
                raise TooMany
            trace = {TRACEPARENT: delivery.trace} if delivery.trace else {}
            for n, arrival in enumerate(arrivals, 1):
                note(arrival, {**delivery.meta, **trace})
                if delivery.key:
                    arrival.key = (delivery.key if len(arrivals) == 1 else f"{delivery.key}#{n}").encode()
                arrival.ahead = read(arrival, connector(arrival.system.connector))
            return arrivals

    def _together(self, ready: list[tuple[Delivery, list[Arrival]]]) -> None:
        keys = {id(delivery): [_key(arrival) for arrival in arrivals] for delivery, arrivals in ready}
        known = self._kept((d, keys[id(d)]) for d, _ in ready if d.key)
        good = [(delivery, arrivals) for delivery, arrivals in ready if not _reused(delivery, keys[id(delivery)], known)]
        now = datetime.now(UTC)
        all_arrivals = [arrival for _, arrivals in good for arrival in arrivals]
        links = [delivery.trace for delivery, _ in good if delivery.trace]
        metrics = self._place.metrics
        with self._place.traces.span("apply", links[0] if len(links) == 1 else "", links, documents=len(all_arrivals)):
            declared = _declared(delivery for delivery, _ in good)
            for start in range(0, len(all_arrivals) or len(declared), DOCUMENTS_AT_ONCE):
                part, is_last = all_arrivals[start : start + DOCUMENTS_AT_ONCE], start + DOCUMENTS_AT_ONCE >= len(all_arrivals)
                with metrics.batch_seconds.labels("apply").time():
                    apply(self._connection, self._configuration, part, now, what="receive", declared=declared if is_last else None)
        found = self._kept((delivery, keys[id(delivery)]) for delivery, _ in good)
        refused = self._refused(found.values())
        fresh = {place for place, row in found.items() if row.received == now}
        for delivery, _ in good:
            if _reused(delivery, keys[id(delivery)], found):
                continue
            kept = _answer(delivery, [found[delivery.system.name, key] for key, _ in keys[id(delivery)]], refused)
            new = fresh & {(delivery.system.name, key) for key, _ in keys[id(delivery)]}
            fresh -= new
            self._count(delivery.system.name, kept, len(new))
            _settle(delivery, kept, is_new=bool(new))

    def _count(self, system: str, kept: Kept, new: int) -> None:
        metrics = self._place.metrics
        metrics.messages.labels(system, "kept").inc(new)
        metrics.messages.labels(system, "repeated").inc(kept.documents - new)
        metrics.quarantined.labels(system).inc(kept.quarantined if new else 0)

    def _kept(self, deliveries: "Iterable[tuple[Delivery, list[tuple[bytes, bytes]]]]") -> "dict[tuple[str, bytes], Row]":
        wanted: dict[str, list[bytes]] = {}
        for delivery, keys in deliveries:
            wanted.setdefault(delivery.system.name, []).extend(key for key, _ in keys)
        ids = self._configuration.system_ids
        return {
            (name, bytes(key)): Row(id_, batch, bytes(hash_), received, statements)
            for name, keys_ in wanted.items()
            for key, id_, batch, hash_, received, statements in fetch(self._connection, "kept_messages", ids[name], keys_)
        }

    def _refused(self, kept: "Iterable[Row]") -> dict[int, list[Refused]]:
        """What messages were refused when they came, by message."""
        batches = sorted({row.batch for row in kept})
        found: dict[int, list[Refused]] = {}
        for message, line, byte, place, rule, reason, next_step in fetch(self._connection, "first_refusals", batches) if batches else ():
            where = place or (f"line {line}, byte {byte}" if line else "")
            found.setdefault(message, []).append(Refused(where, rule, reason, next_step))
        return found


class Row(msgspec.Struct, frozen=True):
    """A stored message, as far as an answer needs it."""

    id: int
    batch: int
    hash: bytes
    received: datetime
    statements: int


def _key(arrival: Arrival) -> tuple[bytes, bytes]:
    """The key a message is known by, and its hash."""
    hash_ = sha256(arrival.document.raw).digest()
    return key_of(arrival, hash_), hash_


def _declared(deliveries: Iterable[Delivery]) -> dict[str, datetime]:
    """How far each system says that it has reported."""
    found: dict[str, datetime] = {}
    for delivery in deliveries:
        if delivery.complete_to is not None:
            found[delivery.system.name] = max(delivery.complete_to, found.get(delivery.system.name, delivery.complete_to))
    return found


def _reused(delivery: Delivery, keys: list[tuple[bytes, bytes]], known: dict[tuple[str, bytes], Row]) -> bool:
    """True, and the delivery refused, when its own key is known with another content."""
    if not delivery.key or all(known[delivery.system.name, k].hash == h for k, h in keys if (delivery.system.name, k) in known):
        return False
    _fail([delivery], KeyReused())
    return True


def _answer(delivery: Delivery, rows: list[Row], refused: dict[int, list[Refused]]) -> Kept:
    return Kept(
        delivery.system.name,
        len(rows),
        sum(row.statements for row in rows),
        sum(len(refused.get(row.id, ())) for row in rows),
        tuple(KeptMessage(row.id, row.hash.hex(), row.statements, tuple(refused.get(row.id, ())[:SHOWN_MAX])) for row in rows[:SHOWN_MAX]),
    )


def _settle(delivery: Delivery, kept: Kept, *, is_new: bool) -> None:
    if not delivery.answer.done() and delivery.answer.set_running_or_notify_cancel():
        delivery.answer.set_result((kept, is_new))


def _fail(deliveries: Iterable[Delivery], error: Exception) -> None:
    """Tell callers that nothing of theirs was acknowledged."""
    for delivery in deliveries:
        if delivery.answer.done():
            continue
        if not isinstance(error, KeyReused | TooMany):
            LOG.error("a delivery was not kept", extra=fields(system=delivery.system.name), exc_info=error)
        if delivery.answer.set_running_or_notify_cancel():
            delivery.answer.set_exception(error)
