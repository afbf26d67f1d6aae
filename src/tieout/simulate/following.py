"""What follows when a system has done what it was told: stock is set aside, goods leave and arrive, customers pay and send back."""

from datetime import timedelta

from tieout.simulate.books import Books
from tieout.simulate.catalogue import MARKETS
from tieout.simulate.clock import HOUR, MINUTE, local, moment, open_moment
from tieout.simulate.paper import Line, Paper
from tieout.simulate.returns import add_return, refund
from tieout.simulate.story import WAREHOUSE_HOURS, Order, Plan, delivery, late, payment, reservation

GIVEN_BACK = ("credit", "refund")
"""Papers of a return that are made only when somebody says so."""


def booked(books: Books, order: Order, paper: Paper) -> None:
    """The ERP states its sales order, and the warehouse sets stock aside for it."""
    rng = books.chance(order, "booked")
    aside = reservation(order, paper.happened + rng.randint(MINUTE, 30 * MINUTE), rng)
    aside.about, aside.lines = paper.about, [line.copy(value=None) for line in paper.lines if line.item]
    aside.number += paper.number.removeprefix(order.sales_order)
    books.say(paper, aside, of=order)


def released(books: Books, order: Order, about: str, lines: list[Line], delivery_number: str, release: str) -> None:
    """The warehouse ships, the carrier delivers, and some customers send something back."""
    part = len(books.made_for("release", about)) + 1
    rng = books.chance(order, "released", part)
    at = open_moment(books.moment + HOUR, *WAREHOUSE_HOURS) + rng.randint(30 * MINUTE, 2 * HOUR)
    warehouse = order.warehouse if order.shipped_by == "wms" else "CHI"
    more = {
        "warehouse": warehouse, "parcels": [f"1Z{order.index:07d}{part:02d}"], "left": at, "delivery": delivery_number, "release": release,
    }  # fmt: skip
    shipped = Paper("shipment", "wms", f"SH{order.index}-{part}", at, at + late(rng), about, lines, more=more)
    there = delivery(order, shipped, rng)
    story = Plan(order, [shipped, there], rng)
    if part == 1:
        add_return(story, books.seed)
    books.returned[order.index] += story.all("return_received")
    books.say(*(paper for paper in story.papers if paper.kind not in GIVEN_BACK), of=order)


def billed(books: Books, order: Order, paper: Paper) -> None:
    """The ERP states its invoice; the customer pays it, and the ERP applies that."""
    rng = books.chance(order, "billed", paper.number)
    due = local(paper.happened).date() + timedelta(days=order.channel.terms_days)
    paper.more |= {"customer": order.customer, "channel": order.channel.name, "due": due}
    paper.due = moment(due + timedelta(days=1))
    paid = payment(order, paper, rng) if order.channel.name not in MARKETS else []
    again = paper.number.partition("-")[2].partition("-")[2]
    for each in paid:
        each.number += f"-{again}" if again else ""
    books.say(paper, *paid, of=order)


def credited(books: Books, order: Order, paper: Paper) -> None:
    """The ERP states its credit memo, and the shop gives the money back."""
    rng = books.chance(order, "credited", paper.number)
    books.say(paper, of=order)
    if order.channel.name == "shop":
        worth = sum(line.value or 0 for line in paper.lines)
        lines = [line.copy() for line in paper.lines]
        again = len(books.made_for("credit", paper.about)) - 1
        books.say(refund(Plan(order, [], rng), paper.happened + rng.randint(HOUR, 30 * HOUR), lines, worth, rng, again), of=order)
