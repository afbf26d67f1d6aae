"""Rebuild: apply every stored message again, in a schema of its own, and see whether the same ledger comes out (rule 32)."""

from collections.abc import Callable
from datetime import UTC, datetime

from tieout.runtime.apply import apply
from tieout.runtime.batch import Connection
from tieout.runtime.configuration import Configuration
from tieout.runtime.intake import stored_arrivals
from tieout.runtime.looks import tick
from tieout.store.database import Database, fetch, run

MESSAGES_AT_ONCE = 1000


def rebuild(
    old: Connection, configuration: Configuration, target: Database, fresh: Configuration, progress: Callable[[int], None] | None = None
) -> int:
    """Fill an empty schema from the messages of another; how many were applied. Nothing is decided or sent meanwhile."""
    fresh.driving = None
    with target.session(writer=True) as connection:
        for id_, name, config in fetch(old, "systems"):
            connection.execute("insert into system (id, name, config) values (%s, %s, %s)", [id_, name, config])
        for key, value in old.execute("select key, value from meta where key like 'mapping:%' or key like 'replayed:%'").fetchall():
            run(connection, "set_meta", key, value)
        replayed = {key.partition(":")[2] for (key,) in old.execute("select key from meta where key like 'replayed:%'").fetchall()}
        fresh.system_ids = configuration.system_ids
        ids = [id_ for (id_,) in old.execute("select id from message order by id").fetchall()]
        done = 0
        for start in range(0, len(ids), MESSAGES_AT_ONCE):
            part = ids[start : start + MESSAGES_AT_ONCE]
            now = fetch(old, "message", part[-1:])[0][8]
            arrivals = list(stored_arrivals(old, configuration, part, replayed=replayed))
            apply(connection, fresh, arrivals, now, what="rebuild")
            done += len(part)
            if progress is not None:
                progress(done)
        for row in old.execute("select system, declared, last_received from feed where declared is not null").fetchall():
            connection.execute("update feed set declared = %s, last_received = %s where system = %s", [row[1], row[2], row[0]])
        tick(connection, fresh, datetime.now(UTC), everything=True)
    return done
