"""What checkpoints know besides the command, from the ledger: cost, tax, terms, a customer's first order; and that what is not known holds."""

from collections.abc import Callable
from typing import Any

import pytest

from policy_world import again, command, cost, govern, look, standing, table
from world import World, line, say

MARGIN = table('act = "post_invoice"\nmargin = "< 8 %"\nresult = "hold"')
TAX = table('tax_difference = "> 0.05 USD"\nresult = "hold"')
NEW = table('act = "book_order"\nnew_customer = true\nresult = "hold"\nrole = "sales"')
TERMS = table('act = "book_order"\nterms = ["NET60", "NET90"]\nresult = "hold"')
BOOK, INVOICE = "TBK+ shop/order/{} 1", "SNI+ shop/order/{} {}"


def sold(number: int = 1, price: Any = 100, tax: tuple[Any, Any] = (None, None), **more: Any) -> list[dict[str, Any]]:
    """An order that is booked and shipped; `tax` as it was ordered and as it was booked."""
    shop, erp = f"shop/order/{number}", f"erp/sales_order/S{number}"
    lines = [[line(1, name, "A", 10, price)] for name in (shop, erp)]
    for n, amount in enumerate(tax):
        lines[n] += [] if amount is None else [line("t", (shop, erp)[n], value=amount, charge="tax")]
    return [
        say("OrderPlaced", "shop", number, 0, lines[0], **more),
        say("OrderBooked", "erp", f"S{number}", 1, lines[1], links=[[erp, shop]]),
        say("Shipped", "wms", f"P{number}", 2, [line(1, erp, "A", 10)]),
    ]


@pytest.mark.parametrize(
    ("stated", "state", "rule"),
    [
        ([cost("A", "9.7")], "held", "checkpoints 1 row 1 decided because margin 3 % < 8 % and act is post_invoice"),
        ([cost("A", "9.2")], "queued", ""),
        ([], "held", "checkpoints 1 row 1 may decide because margin is not known (no cost is stated of A) and act is post_invoice"),
        ([cost("A", "9.2", currency="EUR")], "held",
         "checkpoints 1 row 1 may decide because margin is not known (the cost of A is stated in EUR) and act is post_invoice"),
        ([cost("A", "9.2", at_hours=5)], "held",
         "checkpoints 1 row 1 may decide because margin is not known (no cost is stated of A) and act is post_invoice"),
        ([cost("A", "9.9"), cost("A", "9.2", at_hours=1)], "queued", ""),
    ],
)  # fmt: skip
def test_the_margin_is_of_the_costs_that_were_stated_by_then(world: World, stated: list[dict[str, Any]], state: str, rule: str) -> None:
    govern(world, MARGIN).apply([*stated, *sold()])
    assert standing(world)[INVOICE.format(1, 1)] == (state, rule)


def test_a_cost_that_comes_later_lets_go_what_waited_for_it_and_one_taken_back_holds_it_again(world: World) -> None:
    govern(world, MARGIN).apply(sold())
    assert standing(world)[INVOICE.format(1, 1)][0] == "held"
    world.apply([cost("A", "9.2", revision="n000000000001")])
    look(world)
    assert [standing(world)[INVOICE.format(1, n)][0] for n in (1, 2)] == ["cancelled", "queued"]
    world.apply([cost("A", "9.2", revision="n000000000002", void=True)])
    again(world)
    assert standing(world)[INVOICE.format(1, 3)][0] == "held"


def test_a_cost_says_which_item_and_how_much_or_is_no_statement(world: World) -> None:
    world.apply([cost("A", "9.2", currency=""), {**cost("B", 1), "data": {"item": "B", "cost": "cheap"}}])
    assert [reason for _, reason in world.quarantine()] == ["a cost is a number in the currency of the statement, of an item"] * 2


@pytest.mark.parametrize(
    ("tax", "more", "held"),
    [
        (("8.25", None), {"tax_rate": "8.25"}, ""),
        (("8.50", None), {"tax_rate": "8.25"}, "checkpoints 1 row 1 decided because tax difference 0.25 USD > 0.05 USD"),
        (("8.50", None), {}, "checkpoints 1 row 1 may decide because tax difference is not known (no tax rate is stated, and the order is not "
         "booked yet)"),
    ],
)  # fmt: skip
def test_before_it_is_booked_the_tax_is_measured_by_the_stated_rate(world: World, tax: Any, more: dict[str, str], held: str) -> None:
    govern(world, TAX).apply(sold(tax=tax, data=more)[:1])
    assert standing(world)[BOOK.format(1)] == ("held" if held else "queued", held)
    assert command(world, BOOK.format(1)).data == more


