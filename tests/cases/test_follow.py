"""The work follows the ledger: one row per exception, resolved by nothing but the ledger."""

from datetime import timedelta
from typing import Any

import psycopg
import pytest

from tieout.cases.follow import follow
from world import NOW, World, line, say


def shipped(number: str, quantity: int = 1, at: float = 2, **more: Any) -> dict[str, Any]:
    return say("Shipped", "wms", f"S{number}", at, [line(1, f"shop/order/{number}", "A", quantity)], **more)


def ordered(number: str, quantity: int = 1, value: str = "10.00", **more: Any) -> dict[str, Any]:
    return say("OrderPlaced", "shop", number, 0, [line(1, f"shop/order/{number}", "A", quantity, value)], customer="C1", channel="web", **more)


def invoiced(number: str, quantity: int = 1, value: str = "10.00", at: float = 5) -> dict[str, Any]:
    return say("Invoiced", "erp", f"I{number}", at, [line(1, f"shop/order/{number}", "A", quantity, value)])


def work(world: World) -> dict[str, tuple[Any, ...]]:
    found = world.connection.execute("select source_key, state, party, channel, sku, worth, currency from work order by source_key").fetchall()
    return {key: tuple(rest) for key, *rest in found}


def follows(world: World, hours: float = 0) -> dict[str, tuple[Any, ...]]:
    follow(world.connection, world.configuration, NOW + timedelta(hours=hours))
    return work(world)


def events(world: World) -> list[tuple[str, str]]:
    return world.connection.execute("select w.source_key, e.event from work_event e join work w on w.id = e.work order by e.id").fetchall()


def test_a_case_becomes_work_with_its_dimensions(world: World) -> None:
    world.apply([ordered("1", 2, "20.00"), shipped("1", 2)])
    world.complete(24 * 30)
    found = follows(world)
    assert set(found) == set(world.cases())
    assert {row[:4] for row in found.values()} == {("new", "C1", "web", "A")}


def test_only_the_ledger_resolves(world: World) -> None:
    world.apply([ordered("1", 2, "20.00"), shipped("1", 2)])
    world.complete(24 * 30)
    follows(world)
    world.apply([invoiced("1", 2, "20.00")])
    found = follows(world, 1)
    assert {key for key, row in found.items() if row[0] != "resolved"} == set(world.cases())
    assert found["SNI+ shop/order/1#A"][0] == "resolved"
    assert ("SNI+ shop/order/1#A", "resolved") in events(world)


def test_what_comes_back_is_regressed_and_the_same_row(world: World) -> None:
    world.apply([ordered("1", 2, "20.00"), shipped("1", 2)])
    world.complete(24 * 30)
    follows(world)
    world.apply([invoiced("1", 2, "20.00")])
    follows(world, 1)
    world.apply([say("Invoiced", "erp", "I1", 6, void=True, revision=2)])
    world.tick(everything=True)
    found = follows(world, 2)
    assert found["SNI+ shop/order/1#A"][0] == "regressed"
    assert [event for key, event in events(world) if key == "SNI+ shop/order/1#A"] == ["opened", "resolved", "reopened"]


def test_following_again_changes_nothing(world: World) -> None:
    world.apply([ordered("1", 2, "20.00"), shipped("1", 2)])
    world.complete(24 * 30)
    follows(world)
    before = world.connection.execute("select * from work order by id").fetchall(), events(world)
    assert follow(world.connection, world.configuration, NOW + timedelta(hours=1)) == 0
    world.tick(everything=True)
    follow(world.connection, world.configuration, NOW + timedelta(hours=2))
    assert (world.connection.execute("select * from work order by id").fetchall(), events(world)) == before


def test_clean_messages_note_nothing(world: World) -> None:
    world.apply([ordered("1"), ordered("2")])
    assert world.connection.execute("select count(*) from work_todo").fetchone() == (0,)


@pytest.mark.parametrize("statement", ["update work set cause = 999", "update work set origin = 999", "delete from cause"])
def test_an_exception_always_has_a_cause_that_there_is(world: World, statement: str) -> None:
    world.apply([ordered("1", 2, "20.00"), shipped("1", 2)])
    world.complete(24 * 30)
    follows(world)
    copied = "insert into work (kind, source_key, class, cause, state, title, summary, since, owed_at, opened, changed, due)"
    copied += " select kind, 'copy', class, 999, state, title, summary, since, owed_at, opened, changed, due from work limit 1"
    with world.database.owner() as owner:
        owner.execute(f"set search_path to {world.database.schema}")
        for refused in (statement, copied):
            with pytest.raises(psycopg.IntegrityError):
                owner.execute(refused)
