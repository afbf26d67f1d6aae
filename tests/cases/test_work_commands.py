"""Honest outcomes: what people ask a system for is requested, dispatched and confirmed; only the ledger resolves, refusals are verbatim."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest

from analysts import invoiced, join, later, ordered, said, shipped, shown, target
from ground_rules import SYSTEMS, PlainRules
from tieout.cases import resolve
from tieout.cases.follow import follow
from tieout.cases.listing import Item
from tieout.cases.resolve import Said
from tieout.core.attempt import Denied, Event, Sent, Target
from tieout.core.command import Accepted, Failed, Rejected
from tieout.core.values import Ref
from tieout.runtime import lane
from tieout.runtime.batch import Batch, Connection
from tieout.runtime.configuration import Driving
from tieout.runtime.outbox import due, orchestrate, record
from world import NOW, World, line, say

KEY = "SNI+ shop/order/1 1"
AGAIN = Said("again")


@pytest.fixture
def driven(world: World) -> World:
    """Shipped, and the ERP was told to invoice it."""
    names = {*world.systems, *SYSTEMS.values()}
    world.configuration.driving = Driving(PlainRules(), dict.fromkeys(names, Target(settle=timedelta(minutes=5))))
    world.apply([ordered("1"), say("OrderBooked", "erp", "SO1", 1, [line(1, "shop/order/1", "A", 1, "10.00")]), shipped("1")])
    return world


def happened(world: World, key: str, *events: Event) -> None:
    driving = world.configuration.driving
    assert driving is not None
    ((system,),) = world.connection.execute("select system from command where key = %s", [key]).fetchall()
    with world.connection.transaction():
        for event in events:
            record(world.connection, key, event, driving.targets[system], NOW)
    decide(world)


def decide(world: World) -> None:
    with world.connection.transaction():
        orchestrate(Batch(world.connection, world.configuration, NOW, "decide", alone=False), list(due(world.connection, NOW)))


def row(world: World, hours: float = 0) -> Item | None:
    follow(world.connection, world.configuration, later(hours))
    return shown(world, "account=SNI", "kind=command").get("1")


def refused(world: World) -> Item:
    happened(world, KEY, Sent(), Rejected("Customer C1 is blocked (E-77)."))
    found = row(world)
    assert found is not None
    return found


def test_a_refusal_is_work_in_the_words_of_the_system(driven: World) -> None:
    found = refused(driven)
    assert (found.class_, found.title, found.worth) == ("CREF", f"Refused by {found.system}", 10)
    assert "Customer C1 is blocked (E-77)." in found.summary


def test_requested_dispatched_confirmed_and_open_until_the_ledger_says_so(driven: World) -> None:
    ana = join(driven, "ana", "analyst")
    found = refused(driven)
    (asked,) = resolve.retry(driven.connection, driven.configuration, ana, [target(found)], NOW, AGAIN)
    assert asked.outcome == "requested"
    progress = []
    decide(driven)
    again = KEY[:-1] + "2"
    for events in ((), (Sent(),), (Accepted((Ref("erp/invoice/I1"),)),)):
        if events:
            happened(driven, again, *events)
        after = row(driven, 1)
        assert after is not None
        progress.append(after.progress)
    assert progress == ["requested", "dispatched", "dispatched"]
    driven.apply([invoiced("1")])
    assert row(driven, 2) is None
    assert [one[0] for one in driven.connection.execute("select event from work_event where work = %s order by id", [found.id]).fetchall()] == [
        "opened", "retry requested", "changed", "dispatched", "confirmed", "resolved",
    ]  # fmt: skip


def test_refused_again_is_the_same_exception_and_says_why(driven: World) -> None:
    ana = join(driven, "ana", "analyst")
    found = refused(driven)
    resolve.retry(driven.connection, driven.configuration, ana, [target(found)], NOW, AGAIN)
    decide(driven)
    happened(driven, KEY[:-1] + "2", Sent(), Rejected("Still blocked."))
    after = row(driven, 1)
    assert after is not None
    assert (after.id, after.progress, after.progress_note) == (found.id, "refused", "Still blocked.")


def test_a_stopped_system_is_not_asked_and_the_reason_is_said(driven: World) -> None:
    ana = join(driven, "ana", "analyst")
    found = refused(driven)
    lane.make(driven.connection, [found.system], NOW)
    lane.pause(driven.connection, found.system, join(driven, "chen", "engineer"), "maintenance", later(5), NOW)
    (outcome,) = resolve.retry(driven.connection, driven.configuration, ana, [target(found)], NOW, AGAIN)
    assert outcome.outcome == "not eligible"
    assert outcome.reason == f"{found.system} is paused by chen until 2026-06-01 05:00 UTC: maintenance"
    after = row(driven, 1)
    assert after is not None and after.version == found.version


def test_what_is_in_doubt_is_work_and_not_retried_by_hand(driven: World) -> None:
    ana = join(driven, "ana", "analyst")
    happened(driven, KEY, Sent(), Failed("timeout", "no answer", in_doubt=True))
    found = row(driven)
    assert found is not None and found.class_ == "CUNK"
    outcomes = resolve.retry(driven.connection, driven.configuration, ana, [target(found)], NOW, AGAIN)
    assert said(outcomes) == [("not eligible", f"{KEY} is in doubt and is looked up by itself")]


def test_a_refusal_whose_balance_is_gone_is_no_work(driven: World) -> None:
    refused(driven)
    driven.apply([invoiced("1")])
    assert row(driven, 1) is None


def test_a_person_who_refused_makes_no_work(driven: World) -> None:
    happened(driven, KEY, Denied("not now"))
    assert row(driven) is None


def test_correct_has_the_system_told_again(driven: World) -> None:
    ana = join(driven, "ana", "analyst")
    refused(driven)
    driven.complete(24 * 30)
    follow(driven.connection, driven.configuration, later(1))
    balance = shown(driven, "class=SNI+", "kind=balance")["1"]
    (outcome,) = resolve.correct(driven.connection, driven.configuration, ana, [target(balance)], NOW, Said("owed"))
    assert outcome.outcome == "requested", outcome
    decide(driven)
    assert driven.connection.execute("select state from command where key = %s", [KEY[:-1] + "2"]).fetchone() == ("queued",)
    follow(driven.connection, driven.configuration, later(2))
    after = shown(driven, "class=SNI+", "kind=balance")["1"]
    assert after.progress == "requested"
    (twice,) = resolve.correct(driven.connection, driven.configuration, ana, [target(after)], NOW, Said("owed"))
    assert twice.reason == f"{KEY[:-1]}2 is on its way already: queued"


def test_many_refused_commands_are_tried_again_by_as_many_statements_as_one(driven: World) -> None:
    ana = join(driven, "ana", "analyst")
    driven.apply([
        fact for n in "234"
        for fact in (ordered(n), say("OrderBooked", "erp", f"SO{n}", 1, [line(1, f"shop/order/{n}", "A", 1, "10.00")]), shipped(n))
    ])  # fmt: skip
    for n in "1234":
        happened(driven, f"SNI+ shop/order/{n} 1", Sent(), Rejected("Closed period."))
    follow(driven.connection, driven.configuration, NOW)
    found = [target(item) for item in shown(driven, "account=SNI", "kind=command").values()]
    assert len(found) == 4
    spoken: list[int] = []
    for chosen in (found[:1], found[1:]):
        with counting(driven.connection) as asked:
            outcomes = resolve.retry(driven.connection, driven.configuration, ana, chosen, NOW, AGAIN)
        assert [one.outcome for one in outcomes] == ["requested"] * len(chosen)
        spoken.append(len(asked))
    assert spoken[1] <= spoken[0], "three are asked about as one is"
    decide(driven)
    states = driven.connection.execute("select key, state from command where state = 'queued' order by key").fetchall()
    assert states == [(f"SNI+ shop/order/{n} 2", "queued") for n in "1234"]


@contextmanager
def counting(connection: Connection) -> Iterator[list[str]]:
    """The statements that a session is asked meanwhile."""
    asked: list[str] = []
    execute = connection.execute

    def noted(query: Any, *more: Any, **named: Any) -> Any:
        asked.append(str(query)[:80])
        return execute(query, *more, **named)

    connection.execute = noted  # type: ignore[method-assign]
    try:
        yield asked
    finally:
        del connection.execute  # type: ignore[method-assign]
