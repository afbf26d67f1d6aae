"""A running Tryton for the tests of this folder; where it cannot be had, they are skipped and say why."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from examples.erp.tryton import NotHere, Tryton, build

from systems.erp import Erp, Ledger
from world import SYSTEMS, World


@pytest.fixture(scope="session")
def _template() -> None:
    try:
        build()
    except NotHere as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="module")
def server_of_module(_template: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tryton]:
    with Tryton.start(tmp_path_factory.mktemp("tryton")) as tryton:
        yield tryton


@pytest.fixture
def shared(server_of_module: Tryton) -> Erp:
    """The server that the tests of a module share: each works with numbers of its own."""
    return Erp(server_of_module)


@pytest.fixture
def erp_of(_template: None, tmp_path: Path) -> Iterator[Callable[..., Erp]]:
    """Start servers of this test alone; `queued`, and options of the system."""
    running: list[Tryton] = []

    def make(*, queued: bool = False, **options: Any) -> Erp:
        running.append(Tryton.start(tmp_path / str(len(running)), queued=queued))
        return Erp(running[-1], **options)

    yield make
    for tryton in running:
        tryton.stop()


@pytest.fixture
def ledger_of(erp_of: Callable[..., Erp], world_of: Callable[..., World]) -> Callable[..., Ledger]:
    """Make a ledger beside a server of its own."""

    def make(**more: Any) -> Ledger:
        erp = erp_of(**more)
        systems: dict[str, Any] = {**SYSTEMS, "erp": erp.system}
        return Ledger(erp, world_of(systems=systems))

    return make


@pytest.fixture
def ledger(ledger_of: Callable[..., Ledger]) -> Ledger:
    """A ledger beside a server of its own."""
    return ledger_of()
