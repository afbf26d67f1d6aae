"""The event log follows the ledger: what was said becomes steps, in the order in which it happened, whatever the order in which it came."""

import random
from collections.abc import Callable
from typing import Any

import pytest

from analysts import invoiced, ordered, shipped
from tieout.people.person import Scopes
from tieout.process.follow import follow
from tieout.process.mined import Mined, cases, mined, standing
from tieout.process.model import END, START, rules
from tieout.process.model import model as model_of
from tieout.process.question import Question
from tieout.store.database import run
from world import World, line, say

Case = tuple[tuple[str, ...], tuple[int, ...]]


def paid(number: str, at: float = 30, of: tuple[str, ...] = ()) -> dict[str, Any]:
    lines = [line(n, f"erp/invoice/I{one}", value="10.00") for n, one in enumerate(of or (number,), 1)]
    return say("CashApplied", "erp", f"C{number}", at, lines)


def delivered(number: str, at: float = 40) -> dict[str, Any]:
    return say("Delivered", "carrier", f"1Z{number}", at, [line(1, f"*/parcel/1Z{number}", quantity=1, unit="PCL")])


def followed(world: World, **more: int) -> int:
    return follow(world.connection, world.configuration.accounts, **more)


def log(world: World, model: str = "o2c") -> dict[str, Case]:
    """Each case's steps, and the hours between them."""
    found = world.connection.execute(
        b"select c.root, v.steps, c.waits from process_case c join process_variant v on v.id = c.variant where c.model = %s", [model]
    )
    return {root.rpartition("/")[2]: (tuple(steps), tuple(wait // 3600 for wait in waits)) for root, steps, waits in found.fetchall()}


def map_of(world: World, scopes: Scopes = Scopes(), **more: Any) -> Mined:  # noqa: B008 - it is frozen
    one = model_of("o2c")
    assert one is not None
    return mined(world.connection, Question("o2c", **more), scopes, rules(one, world.configuration.accounts))


def test_what_was_said_of_an_order_is_its_way(world: World) -> None:
    world.apply([ordered("1"), shipped("1", parcels=["1Z1"]), invoiced("1"), delivered("1"), paid("1")])
    assert followed(world) > 0
    assert log(world) == {"1": (("OrderPlaced", "Shipped", "Invoiced", "CashApplied", "Delivered"), (2, 3, 25, 10))}


def test_following_again_changes_nothing(world: World) -> None:
    world.apply([ordered("1"), shipped("1")])
    followed(world)
    assert followed(world) == 0
    assert standing(world.connection)[1] == 0


def test_what_comes_later_goes_on_with_the_case(world: World) -> None:
    world.apply([ordered("1"), shipped("1"), invoiced("1")])
    followed(world)
    world.apply([paid("1")])
    assert standing(world.connection)[1] == 1, "the map says that it is behind"
    followed(world)
    assert log(world)["1"][0] == ("OrderPlaced", "Shipped", "Invoiced", "CashApplied")


def test_a_revision_is_a_change_and_a_void_withdraws(world: World) -> None:
    world.apply([ordered("1", revision=1), shipped("1")])
    world.apply([{**ordered("1", 2, "20.00", revision=2), "happened": "2026-03-02T10:00:00Z"}])
    world.apply([ordered("2", revision=1)])
    world.apply([{**ordered("2", revision=2, void=True), "happened": "2026-03-02T15:00:00Z"}])
    followed(world)
    assert log(world)["1"] == (("OrderPlaced", "OrderPlaced.changed", "Shipped"), (1, 1))
    assert log(world)["2"][0] == ("OrderPlaced", "OrderPlaced.withdrawn")
    assert map_of(world).sums == {"USD": 20}, "the newest revision says what it is worth, and what was withdrawn is worth nothing"


def test_lines_of_one_document_are_one_step(world: World) -> None:
    parts = [{**ordered("1", item=item), "scope": scope} for scope, item in (("1", "A"), ("2", "B"))]
    world.apply([*parts, shipped("1", item="A"), {**shipped("1", item="B", at=3), "number": "S1b"}])
    followed(world)
    assert log(world)["1"] == (("OrderPlaced", "Shipped"), (2,)), "two parcels in a row are shipping, once"


def test_an_invoice_over_two_orders_is_paid_for_both(world: World) -> None:
    bill = say("Invoiced", "erp", "I9", 5, [line(1, "shop/order/1", "A", 1, "10.00"), line(2, "shop/order/2", "A", 1, "10.00")])
    world.apply([ordered("1"), ordered("2"), shipped("1"), shipped("2"), bill, paid("9")])
    followed(world)
    wanted = ("OrderPlaced", "Shipped", "Invoiced", "CashApplied")
    assert {number: steps for number, (steps, _) in log(world).items()} == {"1": wanted, "2": wanted}


def test_a_payment_of_many_invoices_joins_no_orders(world: World) -> None:
    facts = [fact for n in ("1", "2") for fact in (ordered(n), shipped(n), invoiced(n))]
    world.apply([*facts, paid("9", of=("1", "2")), {**paid("8", 50), "lines": [line(1, "erp/invoice/I2", value="-1.00")]}])
    followed(world)
    assert log(world)["1"][0].count("CashApplied") == 1
    assert log(world)["1"][1] == (2, 3, 25), "the correction of order 2 is no step of order 1"


def test_a_day_without_a_time_breaks_no_order(world: World) -> None:
    """An invoice of the day of the shipment, known to the day only, stands at midnight: before the shipment, and yet not before it."""
    bill = {**invoiced("1"), "happened": "2026-03-02T00:00:00Z", "day": True}
    world.apply([ordered("1"), shipped("1"), bill])
    followed(world)
    assert log(world)["1"] == (("OrderPlaced", "Shipped", "Invoiced"), (2, 0))


def test_what_is_the_wrong_way_round_is_told(world: World) -> None:
    world.apply([ordered("1"), shipped("1", at=9), invoiced("1"), ordered("2"), shipped("2"), invoiced("2")])
    followed(world)
    found = map_of(world)
    assert [(one.rule.code, one.cases) for one in found.breaches] == [("SNI", 1)]
    assert map_of(world, breaks=(("Shipped", "Invoiced"),)).cases == 1


@pytest.mark.parametrize("seed", range(4))
def test_neither_the_order_of_arrival_nor_the_portions_matter(world_of: Callable[..., World], seed: int) -> None:
    facts: list[dict[str, Any]] = []
    for n in map(str, range(12)):
        facts += [
            ordered(n, revision=1),
            shipped(n, parcels=[f"1Z{n}"], at=2 + int(n) % 3),
            invoiced(n, at=3 + int(n) % 4),
            delivered(n),
            paid(n),
        ]
        facts += [{**ordered(n, 3, "30.00", revision=2), "happened": "2026-03-02T09:30:00Z"}] if int(n) % 3 == 0 else []
    one, other = world_of(), world_of()
    one.apply(facts)
    followed(one)
    random.Random(seed).shuffle(facts)
    for n in range(0, len(facts), 7):
        other.apply(facts[n : n + 7])
        followed(other, portions=2, at_once=5)
    while followed(other, at_once=3):
        pass
    assert log(other) == log(one)
    assert len(log(one)) == 12
    assert map_of(other).sums == map_of(one).sums


def test_other_accounts_fill_the_log_anew(world: World) -> None:
    world.apply([ordered("1"), shipped("1"), invoiced("1")])
    followed(world)
    accounts = {code: account for code, account in world.configuration.accounts.items() if code not in ("SNI", "TBL", "TCO", "MRV", "EIS")}
    follow(world.connection, accounts)
    assert log(world)["1"][0] == ("OrderPlaced", "Shipped")


def test_a_log_that_is_filled_and_fails_goes_on_where_it_was(world: World) -> None:
    for n in range(9):
        world.apply([ordered(str(n)), shipped(str(n))])
    assert followed(world, portions=2, at_once=2) == 4
    assert standing(world.connection)[1] == 9, "while it is filled, all is told as not in it"
    followed(world, at_once=2)
    assert len(log(world)) == 9


def test_numbers_of_a_map_are_the_lengths_of_its_lists(world: World) -> None:
    for n in map(str, range(10)):
        world.apply(
            [ordered(n, channel="web" if int(n) % 2 else "edi"), *([shipped(n)] if int(n) < 7 else []), *([invoiced(n)] if int(n) < 4 else [])]
        )
    followed(world)
    found = map_of(world)
    for path in found.paths:
        many, rows = cases(world.connection, Question("o2c"), Scopes(), path.pair, 100, 0)
        assert many == len(rows) == path.cases
    assert {path.pair: path.cases for path in found.paths} == {
        (START, "OrderPlaced"): 10, ("OrderPlaced", "Shipped"): 7, ("Shipped", "Invoiced"): 4, ("Invoiced", END): 4, ("Shipped", END): 3,
        ("OrderPlaced", END): 3,
    }  # fmt: skip
    assert map_of(world, lacks=("Shipped",)).cases == 3
    assert map_of(world, has=("Shipped",), ends=("Shipped",)).cases == 3
    assert map_of(world, follows=(("Shipped", "Invoiced"),), channels=("edi",)).cases == 2


def test_somebody_who_is_kept_to_a_channel_sees_its_cases_alone(world: World) -> None:
    world.apply([ordered("1"), ordered("2", channel="edi"), ordered("3", channel="")])
    followed(world)
    assert map_of(world, Scopes(channels=frozenset({"edi"}))).cases == 1
    assert map_of(world, Scopes(teams=frozenset({"sales"}))).cases == 0, "no exception of that team is on any of them"
    assert map_of(world).cases == 3


def test_a_path_is_slow_when_half_of_it_is_slower_than_the_account_allows(world: World) -> None:
    for n in range(3):
        world.apply([ordered(str(n)), shipped(str(n)), invoiced(str(n), at=40 if n else 3)])
    followed(world)
    path = map_of(world).path(("Shipped", "Invoiced"))
    assert path is not None and path.rule is not None and (path.rule.code, path.is_slow, path.is_few) == ("SNI", True, True)


def test_a_log_can_be_emptied(world: World) -> None:
    world.apply([ordered("1"), shipped("1")])
    followed(world)
    before = log(world)
    for name in ("process_empty_cases", "process_empty_events"):
        run(world.connection, name)
    world.connection.execute(b"delete from process_mark")
    followed(world)
    assert log(world) == before
