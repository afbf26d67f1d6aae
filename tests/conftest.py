"""The server that all tests share, a fresh schema for each, and a world in it.

`TIEOUT_TEST_DATABASE=postgresql://…` runs every test that needs a database a second time, on that server.
"""

import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from psycopg import sql

from tieout.store.database import Database
from world import World

settings.register_profile("tieout", deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
settings.load_profile("tieout")
MORE = int(os.environ.get("TIEOUT_TEST_MORE", "1"))
"""How many times the usual number of examples the properties on the database try."""
NAMED = os.environ.get("TIEOUT_TEST_DATABASE", "")
SERVERS = ["embedded", *(["named"] if NAMED else [])]


class Server:
    """A PostgreSQL to make schemas on."""

    def __init__(self, where: str, folder: Path) -> None:
        self.where = where
        self.folder = folder

    def make(self, *, migrated: bool = True) -> Database:
        """A database in a new schema."""
        database = Database(self.where, f"t_{secrets.token_hex(5)}", self.folder)
        if migrated:
            database.open()
        elif database.embedded is not None:
            database.embedded.start()
        return database

    def drop(self, database: Database) -> None:
        """Forget a database's schema."""
        with psycopg.connect(database.conninfo, autocommit=True) as connection:
            connection.execute("set client_min_messages to error")
            connection.execute(sql.SQL("drop schema if exists {} cascade").format(sql.Identifier(database.schema)))
        database.close()


@pytest.fixture(scope="session", params=SERVERS)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for the whole run, held open by a user of its own."""
    where = NAMED if request.param == "named" else "embedded"
    held = Server(where, tmp_path_factory.mktemp("server"))
    first = held.make()
    yield held
    held.drop(first)
    if first.embedded is not None:
        shutil.rmtree(first.embedded.folder, ignore_errors=True)


@pytest.fixture
def database(server: Server) -> Iterator[Database]:
    """A migrated database in a schema of its own."""
    made = server.make()
    yield made
    server.drop(made)


@pytest.fixture
def world_of(server: Server) -> Iterator[Callable[..., World]]:
    """Make worlds with settings of their own."""
    made: list[World] = []

    def make(**more: Any) -> World:
        made.append(World(server.make(), **more))
        return made[-1]

    yield make
    for world in made:
        world.close()
        server.drop(world.database)


@pytest.fixture
def world(world_of: Callable[..., World]) -> World:
    """A world with no calendar, no tolerance and no grace."""
    return world_of()
