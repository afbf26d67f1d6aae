"""Two orders that turn out to be one while commands for them wait: still in order, still decided about, whichever name they had."""

import threading
import time
from collections.abc import Callable, Mapping
from datetime import timedelta

import pytest
from driven import accept, commands, decide, drive

from ground_rules import PlainRules
from tieout.core.attempt import Target
from tieout.core.lane import Limits
from tieout.core.rate import Rate
from tieout.runtime import lane as lanes
from tieout.runtime.batch import Connection
from tieout.runtime.consider import consider
from tieout.runtime.take import Terms, take
from world import NOW, World, line, say

FIRST, SECOND = "TBK+ shop/order/2 1", "TBK+ shop/order/1 1"
SAME = [["shop/order/1", "shop/order/2"]]
SECRETS: Mapping[str, str] = {}
TERMS = Terms("test", timedelta(seconds=30), Limits(rate=Rate(1000, 1, 1000)), Target(settle=timedelta(minutes=5)), SECRETS)
WAITS = "select exists (select from pg_locks where locktype = 'advisory' and not granted)"


@pytest.fixture
def world(world_of: Callable[..., World]) -> World:
    """Order 2 was placed first; both are owed a booking."""
    made = drive(world_of())
    lanes.make(made.connection, ["erp", "wms"], NOW)
    for number in (2, 1):
        made.say("OrderPlaced", "shop", number, 0, [line(1, f"shop/order/{number}", f"A{number}", 1, 10)])
    return made


def taken(world: World, connection: Connection, at: float = 0) -> list[str]:
    """What a dispatcher takes for the ERP."""
    with connection.transaction():
        found = take(connection, world.configuration, "erp", 100, TERMS, NOW + timedelta(seconds=at))
    return [task.key for task in found.tasks]


def join(world: World, **more: object) -> None:
    """Somebody says that both are one order: the first of the two names is its name from then on."""
    world.say("Linked", "erp", "L1", 1, links=SAME, **more)


def test_what_was_decided_under_a_name_the_subject_had_is_waited_for(world: World) -> None:
    """The booking of order 2 was told and is not answered; the invoice of order 1, which it turns out to be, waits for it."""
    world.connection.execute("update command set created = created - interval '1 minute'")
    assert sorted(taken(world, world.connection)) == [SECOND, FIRST]
    sale = "erp/sales_order/S1"
    world.say("OrderBooked", "erp", "S1", 1, [line(1, sale, "A1", 1, 10)], links=[[sale, "shop/order/1"]])
    world.say("Shipped", "wms", "P1", 2, [line(1, sale, "A1", 1)])
    accept(world, SECOND, sale, is_sent=True)
    bill, again = "SNI+ shop/order/1 1", "SNI+ shop/order/1 2"
    assert commands(world, "TBK", "SNI") == {FIRST: "sending", SECOND: "confirmed", bill: "queued"}
    join(world)
    assert world.connection.execute("select distinct root from command").fetchall() == [("shop/order/1",)]
    assert taken(world, world.connection, 1) == []
    assert commands(world, "SNI") == {bill: "cancelled", again: "queued"}, "it names all references, so it was decided anew"
    accept(world, FIRST, "erp/sales_order/S2", is_sent=True)
    assert taken(world, world.connection, 2) == [again]


def test_parted_again_each_goes_its_own_way(world: World) -> None:
    join(world, revision=1)
    join(world, revision=2, void=True)
    decide(world)
    assert dict(world.connection.execute("select subject, root from command where state = 'queued'").fetchall()) == {
        "shop/order/1": "shop/order/1", "shop/order/2": "shop/order/2",
    }  # fmt: skip
    assert len(taken(world, world.connection)) == 2


def test_a_dispatcher_that_comes_while_they_are_joined_sees_the_joined_order(world: World) -> None:
    """It waits for the join to commit; it takes nothing under a name that is none any more, and nothing is lost."""
    mine, other = world.database.connect(writer=True), world.database.connect(writer=True)
    found: list[str] = []
    dispatcher = threading.Thread(target=lambda: found.extend(taken(world, other)))
    world.connection, held = mine, world.connection
    with mine.transaction():
        join(world)
        dispatcher.start()
        waits_for_the_join(held, dispatcher)
    dispatcher.join(30)
    world.connection = held
    open_ = [key for key, state in commands(world).items() if state not in ("cancelled",)]
    assert found == open_ == ["TBK+ shop/order/1 2"]
    mine.close()
    other.close()


def waits_for_the_join(connection: Connection, thread: threading.Thread) -> None:
    until = time.monotonic() + 30
    while connection.execute(WAITS).fetchone() == (False,):
        assert thread.is_alive() and time.monotonic() < until


def test_what_was_to_be_decided_about_under_a_former_name_is_decided_about_under_the_new(world_of: Callable[..., World]) -> None:
    """A wait of an hour, noted for order 2, is over when order 2 is called order 1: its booking is not forgotten, nor withdrawn."""
    world = drive(world_of(), PlainRules(after=24 * 365))
    world.say("OrderPlaced", "shop", 2, 0, [line(1, "shop/order/2", "A", 1, 10)])
    assert commands(world) == {}
    assert world.connection.execute("select root from consider").fetchall() == [("shop/order/2",)]
    join(world)
    world.connection.execute("delete from consider where root = 'shop/order/1'")  # as if only the former name had been noted
    world.connection.execute("insert into consider values ('shop/order/2', %s) on conflict do nothing", [NOW])
    later = NOW + timedelta(days=365)
    assert consider(world.connection, world.configuration, later) == 1
    assert commands(world) == {"TBK+ shop/order/1 1": "queued"}
    assert world.connection.execute("select count(*) from consider").fetchone() == (0,)


def test_a_command_that_is_answered_frees_those_that_waited_under_another_name(world: World) -> None:
    accept(world, FIRST, "erp/sales_order/S2")
    join(world)
    world.apply([
        say("OrderBooked", "erp", "S2", 2, [line(1, "erp/sales_order/S2", "A2", 1, 10)], links=[["erp/sales_order/S2", "shop/order/2"]]),
    ])  # fmt: skip
    decide(world)
    assert commands(world, "TBK")[FIRST] == "confirmed"
    assert [key for key in taken(world, world.connection) if key.startswith("TBK")] == [
        key for key, state in commands(world, "TBK").items() if state == "sending"
    ]
