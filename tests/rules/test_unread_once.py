"""Cases of unread statements follow the list of them: opened, changed and closed as it changes, and not asked about while it stands still."""

from typing import Any

from policy_world import cost
from tieout.runtime.looks import tick
from tieout.store.sql import sql
from world import NOW, World


def bad(number: int) -> dict[str, Any]:
    return cost(f"A{number}", 1, currency="")


def unread(world: World) -> dict[str, str]:
    return dict(world.connection.execute("select case_id, state from case_ where code = 'QUA'").fetchall())


def also(world: World, where: str) -> None:
    """One more statement that could not be read, elsewhere."""
    world.connection.execute(
        "insert into quarantine select (select max(id) + 1 from quarantine), identity, message, line, byte, %s, rule, reason, next_step, since"
        " from quarantine order by id limit 1",
        [where],
    )


def test_cases_follow_the_list_of_what_could_not_be_read(world: World) -> None:
    world.apply([bad(1)])
    world.tick()
    assert list(unread(world).values()) == ["open"]
    events = world.connection.execute("select count(*) from case_event").fetchall()
    world.tick()
    assert world.connection.execute("select count(*) from case_event").fetchall() == events
    also(world, "line 7")
    tick(world.connection, world.configuration, NOW)
    assert list(unread(world).values()) == ["open", "open"]
    world.connection.execute("delete from quarantine where place = 'line 7'")
    tick(world.connection, world.configuration, NOW)
    assert sorted(unread(world).values()) == ["closed", "open"]
    also(world, "line 7")
    tick(world.connection, world.configuration, NOW)
    assert sorted(unread(world).values()) == ["open", "open"]
    assert world.connection.execute("select episodes from case_ where case_id like '%%line 7'").fetchall() == [(2,)]


def test_while_the_list_stands_still_it_is_not_gone_through(world: World) -> None:
    world.apply([bad(1)])
    world.tick()
    asked: list[str] = []
    execute = world.connection.execute
    world.connection.execute = lambda query, *more, **named: asked.append(query) or execute(query, *more, **named)  # type: ignore
    try:
        world.tick()
    finally:
        del world.connection.execute  # type: ignore[method-assign]
    assert sql("quarantine_stamp") in asked
    assert sql("quarantine_differs") not in asked
