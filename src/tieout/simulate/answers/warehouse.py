"""The warehouse told what to ship, by the contract of `wms_json`: it knows a release by its `release_id`, and is told it twice without harm.

POST releases                `{"release_id", "order": {"system", "type", "number"}, "lines": [{"item", "quantity"}], …}`
GET  releases?release_id=…   what came of it, with the number of its delivery
"""

from collections.abc import Mapping
from typing import Any

from tieout.simulate import following
from tieout.simulate.answers import Refusal, Reply, Request, Told, Unfit
from tieout.simulate.answers.wanted import lines_of
from tieout.simulate.books import Books, Document

SYSTEMS = ("wms",)
RELEASES = "releases"


def concerns(request: Request, books: Books) -> Told | None:
    """A release, and the order that it is of."""
    if request.method != "POST" or request.path != RELEASES:
        return None
    about = _about(request.json)
    plan = books.plans.get(about)
    return Told("release", plan.order.ref if plan is not None else about)


def answer(request: Request, books: Books) -> Reply | None:
    """The release as the warehouse keeps it."""
    if request.path != RELEASES:
        return None
    if request.method == "GET":
        found = books.keyed("release", request.query.get("release_id", ""))
        return Reply(found.said) if found is not None else None
    wanted = request.json
    known = books.keyed("release", str(wanted.get("release_id", "")))
    return Reply((known or _release(books, wanted)).said, 201)


def _release(books: Books, wanted: Mapping[str, Any]) -> Document:
    key, about = str(wanted.get("release_id", "")), _about(wanted)
    if not key:
        raise Unfit("a release has a `release_id`")
    plan, lines = books.plans.get(about), lines_of(wanted, priced=False)
    if plan is None:
        raise Refusal("NOT_FOUND", f"Nothing is known of {about}.")
    number = books.number("release", about, f"D{plan.order.index + 1:05d}")
    following.released(books, plan.order, about, lines, number, key)
    return books.make(Document("release", number, about, key, lines, {**wanted, "delivery": number}))


def _about(wanted: Mapping[str, Any]) -> str:
    order = wanted.get("order")
    if not isinstance(order, dict) or not {"system", "type", "number"} <= order.keys():
        raise Unfit("a release has an `order` with system, type and number")
    return f"{order['system']}/{order['type']}/{order['number']}"