@pytest.mark.parametrize(
    ("tax", "held"), [(("8.25", "8.25"), ""), (("8.25", "8.50"), "0.25 USD"), ((None, "1.00"), "1.00 USD"), ((None, None), "")]
)
def test_once_it_is_booked_the_tax_is_measured_by_what_the_erp_booked(world: World, tax: Any, held: str) -> None:
    govern(world, TAX).apply(sold(tax=tax))
    state, rule = standing(world)[INVOICE.format(1, 1)]
    assert (state, rule) == (("held", f"checkpoints 1 row 1 decided because tax difference {held} > 0.05 USD") if held else ("queued", ""))


def placed(number: int, hours: float, customer: str = "C1", **more: Any) -> dict[str, Any]:
    return say("OrderPlaced", "shop", number, hours, [line(1, f"shop/order/{number}", "A", 1, 10)], customer=customer, **more)


def test_the_first_order_of_a_customer_is_held_and_no_other(world: World) -> None:
    govern(world, NEW).apply([placed(1, 0), placed(2, 1), placed(3, 2, "C2")])
    held = "checkpoints 1 row 1 decided because act is book_order and new customer is yes"
    assert standing(world) == {BOOK.format(1): ("held", held), BOOK.format(2): ("queued", ""), BOOK.format(3): ("held", held)}


def test_which_order_was_first_is_said_by_when_it_was_placed_not_by_when_it_was_heard(world: World) -> None:
    govern(world, NEW).apply([placed(2, 1)])
    assert standing(world)[BOOK.format(2)][0] == "held"
    world.apply([placed(1, 0)])
    assert standing(world)[BOOK.format(1)][0] == "held"
    world.apply([placed(2, 1)])  # a repetition changes nothing; what is looked at again is judged anew
    again(world)
    assert {key: state for key, (state, _) in standing(world).items()} == {
        BOOK.format(1): "held", BOOK.format(2): "cancelled", "TBK+ shop/order/2 2": "queued",
    }  # fmt: skip


def test_customers_from_before_the_policy_are_known_and_who_is_not_named_is_held(world: World) -> None:
    world.apply([placed(1, 0), placed(2, 0, "")])
    govern(world, NEW).apply([placed(3, 1), placed(4, 1, "")])
    assert standing(world)[BOOK.format(3)] == ("queued", "")
    assert standing(world)[BOOK.format(4)] == (
        "held", "checkpoints 1 row 1 may decide because act is book_order and new customer is not known (nobody stated the customer)",
    )  # fmt: skip


def test_an_order_that_is_withdrawn_makes_its_customer_new_again(world: World) -> None:
    govern(world, NEW).apply([placed(1, 0, revision=1)])
    world.apply([placed(1, 0, revision=2, void=True)])
    world.apply([placed(2, 1)])
    assert standing(world)[BOOK.format(2)][0] == "held"


def test_terms_of_a_customer_stand_on_the_command_and_hold_it(world_of: Callable[..., World]) -> None:
    world = govern(world_of(), TERMS)
    world.apply([placed(1, 0, data={"terms": "NET60"}), placed(2, 0, data={"terms": "NET30"}), placed(3, 0)])
    assert {key: state for key, (state, _) in standing(world).items()} == {
        BOOK.format(1): "held", BOOK.format(2): "queued", BOOK.format(3): "queued",
    }  # fmt: skip
    assert [command(world, BOOK.format(n)).data for n in (1, 2, 3)] == [{"terms": "NET60"}, {"terms": "NET30"}, {}]


def test_another_table_judges_anew_what_waits(world: World) -> None:
    govern(world, TERMS).apply([placed(1, 0, data={"terms": "NET60"}), placed(2, 0)])
    govern(world, table('act = "book_order"\nterms = "NET60"\nresult = "pass"', 'act = "book_order"\nresult = "hold"', version="2"))
    again(world)
    assert standing(world) == {
        BOOK.format(1): ("cancelled", "checkpoints 1 row 1 decided because act is book_order and terms is NET60"),
        "TBK+ shop/order/1 2": ("queued", ""),
        BOOK.format(2): ("cancelled", ""),
        "TBK+ shop/order/2 2": ("held", "checkpoints 2 row 2 decided because act is book_order"),
    }
