"""The day of `report_day` told to a fresh world."""

import pytest
from report_day import ledger_of, tell

from tieout.report.state import Ledger
from world import World


@pytest.fixture
def told_world(world: World) -> World:
    """The world of the day."""
    return tell(world)


@pytest.fixture
def told(told_world: World) -> Ledger:
    """Its ledger."""
    return ledger_of(told_world)
