"""A shop is told what the warehouse ships: owed per shipment, with the parcels it does not know yet, and proven by its own word."""

import io
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from driven import accept, commands

from tieout.app import driving_by
from tieout.connectors import Document, System, shopify
from tieout.connectors.shopify.send.graphql import quantities
from tieout.core.attempt import Target
from tieout.core.command import Command
from tieout.core.values import Role
from tieout.policy import CompanyPolicy
from tieout.policy.project import DrivenTable, PolicyTables, driving
from tieout.runtime.apply import apply
from tieout.runtime.looks import tick
from tieout.runtime.statements import Arrival
from world import NOW, World, at, line, say

ORDER, SALE = "shop/order/1001", "erp/sales_order/SO-1"
TELL = f"TFU+ {ORDER} {{}}"


def item(id_: int, sku: str, quantity: int) -> dict[str, Any]:
    return {"id": id_, "sku": sku, "quantity": quantity, "current_quantity": quantity, "price": "10.00"}


def state(world: World, *facts: dict[str, Any]) -> None:
    apply(world.connection, world.configuration, world.arrivals(facts), NOW)


def cases(world: World, hours: float) -> list[str]:
    """The cases of the account when all feeds have reported to an hour."""
    apply(world.connection, world.configuration, [], NOW, declared={name: at(hours) for name in world.systems})
    tick(world.connection, world.configuration, NOW)
    return [name for name in world.cases() if name.startswith("TFU")]


def told(world: World, body: dict[str, Any]) -> None:
    """A webhook of the shop."""
    of = world.configuration.systems["shop"]
    for document in shopify.split(io.BytesIO(json.dumps(body).encode()), "hook", of):
        assert isinstance(document, Document), document
        apply(world.connection, world.configuration, [Arrival(document, of, NOW)], NOW)


def fulfilled(world: World, id_: int, *lines: dict[str, Any], parcels: tuple[str, ...] = (), status: str = "success") -> None:
    made = "2026-03-03T12:00:00Z"
    told(
        world, {"id": id_, "order_id": 555, "status": status, "created_at": made, "tracking_numbers": list(parcels), "line_items": list(lines)}
    )


def shipped(world: World, number: str, hours: float, *goods: tuple[str, int], parcels: tuple[str, ...]) -> None:
    lines = [line(n, SALE, sku, quantity) for n, (sku, quantity) in enumerate(goods, 1)]
    state(world, say("Shipped", "wms", number, hours, lines, parcels=list(parcels)))


def asks(world: World, number: int) -> tuple[dict[str, int], str]:
    """What a command tells the shop: pieces by order line, and the parcels."""
    ((body,),) = world.connection.execute("select body::text from command where key = %s", [TELL.format(number)]).fetchall()
    command = msgspec.json.decode(body, type=Command)
    return {key.rsplit("/", 1)[-1]: count for key, count in quantities(command).items()}, command.data.get("tracking", "")


@pytest.fixture
def shop_of(world_of: Callable[..., World]) -> Callable[..., World]:
    def make(**options: Any) -> World:
        known = [
            System("shop", "shopify", Role.CHANNEL, options=options),
            System("erp", "canonical", Role.ERP),
            System("wms", "canonical", Role.WMS),
        ]
        world = world_of(systems={system.name: system for system in known})
        rules = driving(PolicyTables(systems={"shop": DrivenTable(Role.CHANNEL, ("confirm_fulfilment",))}), CompanyPolicy({}))
        world.configuration.driving = driving_by(rules, {"shop": Target(timedelta(seconds=1))})
        lines = [item(901, "MUG", 3), item(902, "CUP", 2), item(903, "MUG", 1)]
        told(world, {
            "id": 555, "name": "#1001", "currency": "USD", "created_at": "2026-03-02T09:00:00Z", "financial_status": "paid", "line_items": lines,
        })  # fmt: skip
        goods = [line(1, SALE, "MUG", 4, 40), line(2, SALE, "CUP", 2, 20)]
        state(world, say("OrderBooked", "erp", "SO-1", 2, goods, links=[[SALE, ORDER]]))
        return world

    return make


def test_a_shipment_is_told_with_its_parcels_and_proven_by_the_shop(shop_of: Callable[..., World]) -> None:
    world = shop_of(takes_fulfilments=True)
    assert commands(world) == {}
    shipped(world, "SH-1", 24, ("MUG", 3), ("CUP", 2), parcels=("1Z1", "1Z2"))
    assert commands(world) == {TELL.format(1): "queued"}
    assert asks(world, 1) == ({"901": 3, "902": 2}, "1Z1,1Z2")
    accept(world, TELL.format(1), "shop/fulfillment/77")
    fulfilled(world, 77, item(901, "MUG", 3), item(902, "CUP", 2), parcels=("1Z1", "1Z2"))
    assert commands(world) == {TELL.format(1): "confirmed"}
    assert world.of("TFU") == {}

    shipped(world, "SH-2", 30, ("MUG", 1), parcels=("1Z3",))
    assert asks(world, 2) == ({"903": 1}, "1Z3"), "the rest of the item belongs to the other line of it"
    accept(world, TELL.format(2), "shop/fulfillment/78")
    fulfilled(world, 78, item(903, "MUG", 1), parcels=("1Z3",))
    assert commands(world) == {TELL.format(1): "confirmed", TELL.format(2): "confirmed"}
    assert {name: account for name in ("TFU", "TSH") if (account := world.of(name))} == {}


def test_what_a_clerk_has_told_the_shop_is_not_told_again_and_what_never_left_is_shown(shop_of: Callable[..., World]) -> None:
    world = shop_of(takes_fulfilments=True)
    fulfilled(world, 77, item(901, "MUG", 3), parcels=("1Z1",))
    assert cases(world, 24 * 3) == [f"TFU- {ORDER}#MUG"]
    shipped(world, "SH-1", 24, ("MUG", 3), parcels=("1Z1",))
    assert commands(world) == {}
    assert cases(world, 24 * 3) == []


def test_a_shop_that_does_not_ask_is_owed_nothing_and_its_fulfilments_are_shipments(shop_of: Callable[..., World]) -> None:
    world = shop_of()
    shipped(world, "SH-1", 24, ("MUG", 3), parcels=("1Z1",))
    assert (commands(world), world.of("TFU")) == ({}, {})
    fulfilled(world, 77, item(901, "MUG", 3), parcels=("1Z1",))
    assert world.connection.execute("select distinct kind from fact where identity like 'shop/fulfillment/%%'").fetchall() == [("Shipped",)]
