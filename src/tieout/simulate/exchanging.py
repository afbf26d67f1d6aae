"""Exchanges: a customer sends goods back and takes others; the credit is set off against the new invoice, and the net is paid one way."""

import random
from dataclasses import dataclass, replace
from datetime import timedelta

from tieout.simulate import chance
from tieout.simulate.catalogue import ITEMS, TAX_PERMILLE
from tieout.simulate.clock import DAY, HOUR, MINUTE, business_day, local, moment, open_moment
from tieout.simulate.paper import Cents, Line, Paper
from tieout.simulate.returns import refund
from tieout.simulate.story import (
    OFFICE_HOURS,
    WAREHOUSE_HOURS,
    Order,
    Plan,
    booking,
    delivery,
    hear,
    invoice,
    late,
    payment,
    placing,
    plan,
    price_of,
    reservation,
    shipment,
)

SHARE = 0.05
"""How many of the web shop's orders are exchanged in part."""
FIRST_INDEX = 3_000_000
"""The new orders count from here."""


@dataclass(slots=True)
class Exchange(Plan):
    """An order, the return of some of it, and the order that takes its place; `credit` and `owed` are what the two come to."""

    taken: Order | None = None
    credit: Cents = 0
    owed: Cents = 0

    @property
    def netted(self) -> Cents:
        """What is set off."""
        return min(self.credit, self.owed)

    @property
    def second(self) -> Order:
        """The order that takes the place of what came back."""
        assert self.taken is not None
        return self.taken

    @property
    def bill(self) -> Paper:
        """The new order's invoice."""
        return next(paper for paper in self.papers if paper.kind == "invoice" and paper.about == self.second.booked_as)


def is_exchanged(order: Order, seed: str) -> bool:
    """Whether this order is exchanged."""
    return order.channel.name == "shop" and chance.share(seed, "exchange", order.index) < SHARE


def exchange(order: Order, seed: str) -> Exchange:
    """The order as it goes by itself, then return, credit, new order, set-off and net."""
    first = plan(seed, order)
    rng = chance.stream(seed, "exchange", order.index, "how")
    made = Exchange(order, first.papers, rng)
    line = rng.choice(order.goods)
    goods = Line(line.item, rng.randint(1, line.quantity or 1))
    made.credit = (goods.quantity or 0) * price_of(line)
    credited = _return(made, goods, rng)
    _sell(made, credited + rng.randint(10 * MINUTE, 3 * HOUR), goods, rng)
    _settle(made, rng)
    return made


def _return(made: Exchange, goods: Line, rng: random.Random) -> int:
    order = made.order
    about = f"erp/return/RMA{order.index}"
    asked = open_moment(made.one("delivery").happened + rng.randint(6 * HOUR, 2 * DAY), *OFFICE_HOURS)
    made.add(
        Paper("return_authorised", "erp", f"RMA{order.index}", asked, asked + late(rng), about, [goods.copy()], ((about, order.booked_as),))
    )
    back = open_moment(asked + rng.randint(DAY, 3 * DAY), *WAREHOUSE_HOURS)
    made.add(Paper("return_received", "wms", f"RR{order.index}", back, back + late(rng), about, [goods.copy()], more={"warehouse": "CHI"}))
    away = back + rng.randint(HOUR, 20 * HOUR)
    made.add(Paper("restocked", "wms", f"RS{order.index}", away, away + late(rng), about, [goods.copy()], more={"warehouse": "CHI"}))
    credited = moment(business_day(local(back).date() + timedelta(days=1)), OFFICE_HOURS[0]) + rng.randrange(4 * HOUR)
    made.add(Paper("credit", "erp", f"CR{order.index}", credited, credited + late(rng), about, [goods.copy(value=made.credit)]))
    return credited


def _sell(made: Exchange, at: int, back: Line, rng: random.Random) -> None:
    order, index = made.order, FIRST_INDEX + made.order.index
    item = rng.choice([item for item in ITEMS if item.sku != back.item])
    pieces = back.quantity or 1
    tax = (pieces * item.price * TAX_PERMILLE + 500) // 1000
    goods = [Line(item.sku, pieces, pieces * item.price)]
    made.taken = taken = replace(
        order,
        index=index,
        number=f"S{100001 + index}",
        placed=at,
        goods=goods,
        freight=0,
        tax=tax,
        sales_order=f"SO{100001 + index}",
        warehouse="CHI",
    )
    made.add(placing(taken, rng))
    booked = made.add(booking(taken, at + rng.randint(2 * MINUTE, 30 * MINUTE), rng))
    made.add(reservation(taken, booked.happened + rng.randint(MINUTE, 30 * MINUTE), rng))
    shipped = hear(made, shipment(taken, open_moment(booked.happened + HOUR, *WAREHOUSE_HOURS) + rng.randint(0, HOUR), rng), rng)
    made.add(delivery(taken, shipped, rng))
    bill = made.add(invoice(taken, shipped, rng))
    made.owed = sum(line.value or 0 for line in bill.lines)


def _settle(made: Exchange, rng: random.Random) -> None:
    bill, index = made.bill, made.order.index
    at = bill.happened + rng.randint(HOUR, 4 * HOUR)
    about = f"erp/return/RMA{index}"
    more = {"against": bill.number}
    made.add(Paper("credit_applied", "erp", f"XA{index}", at, at + late(rng), about, [Line("", value=made.netted)], more=more))
    if made.owed > made.credit:
        for paper in payment(made.second, bill, rng):
            paper.lines[0].value = made.owed - made.credit
            if paper.kind == "payment":
                paper.more["invoices"] = [(bill.number, made.owed - made.credit)]
            made.add(paper)
    elif made.credit > made.owed:
        made.add(refund(made, at + rng.randint(HOUR, 20 * HOUR), [], made.credit - made.owed, rng))
