"""The web shop: Shopify's order webhooks, one JSON envelope a line."""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from tieout.simulate.clock import iso
from tieout.simulate.paper import Line, Paper, money
from tieout.simulate.partners import File
from tieout.simulate.story import FIRST_ID
from tieout.simulate.wire import packed

SYSTEMS = ("shop",)
_encode = msgspec.json.Encoder().encode


def write(papers: Sequence[Paper], at: int) -> Iterator[File]:
    """All webhooks of the slice in one file."""
    return packed(papers, "webhooks-{}.jsonl", at, _webhook)


def _webhook(paper: Paper) -> bytes:
    topic = "orders/create" if paper.kind == "order" and not paper.revision else "orders/updated"
    if paper.kind == "refund":
        return _encode({"topic": "refunds/create", "webhook_id": f"R{paper.number}", "payload": _refund(paper)}) + b"\n"
    if paper.kind == "fulfilment":
        return _encode({"topic": "fulfillments/create", "webhook_id": f"F{paper.number}", "payload": _fulfilment(paper)}) + b"\n"
    name = paper.more.get("webhook", f"{paper.number}-{paper.revision}")
    return _encode({"topic": topic, "webhook_id": name, "payload": _order(paper)}) + b"\n"


def _order(paper: Paper) -> dict[str, Any]:
    """An order as the shop tells it; cancelled ones say when, and keep their lines."""
    placed = paper.more.get("placed", paper.happened)
    order_id = FIRST_ID + int(paper.more["index"])
    charges = {line.charge: line.value or 0 for line in paper.lines if line.charge}
    goods = [line for line in paper.lines if not line.charge]
    body: dict[str, Any] = {
        "id": order_id,
        "name": f"#{paper.number}",
        "created_at": iso(placed),
        "updated_at": iso(paper.more.get("changed", paper.happened)),
        "processed_at": iso(placed),
        "currency": "USD",
        "financial_status": "paid",
        "taxes_included": False,
        "total_price": money(sum(line.value or 0 for line in paper.lines)),
        "total_tax": money(charges.get("tax", 0)),
        "customer": {"id": int(paper.more["customer"])},
        "line_items": [_item(line, order_id * 10 + n) for n, line in enumerate(goods)],
        "shipping_lines": [{"id": order_id + 1, "price": money(charges["freight"])}] if "freight" in charges else [],
        "fulfillments": [],
        "refunds": [],
    }
    if "cancelled" in paper.more:
        body["cancelled_at"] = iso(paper.more["cancelled"])
    return body


def _item(line: Line, item_id: int) -> dict[str, Any]:
    """A line item; what is missing from price times quantity is a discount."""
    assert line.quantity and line.value is not None
    price = -(-line.value // line.quantity)
    discount = price * line.quantity - line.value
    item: dict[str, Any] = {"id": item_id, "sku": line.item, "quantity": line.quantity, "price": money(price)}
    if discount:
        item["discount_allocations"] = [{"amount": money(discount)}]
    return item


def _fulfilment(paper: Paper) -> dict[str, Any]:
    """What the shop holds as sent, and in which parcels."""
    return {
        "id": int(paper.number), "order_id": FIRST_ID + int(paper.more["index"]), "status": "success", "created_at": iso(paper.happened),
        "tracking_numbers": paper.more["parcels"],
        "line_items": [
            {"id": id_, "sku": line.item, "quantity": line.quantity, "price": "0.00"} for id_, line in zip(paper.more["ids"], paper.lines, strict=True)
        ],
    }  # fmt: skip


def _refund(paper: Paper) -> dict[str, Any]:
    """Money that goes back, for lines of goods or for nothing in particular."""
    order_id = FIRST_ID + int(paper.more["index"])
    goods = [line for line in paper.lines if line.item]
    return {
        "id": int(paper.number),
        "order_id": order_id,
        "created_at": iso(paper.happened),
        "processed_at": iso(paper.happened),
        "refund_line_items": [
            {
                "id": int(paper.number) * 10 + n, "line_item_id": order_id * 10, "quantity": line.quantity, "restock_type": "return",
                "subtotal": money(line.value or 0), "total_tax": "0.00", "line_item": {"id": order_id * 10, "sku": line.item, "quantity": line.quantity},
            }
            for n, line in enumerate(goods)
        ],
        "transactions": [{"amount": money(paper.more["total"]), "kind": "refund", "status": "success", "currency": "USD"}],
    }  # fmt: skip
