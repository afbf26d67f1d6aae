"""What follows a Shopify order: fulfilments as shipments, refunds as money that went back."""

from collections.abc import Iterator
from decimal import Decimal

from tieout.connectors import System
from tieout.connectors.asked import takes_fulfilments
from tieout.connectors.json_documents import Unreadable, utc
from tieout.connectors.shopify.order import LINES_MAX, item_of
from tieout.connectors.shopify.payload import Fulfillment, Refund, Transaction, shop_money
from tieout.core.facts import Fact, Line, revision_time
from tieout.core.values import ZERO, Ref, exact, normalise, plain, ref, tidy


def shipped(fulfillment: Fulfillment, system: System) -> Fact:
    """A fulfilment: a shipment, or where the shop is told what was shipped, its own word for it. Only a successful one has left; in
    any other state it is a void revision of the same.

    The body names the order by its id alone, which `OrderPlaced` links to the order's number.
    """
    if len(fulfillment.line_items) > LINES_MAX:
        raise Unreadable("shopify/fulfillment", f"The fulfilment has more than {LINES_MAX:,} lines.")
    subject = ref(system.name, "order_id", str(fulfillment.order_id))
    single = (fulfillment.tracking_number,) if fulfillment.tracking_number else ()
    parcels = (normalise(number) for number in fulfillment.tracking_numbers or single)
    lines = (
        Line(
            line=str(item.id),
            subject=subject,
            item=item_of(item),
            order_line=str(item.id),
            quantity=exact(item.quantity),
        )
        for item in fulfillment.line_items
    )
    return Fact(
        kind="Fulfilled" if takes_fulfilments(system) else "Shipped",
        system=system.name,
        type="fulfillment",
        number=str(fulfillment.id),
        happened=utc(fulfillment.created_at, system),
        revision=revision_time(utc(fulfillment.updated_at or fulfillment.created_at, system)),
        lines=tuple(lines),
        void=fulfillment.status not in ("success", None),
        channel="shopify",
        warehouse=str(fulfillment.location_id or ""),
        entity=system.entity,
        parcels=tuple(dict.fromkeys(number for number in parcels if number)),
    )


def refunded(refund: Refund, currency: str, system: System) -> Fact:
    """A refund: the money that went back, broken down as far as the shop says.

    Goods, tax and shipping come from the refund's lines; what the transactions paid beyond (or short of) them stands
    on one line of its own, so the lines always sum to the money. A refund that moved no money has no lines.
    """
    if len(refund.refund_line_items) + len(refund.order_adjustments) > LINES_MAX:
        raise Unreadable("shopify/refund", f"The refund has more than {LINES_MAX:,} lines.")
    subject = ref(system.name, "order_id", str(refund.order_id))
    currency = _currency(refund) or currency
    lines = list(_lines(refund, subject, currency))
    explained = sum((line.value for line in lines if line.value is not None), ZERO)
    settled = [t for t in refund.transactions if t.kind in ("refund", None) and t.status in ("success", None)]
    foreign = any(t.currency not in (currency, None) for t in settled)
    data: dict[str, str] = {}
    total = tidy(explained if foreign and lines else sum((exact(t.amount) for t in settled), ZERO))
    if foreign and not lines:
        raise Unreadable("shopify/currency", "The refund has no lines and its money is in the customer's currency.")
    if not settled:
        lines, data = [], {"detail": "no money moved"}
    elif total != explained:
        data = {"detail": "difference" if lines else "total only"}
        lines.append(Line(line="rest", subject=subject, value=tidy(total - explained)))
    elif foreign:
        data = {"detail": "paid in the customer's currency: " + ", ".join(_shown(t) for t in settled)[:200]}
    return Fact(
        kind="Refunded",
        system=system.name,
        type="refund",
        number=str(refund.id),
        happened=utc(refund.processed_at or refund.created_at, system),
        revision=_revision(refund, len(settled), system),
        currency=currency,
        lines=tuple(lines),
        total=total,
        channel="shopify",
        entity=system.entity,
        data=data,
    )


def _lines(refund: Refund, subject: Ref, currency: str) -> Iterator[Line]:
    for line in refund.refund_line_items:
        item = item_of(line.line_item) if line.line_item else f"LINE-{line.line_item_id}"
        goods = shop_money(line.subtotal_set, line.subtotal, currency)
        tax = shop_money(line.total_tax_set, line.total_tax, currency)
        order_line = str(line.line_item_id)
        if goods:
            yield Line(line=str(line.id), subject=subject, item=item, order_line=order_line, value=tidy(goods))
        if tax:
            yield Line(line=f"{line.id}-tax", subject=subject, order_line=order_line, value=tidy(tax), charge="tax")
    for adjustment in refund.order_adjustments:
        amount = -shop_money(adjustment.amount_set, adjustment.amount, currency)
        tax = -shop_money(adjustment.tax_amount_set, adjustment.tax_amount, currency)
        charge = "freight" if adjustment.kind == "shipping_refund" else "fee"
        if amount:
            yield Line(line=f"adjustment-{adjustment.id}", subject=subject, value=tidy(amount), charge=charge)
        if tax:
            yield Line(line=f"adjustment-{adjustment.id}-tax", subject=subject, value=tidy(tax), charge="tax")


def _currency(refund: Refund) -> str:
    """The shop's currency as the refund's own amounts state it; a transaction's may be the customer's."""
    sets = [line.subtotal_set for line in refund.refund_line_items]
    sets += [adjustment.amount_set for adjustment in refund.order_adjustments]
    for stated in sets:
        if stated and stated.shop_money and stated.shop_money.currency_code:
            return stated.shop_money.currency_code
    return ""


def _revision(refund: Refund, settled: int, system: System) -> str:
    """The last moment money moved; the count of settled transactions orders states of one moment."""
    moments = [refund.created_at, refund.processed_at]
    for transaction in refund.transactions:
        moments += [transaction.created_at, transaction.processed_at]
    return revision_time(max(utc(moment, system) for moment in moments if moment is not None), settled)


def _shown(transaction: Transaction) -> str:
    amount: Decimal = exact(transaction.amount)
    return f"{plain(amount)} {transaction.currency}"
