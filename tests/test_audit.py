"""The audit on real ledgers: what proves, every kind of tampering that does not, and how little it holds meanwhile."""

import tracemalloc
from collections.abc import Callable

import psycopg
import pytest
from psycopg import sql

from tieout.runtime import audit
from tieout.runtime.audit import verify
from world import World, line, say

Worlds = Callable[..., World]


def fed(world: World, orders: int = 6) -> World:
    """A world with several batches, refusals in some, reversals in others."""
    for n in range(orders):
        facts = [say("OrderPlaced", "shop", n, n, [line(1, f"shop/order/{n}", "A", 10, 100)], revision=1)]
        facts += [b'{"kind": "Nonsense", "number": %d}\n' % n] if n % 2 else []
        world.apply(facts)
    world.say("OrderPlaced", "shop", 0, 0, [line(1, "shop/order/0", "A", 7, 70)], revision=2)
    return world


def tamper(world: World, statement: str) -> None:
    """Change the ledger as only its owner can: past the triggers and rights that protect it."""
    with psycopg.connect(world.database.conninfo, autocommit=True) as owner:
        owner.execute(sql.SQL("set search_path to {}").format(sql.Identifier(world.database.schema)))
        owner.execute("set session_replication_role = replica")
        assert owner.execute(statement.encode()).rowcount == 1


def said(world: World) -> list[tuple[int, str]]:
    return [(finding.commit, finding.what) for finding in verify(world.connection).findings]


@pytest.mark.parametrize("window", [1, 2, 1000])
def test_an_honest_ledger_proves_whatever_is_read_at_once(world: World, monkeypatch: pytest.MonkeyPatch, window: int) -> None:
    fed(world)
    whole = verify(world.connection)
    monkeypatch.setattr(audit, "WINDOW", window)
    monkeypatch.setattr(audit, "PAGE", window)
    assert verify(world.connection) == whole
    assert (whole.batches, whole.messages, whole.findings) == (7, 10, ())


def test_a_ledger_without_batches_proves(world: World) -> None:
    assert said(world) == []


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("update message set raw = raw || 'x' where id = (select min(id) from message)", {"bytes of message", "rows of this batch"}),
        ("update fact set happened = happened + interval '1 day' where id = (select min(id) from fact)", {"rows of this batch"}),
        ("update posting set sign = -sign where id = (select max(id) from posting)", {"rows of this batch"}),
        ("update refusal set reason = 'none' where id = (select min(id) from refusal)", {"rows of this batch"}),
        ("delete from refusal where id = (select min(id) from refusal)", {"rows of this batch"}),
        ("delete from posting where id = (select max(id) from posting)", {"rows of this batch"}),
        (
            "update posting set batch = 999999 where id = (select max(id) from posting)",
            {"rows of this batch", "1 rows of posting belong to no batch"},
        ),
        ("update batch set recorded = recorded + interval '1 second' where seq = 3", {"the batch row or the chain"}),
        ("update batch set seq = 99 where seq = 7", {"commit 7 is missing", "the batch row or the chain"}),
    ],
)
@pytest.mark.parametrize("window", [2, 1000])
def test_every_kind_of_tampering_is_found(
    world: World, monkeypatch: pytest.MonkeyPatch, window: int, statement: str, expected: set[str]
) -> None:
    fed(world)
    monkeypatch.setattr(audit, "WINDOW", window)
    tamper(world, statement)
    found = said(world)
    assert len(found) == len(expected)
    assert all(any(part in what for _, what in found) for part in expected), found


def test_a_batch_that_was_removed_breaks_the_chain_and_leaves_orphans(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    fed(world)
    monkeypatch.setattr(audit, "WINDOW", 2)
    tamper(world, "delete from batch where seq = 3")
    found = said(world)
    assert (4, "commit 3 is missing") in found
    assert (4, "the batch row or the chain before it was changed") in found
    assert {what.split(" (")[0] for _, what in found if "no batch" in what} == {
        f"1 rows of {table} belong to no batch" for table in audit.TABLES
    }


def test_it_holds_no_rows_and_tells_how_far_it_is(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "x" * 5_000
    world.apply([say("OrderPlaced", "shop", n, 0, [line(1, f"shop/order/{n}", "A", 1, 1)], data={"note": text}) for n in range(2_000)], 100)
    monkeypatch.setattr(audit, "TELL_EVERY", 500)
    told: list[tuple[int, int]] = []
    tracemalloc.start()
    assert verify(world.connection, lambda done, total: told.append((done, total))).findings == ()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 * 1024**2
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert told[-1] == (8_000, 8_000)
