"""A release told to a warehouse is proven by what the warehouse ships of it, by whichever name the warehouse has for it."""

import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest
from driven import ERP, LINK, SHOP, commands, decide, drive

from systems.drive_shop import drive as converse
from systems.warehouse import TOKEN, Served
from tieout.connectors import Document, System
from tieout.connectors.wms_json import send
from tieout.core.attempt import Sent
from tieout.core.command import Accepted, Command
from tieout.core.values import Role
from tieout.runtime.apply import apply
from tieout.runtime.outbox import decode_command, record
from tieout.runtime.statements import Arrival
from world import NOW, SYSTEMS, World, at, line

SHIP, AGAIN = "TSH+ shop/order/1 1", "TSH+ shop/order/1 2"


class Dock:
    """A ledger that tells a warehouse on a real socket what to ship, and is told what it did."""

    def __init__(self, world: World, served: Served) -> None:
        self.world, self.warehouse = world, served.warehouse
        self.system = System("wms", "wms_json", Role.WMS, options={"url": served.url})
        world.configuration.systems["wms"] = self.system
        world.say("OrderPlaced", "shop", 1, 0, [line(1, SHOP, "A", 10, 100)])
        world.say("OrderBooked", "erp", "S1", 1, [line(1, ERP, "A", 10, 100)], **LINK)

    def release(self, key: str) -> Accepted:
        """Tell the warehouse, and write down its answer."""
        driving = self.world.configuration.driving
        assert driving is not None
        ((body,),) = self.world.connection.execute("select body::text from command where key = %s", [key]).fetchall()
        command: Command = decode_command(body)
        answer = converse(send.send(command, self.system, {"token": TOKEN}))
        assert isinstance(answer, Accepted), answer
        with self.world.connection.transaction():
            for event in (Sent(), answer):
                record(self.world.connection, key, event, driving.targets["wms"], NOW)
        decide(self.world)
        return answer

    def ships(self, number: str, quantity: int, *, names_order: bool = True, **names: str) -> None:
        """The event of a shipment."""
        event: dict[str, Any] = {
            "event": "shipped", "event_id": number, "shipment": number, "occurred_at": at(5).isoformat(),
            "lines": [{"item": "A", "quantity": quantity}], **names,
        }  # fmt: skip
        if names_order:
            event["order"] = {"system": "erp", "type": "sales_order", "number": "S1"}
        document = Document(json.dumps(event).encode(), "wms.jsonl", contract="wms_json/event")
        self.world.sent += 1
        apply(self.world.connection, self.world.configuration, [Arrival(document, self.system, NOW)], NOW)


@pytest.fixture
def dock(world_of: Callable[..., World]) -> Iterator[Dock]:
    with Served() as served:
        systems = {**SYSTEMS, "wms": System("wms", "wms_json", Role.WMS)}
        yield Dock(drive(world_of(systems=systems)), served)


def test_a_release_that_was_given_a_delivery_is_proven_by_the_shipments_of_that_delivery(dock: Dock) -> None:
    assert dock.release(SHIP) == Accepted(("wms/delivery/D-1",), {})  # type: ignore[arg-type]
    dock.ships("P1", 6, delivery="D-1")
    assert commands(dock.world, "TSH") == {SHIP: "accepted"}
    assert dock.world.of("TSH") == {"shop/order/1 A EA": 4}
    dock.ships("P2", 4, delivery="D-1")
    assert commands(dock.world, "TSH") == {SHIP: "confirmed"}
    assert dock.world.of("TSH") == {}


def test_the_shipment_may_name_the_delivery_alone_once_something_has_linked_it(dock: Dock) -> None:
    dock.release(SHIP)
    dock.ships("P1", 10, names_order=False, delivery="D-1")
    assert dock.world.waiting() == {("wms/shipment//P1", "wms/delivery/D-1")}
    assert commands(dock.world, "TSH") == {SHIP: "accepted"}
    dock.world.say("Linked", "erp", "L1", 6, links=[["wms/delivery/D-1", ERP]])
    assert commands(dock.world, "TSH") == {SHIP: "confirmed"}


def test_a_shipment_of_another_delivery_proves_nothing(dock: Dock) -> None:
    """A clerk in the warehouse ships the same order on a paper of his own: what was released is still to come."""
    dock.release(SHIP)
    dock.ships("P9", 10, delivery="D-77")
    assert commands(dock.world, "TSH") == {SHIP: "accepted"}
    dock.ships("P1", 10, delivery="D-1")
    assert commands(dock.world, "TSH") == {SHIP: "confirmed"}
    assert dock.world.of("TSH") == {"shop/order/1 A EA": Decimal(-10)}


def test_a_warehouse_that_knows_the_release_again_needs_no_delivery(dock: Dock) -> None:
    dock.release(SHIP)
    dock.ships("P1", 10, release_id=SHIP)
    assert commands(dock.world, "TSH") == {SHIP: "confirmed"}


def test_what_the_warehouse_withdraws_is_released_again_only_by_a_person(dock: Dock) -> None:
    dock.release(SHIP)
    dock.ships("P1", 10, delivery="D-1", revision=1)  # type: ignore[arg-type]
    dock.ships("P1", 10, delivery="D-1", revision=2, void=True)  # type: ignore[arg-type]
    assert commands(dock.world, "TSH") == {SHIP: "confirmed", AGAIN: "held"}
