"""A shop that imitates Shopify's GraphQL Admin API: real HTTP, a real GraphQL engine over our schema, and a memory."""

import json
import threading
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from graphql import GraphQLError, GraphQLResolveInfo, build_schema, get_directive_values, graphql_sync

SCHEMA = build_schema((Path(__file__).parent / "shop_schema.graphql").read_text())
TOKEN = "shpat_test"
CURRENCY = "USD"


def money(amount: Decimal, presentment: str = CURRENCY) -> dict[str, Any]:
    return {
        "shopMoney": {"amount": str(amount), "currencyCode": CURRENCY},
        "presentmentMoney": {"amount": str(amount), "currencyCode": presentment},
    }


def page(rows: list[dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    """A connection whose cursor is the position."""

    def resolve(info: GraphQLResolveInfo, first: int = 50, after: str | None = None) -> dict[str, Any]:
        start = int(after or 0)
        shown = rows[start : start + first]
        end = start + len(shown)
        return {"nodes": shown, "pageInfo": {"hasNextPage": end < len(rows), "endCursor": str(end)}}

    return resolve


def first_of(rows: list[dict[str, Any]]) -> Callable[..., list[dict[str, Any]]]:
    return lambda info, first=250: rows[:first]


class Shop:
    """Orders of the shop, what was done to them, and how the next requests fail (`faults`, one name each)."""

    def __init__(self) -> None:
        self.orders: dict[str, dict[str, Any]] = {}
        self.fulfillments: dict[str, dict[str, Any]] = {}
        self.refunds_by_key: dict[str, dict[str, Any]] = {}
        self.faults: list[str] = []
        self.writes: list[dict[str, Any]] = []
        self.numbers = iter(range(9001, 99999))
        self.lock = threading.Lock()

    def order(
        self, number: int, lines: dict[int, int], paid: dict[str, str] | None = None, *, places: dict[str, dict[int, int]] | None = None
    ) -> str:
        """An order with quantities by line id, payments by gateway, and fulfilment orders per location (one by default)."""
        id_ = f"gid://shopify/Order/{number}"
        items = {line: {"id": f"gid://shopify/LineItem/{line}", "quantity": count, "currentQuantity": count} for line, count in lines.items()}
        work = [self._work(place, {line: items[line] for line in counts}, counts) for place, counts in (places or {"70": lines}).items()]
        payments = [
            {"id": self._id("OrderTransaction"), "kind": "SALE", "status": "SUCCESS", "gateway": gateway, "amountSet": money(Decimal(amount))}
            for gateway, amount in (paid or {}).items()
        ]
        self.orders[id_] = {
            "id": id_, "cancelledAt": None, "currencyCode": CURRENCY, "presentmentCurrencyCode": CURRENCY, "work": work,
            "items": list(items.values()), "shipped": [], "returned": [], "money": payments,
        }  # fmt: skip
        return id_

    def _work(self, place: str, items: dict[int, dict[str, Any]], counts: dict[int, int]) -> dict[str, Any]:
        lines = [
            {"id": self._id("FulfillmentOrderLineItem"), "lineItem": items[line], "remainingQuantity": count, "totalQuantity": count}
            for line, count in counts.items()
        ]
        return {
            "id": self._id("FulfillmentOrder"), "status": "OPEN", "supportedActions": [{"action": "CREATE_FULFILLMENT"}, {"action": "HOLD"}],
            "assignedLocation": {"name": place, "location": {"id": f"gid://shopify/Location/{place}", "name": place}}, "lines": lines,
        }  # fmt: skip

    def _id(self, type_: str) -> str:
        return f"gid://shopify/{type_}/{next(self.numbers)}"

    def shown(self, order: dict[str, Any]) -> dict[str, Any]:
        """An order as the API shows it."""
        work = [one | {"lineItems": page(one["lines"])} for one in order["work"]]
        return order | {
            "lineItems": page(order["items"]), "fulfillments": first_of(order["shipped"]), "fulfillmentOrders": page(work),
            "refunds": first_of(order["returned"]), "transactions": first_of(order["money"]),
        }  # fmt: skip

    def root(self) -> dict[str, Any]:
        """What queries and mutations resolve to."""
        return {
            "order": lambda info, id: self.shown(self.orders[id]) if id in self.orders else None,
            "fulfillment": lambda info, id: self.fulfillments.get(id),
            "fulfillmentCreate": self.fulfil,
            "orderCancel": self.cancel,
            "refundCreate": self.refund,
        }

    def fulfil(self, info: GraphQLResolveInfo, fulfillment: dict[str, Any], message: str = "") -> dict[str, Any]:
        asked = {
            line["id"]: line["quantity"] for one in fulfillment["lineItemsByFulfillmentOrder"] for line in one["fulfillmentOrderLineItems"]
        }
        ids = {one["fulfillmentOrderId"] for one in fulfillment["lineItemsByFulfillmentOrder"]}
        ((order, work),) = [
            (order, [one for one in order["work"] if one["id"] in ids])
            for order in self.orders.values()
            if ids & {one["id"] for one in order["work"]}
        ]
        if len({one["assignedLocation"]["name"] for one in work}) > 1:
            return {
                "fulfillment": None,
                "userErrors": [{"field": ["fulfillment"], "message": "All fulfillment orders must be at one location."}],
            }
        lines = [line for one in work for line in one["lines"] if line["id"] in asked]
        for line in lines:
            if asked[line["id"]] > line["remainingQuantity"]:
                where = ["fulfillment", "lineItemsByFulfillmentOrder"]
                return {
                    "fulfillment": None,
                    "userErrors": [{"field": where, "message": "Invalid fulfillment order line item quantity requested."}],
                }
        for line in lines:
            line["remainingQuantity"] -= asked[line["id"]]
        made = [{"id": self._id("FulfillmentLineItem"), "lineItem": line["lineItem"], "quantity": asked[line["id"]]} for line in lines]
        tracking = fulfillment.get("trackingInfo") or {}
        shipped = {
            "id": self._id("Fulfillment"), "status": "SUCCESS", "fulfillmentLineItems": page(made),
            "trackingInfo": first_of([{"number": number, "company": tracking.get("company")} for number in tracking.get("numbers", [])]),
        }  # fmt: skip
        self.fulfillments[shipped["id"]] = shipped
        order["shipped"].append(shipped)
        return {"fulfillment": shipped, "userErrors": []}

    def cancel(self, info: GraphQLResolveInfo, orderId: str, **how: Any) -> dict[str, Any]:  # noqa: N803
        order = self.orders[orderId]
        if order["shipped"]:
            return {
                "job": None,
                "orderCancelUserErrors": [{"field": ["orderId"], "message": "Cannot cancel a fulfilled order", "code": "INVALID"}],
            }
        order["cancelledAt"] = "2025-06-10T13:05:00Z"
        return {"job": {"id": self._id("Job"), "done": False}, "orderCancelUserErrors": []}

    def refund(self, info: GraphQLResolveInfo, input: dict[str, Any]) -> dict[str, Any]:
        idempotent = SCHEMA.get_directive("idempotent")
        values = get_directive_values(idempotent, info.field_nodes[0], info.variable_values) if idempotent else None
        if not values:
            raise GraphQLError("The idempotent directive is needed.")
        key = values["key"]
        if key in self.refunds_by_key:
            return {"refund": self.refunds_by_key[key], "userErrors": []}
        order = self.orders[input["orderId"]]
        amount = sum((Decimal(one["amount"]) for one in input["transactions"]), Decimal(0))
        left = sum(
            (Decimal(one["amountSet"]["shopMoney"]["amount"]) * (-1 if one["kind"] == "REFUND" else 1) for one in order["money"]), Decimal(0)
        )
        if amount > left:
            return {"refund": None, "userErrors": [{"field": ["transactions"], "message": f"Refund amount exceeds {left}"}]}
        for one in input["transactions"]:
            (parent,) = [paid for paid in order["money"] if paid["id"] == one["parentId"] and paid["gateway"] == one["gateway"]]
            order["money"].append(
                {"id": self._id("OrderTransaction"), "kind": "REFUND", "status": "SUCCESS", "gateway": one["gateway"],
                 "amountSet": money(Decimal(one["amount"])), "parentTransaction": parent}
            )  # fmt: skip
        made = {"id": self._id("Refund"), "note": input.get("note"), "totalRefundedSet": money(amount), "input": input}
        self.refunds_by_key[key] = made
        order["returned"].append(made)
        return {"refund": made, "userErrors": []}

    def answer(self, asked: dict[str, Any]) -> dict[str, Any]:
        """What the API answers to a query."""
        with self.lock:
            result = graphql_sync(SCHEMA, asked["query"], self.root(), variable_values=asked.get("variables"))
            if "mutation" in asked["query"] and not result.errors:
                self.writes.append(asked["variables"])
        return result.formatted


THROTTLED = {
    "errors": [{"message": "Throttled", "extensions": {"code": "THROTTLED"}}],
    "extensions": {
        "cost": {"requestedQueryCost": 252, "throttleStatus": {"maximumAvailable": 2000.0, "currentlyAvailable": 52, "restoreRate": 100.0}}
    },
}
FAULTS: dict[str, tuple[int, str, bytes]] = {
    "throttled": (200, "application/json", json.dumps(THROTTLED).encode()),
    "too-many": (429, "application/json", b'{"errors":"Exceeded 2 calls per second"}'),
    "internal": (200, "application/json", b'{"errors":[{"message":"Internal error","extensions":{"code":"INTERNAL_SERVER_ERROR"}}]}'),
    "denied": (200, "application/json", b'{"errors":[{"message":"Access denied for order field.","extensions":{"code":"ACCESS_DENIED"}}]}'),
    "expired": (401, "application/json", b'{"errors":"[API] Invalid API key or access token"}'),
    "page": (404, "text/html", b"<!DOCTYPE html><title>Not Found</title>"),
    "gateway": (502, "text/html", b"<html>Bad gateway</html>"),
    "moved": (301, "text/html", b""),
    "frozen": (402, "application/json", b'{"errors":"Unavailable Shop"}'),
    "cut": (200, "application/json", b'{"data":{"order":{"id":"gid://'),
    "shapeless": (200, "application/json", b'{"data":{"order":{"fulfillments":[{"id":7}],"refunds":7,"id":7}}}'),
    "empty": (200, "application/json", b""),
}
"""Answers that are none, given instead of asking the shop."""
AFTER = ("drop", "cut-after")
"""Faults after the shop has done what was asked: no answer, or half of one."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        shop: Shop = self.server.shop  # type: ignore[attr-defined]
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        fault = shop.faults.pop(0) if shop.faults else ""
        if fault in FAULTS:
            self._send(*FAULTS[fault])
            return
        if self.headers["x-shopify-access-token"] != TOKEN:
            self._send(*FAULTS["expired"])
            return
        raw = json.dumps(shop.answer(asked)).encode()
        if fault == "drop":
            self.close_connection = True
            return
        self._send(200, "application/json", raw[: len(raw) // 2] if fault == "cut-after" else raw)

    def _send(self, status: int, type_: str, raw: bytes) -> None:
        self.send_response(status)
        self.send_header("content-type", type_)
        self.send_header("content-length", str(len(raw)))
        if status == 429:
            self.send_header("retry-after", "2.0")
        if status == 301:
            self.send_header("location", "https://other.example")
        self.end_headers()
        with suppress(BrokenPipeError):
            self.wfile.write(raw)

    def log_message(self, format: str, *args: Any) -> None:
        pass


class Served:
    """A shop on a port of its own, for a `with` block."""

    def __init__(self) -> None:
        self.shop = Shop()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.shop = self.shop  # type: ignore[attr-defined]
        self.thread = threading.Thread(target=lambda: self.server.serve_forever(poll_interval=0.01))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    def __enter__(self) -> "Served":
        self.thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()
