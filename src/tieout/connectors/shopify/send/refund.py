"""Refunds: exactly the money that is owed, back to where it came from; the command's key in the note finds it again."""

from collections.abc import Generator, Iterable
from decimal import Decimal
from uuid import NAMESPACE_URL, uuid5

from tieout.connectors import Conversation
from tieout.connectors.json_replies import Ended, read_back
from tieout.connectors.shopify.send.graphql import NOTE_MAX, Camel, Id, MoneySet, Shop, UserError, check, order_id, quantities
from tieout.core.command import Absent, Accepted, Call, Command, Failed, Rejected, Reply
from tieout.core.values import ZERO, plain, round_money, tidy

REFUNDS_MAX = 100
PAID = ("SALE", "CAPTURE")
RETURNED = "REFUND"
COUNTS = ("SUCCESS", "PENDING")
"""States in which a refund's money is gone or going."""

REFUNDS = """
query Refunds($id: ID!) {
  order(id: $id) {
    id currencyCode presentmentCurrencyCode
    refunds(first: 100) { id note totalRefundedSet { shopMoney { amount currencyCode } } }
    transactions(first: 100) {
      id kind status gateway amountSet { shopMoney { amount currencyCode } } parentTransaction { id }
    }
  }
}
"""
REFUND = """
mutation Refund($input: RefundInput!, $key: String!) {
  refundCreate(input: $input) @idempotent(key: $key) { refund { id } userErrors { field message } }
}
"""


class Refund(Camel, frozen=True):
    """A refund as the shop shows it."""

    id: str
    total_refunded_set: MoneySet
    note: str | None = None


class Transaction(Camel, frozen=True):
    """Money that came or went."""

    id: str
    kind: str
    status: str
    amount_set: MoneySet
    gateway: str | None = None
    parent_transaction: Id | None = None


class Order(Camel, frozen=True):
    """An order's money."""

    id: str
    currency_code: str
    presentment_currency_code: str
    refunds: tuple[Refund, ...] = ()
    transactions: tuple[Transaction, ...] = ()


class OrderAnswer(Camel, frozen=True):
    """Answer to REFUNDS."""

    order: Order | None = None


class Created(Camel, frozen=True):
    """What the mutation made."""

    refund: Id | None = None
    user_errors: tuple[UserError, ...] = ()


class CreatedAnswer(Camel, frozen=True):
    """Answer to REFUND."""

    refund_create: Created


def find(shop: Shop, command: Command) -> Generator[Call, Reply, Accepted | Absent]:
    """The refund whose note has the command's key."""
    order = yield from _read(shop, command)
    return _found(shop, command, order) or Absent()


def make(shop: Shop, command: Command) -> Conversation:
    """Refund the amount, on the payments that have it left."""
    order = yield from _read(shop, command)
    if len(order.refunds) >= REFUNDS_MAX or len(order.transactions) >= REFUNDS_MAX:
        raise Ended(Rejected(f"The order has {REFUNDS_MAX} refunds or payments or more; refund it in Shopify."))
    amount = _amount(command, order)
    freight = sum((line.value or ZERO for line in command.lines if line.charge == "freight"), ZERO)
    wanted: dict[str, object] = {
        "orderId": order.id,
        "note": _note(command),
        "notify": shop.notifies,
        "refundLineItems": [{"lineItemId": key, "quantity": count, "restockType": "NO_RESTOCK"} for key, count in quantities(command).items()],
        "transactions": list(_transactions(order, amount)),
    }
    if freight:
        wanted["shipping"] = {"amount": _text(freight, order)}
    key = str(uuid5(NAMESPACE_URL, command.key))
    answer = yield from shop.ask(REFUND, CreatedAnswer, {"input": wanted, "key": key}, writes=True)
    check(answer.refund_create.user_errors)
    if answer.refund_create.refund is None:
        raise Ended(Failed("not-json", "Shopify names no refund that it made and no reason why not.", in_doubt=True))
    made = answer.refund_create.refund.id
    there = _found(shop, command, (yield from read_back(_read(shop, command))))
    return there or Accepted((shop.reference("refund", made),), differs=("the refund is not there when read back",))


def _read(shop: Shop, command: Command) -> Generator[Call, Reply, Order]:
    id_ = order_id(shop, command)
    answer = yield from shop.ask(REFUNDS, OrderAnswer, {"id": id_})
    if answer.order is None:
        raise Ended(Rejected(f"Shopify knows no order {id_}."))
    return answer.order


def _found(shop: Shop, command: Command, order: Order) -> Accepted | None:
    for refund in order.refunds:
        if _mark(command) in (refund.note or ""):
            amount, found = _amount(command, order), tidy(refund.total_refunded_set.shop_money.amount)
            differs = () if found == amount else (f"amount: {plain(amount)} meant, {plain(found)} found",)
            return Accepted((shop.reference("refund", refund.id),), differs=differs)
    return None


def _amount(command: Command, order: Order) -> Decimal:
    """What is owed, in the shop's currency and to its minor unit."""
    lines = sum((line.value or ZERO for line in command.lines), ZERO)
    amount = tidy(command.total if command.total is not None else lines)
    currency = order.currency_code
    if command.currency != currency or order.presentment_currency_code != currency:
        paid = f"the shop keeps {currency} and the customer paid in {order.presentment_currency_code}"
        raise Ended(Rejected(f"The refund is owed in {command.currency or 'no currency'}, {paid}; refund it in Shopify."))
    if amount <= ZERO or amount != round_money(amount, currency):
        raise Ended(Rejected(f"{plain(amount)} {currency} is no amount that can be refunded."))
    return amount


def _transactions(order: Order, amount: Decimal) -> Iterable[dict[str, str]]:
    """The amount, on payments in the order they came, each up to what is left of it."""
    left = amount
    for paid in order.transactions:
        if paid.kind not in PAID or paid.status != "SUCCESS":
            continue
        gone = (
            one.amount_set.shop_money.amount
            for one in order.transactions
            if one.kind == RETURNED and one.status in COUNTS and one.parent_transaction and one.parent_transaction.id == paid.id
        )
        part = min(left, paid.amount_set.shop_money.amount - sum(gone, ZERO))
        if part > ZERO:
            left -= part
            yield {
                "orderId": order.id, "parentId": paid.id, "gateway": paid.gateway or "", "kind": RETURNED, "amount": _text(part, order),
            }  # fmt: skip
    if left:
        raise Ended(Rejected(f"{plain(amount)} {order.currency_code} is owed, only {plain(amount - left)} is left of the payments."))


def _text(amount: Decimal, order: Order) -> str:
    return format(round_money(amount, order.currency_code), "f")


def _mark(command: Command) -> str:
    return f"[{command.key}]"


def _note(command: Command) -> str:
    return f"{_mark(command)} {command.data.get('reason', '')[:NOTE_MAX]}".strip()
