"""The fields of Shopify's webhook bodies that Tieout reads, typed; every other field is passed over."""

from datetime import datetime
from decimal import Decimal

import msgspec

from tieout.connectors.json_documents import Unreadable
from tieout.core.values import ZERO, exact


class Money(msgspec.Struct, frozen=True):
    """An amount in one currency."""

    amount: Decimal
    currency_code: str | None = None


class MoneySet(msgspec.Struct, frozen=True):
    """An amount in the shop's currency; what the customer saw (presentment) is not read."""

    shop_money: Money | None = None


class TaxLine(msgspec.Struct, frozen=True):
    """Tax of a line or shipping line, to one jurisdiction; `rate` is a fraction of one."""

    rate: Decimal | None = None
    price: Decimal | None = None
    price_set: MoneySet | None = None


class Allocation(msgspec.Struct, frozen=True):
    """A discount's share on a line."""

    amount: Decimal | None = None
    amount_set: MoneySet | None = None


class LineItem(msgspec.Struct, frozen=True):
    """A line of an order, a fulfilment or a refund; `id` is the order line's in all three."""

    id: int
    quantity: int
    sku: str | None = None
    variant_id: int | None = None
    title: str | None = None
    price: Decimal | None = None
    price_set: MoneySet | None = None
    current_quantity: int | None = None
    fulfillable_quantity: int | None = None
    discount_allocations: tuple[Allocation, ...] = ()
    tax_lines: tuple[TaxLine, ...] = ()


class ShippingLine(msgspec.Struct, frozen=True):
    """What the customer pays for shipping."""

    id: int | None = None
    price: Decimal | None = None
    price_set: MoneySet | None = None
    discount_allocations: tuple[Allocation, ...] = ()
    tax_lines: tuple[TaxLine, ...] = ()


class Fulfillment(msgspec.Struct, frozen=True):
    """Goods that left, as the shop knows it."""

    id: int
    order_id: int
    created_at: datetime
    updated_at: datetime | None = None
    status: str | None = None
    location_id: int | None = None
    tracking_number: str | None = None
    tracking_numbers: tuple[str, ...] = ()
    line_items: tuple[LineItem, ...] = ()


class RefundLine(msgspec.Struct, frozen=True):
    """A refunded order line; `subtotal` is net of discounts and tax."""

    id: int
    line_item_id: int
    quantity: int
    restock_type: str | None = None
    subtotal: Decimal | None = None
    subtotal_set: MoneySet | None = None
    total_tax: Decimal | None = None
    total_tax_set: MoneySet | None = None
    line_item: LineItem | None = None


class Adjustment(msgspec.Struct, frozen=True):
    """A refund's other part; amounts are negative where the customer gets money back."""

    id: int
    kind: str | None = None
    reason: str | None = None
    amount: Decimal | None = None
    amount_set: MoneySet | None = None
    tax_amount: Decimal | None = None
    tax_amount_set: MoneySet | None = None


class Transaction(msgspec.Struct, frozen=True):
    """Money of a refund."""

    amount: Decimal
    kind: str | None = None
    status: str | None = None
    currency: str | None = None
    processed_at: datetime | None = None
    created_at: datetime | None = None


class Refund(msgspec.Struct, frozen=True):
    """A refund; it may have no lines at all."""

    id: int
    order_id: int
    created_at: datetime
    processed_at: datetime | None = None
    refund_line_items: tuple[RefundLine, ...] = ()
    order_adjustments: tuple[Adjustment, ...] = ()
    transactions: tuple[Transaction, ...] = ()


class Customer(msgspec.Struct, frozen=True):
    """Who ordered."""

    id: int | None = None


class Order(msgspec.Struct, frozen=True):
    """An order with what has happened to it so far."""

    id: int
    created_at: datetime
    line_items: tuple[LineItem, ...]
    currency: str
    name: str | None = None
    order_number: int | None = None
    updated_at: datetime | None = None
    processed_at: datetime | None = None
    cancelled_at: datetime | None = None
    taxes_included: bool = False
    total_price: Decimal | None = None
    total_price_set: MoneySet | None = None
    total_tax: Decimal | None = None
    total_tax_set: MoneySet | None = None
    total_tip_received: Decimal | None = None
    original_total_duties_set: MoneySet | None = None
    original_total_additional_fees_set: MoneySet | None = None
    customer: Customer | None = None
    po_number: str | None = None
    shipping_lines: tuple[ShippingLine, ...] = ()
    fulfillments: tuple[Fulfillment, ...] = ()
    refunds: tuple[Refund, ...] = ()


class Envelope(msgspec.Struct, frozen=True):
    """A delivery as a file on disk keeps it: topic, delivery id and body; or the answer of a poll, by its one key."""

    topic: str = ""
    webhook_id: str = ""
    payload: msgspec.Raw = msgspec.Raw()
    order: msgspec.Raw = msgspec.Raw()
    orders: tuple[msgspec.Raw, ...] = ()
    fulfillment: msgspec.Raw = msgspec.Raw()
    refund: msgspec.Raw = msgspec.Raw()


def shop_money(stated: MoneySet | None, plain_amount: Decimal | None, currency: str) -> Decimal:
    """The amount in the shop's currency, zero if absent. Raises Unreadable when the set is in another currency."""
    if stated is not None and stated.shop_money is not None:
        money = stated.shop_money
        if money.currency_code and currency and money.currency_code != currency:
            raise Unreadable("shopify/currency", f"shop_money is in {money.currency_code}, but the shop's currency is {currency}.")
        return exact(money.amount)
    return ZERO if plain_amount is None else exact(plain_amount)
