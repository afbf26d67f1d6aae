"""Exactly once: what the simulated systems have made because they were told to, held against what each originating document calls for."""

from collections import Counter
from collections.abc import Iterable, Iterator

from tieout.simulate.books import Books
from tieout.simulate.grade import Difference
from tieout.simulate.paper import Line
from tieout.simulate.story import Plan

KINDS = ("booking", "release", "invoice", "fulfilment", "credit")
BARRED = {"booking": KINDS, "release": KINDS[1:], "invoice": ("invoice",), "fulfilment": ("fulfilment",), "credit": ("credit",)}
"""What is not made either when a system refuses one of them."""
Goods = Counter[str]


def per_order(books: Books) -> dict[str, dict[str, int]]:
    """How many documents of each kind there are for every order that is left to Tieout."""
    return {
        plan.order.ref: {what: sum(len(made) for made, _ in documents(books, plan, what)) for what in KINDS} for plan in _left(books)
    }  # fmt: skip


def not_once(books: Books) -> list[Difference]:
    """Where there is not exactly one document, or not one of all the goods."""
    return [difference for plan in _left(books) for difference in _wrong(books, plan)]


def documents(books: Books, plan: Plan, what: str) -> list[tuple[list[Goods], Goods]]:
    """For each document that calls for one of a kind: the goods of all that was made for it, and the goods that it calls for."""
    order, ordered = plan.order, goods_of(plan.order.goods)
    match what:
        case "booking":
            origins = [(order.ref, ordered)]
        case "fulfilment":
            origins = [(order.ref, ordered)] if order.channel.name == "shop" else []
        case "credit":
            origins = [(paper.about, goods_of(paper.lines)) for paper in books.returned.get(order.index, ())]
        case _:
            origins = [(order.booked_as, ordered)]
    return [([goods_of(each.lines) for each in books.made_for(what, origin)], goods) for origin, goods in origins]


def goods_of(lines: Iterable[Line]) -> Goods:
    """Pieces by item."""
    found: Goods = Counter()
    for line in lines:
        if line.item:
            found[line.item] += line.quantity or 0
    return found


def _left(books: Books) -> list[Plan]:
    return list({plan.order.index: plan for plan in books.plans.values() if plan.is_left}.values())


def _wrong(books: Books, plan: Plan) -> Iterator[Difference]:
    barred = {kind for fate in plan.fates if fate.refuses for kind in BARRED[fate.what]}
    for what in KINDS:
        for made, calls_for in documents(books, plan, what):
            wanted = [] if what in barred else [calls_for]
            if made != wanted:
                yield Difference(f"{what} {plan.order.ref}", f"{_told(made)} made, {_told(wanted)} expected")


def _told(made: list[Goods]) -> str:
    return " and ".join(", ".join(f"{count} {item}" for item, count in sorted(goods.items())) for goods in made) or "nothing"
