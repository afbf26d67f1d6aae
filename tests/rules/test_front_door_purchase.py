"""Purchases and stock as vendors, the dock and the ERP tell them: X12 documents, warehouse events, the neutral format."""

import io
import json
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from driven import accept, asked, commands, decide, drive

from tieout.connectors import Document, System
from tieout.core.values import Role
from tieout.formats.x12 import Envelope, GroupDraft, Row, SetDraft, write
from tieout.runtime.apply import apply
from tieout.runtime.configuration import connector
from tieout.runtime.looks import tick
from tieout.runtime.statements import Arrival
from world import NOW, World, at, line, say

BUY = "erp/purchase_order/B-1"
SPOT = "*/stock/CUP@EAST"
OPEN = ("PAK", "PAN", "PRC", "PRT", "PMT", "PPY", "STK", "STC")
SYSTEMS = (
    System("vendor", "x12", Role.VENDOR, options={"identifiers": ["ZZ:US"]}, ignore=("GroupReceived",)),
    System("erp", "canonical", Role.ERP),
    System("wms", "wms_json", Role.WMS),
)


class Dock:
    """A ledger that hears the vendor, the dock and the ERP."""

    def __init__(self, world: World) -> None:
        self.world = drive(world)
        self.control = 0

    def erp(self, kind: str, number: str, hours: float, *lines: dict[str, Any], **more: Any) -> None:
        apply(self.world.connection, self.world.configuration, self.world.arrivals([say(kind, "erp", number, hours, lines, **more)]), NOW)

    def wms(self, event: str, number: str, hours: float, item: str, quantity: int, order: str | None = "B-1", **more: Any) -> None:
        body: dict[str, Any] = {
            "event": event, "event_id": number, "occurred_at": at(hours).isoformat(), "warehouse": "EAST",
            "lines": [{"item": item, "quantity": quantity}],
        }  # fmt: skip
        if order is not None:
            body["order"] = {"system": "erp", "type": "purchase_order", "number": order}
        self._take("wms", json.dumps(body | more).encode())

    def vendor(self, functional: str, code: str, *rows: Row) -> None:
        """A document of the vendor's, with the next control number."""
        self.control += 1
        envelope = Envelope("ZZ", "POTTER", "ZZ", "US", self.control)
        made = [GroupDraft(functional, self.control, (SetDraft(code, 1, rows),))]
        self._take("vendor", write(envelope, made, datetime(2026, 3, 3, 9, tzinfo=UTC)))

    def _take(self, name: str, raw: bytes) -> None:
        system = self.world.configuration.systems[name]
        for document in connector(system.connector).split(io.BytesIO(raw), f"{name}.in", system):
            assert isinstance(document, Document), document
            apply(self.world.connection, self.world.configuration, [Arrival(document, system, NOW)], NOW)

    def complete(self, hours: float) -> dict[str, Any]:
        apply(self.world.connection, self.world.configuration, [], NOW, declared={name: at(hours) for name in self.world.systems})
        tick(self.world.connection, self.world.configuration, NOW)
        assert self.world.quarantine() == []
        return self.world.cases()

    def open(self) -> dict[str, Decimal]:
        found = {}
        for name, amount in self.world.net().items():
            _, account, rest = name.split(" ", 2)
            if account in OPEN:
                found[f"{account} {rest.strip()}"] = amount
        return found


@pytest.fixture
def dock(world_of: Callable[..., World]) -> Dock:
    return Dock(world_of(systems={system.name: system for system in SYSTEMS}))


def bought(dock: Dock) -> None:
    """Ten cups at 5, of which the vendor takes eight on."""
    dock.erp("PurchaseOrdered", "B-1", 0, line(1, BUY, "CUP", 10, 50))
    dock.vendor(
        "PR", "855", ("BAK", "00", "AC", "B-1", "20260302", "", "", "", "", "20260303"), ("PO1", "1", "10", "EA", "5", "", "VN", "CUP"),
        ("ACK", "IA", "8", "EA"), ("ACK", "IR", "2", "EA"), ("CTT", "1"),
    )  # fmt: skip


def announced(dock: Dock, number: str, quantity: int) -> None:
    dock.vendor(
        "SH", "856", ("BSN", "00", number, "20260304", "0900", "0004"), ("HL", "1", "", "S", "1"), ("HL", "2", "1", "O", "1"),
        ("PRF", "B-1"), ("HL", "3", "2", "I", "0"), ("LIN", "1", "VN", "CUP"), ("SN1", "1", str(quantity), "EA"), ("CTT", "3", str(quantity)),
    )  # fmt: skip


