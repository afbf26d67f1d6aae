"""A Shopify order as facts: what was placed, and what of it was cancelled."""

from collections.abc import Iterator
from decimal import Decimal

from tieout.connectors import System
from tieout.connectors.asked import FULFILMENT, takes_fulfilments
from tieout.connectors.json_documents import Unreadable, utc
from tieout.connectors.shopify.payload import LineItem, Order, ShippingLine, shop_money
from tieout.connectors.shopify.tax import tax_data
from tieout.core.facts import Fact, Line, revision_time
from tieout.core.values import ZERO, Ref, exact, normalise, plain, ref, round_money, tidy, times

LINES_MAX = 10_000
NOT_SHIPPED = ("cancelled", "error", "failure")


def order_number(order: Order) -> str:
    """The number people see: the name without its leading `#` (`1001`, `EN1001-A`), else the running number.

    The name carries the shop's prefix and suffix and is what other systems copy; `order_number` lacks them.
    """
    number = normalise((order.name or "").lstrip("#"))
    if not number and order.order_number is not None:
        number = str(order.order_number)
    if not number:
        raise Unreadable("shopify/order", "The order has neither a name nor an order number.")
    return number


def order_facts(order: Order, system: System) -> Iterator[Fact]:
    """`OrderPlaced` with the quantities first ordered, and `OrderCancelled` with all that was cancelled since."""
    if len(order.line_items) > LINES_MAX:
        raise Unreadable("shopify/order", f"The order has more than {LINES_MAX:,} lines.")
    number = order_number(order)
    subject = ref(system.name, "order", number)
    changed = utc(order.updated_at or order.created_at, system)
    lines = [*_goods(order, subject), *_charges(order, subject)]
    yield Fact(
        kind="OrderPlaced",
        system=system.name,
        type="order",
        number=number,
        happened=utc(order.processed_at or order.created_at, system),
        revision=revision_time(changed),
        currency=order.currency,
        lines=tuple(lines),
        total=shop_money(order.total_price_set, order.total_price, order.currency) if _has_total(order) else None,
        customer=str(order.customer.id) if order.customer and order.customer.id else "",
        channel="shopify",
        entity=system.entity,
        links=((subject, ref(system.name, "order_id", str(order.id))),),
        data=_data(order, lines) | tax_data(order, lines) | ({"takes": FULFILMENT} if takes_fulfilments(system) else {}),
    )
    cancelled = tuple(_cancelled_lines(order, lines))
    if cancelled:
        yield Fact(
            kind="OrderCancelled",
            system=system.name,
            type="order_cancellation",
            number=number,
            happened=utc(order.cancelled_at, system) if order.cancelled_at else changed,
            revision=revision_time(changed),
            currency=order.currency,
            lines=cancelled,
            channel="shopify",
            entity=system.entity,
        )


def item_of(item: LineItem) -> str:
    """The SKU; a line whose product was deleted or never had one keeps its own name and is not dropped."""
    sku = " ".join((item.sku or "").split())
    return sku or (f"VARIANT-{item.variant_id}" if item.variant_id else f"LINE-{item.id}")


def line_value(item: LineItem, order: Order) -> Decimal:
    """Price times quantity, less allocated discounts; less tax too where prices include it."""
    currency = order.currency
    gross = times(shop_money(item.price_set, item.price, currency), exact(item.quantity))
    return tidy(gross - _discounts(item, currency) - (_tax(item, currency) if order.taxes_included else ZERO))


def _goods(order: Order, subject: Ref) -> Iterator[Line]:
    for item in order.line_items:
        yield Line(
            line=str(item.id),
            subject=subject,
            item=item_of(item),
            order_line=str(item.id),
            quantity=exact(item.quantity),
            value=line_value(item, order),
        )


def _charges(order: Order, subject: Ref) -> Iterator[Line]:
    currency = order.currency
    for n, shipping in enumerate(order.shipping_lines, 1):
        price = shop_money(shipping.price_set, shipping.price, currency) - _discounts(shipping, currency)
        price -= _tax(shipping, currency) if order.taxes_included else ZERO
        yield Line(line=f"shipping-{shipping.id or n}", subject=subject, value=tidy(price), charge="freight")
    for name, charge, amount in (
        ("tax", "tax", shop_money(order.total_tax_set, order.total_tax, currency)),
        ("tip", "fee", exact(order.total_tip_received or ZERO)),
        ("duties", "fee", shop_money(order.original_total_duties_set, None, currency)),
        ("additional-fees", "fee", shop_money(order.original_total_additional_fees_set, None, currency)),
    ):
        if amount:
            yield Line(line=name, subject=subject, value=tidy(amount), charge=charge)


def _discounts(item: LineItem | ShippingLine, currency: str) -> Decimal:
    return sum((shop_money(a.amount_set, a.amount, currency) for a in item.discount_allocations), ZERO)


def _tax(item: LineItem | ShippingLine, currency: str) -> Decimal:
    return sum((shop_money(t.price_set, t.price, currency) for t in item.tax_lines), ZERO)


def _has_total(order: Order) -> bool:
    return order.total_price is not None or order.total_price_set is not None


def _data(order: Order, lines: list[Line]) -> dict[str, str]:
    data = {"po_number": order.po_number[:120]} if order.po_number else {}
    if _has_total(order):
        stated = shop_money(order.total_price_set, order.total_price, order.currency)
        unexplained = stated - sum((line.value for line in lines if line.value is not None), ZERO)
        if unexplained:
            data["unexplained"] = plain(unexplained)
    return data


def _cancelled_lines(order: Order, lines: list[Line]) -> Iterator[Line]:
    """The cancelled part of each line, at its share of the value; charges only when a whole order is cancelled."""
    counts = {str(item.id): _cancelled(item, order) for item in order.line_items}
    is_whole = order.cancelled_at is not None and all(counts[str(item.id)] == item.quantity for item in order.line_items)
    for line in lines:
        if line.charge:
            if is_whole:
                yield line
            continue
        count = counts[line.line]
        if not count or line.quantity is None or line.value is None:
            continue
        is_all = count == line.quantity
        value = line.value if is_all else round_money(line.value * count / line.quantity, order.currency)
        yield Line(
            line=line.line,
            subject=line.subject,
            item=line.item,
            order_line=line.order_line,
            quantity=exact(count),
            value=tidy(value),
        )


def _cancelled(item: LineItem, order: Order) -> int:
    """How many of a line were cancelled before they left.

    `current_quantity` falls for cancelled and for returned goods alike; only what has not shipped can be cancelled.
    An explicit `cancel` of a refund counts whatever the other fields say.
    """
    unshipped = max(0, item.quantity - _shipped(item, order))
    if order.cancelled_at is not None:
        return unshipped
    explicit = _refunded(item, order, "cancel")
    if item.current_quantity is None:
        return min(explicit, unshipped)
    removed = item.quantity - item.current_quantity - _refunded(item, order, "return")
    waiting = item.fulfillable_quantity or 0
    return max(min(explicit, unshipped), min(removed, unshipped - waiting), 0)


def _shipped(item: LineItem, order: Order) -> int:
    return sum(
        line.quantity
        for fulfillment in order.fulfillments
        if fulfillment.status not in NOT_SHIPPED
        for line in fulfillment.line_items
        if line.id == item.id
    )


def _refunded(item: LineItem, order: Order, restock_type: str) -> int:
    return sum(
        line.quantity
        for refund in order.refunds
        for line in refund.refund_line_items
        if line.line_item_id == item.id and line.restock_type == restock_type
    )
