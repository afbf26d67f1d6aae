"""A change is rehearsed on the real history: what appears, vanishes and changes, with money, and nothing of it stays."""

from decimal import Decimal

import msgspec
from stories import LINK, SYSTEMS, configuration, heard, price_story, rehearsed, shown, tell

from ground_rules import PlainRules
from tieout.core.account import Within
from tieout.core.evaluate import Tolerance
from tieout.core.ground import Ruling
from tieout.flows import accounts
from tieout.policy import CompanyPolicy, DeadlineRow, Match, ToleranceRow
from tieout.runtime.outcome import Sum
from world import World, at, line

SHOP, ERP = "shop/order/1", "erp/sales_order/S1"
TOLERANT = CompanyPolicy({}, (ToleranceRow(Match("to_book"), Tolerance(value=Decimal(5))),))


def patient() -> CompanyPolicy:
    return CompanyPolicy({}, (), (DeadlineRow(Match("to_book"), Within(hours=6)),))


def test_a_tolerance_takes_the_small_difference_off_the_list_and_says_what_it_gives_away(world: World) -> None:
    tell(world, price_story())
    before = world.state()
    found = rehearsed(world, configuration(TOLERANT))
    assert (found.exceptions.before, found.exceptions.after) == (Sum(2, {"USD": "11"}), Sum(1, {"USD": "10"}))
    assert found.exceptions.vanish.classes == {"TBK+": Sum(1, {"USD": "1"})}
    assert shown(found.exceptions.vanish.examples) == {
        "TBK+ shop/order/1#A": (
            "1 USD, due 2026-03-02 12:00, erp / order desk, open, price", "",
            "after the change it is within tolerance: 1 USD, tolerated, price",
        )
    }  # fmt: skip
    assert found.exceptions.vanish.examples[0].entries == (
        "debit 10 EA, 100 USD: OrderPlaced shop/order//1, 2026-03-02 09:00",
        "credit 10 EA, 99 USD: OrderBooked erp/sales_order//S1, 2026-03-02 10:00",
    )
    assert (found.tolerated.appear.count, found.tolerated.appear.value) == (1, {"USD": "1"})
    assert (found.exceptions.appear.count, found.exceptions.change.count, found.commands.after.count) == (0, 0, 0)
    assert world.state() == before


def test_nothing_changed_nothing_differs(world: World) -> None:
    tell(world, price_story())
    found = rehearsed(world, configuration())
    assert found.is_same
    assert (found.messages, found.exceptions.before.count) == (6, 2)


def test_a_deadline_shows_the_exceptions_that_would_have_come_and_gone(world: World) -> None:
    tell(world, [
        heard(0, "OrderPlaced", "shop", "1", [line(1, SHOP, "A", 10, 100)]),
        heard(4, "OrderBooked", "erp", "S9", [line(1, "erp/sales_order/S9", "B", 1, 5)]),
        heard(5, "OrderBooked", "erp", "S1", [line(1, ERP, "A", 10, 100)], **LINK),
    ])  # fmt: skip
    found = rehearsed(world, configuration(patient()))
    assert shown(found.exceptions.vanish.examples) == {
        "TBK+ shop/order/1#A": (
            "10 EA, 100 USD, due 2026-03-02 11:00, erp / order desk, closed again by itself", "",
            "after the change nothing stands open at the end",
        )
    }  # fmt: skip
    later = rehearsed(world, configuration(patient()), since=at(6))
    assert (later.exceptions.before.count, later.exceptions.vanish.count) == (0, 0)
    sooner = rehearsed(world, configuration(patient()), until=at(4.5))
    assert (sooner.messages, sooner.exceptions.vanish.examples[0].before.endswith("open")) == (2, True)


def test_another_team_is_a_change_without_money(world: World) -> None:
    tell(world, price_story())
    team = CompanyPolicy({}, (), (DeadlineRow(Match("to_book"), team="pricing"),))
    found = rehearsed(world, configuration(team), flow="order_to_cash")
    assert (found.exceptions.change.count, found.exceptions.change.value) == (2, {})
    assert "erp / order desk" in found.exceptions.change.examples[0].before
    assert "erp / pricing" in found.exceptions.change.examples[0].after
    assert rehearsed(world, configuration(team), flow="inventory").is_same


def test_who_states_what_is_rehearsed_as_well(world: World) -> None:
    tell(world, price_story())
    deaf = SYSTEMS | {"shop": msgspec.structs.replace(SYSTEMS["shop"], ignore=("OrderPlaced",))}
    found = rehearsed(world, configuration(systems=deaf))
    assert found.exceptions.vanish.classes == {"TBK+": Sum(2, {"USD": "11"})}
    assert found.exceptions.after.count == 0


