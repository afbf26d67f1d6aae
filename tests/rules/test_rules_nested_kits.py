"""Rule 21 where a component is a kit itself: exploded to the bottom as of the order's date, whatever arrives first."""

from collections.abc import Callable
from decimal import Decimal
from itertools import permutations
from typing import Any

from tieout.core.kit import COMPONENTS_MAX, LEVELS_MAX, leaves
from tieout.core.post import Component
from world import World, line, say

Worlds = Callable[..., World]
D = Decimal
SHOP = "shop/order/1"


def kit(name: str, version: int, hours: float, *parts: tuple[str, Any, Any]) -> dict[str, Any]:
    lines = [line(n, f"erp/kit/{name}", item, quantity, share) for n, (item, quantity, share) in enumerate(parts, 1)]
    return say("KitDefined", "erp", f"{name}-{version}", hours, lines, data={"item": name})


GIFT = kit("GIFT", 1, -100, ("MUGS", 2, 3), ("CARD", 1, 1))
MUGS = kit("MUGS", 1, -100, ("MUG", 4, 2), ("BOX", 1, 1))
MUGS_LATER = kit("MUGS", 2, 10, ("MUG", 6, 1))
ORDER = say("OrderPlaced", "shop", "1", 0, [line(1, SHOP, "GIFT", 3, 100)])
SHIPPED = say("Shipped", "wms", "P1", 20, [line(1, SHOP, "MUG", 24), line(2, SHOP, "BOX", 6), line(3, SHOP, "CARD", 3)])


def test_rule_21_a_kit_in_a_kit_posts_what_is_at_the_bottom_in_any_order(world_of: Worlds) -> None:
    hashes = set()
    for arranged in list(permutations([GIFT, MUGS, MUGS_LATER, ORDER, SHIPPED]))[::7]:
        world = world_of()
        world.apply(arranged, 1)
        assert world.waiting() == set(), arranged
        assert world.of("TBK") == {
            f"{SHOP} MUG EA": 24, f"{SHOP} BOX EA": 6, f"{SHOP} CARD EA": 3,
            f"{SHOP} MUG $USD": 50, f"{SHOP} BOX $USD": 25, f"{SHOP} CARD $USD": 25,
        }, arranged  # fmt: skip
        assert {key: n for key, n in world.of("SNI").items() if "EA" in key} == {
            f"{SHOP} MUG EA": 24,
            f"{SHOP} BOX EA": 6,
            f"{SHOP} CARD EA": 3,
        }
        hashes.add(world.hash())
    assert len(hashes) == 1


def test_rule_21_an_inner_kit_that_changes_back_in_time_posts_the_outer_ones_anew(world: World) -> None:
    world.apply([GIFT, MUGS, ORDER], 1)
    world.apply([{**kit("MUGS", 1, -100, ("MUG", 5, 1)), "revision": "n1"}])
    assert {key: n for key, n in world.of("TBK").items() if "EA" in key} == {f"{SHOP} MUG EA": 30, f"{SHOP} CARD EA": 3}


def test_rule_21_an_inner_kit_without_a_version_at_the_time_makes_the_line_wait(world: World) -> None:
    world.apply([GIFT, MUGS_LATER, ORDER], 1)
    assert world.waiting() == {("shop/order//1", "kit GIFT")}
    world.apply([MUGS])
    assert world.waiting() == set()


def test_rule_21_a_kit_that_contains_itself_waits_and_posts_when_that_is_mended(world_of: Worlds) -> None:
    loop = kit("MUGS", 1, -100, ("MUG", 4, 2), ("GIFT", 1, 1))
    for arranged in permutations([GIFT, loop, ORDER]):
        world = world_of()
        world.apply(arranged, 1)
        assert world.waiting() == {("shop/order//1", "kit GIFT")}
        assert world.net() == {}
        world.apply([{**MUGS, "revision": "n1"}])
        assert world.waiting() == set()
        assert world.of("TBK")[f"{SHOP} MUG EA"] == 24


def part(item: str, quantity: Any = 1, share: Any = 1) -> Component:
    return Component(item, D(str(quantity)), "EA", D(str(share)))


def exploded(
    kits: dict[str, tuple[Component, ...]], item: str = "K", factors: dict[str, int] | None = None
) -> list[tuple[str, Decimal, Decimal]] | None:
    known = factors or {}
    found = leaves(item, kits.__contains__, kits.get, lambda name, unit: known.get(name, 1))
    return None if found is None else [(each.item, each.quantity, each.share) for each in found]


def test_rule_21_shares_that_have_no_exact_decimal_are_kept_in_proportion() -> None:
    kits = {"K": (part("M", share=1), part("C", share=2)), "M": (part("A", share=1), part("B", share=1), part("D", share=1))}
    assert exploded(kits) == [("A", 1, 1), ("B", 1, 1), ("D", 1, 1), ("C", 1, 6)]
    kits["M"] = (part("A", share=0), part("B", share=0))
    assert exploded(kits) == [("A", 1, 1), ("B", 1, 1), ("C", 1, 4)]


def test_rule_21_an_inner_kit_counted_in_packs_is_converted_first() -> None:
    kits = {"K": (part("M", 2),), "M": (part("A", "1.5"),)}
    assert exploded(kits, factors={"M": 12}) == [("A", 36, 1)]


def test_rule_21_no_bill_of_materials_is_endless() -> None:
    deep = {f"K{n}": (part(f"K{n + 1}"), part(f"K{n + 1}")) for n in range(40)}
    assert exploded(deep, "K0") is None
    assert exploded({"K": tuple(part(f"A{n}") for n in range(COMPONENTS_MAX + 1))}) is None
    chain = {f"K{n}": (part(f"K{n + 1}"),) for n in range(COMPONENTS_MAX)}
    assert exploded(chain, "K0") is None
    assert exploded(chain, f"K{COMPONENTS_MAX - LEVELS_MAX}") == [(f"K{COMPONENTS_MAX}", 1, 1)]
