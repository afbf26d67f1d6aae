"""A reserve is withheld and released by the same kind of statement: it ages by what is not released yet, and is missed in the end."""

from world import World, line

RESERVE = "market/settlement/RESERVE"


def moved(world: World, number: int, at_hours: float, *amounts: int) -> None:
    world.say("ReserveMoved", "market", number, at_hours, [line(n, RESERVE, value=amount) for n, amount in enumerate(amounts)])


def test_a_reserve_that_rolls_over_is_no_exception_however_long_it_goes_on(world: World) -> None:
    held = 0
    for week in range(20):
        moved(world, week, week * 168, -held, 100 + week) if held else moved(world, week, week * 168, 100)
        held = 100 + week
        assert world.complete(week * 168 + 1) == {}


def test_releases_cover_the_oldest_first(world: World) -> None:
    moved(world, 1, 0, 100)
    moved(world, 2, 500, 50)
    moved(world, 3, 600, -100)
    assert world.complete(46 * 24) == {}
    assert world.complete(500 + 45 * 24) == {f"RSV+ {RESERVE}": ({}, {"USD": "50"})}


def test_a_reserve_that_is_never_released_is_an_exception(world: World) -> None:
    moved(world, 1, 0, 100)
    assert world.complete(45 * 24 - 1) == {}
    assert world.complete(45 * 24) == {f"RSV+ {RESERVE}": ({}, {"USD": "100"})}
