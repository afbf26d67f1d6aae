"""A served interface over a world with open exceptions and a held command."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from analysts import ordered, shipped
from api_of import Api, served
from ground_rules import PlainRules
from tieout.api.v1.project import Project
from tieout.cases.follow import follow
from tieout.core.attempt import Target
from tieout.core.ground import Ruling
from tieout.policy import CompanyPolicy
from tieout.runtime.configuration import Configuration, Driving
from tieout.store.pool import Pool
from tieout.store.session import Session
from world import NOW, World

TARGET = Target(settle=timedelta(minutes=5))


@pytest.fixture
def told(world_of: Callable[..., World]) -> World:
    """Six orders shipped and not invoiced, in two channels and warehouses; the ERP is to be told, and every command is held."""
    world = world_of()
    rules = PlainRules(checkpoint=lambda command, found: Ruling(True, "row 1: every order"))
    world.configuration.driving = Driving(rules, dict.fromkeys(world.systems, TARGET))
    for number in range(6):
        where = {"channel": "web" if number % 2 else "edi", "warehouse": "W1" if number < 3 else "W2"}
        world.apply([ordered(str(number), 2, f"{number + 1}0.00", **where), shipped(str(number), 2)])
    world.complete(24 * 30)
    follow(world.connection, world.configuration, NOW)
    return world


@pytest.fixture
def api(told: World) -> Iterator[Api]:
    def configure(session: Session) -> Configuration:
        made: Any = Configuration(told.systems.values(), CompanyPolicy({}))
        made.system_ids = told.configuration.system_ids
        made.driving = told.configuration.driving
        return made

    project = Project(Pool(told.database.connect), configure, told.systems, dict.fromkeys(told.systems, TARGET), {}, clock=lambda: NOW)
    with served(told.database, project) as made:
        yield made
