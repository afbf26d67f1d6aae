"""Consider: decide about roots whose wait is over, or about which an answer has come. A role of its own; nothing is sent here."""

from datetime import datetime

import psycopg

from tieout.runtime.batch import Batch, Connection
from tieout.runtime.configuration import Configuration
from tieout.runtime.outbox import due, orchestrate
from tieout.store.database import fetch

TRIES = 8
CONSIDER_LOCK = 0x636F_6E73


def consider(connection: Connection, configuration: Configuration, now: datetime) -> int:
    """Decide about at most a batch of roots that are due; how many. Several may try, one at a time does it."""
    if configuration.driving is None:
        return 0
    for attempt in range(TRIES):
        try:
            with connection.transaction():
                ((is_mine,),) = fetch(connection, "consider_alone", CONSIDER_LOCK)
                if not is_mine or not due(connection, now):
                    return 0
                batch = Batch(connection, configuration, now, "consider", alone=False)  # from here on no root changes its name
                roots = due(connection, now)
                if roots:
                    orchestrate(batch, roots)
                return len(roots)
        except (psycopg.errors.UniqueViolation, psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure):
            if attempt == TRIES - 1:
                raise
    raise AssertionError("the last try either ends or raises")
