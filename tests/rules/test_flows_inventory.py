"""Inventory in step, while Tieout drives: a movement is posted when it has stood, once, and never against the warehouse."""

from collections.abc import Callable

import pytest
from driven import accept, asked, commands, decide, drive

from world import World, at, line

SPOT = "*/stock/W1:A"
POST = f"STK+ {SPOT} 1"


@pytest.fixture
def world(world_of: Callable[..., World]) -> World:
    return drive(world_of())


def moved(world: World, number: str, hours: float, quantity: int, kind: str = "StockMoved", system: str = "wms", **more: object) -> None:
    world.say(kind, system, number, hours, [line(1, SPOT, "A", quantity)], **more)


@pytest.mark.parametrize("quantity", [5, -5])
def test_a_movement_is_posted_when_it_has_stood_for_a_day(world: World, quantity: int) -> None:
    moved(world, "M1", 0, quantity)
    assert commands(world) == {}
    world.complete(20)
    moved(world, "M2", 1, 0)
    assert commands(world) == {}
    world.complete(25)
    moved(world, "M3", 2, 0)
    assert commands(world) == {POST: "queued"}
    assert asked(world, POST) == {"": quantity}
    accept(world, POST, "erp/movement/E1")
    moved(world, "E1", 26, quantity, "StockPosted", "erp")
    assert commands(world) == {POST: "confirmed"}
    assert world.of("STK") == {}


@pytest.mark.parametrize("quantity", [5, -5])
def test_a_movement_that_has_stood_is_posted_although_nobody_says_another_word(world: World, quantity: int) -> None:
    """The feeds have reported beyond the day, and that alone makes it owed."""
    moved(world, "M1", 0, quantity)
    world.complete(25)
    decide(world)
    assert commands(world) == {POST: "queued"}
    assert asked(world, POST) == {"": quantity}


def test_a_lagging_erp_is_not_told_what_it_has_posted_by_itself(world: World) -> None:
    moved(world, "M1", 0, 5)
    moved(world, "M1", 3, 5, "StockPosted", "erp")
    world.complete(100)
    decide(world, at(100))
    assert commands(world) == {}
    assert world.cases() == {}


def test_posted_in_the_erp_and_never_moved_is_the_warehouses_case_and_no_command(world: World) -> None:
    moved(world, "E1", 0, 5, "StockPosted", "erp")
    moved(world, "E2", 1, 0, "StockPosted", "erp")
    assert list(world.complete(100)) == [f"STK- {SPOT}"]
    moved(world, "E3", 2, 0, "StockPosted", "erp")
    assert commands(world) == {}


def test_a_movement_taken_back_by_the_warehouse_is_not_posted(world: World) -> None:
    moved(world, "M1", 0, 5, revision=1)
    moved(world, "M1", 0, 5, revision=2, void=True)
    world.complete(100)
    assert (commands(world), world.net()) == ({}, {})


def test_a_flow_is_looked_at_again_when_the_last_of_the_two_feeds_has_reported(world_of: Callable[..., World]) -> None:
    """The ERP is complete first, the warehouse minutes later: the case is there then, and not an hour of the ERP's later."""
    world = world_of()
    moved(world, "M1", 0, 5)
    assert world.complete(30, *(name for name in world.systems if name != "wms")) == {}
    assert list(world.complete(30, "wms")) == [f"STK+ {SPOT}"]


def counted(world: World, kind: str, system: str, hours: float, quantity: int) -> None:
    world.say(kind, system, "A@W1", hours, [line(1, SPOT, "A", quantity)], revision=int(hours))


def test_two_statements_of_state_differ_since_the_later_of_them(world_of: Callable[..., World]) -> None:
    """A week lies between two counts; the ERP's statement of the same moment comes after the count, and nobody is told meanwhile."""
    world = world_of()
    counted(world, "StockCounted", "wms", 0, 90)
    counted(world, "StockStated", "erp", 0, 90)
    counted(world, "StockCounted", "wms", 168, 80)
    assert world.complete(170) == {}
    counted(world, "StockStated", "erp", 168, 80)
    assert world.complete(240) == {}
    counted(world, "StockCounted", "wms", 250, 77)
    assert list(world.complete(280)) == [f"STC- {SPOT}"]


def test_stock_that_the_erp_states_below_zero_is_a_case_until_it_is_stated_right(world_of: Callable[..., World]) -> None:
    world = world_of()
    counted(world, "StockCounted", "wms", 0, -3)
    counted(world, "StockStated", "erp", 0, -3)
    world.complete(5)
    assert world.of("STN") == {f"{SPOT}  EA": 3}
    assert list(world.cases()) == [f"STN+ {SPOT}"]
    counted(world, "StockCounted", "wms", 6, 4)
    counted(world, "StockStated", "erp", 6, 4)
    assert world.complete(50) == {}
    assert world.of("STN") == {}


def test_a_movement_on_its_way_neither_hides_nor_turns_what_has_stood(world_of: Callable[..., World]) -> None:
    """Two pieces are missing for days. A receipt that the warehouse has told and the ERP has not yet is another matter."""
    world = world_of()
    moved(world, "M1", 0, -2)
    stood = {f"STK+ {SPOT}": ({"EA": "-2"}, {})}
    assert world.complete(30) == stood
    moved(world, "M2", 31, 50)
    assert world.tick() == stood
    moved(world, "E2", 31, 50, "StockPosted", "erp")
    assert world.complete(40) == stood
    moved(world, "E3", 41, 60, "StockPosted", "erp")
    assert world.tick() == stood
    moved(world, "M3", 41, 60)
    moved(world, "E1", 42, -2, "StockPosted", "erp")
    assert world.complete(44) == {}


def test_a_count_that_agrees_only_because_a_movement_is_missing_is_found(world_of: Callable[..., World]) -> None:
    """Ten have left that the ERP has not posted, and both state the same on hand: by the movements the count should be ten less."""
    world = world_of()
    moved(world, "M1", 0, -10)
    counted(world, "StockCounted", "wms", 1, 90)
    counted(world, "StockStated", "erp", 1, 90)
    assert world.complete(60) == {f"STC+ {SPOT}": ({"EA": "10"}, {}), f"STK+ {SPOT}": ({"EA": "-10"}, {})}