def billed(dock: Dock, number: str, quantity: int, price: str, cents: int) -> None:
    dock.vendor(
        "IN", "810", ("BIG", "20260305", number, "", "B-1"), ("IT1", "1", str(quantity), "EA", price, "", "VN", "CUP"),
        ("TDS", str(cents)), ("CTT", "1"),
    )  # fmt: skip


def test_a_purchase_from_order_to_payment_with_a_refused_rest_and_a_rejected_piece(dock: Dock) -> None:
    bought(dock)
    assert dock.open() == {"PAK CUP EA": 2, "PAN CUP EA": 10, "PRC CUP EA": 10}
    dock.erp("PurchaseCancelled", "X1", 25, line(1, BUY, "CUP", 2, 10))
    announced(dock, "N1", 8)
    assert dock.open() == {"PRC CUP EA": 8}
    dock.wms("received", "G1", 72, "CUP", 8)
    dock.wms("rejected", "J1", 73, "CUP", 1)
    billed(dock, "V1", 8, "5", 4000)
    assert dock.open() == {"PRT CUP EA": 1, "PMT CUP $USD": -40, "PPY $USD": 40}
    dock.wms("returned_to_vendor", "K1", 80, "CUP", 1)
    dock.erp("VendorPaid", "Y1", 24 * 20, line(1, "vendor/vendor_invoice/V1", value=40))
    assert dock.open() == {"PMT CUP $USD": -40}, "value is judged by the order's price, and that is the same"
    assert dock.complete(24 * 60) == {}
    assert commands(dock.world) == {}


def test_goods_that_come_twice_and_an_invoice_that_asks_for_more_are_found(dock: Dock) -> None:
    bought(dock)
    announced(dock, "N1", 10)
    dock.wms("received", "G1", 72, "CUP", 10)
    dock.wms("received", "G2", 96, "CUP", 10)
    billed(dock, "V1", 20, "5.5", 11000)
    cases = {name: case for name, case in dock.complete(24 * 60).items() if name[:3] in ("PRC", "PMT")}
    assert cases == {
        f"PRC- {BUY}#CUP": ({"EA": "-10"}, {"USD": "-50"}),
        f"PMT- {BUY}#CUP": ({}, {"USD": "-10"}),
    }


def test_the_erp_is_kept_in_step_with_the_warehouse(dock: Dock) -> None:
    """Moved in the warehouse and never posted: after a day the ERP is told, once; the count then finds nothing."""
    dock.wms("stock_moved", "M1", 0, "CUP", 8, order=None)
    dock.wms("stock_moved", "M2", 1, "CUP", -3, order=None)
    dock.erp("StockPosted", "E2", 2, line(1, SPOT, "CUP", -3))
    assert dock.open() == {"STK EA": 8}
    assert dock.complete(24 * 2) == {f"STK+ {SPOT}": ({"EA": "8"}, {})}
    decide(dock.world)
    key = f"STK+ {SPOT} 1"
    assert commands(dock.world) == {key: "queued"} and asked(dock.world, key) == {"": 8}
    accept(dock.world, key, "erp/movement/E1")
    dock.erp("StockPosted", "E1", 24 * 2, line(1, SPOT, "CUP", 8))
    dock.wms("counted", "C1", 24 * 3, "CUP", 5, order=None)
    dock.erp("StockStated", "CUP@EAST", 24 * 3, line(1, SPOT, "CUP", 5))
    assert dock.open() == {}
    assert commands(dock.world) == {key: "confirmed"}
    assert dock.complete(24 * 9) == {}


def test_a_count_names_only_what_the_movements_do_not_explain(dock: Dock) -> None:
    """Counted 12 where the ERP has 5: 4 are on their way to be posted, 3 nobody can explain."""
    dock.erp("StockStated", "CUP@EAST", 24, line(1, SPOT, "CUP", 5), revision=1)
    dock.wms("stock_moved", "M1", 23, "CUP", 4, order=None)
    dock.wms("counted", "C1", 24, "CUP", 12, order=None)
    cases = dock.complete(24 * 9)
    assert cases == {f"STC+ {SPOT}": ({"EA": "3"}, {}), f"STK+ {SPOT}": ({"EA": "4"}, {})}
    dock.erp("StockPosted", "E1", 24, line(1, SPOT, "CUP", 4))
    dock.erp("StockStated", "CUP@EAST", 24 * 10, line(1, SPOT, "CUP", 12), revision=2)
    assert dock.complete(24 * 12) == {}
