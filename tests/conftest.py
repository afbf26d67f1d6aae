"""The server that all tests share, a fresh schema for each, and a world in it.

`TIEOUT_TEST_DATABASE=postgresql://…` runs every test that needs a database a second time, on that server.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from servers import NAMED, SERVERS, Server
from tieout.store.database import Database
from tieout.store.embedded import ROOT_HOME
from world import World

settings.register_profile("tieout", deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
settings.load_profile("tieout")
COSTLY = ("_template", "hundred_thousand")
"""Fixtures of a whole run that take long to make: the tests that need one are played by one process, and first."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Divide the tests between processes: by file, and all that share a costly fixture together (`pytest -n 2 --dist loadgroup`)."""
    groups: dict[str, list[pytest.Item]] = {costly: [] for costly in COSTLY}
    for item in items:
        used = getattr(item, "fixturenames", ())
        group = next((costly for costly in COSTLY if costly in used), item.path.name)
        item.add_marker(pytest.mark.xdist_group(group))
        groups.setdefault(group, []).append(item)
    items[:] = [item for group in groups.values() for item in group]


@pytest.fixture(scope="session", autouse=True)
def tidy_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Run as root, servers live outside the projects; what this run's projects left there goes with them, and nobody else's."""
    yield
    if os.geteuid() == 0:
        for file in tmp_path_factory.getbasetemp().rglob("id"):
            for folder in ROOT_HOME.glob(f"*-{file.read_text()}"):
                if not (folder / "data" / "postmaster.pid").exists():
                    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session", params=SERVERS)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for the whole run, held open by a user of its own."""
    where = NAMED if request.param == "named" else "embedded"
    held = Server(where, tmp_path_factory.mktemp("server"))
    first = held.make()
    if first.embedded is not None:
        held.hurry(first)
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
