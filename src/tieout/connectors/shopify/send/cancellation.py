"""Cancellations: Shopify cancels whole orders only, as a job of its own; money goes back by a refund, never by the way."""

from collections.abc import Generator

from tieout.connectors import Conversation
from tieout.connectors.json_replies import Ended, read_back
from tieout.connectors.shopify.send.graphql import NOTE_MAX, Camel, Id, Page, Shop, UserError, check, differences, order_id, quantities
from tieout.core.command import Absent, Accepted, Call, Command, Rejected, Reply

REASONS = ("CUSTOMER", "DECLINED", "FRAUD", "INVENTORY", "STAFF", "OTHER")

ORDER = """
query Cancellation($id: ID!) {
  order(id: $id) { id cancelledAt lineItems(first: 250) { nodes { id currentQuantity } pageInfo { hasNextPage } } }
}
"""
CANCEL = """
mutation Cancel(
  $orderId: ID!, $reason: OrderCancelReason!, $restock: Boolean!, $refundMethod: OrderCancelRefundMethodInput!,
  $notifyCustomer: Boolean, $staffNote: String
) {
  orderCancel(
    orderId: $orderId, reason: $reason, restock: $restock, refundMethod: $refundMethod,
    notifyCustomer: $notifyCustomer, staffNote: $staffNote
  ) { job { id } orderCancelUserErrors { field message code } }
}
"""


class CurrentLine(Camel, frozen=True):
    """What is left of an order line after edits and refunds."""

    id: str
    current_quantity: int


class CurrentLines(Camel, frozen=True):
    """The lines of an order."""

    nodes: tuple[CurrentLine, ...] = ()
    page_info: Page = Page()


class Order(Camel, frozen=True):
    """An order, and when it was cancelled."""

    id: str
    cancelled_at: str | None = None
    line_items: CurrentLines = CurrentLines()


class OrderAnswer(Camel, frozen=True):
    """Answer to ORDER."""

    order: Order | None = None


class Cancelled(Camel, frozen=True):
    """The job that cancels."""

    job: Id | None = None
    order_cancel_user_errors: tuple[UserError, ...] = ()


class CancelAnswer(Camel, frozen=True):
    """Answer to CANCEL."""

    order_cancel: Cancelled


def find(shop: Shop, command: Command) -> Generator[Call, Reply, Accepted | Absent]:
    """Whether the order is cancelled, by whomever."""
    order = yield from _read(shop, command)
    return _accepted(shop, order) if order.cancelled_at else Absent()


def make(shop: Shop, command: Command) -> Conversation:
    """Cancel the order if it is the whole of it that is to be cancelled."""
    order = yield from _read(shop, command)
    _check_whole(command, order)
    reason = command.data.get("reason", "OTHER").strip().upper()
    wanted = {
        "orderId": order.id,
        "reason": reason if reason in REASONS else "OTHER",
        "restock": command.data.get("restock", "yes").strip().lower() != "no",
        "refundMethod": {"originalPaymentMethodsRefund": False},
        "notifyCustomer": shop.notifies,
        "staffNote": f"[{command.key}] {command.data.get('note', '')}".strip()[:NOTE_MAX],
    }
    answer = yield from shop.ask(CANCEL, CancelAnswer, wanted, writes=True)
    check(answer.order_cancel.order_cancel_user_errors)
    return _accepted(shop, (yield from read_back(_read(shop, command))))


def _read(shop: Shop, command: Command) -> Generator[Call, Reply, Order]:
    id_ = order_id(shop, command)
    answer = yield from shop.ask(ORDER, OrderAnswer, {"id": id_})
    if answer.order is None:
        raise Ended(Rejected(f"Shopify knows no order {id_}."))
    return answer.order


def _check_whole(command: Command, order: Order) -> None:
    """A command with lines means just these; cancelling more than was meant cannot be undone."""
    meant = quantities(command)
    if not meant:
        return
    if order.line_items.page_info.has_next_page:
        raise Ended(Rejected("The order has more than 250 lines; cancel it in Shopify."))
    found = {line.id: line.current_quantity for line in order.line_items.nodes if line.current_quantity}
    wrong = differences("quantity", meant, found)
    if wrong:
        raise Ended(Rejected(f"Shopify cancels whole orders only, and this is a part: {'; '.join(wrong)}. Edit the order in Shopify."))


def _accepted(shop: Shop, order: Order) -> Accepted:
    """The shop may still be at it: that the order is cancelled is proven by its own later statement."""
    return Accepted((shop.reference("order_id", order.id),))
