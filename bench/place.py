"""Where the benchmarks run: an embedded server of their own, a fresh schema for every measurement."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tieout.connectors import System
from tieout.core.values import Role
from tieout.policy import CompanyPolicy
from tieout.policy.calendar import Calendar
from tieout.runtime.configuration import Configuration
from tieout.store.database import Database, fetch

FOLDER = Path("/tmp/tieout-bench")
STATES = {
    "shop": (Role.CHANNEL, ("OrderPlaced",)),
    "erp": (Role.ERP, ("OrderBooked", "Invoiced", "CashApplied")),
    "wms": (Role.WMS, ("Allocated", "Shipped")),
}


@contextmanager
def fresh_database() -> Iterator[Database]:
    """A new, migrated, empty schema on the benchmarks' server; dropped afterwards."""
    database = Database("embedded", f"bench_{secrets.token_hex(4)}", FOLDER / ".tieout")
    database.open()
    try:
        connection = database.connect(writer=True)
        for name in STATES:
            fetch(connection, "set_system", name, "{}")
        connection.close()
        yield database
    finally:
        execute(database, f"drop schema {database.schema} cascade")
        database.close()


def execute(database: Database, statement: str) -> None:
    """Run a statement as the server's owner."""
    import psycopg

    with psycopg.connect(database.conninfo, autocommit=True) as connection:
        connection.execute(statement)


def configuration(database: Database) -> Configuration:
    """Three systems, each believed for its own kinds of facts only."""
    systems = [System(name, "canonical", role, states=states) for name, (role, states) in STATES.items()]
    made = Configuration(systems, CompanyPolicy({"default": Calendar()}))
    with database.session() as connection:
        made.system_ids.update({name: id_ for id_, name, _ in fetch(connection, "systems")})
    return made
