"""Rules 31 and 34 where they meet others at the same time: a close beside a writer, events beside the settlement report."""

import threading
from collections.abc import Callable
from datetime import date
from itertools import permutations
from typing import Any

import psycopg
import pytest

from tieout.cli.project import close
from tieout.errors import OperatorError
from tieout.report.state import Ledger
from tieout.runtime.chain import BATCH_LOCK
from world import NOW, World, at, line, say

Worlds = Callable[..., World]
MONTH_END = date(2026, 3, 31)
SHOP, INVOICE = "shop/order/1", "erp/invoice/I1"
WAITS = "select count(*) from pg_locks where locktype = 'advisory' and not granted and objid = %s"
PATIENCE = 100_000


def shipped(number: str, quantity: int) -> dict[str, Any]:
    return say("Shipped", "wms", number, 2, [line(1, SHOP, "A", quantity)])


def test_rule_31_a_close_waits_for_the_batch_lock_and_its_cut_comes_after_whoever_held_it(world: World) -> None:
    world.apply([shipped("P1", 1)])
    made: list[int] = []
    closing = threading.Thread(target=lambda: made.append(close(world, MONTH_END, "ann")))  # type: ignore[arg-type]
    with psycopg.connect(world.database.conninfo) as holder, psycopg.connect(world.database.conninfo, autocommit=True) as onlooker:
        holder.execute("select pg_advisory_xact_lock(%s)", [BATCH_LOCK])
        closing.start()
        assert any(onlooker.execute(WAITS, [BATCH_LOCK]).fetchone() == (1,) for _ in range(PATIENCE))
        assert made == []
        assert onlooker.execute(f'select count(*) from "{world.database.schema}".batch').fetchone() == (1,)
        holder.rollback()
    closing.join()
    assert made == [2]
    assert world.connection.execute("select period_end, cut, who from close").fetchall() == [(MONTH_END, 2, "ann")]


def test_rule_31_a_close_sees_what_an_open_transaction_beside_it_commits(world: World) -> None:
    other = World(world.database)
    made: list[int] = []
    closing = threading.Thread(target=lambda: made.append(close(world, MONTH_END, "ann")))  # type: ignore[arg-type]
    try:
        with psycopg.connect(world.database.conninfo, autocommit=True) as onlooker, other.connection.transaction():
            other.apply([shipped("P1", 1)])
            closing.start()
            waits = "select count(*) from pg_locks where locktype = 'advisory' and not granted"
            assert any(onlooker.execute(waits).fetchone() == (1,) for _ in range(PATIENCE))
            assert made == []
        closing.join()
    finally:
        other.close()
    assert made == [2]
    assert world.of("SNI") == {f"{SHOP} A EA": 1}


def test_rule_31_the_cut_of_a_close_stands_while_late_facts_come(world: World) -> None:
    world.apply([shipped("P1", 1)])
    cut = close(world, MONTH_END, "ann")  # type: ignore[arg-type]
    ((closed_at,),) = world.connection.execute("select recorded from batch where seq = %s", [cut]).fetchall()
    before = Ledger(world.connection, world.configuration, NOW, closed_at).status()
    world.apply([shipped("P2", 5)])
    after = Ledger(world.connection, world.configuration, NOW, closed_at).status()
    assert (before["facts"], after["facts"], after["commit"]) == (1, 1, cut)
    assert after["ledger_hash"] == before["ledger_hash"] != world.ledger_hash()
    rows = world.connection.execute("select occurred, booked from posting order by id").fetchall()
    assert rows == [(at(2), date(2026, 3, 2)), (at(2), date(2026, 4, 1))]


def test_rule_31_a_closed_period_stays_closed(world: World) -> None:
    close(world, MONTH_END, "ann")  # type: ignore[arg-type]
    for again in (MONTH_END, date(2026, 2, 28)):
        with pytest.raises(OperatorError, match="closed to 2026-03-31 already"):
            close(world, again, "bob")  # type: ignore[arg-type]
    assert close(world, date(2026, 4, 30), "bob") == 2  # type: ignore[arg-type]


def event(number: str, value: int, currency: str = "USD") -> dict[str, Any]:
    return say("EventReported", "market", number, 0, [line(1, INVOICE, value=value)], currency=currency)


def sale(number: str, value: int, currency: str = "USD") -> dict[str, Any]:
    return say("SaleSettled", "market", number, 24, [line(1, INVOICE, value=value)], currency=currency)


def test_rule_34_events_and_report_meet_in_the_shadow_account_in_any_order(world_of: Worlds) -> None:
    for arranged in permutations([event("E1", 60), event("E2", 40), sale("S1", 100)]):
        world = world_of()
        world.apply(arranged, 1)
        assert world.of("SHD") == {}
        assert not [name for name in world.complete(24 * 60) if name.startswith("SHD")]


def test_rule_34_an_event_that_no_report_settles_is_a_case_after_its_time_and_not_before(world: World) -> None:
    world.apply([event("E1", 60), event("E2", 40), sale("S1", 60)])
    assert world.of("SHD") == {f"{INVOICE}  $USD": 40}
    assert not [name for name in world.complete(24 * 19) if name.startswith("SHD")]
    assert world.complete(24 * 22)[f"SHD+ {INVOICE}"] == ({}, {"USD": "40"})
    world.apply([sale("S2", 40)])
    assert not [name for name in world.tick() if name.startswith("SHD")]


def test_rule_34_what_is_settled_without_an_event_shows_on_the_other_side(world: World) -> None:
    world.apply([sale("S1", 25)])
    assert world.complete(24 * 22)[f"SHD- {INVOICE}"] == ({}, {"USD": "-25"})


def test_rule_34_the_shadow_account_never_nets_currencies_and_moves_no_money_account(world: World) -> None:
    world.apply([event("E1", 60), event("E2", 60, "EUR"), sale("S1", 60, "CAD")])
    assert world.of("SHD") == {f"{INVOICE}  $CAD": -60, f"{INVOICE}  $EUR": 60, f"{INVOICE}  $USD": 60}
    assert {name.split(" ")[1] for name in world.net()} == {"SHD", "MRV"}
    assert world.of("MRV") == {f"{INVOICE}  $CAD": -60}
