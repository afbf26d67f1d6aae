"""Fulfilments: what the warehouse shipped, told to the shop with its tracking numbers, by which it is found again."""

from collections.abc import Generator, Iterable

from tieout.connectors import Conversation
from tieout.connectors.json_replies import Ended, read_back
from tieout.connectors.shopify.send.fulfilment_queries import (
    CREATE_FULFILMENT,
    FULFILMENT,
    FULFILMENT_ORDERS,
    FULFILMENTS,
    CreatedAnswer,
    Fulfilment,
    FulfilmentAnswer,
    FulfilmentOrder,
    FulfilmentsAnswer,
    WorkAnswer,
)
from tieout.connectors.shopify.send.graphql import Shop, check, differences, final, gid, order_id, quantities
from tieout.core.command import Absent, Accepted, Call, Command, Failed, Rejected, Reply
from tieout.core.values import normalise

FULFILMENTS_MAX = 50
ORDERS_MAX = 50
SUCCESS = "SUCCESS"
CREATE = "CREATE_FULFILLMENT"
GONE = ("CANCELLED", "ERROR", "FAILURE")


def find(shop: Shop, command: Command) -> Generator[Call, Reply, Accepted | Absent]:
    """The fulfilment with the command's tracking numbers and quantities."""
    id_, numbers, meant = order_id(shop, command), _numbers(command), quantities(command)
    answer = yield from shop.ask(FULFILMENTS, FulfilmentsAnswer, {"id": id_})
    if answer.order is None:
        raise Ended(Rejected(f"Shopify knows no order {id_}."))
    for one in answer.order.fulfillments:
        if one.status not in GONE and one.numbers & set(numbers):
            whole = yield from _read(shop, one.id)
            if whole is not None and whole.lines == meant:
                return _accepted(shop, whole, numbers, meant)
    if len(answer.order.fulfillments) >= FULFILMENTS_MAX:
        raise Ended(Rejected(f"The order has {FULFILMENTS_MAX} fulfilments or more: whether this one is among them cannot be seen."))
    return Absent()


def make(shop: Shop, command: Command) -> Conversation:
    """Fulfil the lines at one location."""
    numbers, meant = _numbers(command), quantities(command)
    if not meant:
        raise Ended(Rejected("The command has no lines of goods."))
    orders = yield from _orders(shop, order_id(shop, command))
    tracking = {"numbers": list(numbers.values())}
    carrier = command.data.get("carrier", "").strip()
    wanted = {
        "lineItemsByFulfillmentOrder": _chosen(orders, meant, shop.location(command.warehouse)),
        "trackingInfo": tracking | ({"company": carrier} if carrier else {}),
        "notifyCustomer": shop.notifies,
    }
    answer = yield from shop.ask(CREATE_FULFILMENT, CreatedAnswer, {"fulfillment": wanted}, writes=True)
    check(answer.fulfillment_create.user_errors)
    if answer.fulfillment_create.fulfillment is None:
        raise Ended(Failed("not-json", "Shopify names no fulfilment that it made and no reason why not.", in_doubt=True))
    made = answer.fulfillment_create.fulfillment.id
    whole = yield from read_back(_read(shop, made))
    if whole is None:
        return Accepted((shop.reference("fulfillment", made),), differs=("the fulfilment is not there when read back",))
    return _accepted(shop, whole, numbers, meant)


def _numbers(command: Command) -> dict[str, str]:
    """The tracking numbers as the shop compares them, and as they are written; else our shipment number, so that it can be found again."""
    stated = command.data.get("tracking") or command.data.get("shipment") or ""
    numbers = {normalise(number): number.strip() for number in stated.split(",") if number.strip()}
    if not numbers:
        raise Ended(Rejected("The command has no tracking number and no shipment number: give it the data `tracking` or `shipment`."))
    return numbers


