"""What a batch does is done once, for all of it: conflicts as sets, every root looked at a single time, one look at all at a time."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from driven import commands, drive

from tieout.runtime import compare, looks
from tieout.runtime.apply import apply
from world import NOW, World, at, line, say

WAITS = "select exists (select from pg_locks where locktype = 'advisory' and not granted)"


def in_conflict(many: int, value: int, **more: Any) -> list[dict[str, Any]]:
    return [say("OrderPlaced", "shop", n, 0, [line(1, f"shop/order/{n}", "A", 1, value)], **more) for n in range(many)]


def test_the_conflicts_of_a_batch_are_written_as_sets(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: Counter[str] = Counter()
    run = compare.run

    def counting(connection: Any, name: str, *arguments: Any) -> None:
        asked[name] += 1
        run(connection, name, *arguments)

    monkeypatch.setattr(compare, "run", counting)
    world.apply(in_conflict(40, 10, revision=1))
    world.apply([*in_conflict(40, 11, revision=1), *in_conflict(20, 12, revision=1)])
    assert dict(world.connection.execute("select versions, count(*) from conflict group by 1").fetchall()) == {2: 20, 3: 20}
    world.apply(in_conflict(40, 13, revision=2))
    assert world.connection.execute("select count(*) from conflict").fetchone() == (0,)
    assert asked == {"delete_conflicts": 2, "insert_conflicts": 1}
    assert set(world.of("TBK").values()) == {1, 13}


def test_a_number_that_comes_back_is_quarantined_once_and_its_neighbours_too(world: World) -> None:
    world.apply(in_conflict(3, 10, revision=1))
    world.apply([{**fact, "currency": "EUR"} for fact in in_conflict(3, 10, revision=2)])
    assert [rule for rule, _ in world.quarantine()] == ["identity.reused"] * 3
    world.apply([{**fact, "currency": "EUR"} for fact in in_conflict(2, 11, revision=3)])
    assert len(world.quarantine()) == 5


def test_a_root_with_cases_is_looked_at_once_in_a_batch_that_also_decides(
    world_of: Callable[..., World], monkeypatch: pytest.MonkeyPatch
) -> None:
    world = drive(world_of())
    shop, erp = "shop/order/1", "erp/sales_order/S1"
    world.say("OrderPlaced", "shop", 1, 0, [line(1, shop, "A", 2, 20)])
    world.complete(12)
    assert list(world.cases()) == ["TBK+ shop/order/1#A"]
    seen: Counter[str] = Counter()
    evaluate = looks.evaluate

    def counting(found: Any, *rest: Any) -> Any:
        seen[found.root] += 1
        return evaluate(found, *rest)

    monkeypatch.setattr(looks, "evaluate", counting)
    world.say("OrderBooked", "erp", "S1", 13, [line(1, erp, "A", 2, 20)], links=[[erp, shop]])
    assert seen == {shop: 1}
    assert world.cases() == {}
    assert commands(world) == {"TBK+ shop/order/1 1": "cancelled", "TSH+ shop/order/1 1": "queued"}


def test_two_ticks_at_one_time_open_each_case_once(world_of: Callable[..., World]) -> None:
    """The second waits for the first, and finds its cases: nothing is opened, and no event told, a second time."""
    world = world_of(quiet_hours={"shop": 1})
    for n in range(30):
        world.say("OrderPlaced", "shop", n, 0, [line(1, f"shop/order/{n}", "A", 2, 20)])
    apply(world.connection, world.configuration, [], NOW, declared={name: at(24) for name in world.systems if name != "shop"})
    apply(world.connection, world.configuration, [], NOW, declared={"shop": at(4)})
    first, second = world.database.connect(writer=True), world.database.connect(writer=True)
    counted: list[int] = []

    def look() -> None:
        counted.append(looks.tick(second, world.configuration, NOW, everything=True))

    other = threading.Thread(target=look)
    with first.transaction():
        assert looks.tick(first, world.configuration, NOW, everything=True) == 30
        other.start()
        until = time.monotonic() + 30
        while not world.connection.execute(WAITS).fetchone()[0] and other.is_alive():  # type: ignore[index]
            assert time.monotonic() < until
        assert other.is_alive(), "the second look did not wait for the first to commit"
    other.join(30)
    assert not other.is_alive() and counted
    events = world.connection.execute("select case_id, event from case_event").fetchall()
    assert len(events) == len(set(events)) == len(world.cases()) == 31
    assert world.connection.execute("select max(episodes) from case_").fetchone() == (1,)
    first.close()
    second.close()
