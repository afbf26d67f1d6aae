"""A world of three systems, each with what it states."""

from collections.abc import Callable

import pytest
from stories import SYSTEMS

from world import World


@pytest.fixture
def world(world_of: Callable[..., World]) -> World:
    return world_of(systems=SYSTEMS)
