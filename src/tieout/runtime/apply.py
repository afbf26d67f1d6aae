"""Apply documents: one transaction per batch, or not at all; the whole way of a message in four lines."""

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

import psycopg

from tieout.runtime.batch import Batch, Connection, Counts, NeedExclusive
from tieout.runtime.chain import close, finish
from tieout.runtime.compare import compare
from tieout.runtime.configuration import Configuration
from tieout.runtime.looks import reevaluate
from tieout.runtime.outbox import orchestrate
from tieout.runtime.receive import receive
from tieout.runtime.settle import settle
from tieout.runtime.statements import Arrival

TRIES = 12


@contextmanager
def _no_garbage() -> Iterator[None]:
    """Hold the cycle collector back: a batch makes a hundred thousand objects and hardly any cycle."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def apply(
    connection: Connection,
    configuration: Configuration,
    arrivals: Sequence[Arrival],
    now: datetime,
    *,
    what: str = "import",
    declared: dict[str, datetime] | None = None,
) -> Counts:
    """Apply documents in one transaction; tried again, alone, when another writer crossed it. What became of them."""
    alone = False
    novelty = configuration.novelty
    for attempt in range(TRIES):
        try:
            with _no_garbage(), connection.transaction():
                batch = Batch(connection, configuration, now, what, alone=alone or attempt > 1, probes=attempt > 0 or novelty.probes)
                batch.declared.update(declared or {})
                settle(batch, compare(batch, receive(batch, arrivals)))
                finish(batch)
                seen = reevaluate(batch)
                orchestrate(batch, (ref for ref, subject in batch.subjects.items() if subject.touched and not subject.alias), seen)
                close(batch)
            if arrivals:
                novelty.note(met=batch.met)
            return batch.counts
        except NeedExclusive:
            alone = True
        except (psycopg.errors.UniqueViolation, psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure):
            novelty.note(met=True)
            if attempt == TRIES - 1:
                raise
    raise AssertionError("a batch that runs alone needs no further try")