def test_a_write_off_that_would_no_longer_fit_is_found(world: World) -> None:
    tell(world, price_story())
    decided = {"account": "TBK", "key": "A", "residual": "1", "unit": "USD", "who": "ann", "why": "small"}
    tell(world, [heard(24 * 8, "WrittenOff", "erp", "W1", [line(1, SHOP)], data=decided)])
    assert rehearsed(world, configuration()).write_offs.before == Sum(1, {"USD": "1"})
    without = {**accounts(), "TBK": msgspec.structs.replace(accounts()["TBK"], credit={})}
    found = rehearsed(world, configuration(own_accounts=without))
    assert (found.write_offs.vanish.count, found.write_offs.vanish.value) == (1, {"USD": "1"})
    assert "write-off lapsed" in found.write_offs.vanish.examples[0].why
    assert found.exceptions.change.examples[0].after.endswith("write-off lapsed")


def test_driving_switched_on_shows_the_commands_and_history_answers_them(world: World) -> None:
    """Ten ordered, four shipped by the warehouse on its own, then the rest: each step is owed once, never twice."""
    tell(world, [
        heard(0, "OrderPlaced", "shop", "1", [line(1, SHOP, "A", 10, 100)]),
        heard(1, "OrderBooked", "erp", "S1", [line(1, ERP, "A", 10, 100)], **LINK),
        heard(2, "Shipped", "wms", "P1", [line(1, ERP, "A", 4)]),
        heard(3, "Shipped", "wms", "P2", [line(1, ERP, "A", 6)]),
        heard(4, "Invoiced", "erp", "I1", [line(1, ERP, "A", 4, 40)]),
    ])  # fmt: skip
    found = rehearsed(world, configuration(driving=PlainRules()))
    assert found.commands.before == Sum()
    assert shown(found.commands.appear.examples) == {
        "book_order TBK+ shop/order/1 1": (
            "", "book_order at erp: 10 EA of A, 100 USD of A", "owed: 10 EA of A; as it is now no system is told anything"
        ),
        "release_shipment TSH+ shop/order/1 1": (
            "", "release_shipment at wms: 10 EA of A, 100 USD of A", "owed: 10 EA of A; as it is now no system is told anything"
        ),
        "post_invoice SNI+ shop/order/1 1": (
            "", "post_invoice at erp: 4 EA of A, 40 USD of A", "owed: 4 EA of A; as it is now no system is told anything"
        ),
        "post_invoice SNI+ shop/order/1 2": (
            "", "post_invoice at erp: 6 EA of A, 60 USD of A", "owed: 6 EA of A; as it is now no system is told anything"
        ),
    }  # fmt: skip
    assert found.commands.appear.classes["post_invoice"] == Sum(2, {"USD": "100"})
    assert world.connection.execute("select count(*) from command").fetchall() == [(0,)]


def test_driving_switched_off_takes_them_away_and_a_wait_makes_them_later(world: World) -> None:
    tell(world, [heard(0, "OrderPlaced", "shop", "1", [line(1, SHOP, "A", 10, 100)]), heard(9, "OrderPlaced", "shop", "2", [])])
    off = rehearsed(world, configuration(), configuration(driving=PlainRules()))
    assert off.commands.vanish.classes == {"book_order": Sum(1, {"USD": "100"})}
    waits = rehearsed(world, configuration(driving=PlainRules(after=4)), configuration(driving=PlainRules()))
    assert (waits.commands.before, waits.commands.after) == (Sum(1, {"USD": "100"}), Sum(1, {"USD": "100"}))
    never = rehearsed(world, configuration(driving=PlainRules(after=9999)), configuration(driving=PlainRules()), until=at(8))
    assert never.commands.vanish.examples[0].why == "owed: 10 EA of A; after the change it is pending: due 2026-03-02 11:00"


def test_a_checkpoint_shows_what_would_wait_for_an_approver(world: World) -> None:
    tell(world, [heard(0, "OrderPlaced", "shop", "1", [line(1, SHOP, "A", 10, 100)])])
    strict = PlainRules(checkpoint=lambda command, found: Ruling(True, "row 4: over 50 USD"))
    found = rehearsed(world, configuration(driving=strict), configuration(driving=PlainRules()))
    (example,) = found.commands.change.examples
    assert (example.before, example.after) == (
        "book_order at erp: 10 EA of A, 100 USD of A", "book_order at erp: 10 EA of A, 100 USD of A; held: row 4: over 50 USD"
    )  # fmt: skip
    assert found.commands.change.value == {}
