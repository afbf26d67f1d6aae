"""Properties over generated histories: arrival does not matter, sums are sums, and an independent auditor agrees."""

import threading
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import auditor
import histories
from servers import MORE, Server
from tieout.policy import CompanyPolicy
from tieout.runtime.apply import apply
from tieout.runtime.configuration import Configuration
from tieout.runtime.rebuild import rebuild
from world import NOW, SYSTEMS, World, at

Facts = list[dict[str, Any]]


@pytest.fixture(scope="module")
def fresh(server: Server) -> Any:
    """Worlds that are emptied instead of made anew: a schema for each example would take longer than the example."""
    database = server.make()
    made: list[World] = []

    def make() -> World:
        while made:
            made.pop().close()
        with psycopg.connect(database.conninfo, autocommit=True) as owner:
            owner.execute(f"set search_path to {database.schema}")
            tables = [t for (t,) in owner.execute("select tablename from pg_tables where schemaname = %s", [database.schema])]
            for table in tables:
                if table != "migration":
                    owner.execute(f"alter table {table} disable trigger user; delete from {table}; alter table {table} enable trigger user")
        made.append(World(database))
        return made[-1]

    yield make
    while made:
        made.pop().close()
    server.drop(database)


def outcome(make: Callable[[], World], facts: Facts, batch_size: int = 1000) -> Any:
    world = make()
    world.apply(facts, batch_size)
    world.complete(2000)
    assert world.net() == world.summed_entries()
    return world.state()


@given(st.data())
@settings(max_examples=40 * MORE)
def test_any_order_duplication_and_batching_gives_the_same_ledger(fresh: Callable[[], World], data: st.DataObject) -> None:
    """Rule 1: balances, hash and open cases are functions of the winning revisions alone."""
    facts = data.draw(histories.rich())
    again = data.draw(st.permutations(facts + data.draw(st.lists(st.sampled_from(facts), max_size=5)) if facts else facts))
    assert outcome(fresh, again, data.draw(st.sampled_from((1, 2, 3, 7, 1000)))) == outcome(fresh, facts)


@given(st.data())
@settings(max_examples=25 * MORE)
def test_revisions_equal_having_sent_only_the_last(fresh: Callable[[], World], data: st.DataObject) -> None:
    """Rule 6: what a revision replaces leaves no trace in the effective ledger."""
    facts = data.draw(histories.plain())
    last = {}
    for fact in facts:
        last[fact["system"], fact["type"], fact["number"]] = fact
    full, short = outcome(fresh, facts, 2), outcome(fresh, list(last.values()))
    assert full == short


@given(st.data())
@settings(max_examples=40 * MORE)
def test_the_auditor_agrees(fresh: Callable[[], World], data: st.DataObject) -> None:
    facts = data.draw(histories.plain())
    complete = data.draw(st.integers(1, 1500))
    world = fresh()
    world.apply(data.draw(st.permutations(facts)), data.draw(st.sampled_from((1, 4, 1000))))
    covered = {name: net for name, net in world.net().items() if name.split(" ")[1] in auditor.ACCOUNTS}
    assert covered == auditor.net(facts)
    newest = max((datetime.fromisoformat(f["happened"]) for f in facts), default=at(0))
    complete = max(complete, int((newest - at(0)).total_seconds() // 3600))
    world.complete(complete)
    wanted = auditor.exceptions(facts, at(complete))
    found = world.cases()
    mine = {name: case for name, case in found.items() if name[:3] in auditor.ACCOUNTS}
    assert mine.keys() == wanted.keys()
    for name, (quantity, price) in wanted.items():
        assert Decimal(mine[name][0].get("EA", "0")) == quantity, name
        if not quantity:
            assert Decimal(mine[name][1]["USD"]) == round(price, 9), name


@given(st.data())
@settings(max_examples=15 * MORE)
def test_no_unit_and_no_currency_is_ever_added_to_another(fresh: Callable[[], World], data: st.DataObject) -> None:
    facts = data.draw(histories.rich())
    for fact in facts:
        fact["currency"] = data.draw(st.sampled_from(("USD", "EUR", "JPY")))
        for line in fact["lines"]:
            if line.get("unit") is None and line.get("item") == "B":
                line["unit"] = data.draw(st.sampled_from(("EA", "KG")))
    world = fresh()
    world.apply(facts)
    assert world.net() == world.summed_entries()
    for unit, currency in world.connection.execute("select distinct unit, currency from entry").fetchall():
        assert unit in ("", "EA", "KG", "CS")
        assert currency in (None, "USD", "EUR", "JPY")


@given(st.data())
@settings(max_examples=15 * MORE)
def test_two_writers_at_once_give_the_ledger_of_one(fresh: Callable[[], World], data: st.DataObject) -> None:
    """Rules 6 and 33: identities and subjects cross between the writers; every statement is sent by both."""
    facts = data.draw(histories.rich())
    wanted = outcome(fresh, facts)
    world = fresh()
    second = World(world.database)
    try:
        parts = [data.draw(st.permutations(facts)), data.draw(st.permutations(facts))]
        failed: list[BaseException] = []

        def send(writer: World, part: Facts) -> None:
            try:
                for start in range(0, len(part), 3):
                    apply(writer.connection, writer.configuration, writer.arrivals(part[start : start + 3]), NOW)
            except BaseException as error:
                failed.append(error)

        threads = [threading.Thread(target=send, args=pair) for pair in zip((world, second), parts, strict=True)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failed == []
        world.sent = 2 * len(facts)
        world.complete(2000)
        assert world.state() == wanted
    finally:
        second.close()


@given(st.data())
@settings(max_examples=6 * MORE)
def test_rule_32_rebuild_from_the_messages_gives_the_identical_ledger(server: Server, fresh: Callable[[], World], data: st.DataObject) -> None:
    """Decisions and links are messages too; what waits, what is quarantined and what was repeated as well."""
    facts = data.draw(histories.rich())
    world = fresh()
    world.apply(data.draw(st.permutations(facts)), data.draw(st.sampled_from((1, 5, 1000))))
    world.complete(2000)
    target = server.make()
    try:
        rebuild(world.connection, world.configuration, target, Configuration(SYSTEMS.values(), CompanyPolicy({})))
        again = World(target)
        again.sent = again.counts().received
        try:
            assert again.state() == world.state()
            assert again.waiting() == world.waiting()
            counts, before = again.counts(), world.counts()
            assert (counts.posted, counts.superseded, counts.waiting) == (before.posted, before.superseded, before.waiting)
        finally:
            again.close()
    finally:
        server.drop(target)
