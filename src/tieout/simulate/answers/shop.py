"""The web shop told what was shipped: as much of Shopify's GraphQL as fulfilments need, at `admin/api/VERSION/graphql.json`.

It does not notice when it is told twice, but for what is left to fulfil.
"""

from collections.abc import Mapping
from typing import Any

from tieout.simulate.answers import Reply, Request, Told, Unfit
from tieout.simulate.books import Books, Document
from tieout.simulate.paper import Line, Paper
from tieout.simulate.story import FIRST_ID, Order, late

SYSTEMS = ("shop",)
PATH, CREATE = "/graphql.json", "fulfillmentCreate"
PAGE = {"hasNextPage": False, "endCursor": None}


def concerns(request: Request, books: Books) -> Told | None:
    """A fulfilment, and the order that it is of."""
    if not _is_asked(request) or CREATE not in _query(request.json):
        return None
    order = _order(books, _work(request.json)[0]["fulfillmentOrderId"])
    return Told("fulfilment", order.ref if order is not None else "")


def answer(request: Request, books: Books) -> Reply | None:
    """The data of the one question that a query asks."""
    if not _is_asked(request):
        return None
    asked = request.json
    query, variables = _query(asked), dict(asked.get("variables") or {})
    if CREATE in query:
        return Reply({"data": {CREATE: _fulfil(books, _work(asked), variables["fulfillment"])}})
    if "fulfillment(" in query:
        found = books.numbered("fulfilment", str(variables.get("id", "")).rsplit("/", 1)[-1])
        return Reply({"data": {"fulfillment": found.said if found is not None else None}})
    order = _order(books, str(variables.get("id", "")))
    if "fulfillmentOrders(" in query:
        return Reply({"data": {"order": {"fulfillmentOrders": _left(books, order)} if order is not None else None}})
    if "fulfillments(" in query:
        made = [each.said for each in books.made_for("fulfilment", order.ref)] if order is not None else []
        return Reply({"data": {"order": {"fulfillments": made} if order is not None else None}})
    return Reply({"errors": [{"message": "This shop answers about fulfilments only."}]})


def _is_asked(request: Request) -> bool:
    return request.method == "POST" and request.path.endswith(PATH)


def _query(asked: Mapping[str, Any]) -> str:
    return str(asked.get("query", ""))


def _work(asked: Mapping[str, Any]) -> list[dict[str, Any]]:
    try:
        found: list[dict[str, Any]] = asked["variables"]["fulfillment"]["lineItemsByFulfillmentOrder"]
        return found if found[0]["fulfillmentOrderId"] else []
    except (LookupError, TypeError) as bad:
        raise Unfit("a fulfilment names its fulfilment order") from bad


def _order(books: Books, gid: str) -> Order | None:
    """The order of an id: its own, or that of its one fulfilment order."""
    number = gid.rsplit("/", 1)[-1]
    plan = books.plans.get(f"shop/order/S{100001 + int(number) - FIRST_ID}") if number.isdecimal() else None
    return plan.order if plan is not None else None


def _items(books: Books, order: Order) -> list[tuple[int, Line, int]]:
    """For each line of goods its id, itself, and how much of it is left to fulfil."""
    gone = [line for made in books.made_for("fulfilment", order.ref) for line in made.lines]
    return [
        ((FIRST_ID + order.index) * 10 + n, line, (line.quantity or 0) - sum(each.quantity or 0 for each in gone if each.item == line.item))
        for n, line in enumerate(order.goods)
    ]


def _left(books: Books, order: Order) -> dict[str, Any]:
    lines = [
        {"id": _gid("FulfillmentOrderLineItem", id_), "remainingQuantity": left, "lineItem": {"id": _gid("LineItem", id_)}}
        for id_, _, left in _items(books, order)
    ]
    is_open = any(line["remainingQuantity"] for line in lines)
    work = {
        "id": _gid("FulfillmentOrder", FIRST_ID + order.index),
        "status": "OPEN" if is_open else "CLOSED",
        "supportedActions": [{"action": "CREATE_FULFILLMENT"}] if is_open else [],
        "assignedLocation": {"location": {"id": _gid("Location", 1)}},
        "lineItems": {"nodes": lines, "pageInfo": PAGE},
    }
    return {"nodes": [work], "pageInfo": PAGE}


def _fulfil(books: Books, work: list[dict[str, Any]], wanted: Mapping[str, Any]) -> dict[str, Any]:
    order = _order(books, work[0]["fulfillmentOrderId"])
    if order is None:
        return _error("There is no such fulfillment order.")
    asked = {str(line["id"]).rsplit("/", 1)[-1]: line["quantity"] for one in work for line in one["fulfillmentOrderLineItems"]}
    taken = [(id_, line, asked[str(id_)], left) for id_, line, left in _items(books, order) if str(id_) in asked]
    if not taken or any(not 0 < quantity <= left for *_, quantity, left in taken):
        return _error("Invalid fulfillment order line item quantity requested.")
    parcels = [str(number) for number in (wanted.get("trackingInfo") or {}).get("numbers", [])]
    number = f"{FIRST_ID + order.index}{50 + len(books.made_for('fulfilment', order.ref))}"
    lines = [line.copy(quantity=quantity, value=None) for _, line, quantity, _ in taken]
    said = {
        "id": _gid("Fulfillment", number),
        "status": "SUCCESS",
        "trackingInfo": [{"number": parcel} for parcel in parcels],
        "fulfillmentLineItems": {
            "nodes": [{"quantity": quantity, "lineItem": {"id": _gid("LineItem", id_)}} for id_, _, quantity, _ in taken], "pageInfo": PAGE,
        },
    }  # fmt: skip
    at, about = books.moment, f"shop/order_id/{FIRST_ID + order.index}"
    more = {"index": order.index, "parcels": parcels, "ids": [id_ for id_, *_ in taken]}
    books.say(Paper("fulfilment", "shop", number, at, at + late(books.chance(order, number)), about, lines, more=more), of=order)
    books.make(Document("fulfilment", number, order.ref, "", lines, said))
    return {"fulfillment": {"id": said["id"]}, "userErrors": []}


def _error(message: str) -> dict[str, Any]:
    return {"fulfillment": None, "userErrors": [{"field": ["fulfillment"], "message": message}]}


def _gid(type_: str, number: int | str) -> str:
    return f"gid://shopify/{type_}/{number}"
