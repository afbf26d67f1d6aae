"""A running Tryton for the tests of this folder; where it cannot be had, they are skipped and say why."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from systems.erp import Erp, Ledger
from systems.tryton import NotHere, Tryton, build
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
def fresh(_template: None, tmp_path: Path) -> Iterator[Erp]:
    """A server of this test alone."""
    with Tryton.start(tmp_path) as tryton:
        yield Erp(tryton)


@pytest.fixture
def ledger(fresh: Erp, world_of: Callable[..., World]) -> Ledger:
    """A ledger beside a server of its own."""
    systems: dict[str, Any] = {**SYSTEMS, "erp": fresh.system}
    return Ledger(fresh, world_of(systems=systems))
