"""Rules 23 to 26 in the database: commands are decided and kept in the transaction that moved the balance."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from ground_rules import PlainRules
from tieout.core.attempt import Sent, Target
from tieout.core.command import Accepted, Failed, Rejected, State
from tieout.core.values import Ref
from tieout.runtime.batch import Batch
from tieout.runtime.configuration import Driving
from tieout.runtime.outbox import Stale, due, orchestrate, record
from tieout.store.database import fetch, run
from world import NOW, World, line, say

ORDER = [line("1", "shop/order/1", "A", 7, 70)]
BOOK = "TBK+ shop/order/1 1"


@pytest.fixture
def driven(world_of: Callable[..., World]) -> World:
    world = world_of()
    world.configuration.driving = Driving(PlainRules(), dict.fromkeys(world.systems, Target(settle=timedelta(minutes=5))))
    return world


def states(world: World) -> dict[str, str]:
    return dict(world.connection.execute("select key, state from command order by key").fetchall())


def happened(world: World, key: str) -> list[str]:
    return [event for (event,) in world.connection.execute("select event from command_event where key = %s order by id", [key])]


def test_23_what_an_order_owes_is_in_the_outbox_when_the_order_is_in_the_ledger(driven: World) -> None:
    driven.apply([say("OrderPlaced", "shop", 1, 0, ORDER)])
    assert states(driven) == {BOOK: "queued"}
    ((act, system, move),) = driven.connection.execute("select act, system, next_move from command").fetchall()
    assert (act, system, move) == ("book_order", "erp", "send")


def test_shadow_mode_tells_nobody_anything(world: World) -> None:
    world.apply([say("OrderPlaced", "shop", 1, 0, ORDER)])
    assert states(world) == {}


def test_23_one_command_however_often_the_balance_is_looked_at(driven: World) -> None:
    driven.apply([say("OrderPlaced", "shop", 1, 0, ORDER)])
    with driven.connection.transaction():
        batch = Batch(driven.connection, driven.configuration, NOW, "decide", alone=False)
        orchestrate(batch, ["shop/order/1"])
        orchestrate(batch, ["shop/order/1"])
    driven.apply([say("OrderPlaced", "shop", 1, 0, ORDER)])
    assert states(driven) == {BOOK: "queued"}


def test_25_a_queued_command_that_is_no_longer_owed_is_withdrawn_in_the_same_transaction(driven: World) -> None:
    driven.apply([say("OrderPlaced", "shop", 1, 0, ORDER)])
    driven.apply([say("OrderBooked", "erp", 9, 1, ORDER)])
    assert states(driven)[BOOK] == "cancelled"
    assert happened(driven, BOOK) == ["issue", "withdraw"]


def test_accepted_is_not_confirmed_until_the_target_says_so_itself(driven: World) -> None:
    driven.apply([say("OrderPlaced", "shop", 1, 0, ORDER)])
    target = driven.configuration.driving.targets["erp"]
    with driven.connection.transaction():
        record(driven.connection, BOOK, Sent(), target, NOW)
        record(driven.connection, BOOK, Accepted((Ref("erp/sales_order/9"),)), target, NOW)
    assert states(driven)[BOOK] == "accepted"
    driven.apply([say("OrderBooked", "erp", 9, 1, ORDER)])
    assert states(driven)[BOOK] == "confirmed"
    assert happened(driven, BOOK) == ["issue", "sent", "accepted", "confirm"]


def test_a_document_that_the_target_takes_back_is_on_purpose_and_the_next_command_is_held(driven: World) -> None:
    driven.apply([say("OrderPlaced", "shop", 1, 0, ORDER)])
    target = driven.configuration.driving.targets["erp"]
    with driven.connection.transaction():
        record(driven.connection, BOOK, Sent(), target, NOW)
        record(driven.connection, BOOK, Accepted((Ref("erp/sales_order/9"),)), target, NOW)
    driven.apply([say("OrderBooked", "erp", 9, 1, ORDER, revision=1)])
    driven.apply([say("OrderBooked", "erp", 9, 2, [], revision=2, void=True)])
    assert states(driven) == {BOOK: "confirmed", "TBK+ shop/order/1 2": "held", **{k: v for k, v in states(driven).items() if k[:3] != "TBK"}}


def test_25_a_refusal_blocks_the_same_sums_and_a_changed_order_may_go_again(driven: World) -> None:
    driven.apply([say("OrderPlaced", "shop", 1, 0, ORDER, revision=1)])
    target = driven.configuration.driving.targets["erp"]
    with driven.connection.transaction():
        record(driven.connection, BOOK, Sent(), target, NOW)
        record(driven.connection, BOOK, Rejected("credit limit exceeded"), target, NOW)
        roots = due(driven.connection, NOW)
        orchestrate(Batch(driven.connection, driven.configuration, NOW, "decide", alone=False), roots)
    assert roots == ["shop/order/1"]
    assert states(driven) == {BOOK: "refused"}
    driven.apply([say("OrderPlaced", "shop", 1, 1, [line("1", "shop/order/1", "A", 5, 50)], revision=2)])
    assert states(driven) == {BOOK: "refused", "TBK+ shop/order/1 2": "queued"}


def test_26_doubt_stays_in_flight_and_nothing_new_is_issued(driven: World) -> None:
    driven.apply([say("OrderPlaced", "shop", 1, 0, ORDER)])
    target = driven.configuration.driving.targets["erp"]
    with driven.connection.transaction():
        record(driven.connection, BOOK, Sent(), target, NOW)
        record(driven.connection, BOOK, Failed("timeout", "no answer", in_doubt=True), target, NOW)
        orchestrate(Batch(driven.connection, driven.configuration, NOW, "decide", alone=False), ["shop/order/1"])
    assert states(driven) == {BOOK: "unknown"}
    assert driven.connection.execute("select next_move from command").fetchall() == [("probe",)]


def test_whoever_lost_a_command_to_another_holder_writes_nothing(driven: World) -> None:
    driven.apply([say("OrderPlaced", "shop", 1, 0, ORDER)])
    driven.connection.execute("update command set fence = 2")
    with pytest.raises(Stale), driven.connection.transaction():
        record(driven.connection, BOOK, Sent(), driven.configuration.driving.targets["erp"], NOW, fence=1)
    assert states(driven) == {BOOK: "queued"}


def test_a_root_that_got_another_name_keeps_its_commands(driven: World) -> None:
    driven.apply([say("OrderBooked", "erp", 9, 1, [line("1", "erp/sales_order/9", "A", 7, 70)])])
    before = states(driven)
    driven.apply([
        say("OrderPlaced", "shop", 1, 0, ORDER),
        say("Linked", "erp", "L1", 2, links=[["shop/order/1", "erp/sales_order/9"]], data={"who": "ann", "why": "same"}),
    ])  # fmt: skip
    after = states(driven)
    assert set(before) <= set(after)
    assert not [key for key, state in after.items() if key.startswith("TBK+") and state in (State.QUEUED, State.HELD)]


def test_a_root_is_due_until_it_has_been_decided_about(driven: World) -> None:
    run(driven.connection, "consider", ["shop/order/1", "shop/order/2"], [NOW, NOW + timedelta(hours=1)])
    with driven.connection.transaction():
        assert due(driven.connection, NOW) == ["shop/order/1"]
        orchestrate(Batch(driven.connection, driven.configuration, NOW, "decide", alone=False), ["shop/order/1"])
        assert due(driven.connection, NOW) == []
    assert fetch(driven.connection, "considered", NOW + timedelta(hours=2), 10) == [("shop/order/2",)]
