"""A project at work, for the tests of this folder."""

import signal
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from at_work import Process, Project, Within

from servers import Server
from tieout.api import keys
from tieout.telemetry.traces import Traces, Untraced


@pytest.fixture
def project(tmp_path: Path, server: Server) -> Iterator[Project]:
    made = Project(tmp_path, server)
    yield made
    server.drop(made.database)


@pytest.fixture
def start(project: Project) -> Iterator[Callable[..., Process]]:
    """Start processes; whatever still runs at the end is killed."""
    running: list[Process] = []

    def make(*words: str, key: str = "") -> Process:
        running.append(Process(project, *(words or ("serve", "--port", "0")), key=key))
        return running[-1]

    yield make
    for each in running:
        if each.process.poll() is None:
            each.end(signal.SIGKILL)


@pytest.fixture
def within(project: Project, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Within]]:
    """Run roles in this process."""
    for name in ("TIEOUT_DATABASE", "SHOP_SECRET"):
        monkeypatch.setenv(name, project.environment[name])
    running: list[Within] = []

    def make(*roles: str, traces: Traces | None = None) -> Within:
        running.append(Within(project, roles or ("receive", "apply", "tick"), traces or Untraced()))
        return running[-1]

    yield make
    for each in running:
        each.close()


@pytest.fixture
def served(project: Project, within: Callable[..., Within]) -> Within:
    """A server in this process, with a key for every system."""
    made = within()
    made.key = keys.add(made.project.connection, "a test", ("wms", "edi", "shop"), datetime.now(UTC))
    return made
