"""What somebody wants of a system, as its JSON says it: the lines, and the order they are about."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from tieout.simulate.answers import Unfit
from tieout.simulate.books import Books
from tieout.simulate.catalogue import CHANNELS
from tieout.simulate.paper import Cents, Line
from tieout.simulate.story import CHANNEL_OF, Order, Plan

LINES_MAX = 1000
STRANGER = 7_000_000
"""The first number of orders that nobody in the world has placed."""


def lines_of(wanted: Mapping[str, Any], *, priced: bool) -> list[Line]:
    """The lines: `sku` or `item`, `qty` or `quantity`, `amount`; or a charge by its `kind`. Raises Unfit."""
    rows = wanted.get("lines")
    if not isinstance(rows, list) or not 1 <= len(rows) <= LINES_MAX or not all(isinstance(row, dict) for row in rows):
        raise Unfit(f"`lines` has 1 to {LINES_MAX:,} lines")
    found = []
    for row in rows:
        cents = _cents(row.get("amount")) if priced else None
        kind = str(row.get("kind", "goods"))
        if kind in ("freight", "tax"):
            found.append(Line("", value=cents, charge=kind))
            continue
        item, quantity = str(row.get("sku") or row.get("item") or ""), str(row.get("qty", row.get("quantity", "")))
        if not item or not quantity.isdecimal():
            raise Unfit("a line of goods has a `sku` and a whole `qty`")
        found.append(Line(item, int(quantity), cents, str(row.get("unit", "EA"))))
    return found


def order_named(books: Books, reference: str, wanted: Mapping[str, Any]) -> Order:
    """The order of that name; one that nobody in the world has placed is believed, and becomes known."""
    plan = books.plans.get(reference)
    if plan is None:
        index = STRANGER + len(books.plans)
        channel = CHANNEL_OF.get(reference.split("/")[0], next(each for each in CHANNELS if each.name == "inside"))
        goods = [line for line in lines_of(wanted, priced=True) if line.item]
        customer = str(wanted.get("customer", "")) or "C-1001"
        number = reference.split("/", 2)[2]
        order = Order(index, channel, number, customer, books.moment, goods, 0, 0, "CHI", f"SO{100001 + index}")
        plan = Plan(order, [], books.chance(order))
        books.know(plan)
        books.plans[reference] = plan
    return plan.order


def _cents(amount: object) -> Cents:
    try:
        cents = Decimal(str(amount)) * 100
    except InvalidOperation:
        raise Unfit(f"`amount` is {amount!r}, no number") from None
    if not cents.is_finite() or cents != int(cents):
        raise Unfit(f"`amount` is {amount!r}, not in whole cents")
    return int(cents)
