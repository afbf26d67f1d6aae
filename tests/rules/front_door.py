"""A distributor as its partners reach it: web shop webhooks, warehouse and carrier events, bank statements; the ERP in the neutral format."""

import io
import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

from driven import accept, commands, drive
from examples.erp.papers import statement

from tieout.connectors import Document, System
from tieout.core.values import Role
from tieout.runtime.apply import apply
from tieout.runtime.configuration import connector
from tieout.runtime.looks import tick
from tieout.runtime.statements import Arrival
from world import NOW, World, at, say

PARTNERS = (
    System("shop", "shopify", Role.CHANNEL, ignore=("Shipped",)),
    System("erp", "canonical", Role.ERP),
    System("wms", "wms_json", Role.WMS),
    System("carrier", "carrier_json", Role.CARRIER),
    System("bank", "camt", Role.BANK, options={"invoice_pattern": r"\bI-?\d+\b"}),
)
SHOP, ERP = "shop/order/1", "erp/sales_order/S1"
OPEN = ("TBK", "TAL", "TSH", "TDL", "SNI", "TBL", "TCO", "CSH", "RRC", "RCR", "RRF", "RST", "STK")


class Firm:
    """A ledger with these partners; each says something in its own format, at an hour of the story."""

    def __init__(self, world: World) -> None:
        self.world = drive(world)
        self._opening = Decimal(1000)
        self._statements = 0

    # Saying ------------------------------------------------------------------------------------------------------------

    def order(self, *lines: tuple[str, int, int], hours: float = 0, number: int = 1, **changed: Any) -> None:
        """The shop's webhook of an order as it stands now: item, quantity first ordered, price."""
        items = [
            {"id": number * 10 + n, "sku": item, "quantity": quantity, "price": f"{price}.00", "discount_allocations": [], "tax_lines": []}
            for n, (item, quantity, price) in enumerate(lines, 1)
        ]
        total = sum(quantity * price for _, quantity, price in lines)
        body = {
            "id": 5550000 + number, "name": f"#{number}", "order_number": number, "currency": "USD", "created_at": at(0).isoformat(),
            "updated_at": at(hours).isoformat(), "financial_status": "pending", "taxes_included": False, "total_price": f"{total}.00",
            "total_tax": "0.00", "customer": {"id": 88000}, "line_items": items, "shipping_lines": [], "fulfillments": [], "refunds": [],
        }  # fmt: skip
        body |= changed
        self._webhook("orders/updated" if hours else "orders/create", f"{number}-{hours}", body)

    def cancelled(self, *lines: tuple[str, int, int], hours: float, number: int = 1) -> None:
        """The customer gives the whole order up; the shop knows of no shipment."""
        self.order(*lines, hours=hours, number=number, cancelled_at=at(hours).isoformat())

    def refunded(self, item: str, quantity: int, price: int, hours: float, number: int = 1) -> None:
        """The shop has given money back for some pieces."""

        def money(amount: int) -> dict[str, Any]:
            return {"shop_money": {"amount": f"{amount}.00", "currency_code": "USD"}}

        worth, when = quantity * price, at(hours).isoformat()
        line = {
            "id": number, "line_item_id": number * 10 + 1, "quantity": quantity, "restock_type": "return", "subtotal": f"{worth}.00",
            "subtotal_set": money(worth), "total_tax": "0.00", "total_tax_set": money(0),
            "line_item": {"id": number * 10 + 1, "sku": item, "quantity": quantity, "price": f"{price}.00", "price_set": money(price)},
        }  # fmt: skip
        paid = {"id": number, "amount": f"{worth}.00", "kind": "refund", "status": "success", "currency": "USD", "created_at": when}
        body = {
            "id": 440000 + number, "order_id": 5550000 + number, "created_at": when, "processed_at": when, "refund_line_items": [line],
            "order_adjustments": [], "transactions": [paid],
        }  # fmt: skip
        self._webhook("refunds/create", f"refund-{number}", body)

    def erp(self, kind: str, number: str, hours: float, *lines: dict[str, Any], **more: Any) -> None:
        """The ERP's own word."""
        apply(self.world.connection, self.world.configuration, self.world.arrivals([say(kind, "erp", number, hours, lines, **more)]), NOW)

    def wms(self, event: str, number: str, hours: float, *lines: tuple[str, int], order: str | None = "S1", **more: Any) -> None:
        """A warehouse event: item and quantity by line; for our sales order, or another document by `order=None` and `about`."""
        body: dict[str, Any] = {
            "event": event, "event_id": number, "occurred_at": at(hours).isoformat(), "warehouse": "EAST",
            "lines": [{"item": item, "quantity": quantity} for item, quantity in lines],
        }  # fmt: skip
        if event == "shipped":
            body["shipment"] = number
        if about := more.pop("about", None):
            body["order"] = dict(zip(("system", "type", "number"), about.split("/"), strict=True))
        elif order is not None:
            body["order"] = {"system": "erp", "type": "sales_order", "number": order}
        self._take("wms", json.dumps(body | more).encode())

    def delivered(self, parcel: str, hours: float) -> None:
        """The carrier has handed a parcel over."""
        body = {"carrier": "UPS", "tracking_number": parcel, "status": "delivered", "occurred_at": at(hours).isoformat()}
        self._take("carrier", json.dumps(body).encode())

    def paid(self, hours: float, **invoices: int) -> None:
        """A bank statement: one payment for some invoices (`I1=100`), each with its share."""
        shares = {f"{name[0]}-{name[1:]}": Decimal(amount) for name, amount in invoices.items()}
        self._statements += 1
        total = sum(shares.values(), Decimal(0))
        self._take("bank", statement(self._statements, at(hours), self._opening, {tuple(shares): total}, shares).encode())
        self._opening += total

    def _webhook(self, topic: str, key: str, body: dict[str, Any]) -> None:
        self._take("shop", json.dumps({"topic": topic, "webhook_id": key, "payload": body}).encode() + b"\n")

    def _take(self, name: str, raw: bytes) -> None:
        system = self.world.configuration.systems[name]
        for document in connector(system.connector).split(io.BytesIO(raw), f"{name}.in", system):
            assert isinstance(document, Document), document
            apply(self.world.connection, self.world.configuration, [Arrival(document, system, NOW)], NOW)

    # Answering and asking ----------------------------------------------------------------------------------------------

    def accept(self, key: str, *documents: str, **final: Any) -> None:
        """The system takes a command, after approval if that is needed."""
        accept(self.world, key, *documents, **final)

    def commands(self, *accounts: str) -> dict[str, str]:
        """Key -> state, without those that were withdrawn before they were sent."""
        return {key: state for key, state in commands(self.world, *accounts).items() if state != "cancelled"}

    def open(self, *accounts: str) -> dict[str, Decimal]:
        """What stands open, as `account key measure` on the order; of some accounts or of all that these stories move."""
        found = {}
        for name, amount in self.world.net().items():
            root, account, rest = name.split(" ", 2)
            if account in (accounts or OPEN):
                found[" ".join(([] if root == SHOP else [root]) + [account, rest.strip()])] = amount
        return found

    def complete(self, hours: float) -> dict[str, Any]:
        """Declare all feeds complete to an hour, and look; the open cases."""
        apply(self.world.connection, self.world.configuration, [], NOW, declared={name: at(hours) for name in self.world.systems})
        tick(self.world.connection, self.world.configuration, NOW)
        assert self.world.quarantine() == []
        return self.world.cases()


TERMS = (at(0) + timedelta(days=30)).isoformat().replace("+00:00", "Z")