def _read(shop: Shop, id_: str) -> Generator[Call, Reply, Fulfilment | None]:
    answer = yield from shop.ask(FULFILMENT, FulfilmentAnswer, {"id": id_})
    if answer.fulfillment is not None and answer.fulfillment.fulfillment_line_items.page_info.has_next_page:
        raise Ended(Rejected("A fulfilment with these tracking numbers has more than 250 lines; compare it in Shopify."))
    return answer.fulfillment


def _accepted(shop: Shop, found: Fulfilment, numbers: Iterable[str], meant: dict[str, int]) -> Accepted:
    differs = differences("quantity", meant, found.lines)
    lacking = sorted(set(numbers) - found.numbers)
    differs += [f"tracking number {number} is missing" for number in lacking]
    differs += [f"the fulfilment is {found.status}"] if found.status != SUCCESS else []
    return Accepted((shop.reference("fulfillment", found.id),), final(found.lines), tuple(differs))


def _orders(shop: Shop, id_: str) -> Generator[Call, Reply, list[FulfilmentOrder]]:
    """All fulfilment orders, one per page: each may have hundreds of lines, and a query has a price."""
    found: list[FulfilmentOrder] = []
    after: str | None = None
    for _ in range(ORDERS_MAX):
        answer = yield from shop.ask(FULFILMENT_ORDERS, WorkAnswer, {"id": id_, "after": after})
        if answer.order is None:
            raise Ended(Rejected(f"Shopify knows no order {id_}."))
        page = answer.order.fulfillment_orders
        found += page.nodes
        if any(one.line_items.page_info.has_next_page for one in page.nodes):
            raise Ended(Rejected("A fulfilment order has more than 250 lines; fulfil this order in Shopify."))
        if not page.page_info.has_next_page:
            return found
        after = page.page_info.end_cursor
    raise Ended(Rejected(f"The order has more than {ORDERS_MAX} fulfilment orders; fulfil it in Shopify."))


def _chosen(orders: list[FulfilmentOrder], meant: dict[str, int], place: str) -> list[dict[str, object]]:
    """The fulfilment orders of the one location that can fulfil all lines. A fulfilment never spans two."""
    able = [one for one in orders if any(each.action == CREATE for each in one.supported_actions)]
    places = [place] if place else sorted({one.place for one in able})
    fitting = [(where, chosen) for where in places if (chosen := _taken([one for one in able if one.place == where], meant))]
    if len(fitting) == 1:
        return fitting[0][1]
    if fitting:
        names = ", ".join(where.rsplit("/", 1)[-1] for where, _ in fitting)
        raise Ended(Rejected(f"Several locations ({names}) could have shipped this: say in the option `locations` which one the warehouse is."))
    here = [one for one in able if not place or one.place == place]
    states = ", ".join(f"{one.status} with {sum(line.remaining_quantity for line in one.line_items.nodes)} left" for one in orders)
    left = {key: sum(line.remaining_quantity for one in here for line in one.line_items.nodes if line.line_item.id == key) for key in meant}
    short = "; ".join(f"line {key.rsplit('/', 1)[-1]}: {count} shipped, {left[key]} left to fulfil" for key, count in meant.items())
    raise Ended(Rejected(f"No one location has this left to fulfil: {short} (fulfilment orders: {states or 'none'})."))


def _taken(orders: list[FulfilmentOrder], meant: dict[str, int]) -> list[dict[str, object]]:
    """Which quantities of which fulfilment orders cover the lines; nothing if they do not."""
    open_ = dict(meant)
    chosen: list[dict[str, object]] = []
    for order in orders:
        lines = []
        for line in order.line_items.nodes:
            count = min(open_.get(line.line_item.id, 0), line.remaining_quantity)
            if count > 0:
                open_[line.line_item.id] -= count
                lines.append({"id": line.id, "quantity": count})
        if lines:
            chosen.append({"fulfillmentOrderId": gid("FulfillmentOrder", order.id), "fulfillmentOrderLineItems": lines})
    return [] if any(open_.values()) else chosen
