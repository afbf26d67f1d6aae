import io
import json
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tieout.connectors import Document, System, shopify
from tieout.core.facts import Fact, Refusal, Statement
from tieout.core.values import Role

SHOP = System("shop", "shopify", Role.CHANNEL)


def item(**fields: Any) -> dict[str, Any]:
    return {
        "id": 1,
        "quantity": 10,
        "price": "2.00",
        "sku": "A",
        "current_quantity": 10,
        "fulfillable_quantity": 10,
    } | fields


def order(**fields: Any) -> dict[str, Any]:
    return {
        "id": 7,
        "name": "#1001",
        "currency": "USD",
        "created_at": "2026-03-01T09:00:00Z",
        "updated_at": "2026-03-01T09:00:00Z",
        "total_price": "20.00",
        "line_items": [item()],
    } | fields


def fulfillment(quantity: int, status: str = "success") -> dict[str, Any]:
    return {
        "id": 3,
        "order_id": 7,
        "status": status,
        "created_at": "2026-03-02T09:00:00Z",
        "line_items": [{"id": 1, "quantity": quantity, "sku": "A"}],
    }


def refund(quantity: int, restock_type: str) -> dict[str, Any]:
    return {
        "id": 4,
        "order_id": 7,
        "created_at": "2026-03-03T09:00:00Z",
        "refund_line_items": [{"id": 9, "line_item_id": 1, "quantity": quantity, "restock_type": restock_type}],
    }


def read(body: dict[str, Any], **meta: str) -> list[Statement]:
    return list(shopify.translate(Document(json.dumps(body).encode(), "hook", meta=meta), SHOP))


def cancelled(body: dict[str, Any]) -> Decimal:
    found = [f for f in read(body) if isinstance(f, Fact) and f.kind == "OrderCancelled"]
    return sum((line.quantity or Decimal(0) for fact in found for line in fact.lines), Decimal(0))


def test_an_untouched_order_cancels_nothing() -> None:
    assert cancelled(order()) == 0


def test_an_edit_that_removes_units_cancels_them() -> None:
    assert cancelled(order(line_items=[item(current_quantity=7, fulfillable_quantity=7)])) == 3


def test_returned_units_are_not_cancelled() -> None:
    body = order(
        line_items=[item(current_quantity=8, fulfillable_quantity=4)],
        fulfillments=[fulfillment(6)],
        refunds=[refund(2, "return")],
    )
    assert cancelled(body) == 0


def test_units_refunded_before_shipping_are_cancelled() -> None:
    body = order(
        line_items=[item(current_quantity=8, fulfillable_quantity=2)],
        fulfillments=[fulfillment(6)],
        refunds=[refund(2, "cancel")],
    )
    assert cancelled(body) == 2


def test_a_cancelled_order_cancels_what_has_not_shipped() -> None:
    assert cancelled(order(cancelled_at="2026-03-02T09:00:00Z")) == 10
    assert cancelled(order(cancelled_at="2026-03-02T09:00:00Z", fulfillments=[fulfillment(4)])) == 6
    assert cancelled(order(cancelled_at="2026-03-02T09:00:00Z", fulfillments=[fulfillment(4, "cancelled")])) == 10


def test_a_total_that_the_lines_do_not_explain_is_shown() -> None:
    (placed,) = read(order(total_price="20.05"))
    assert isinstance(placed, Fact) and placed.data == {"unexplained": "0.05"}


def test_header_names_the_topic_whatever_its_case() -> None:
    (result,) = read(order(), **{"X-Shopify-Topic": "products/create"})
    assert isinstance(result, Refusal) and result.rule == "shopify/topic"
    (placed,) = read(order(), **{"x-shopify-topic": "orders/create"})
    assert isinstance(placed, Fact) and placed.kind == "OrderPlaced"


def test_envelope_gives_the_deduplication_key() -> None:
    line = json.dumps({"topic": "orders/create", "webhook_id": "w-1", "payload": order()}).encode()

    (document,) = shopify.split(io.BytesIO(line), "hooks.jsonl", SHOP)

    assert isinstance(document, Document)
    assert (document.key, document.contract, document.raw) == ("w-1", "shopify/orders", line)


def test_embedded_and_separate_fulfilment_state_the_same_fact() -> None:
    embedded = [f for f in read(order(fulfillments=[fulfillment(6)])) if isinstance(f, Fact) and f.kind == "Shipped"]

    assert embedded == read(fulfillment(6))


def test_refund_lines_always_sum_to_the_money() -> None:
    body = refund(1, "return") | {"transactions": [{"amount": "12.34", "kind": "refund", "status": "success"}]}
    body["refund_line_items"][0] |= {"subtotal": 10.0, "total_tax": 0.8}

    (refunded,) = read(body)

    assert isinstance(refunded, Fact)
    assert sum(line.value or 0 for line in refunded.lines) == refunded.total == Decimal("12.34")


def test_a_page_of_polled_orders_is_read() -> None:
    results = read({"orders": [order(), order(id=8, name="#1002")]})
    assert [r.number for r in results if isinstance(r, Fact)] == ["1001", "1002"]


values = st.none() | st.booleans() | st.integers() | st.text(max_size=4) | st.sampled_from(["2026-01-01T00:00:00Z", "1.0"])


@given(
    st.sampled_from([order(), fulfillment(1), refund(1, "return")]),
    st.dictionaries(st.sampled_from([*order(), *fulfillment(1), "transactions", "orders"]), values | st.lists(values), max_size=3),
)
def test_odd_values_are_read_or_refused(body: dict[str, Any], odd: dict[str, Any]) -> None:
    for result in read(body | odd):
        assert isinstance(result, Fact | Refusal)
