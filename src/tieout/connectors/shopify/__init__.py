"""Shopify: webhook bodies (or polled resources) of orders, fulfilments and refunds."""

from collections.abc import Iterable, Iterator
from typing import BinaryIO

import msgspec

from tieout.connectors import Document, Manifest, Option, Refused, System
from tieout.connectors.json_documents import Unreadable, decode, refusal, split_json
from tieout.connectors.shopify.after import refunded, shipped
from tieout.connectors.shopify.order import order_facts
from tieout.connectors.shopify.payload import Envelope, Fulfillment, Order, Refund
from tieout.core.command import Act
from tieout.core.facts import Fact, Statement

MANIFEST = Manifest(
    name="shopify",
    title="Shopify",
    states=("OrderPlaced", "OrderCancelled", "Shipped", "Fulfilled", "Refunded"),
    contracts={
        "shopify/orders": "contracts/orders.json",
        "shopify/fulfillments": "contracts/fulfillments.json",
        "shopify/refunds": "contracts/refunds.json",
    },
    options=(
        Option("url", "text", "", "Where the shop is, to tell it something: `https://cupline.myshopify.com`. Its secret is `access_token`."),
        Option("api_version", "text", "2026-04", "The version of the GraphQL Admin API; from 2026-04 on refunds carry an idempotency key."),
        Option("notify_customers", "yes or no", "no", "Whether the shop writes to its customers about what we do."),
        Option(
            "takes_fulfilments",
            "yes or no",
            "no",
            "Whether the shop is told what the warehouse ships: its fulfilments are its own word then (`Fulfilled`), and no shipments (`Shipped`).",
        ),
        Option("locations", "table of text", "{}", "Our warehouse to the id of the shop's location that it is."),
    ),
    acts=(Act.CONFIRM_FULFILMENT, Act.CANCEL_BOOKING, Act.ISSUE_REFUND),
)

ORDERS, FULFILLMENTS, REFUNDS = "orders", "fulfillments", "refunds"
TOPICS = {
    **dict.fromkeys(("orders/create", "orders/updated", "orders/cancelled", "orders/paid", "orders/fulfilled"), ORDERS),
    "orders/partially_fulfilled": ORDERS,
    **dict.fromkeys(("fulfillments/create", "fulfillments/update"), FULFILLMENTS),
    "refunds/create": REFUNDS,
}
"""Webhook topics that are read, and what their body is."""


class Shape(msgspec.Struct, frozen=True):
    """Just enough of a body to tell what it is."""

    line_items: msgspec.Raw = msgspec.Raw()
    financial_status: msgspec.Raw = msgspec.Raw()
    total_price: msgspec.Raw = msgspec.Raw()
    order_id: msgspec.Raw = msgspec.Raw()
    refund_line_items: msgspec.Raw = msgspec.Raw()
    transactions: msgspec.Raw = msgspec.Raw()


class Delivery(msgspec.Struct, frozen=True):
    """The two fields of an envelope that `split` needs."""

    topic: str = ""
    webhook_id: str = ""


_envelopes = msgspec.json.Decoder(Envelope)
_deliveries = msgspec.json.Decoder(Delivery)
_shapes = msgspec.json.Decoder(Shape)
_orders = msgspec.json.Decoder(Order)
_fulfillments = msgspec.json.Decoder(Fulfillment)
_refunds = msgspec.json.Decoder(Refund)


def split(stream: BinaryIO, origin: str, system: System) -> Iterator[Document | Refused]:
    """One document per JSON object; the webhook id of an envelope is its deduplication key."""
    for document in split_json(stream, origin, "shopify"):
        if isinstance(document, Refused):
            yield document
            continue
        try:
            delivery = decode(document.raw, _deliveries)
        except Unreadable:
            yield document
            continue
        topic = TOPICS.get(delivery.topic, "")
        yield msgspec.structs.replace(document, contract=f"shopify/{topic}" if topic else "shopify", key=delivery.webhook_id)


def translate(document: Document, system: System) -> Iterator[Statement]:
    """The facts of one body. An order also states the fulfilments and refunds it carries: a lost webhook heals."""
    try:
        facts = [fact for kind, body in _bodies(document) for fact in _facts(kind, body, system)]
    except Unreadable as fault:
        yield refusal(document, fault)
    except (ValueError, ArithmeticError) as bad:
        yield refusal(document, Unreadable("shopify/value", f"A value cannot be read: {bad}."))
    else:
        yield from facts


def _bodies(document: Document) -> Iterator[tuple[str, bytes]]:
    """What the document holds, and what each body is: by header, envelope, wrapping key, or shape."""
    envelope = decode(document.raw, _envelopes)
    topic = envelope.topic or _header(document, "x-shopify-topic")
    payload = bytes(envelope.payload)
    if topic:
        if topic not in TOPICS:
            raise Unreadable("shopify/topic", f"The topic {topic[:80]!r} is not read by this connector.")
        yield TOPICS[topic], payload or document.raw
        return
    found = [(ORDERS, bytes(order)) for order in envelope.orders]
    for kind, raw in ((ORDERS, envelope.order), (FULFILLMENTS, envelope.fulfillment), (REFUNDS, envelope.refund)):
        if bytes(raw):
            found.append((kind, bytes(raw)))
    yield from found or [(_recognised(payload or document.raw), payload or document.raw)]


def _recognised(body: bytes) -> str:
    shape = decode(body, _shapes)
    if bytes(shape.order_id):
        if bytes(shape.refund_line_items) or bytes(shape.transactions):
            return REFUNDS
        if bytes(shape.line_items):
            return FULFILLMENTS
    elif bytes(shape.line_items) and (bytes(shape.financial_status) or bytes(shape.total_price)):
        return ORDERS
    raise Unreadable("shopify/topic", "The body is neither an order, a fulfilment nor a refund.")


def _facts(kind: str, body: bytes, system: System) -> Iterable[Fact]:
    if kind == FULFILLMENTS:
        return (shipped(decode(body, _fulfillments), system),)
    if kind == REFUNDS:
        return (refunded(decode(body, _refunds), system.currency, system),)
    order = decode(body, _orders)
    return (
        *order_facts(order, system),
        *(shipped(fulfillment, system) for fulfillment in order.fulfillments),
        *(refunded(refund, order.currency, system) for refund in order.refunds),
    )


def _header(document: Document, name: str) -> str:
    return next((value for key, value in document.meta.items() if key.lower() == name), "")
