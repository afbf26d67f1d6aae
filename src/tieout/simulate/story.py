"""The story of an order: what truly happens to it, step by step, and what each partner will say about it. Faults strike it afterwards."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta

from tieout.simulate import chance
from tieout.simulate.catalogue import (
    BY_EDIFACT,
    BY_SKU,
    CHANNELS,
    EDI_CUSTOMERS,
    FREIGHT,
    HAULER,
    ITEMS,
    MARKETS,
    SITES,
    TAX_PERMILLE,
    TRADE_CUSTOMERS,
    WAREHOUSES,
    Channel,
)
from tieout.simulate.clock import DAY, HOUR, MINUTE, business_day, local, moment, open_moment
from tieout.simulate.fates import Fate
from tieout.simulate.paper import Cents, Line, Paper

WINDOW = 15 * MINUTE
"""Longest time from saying something to its arrival while nothing is wrong: the delivery window. The project's grace is longer."""
WAREHOUSE_HOURS = (7.0, 16.0)
FIRST_ID = 5_000_000_000
"""The web shop's own number of its order 0."""
SETTLEMENT_DAYS = 3
"""How long a marketplace's settlement runs."""
SETTLEMENT_HOUR = 20.0
CHANNEL_OF = {channel.name: channel for channel in CHANNELS}
OFFICE_HOURS = (8.0, 16.5)
BANK_HOUR = 18.0
"""When the bank sends the statement of the day."""


@dataclass(slots=True)
class Order:
    """What a customer truly wants. `number` is the channel's, `sales_order` the ERP's; `ref` is how the ledger names the transaction."""

    index: int
    channel: Channel
    number: str
    customer: str
    placed: int
    goods: list[Line]
    freight: Cents
    tax: Cents
    warehouse: str
    sales_order: str

    @property
    def ref(self) -> str:
        """`shop/order/S100001`."""
        return f"{self.system}/order/{self.number}"

    @property
    def system(self) -> str:
        """The system that its channel's documents come from."""
        return "edifact" if self.customer in BY_EDIFACT else self.channel.system

    @property
    def booked_as(self) -> str:
        """`erp/sales_order/SO100001`."""
        return f"erp/sales_order/{self.sales_order}"

    @property
    def shipped_by(self) -> str:
        """The system of the warehouse that ships it."""
        return SITES[self.warehouse]

    @property
    def hauled_by(self) -> str:
        """The system of the carrier that moves it: what goes to EDI customers goes by freight."""
        return "freight" if self.channel.name == "edi" else "carrier"

    def lines(self) -> list[Line]:
        """Goods and charges, as fresh copies."""
        made = [line.copy() for line in self.goods]
        if self.freight:
            made.append(Line("", value=self.freight, charge="freight"))
        if self.tax:
            made.append(Line("", value=self.tax, charge="tax"))
        return made


@dataclass(slots=True, eq=False)
class Plan:
    """A transaction and everything that will be said about it; a fault changes the papers and is remembered."""

    order: Order
    papers: list[Paper]
    rng: random.Random
    fault: str = ""
    is_watched: bool = False
    """Whether the auditor follows it although nothing struck it."""
    concerns: list[int] = field(default_factory=list)
    """Orders that its fault strikes too."""
    positions: set[tuple[str, str]] = field(default_factory=set)
    """Stock positions, by warehouse and item, that any fault of the world has struck: one each, so that the faults can be told apart."""
    is_left: bool = False
    """Whether it is left to Tieout: nobody books, ships or bills it who was not told to."""
    is_told: bool = False
    """Whether Tieout itself writes what its EDI customer is told, and acknowledges what he sends."""
    fates: list[Fate] = field(default_factory=list)
    """What happens to requests about it."""

    def all(self, kind: str) -> list[Paper]:
        """The papers of a kind."""
        return [paper for paper in self.papers if paper.kind == kind]

    def one(self, kind: str) -> Paper:
        """The first paper of a kind."""
        return next(paper for paper in self.papers if paper.kind == kind)

    @property
    def is_billed_weekly(self) -> bool:
        """Whether what bills it stands inside an invoice for many orders."""
        return any("part" in paper.more for paper in self.all("invoice"))

    @property
    def ordered(self) -> Paper:
        """What the customer wants in the end: his order, or his last change of it."""
        return [paper for paper in self.papers if paper.kind in ("order", "order_changed")][-1]

    def drop(self, *kinds: str) -> None:
        """These things never happen, or nobody says so."""
        self.papers = [paper for paper in self.papers if paper.kind not in kinds]

    def lose(self, paper: Paper) -> None:
        """Nobody ever hears this; what came by EDI is not acknowledged either."""
        self.papers = [each for each in self.papers if each is not paper and each.about != paper.more.get("group")]

    def set(self, item: str, quantity: int, cents: Cents, *kinds: str) -> None:
        """From the first of these papers on everybody goes by another quantity and value of an item; payments follow the invoice."""
        for paper in self.papers:
            if paper.kind in kinds:
                line = paper.line(item)
                if line.quantity is not None:
                    line.quantity = quantity
                if line.value is not None:
                    line.value = cents
        if "invoice" in kinds:
            self.pay_as_billed()

    def pay_as_billed(self) -> None:
        """The customer pays what the invoice says, and the ERP applies that."""
        billed = self.one("invoice")
        amount = sum(line.value or 0 for line in billed.lines)
        for paper in (*self.all("payment"), *self.all("remitted"), *self.all("receipt"), *self.all("sale"), *self.all("event")):
            paper.lines[0].value = amount
            if paper.kind == "payment":
                paper.more["invoices"] = [(billed.number, amount)]

    def add(self, paper: Paper) -> Paper:
        """Something more is said."""
        self.papers.append(paper)
        return paper


@dataclass(slots=True)
class Silence(Plan):
    """Days of the world on which a feed may fall silent; a fault says which one does, and until when."""

    system: str = ""
    start: int = 0
    end: int = 0


@dataclass(slots=True)
class Trouble(Plan):
    """A day of the world on which a system that answers may be in trouble; a fault says which one is, how, and from when to when."""

    system: str = ""
    how: str = ""
    start: int = 0
    end: int = 0
    wait_max: int = 60
    """The longest wait, in seconds, that it asks of those whom it puts off."""


def orders(seed: str, day: date, number: int, per_day: int) -> Iterator[Order]:
    """The orders of the `number`-th day of the world."""
    for n in range(per_day):
        index = number * per_day + n
        rng = chance.stream(seed, "order", index)
        yield _order(index, rng, day)


def _order(index: int, rng: random.Random, day: date) -> Order:
    channel = rng.choices(CHANNELS, [each.share for each in CHANNELS])[0]
    placed = moment(day) + rng.randrange(DAY)
    if channel.name not in ("shop", *MARKETS):
        placed = moment(business_day(day), 7.5) + rng.randrange(9 * HOUR)
    goods: list[Line] = []
    for item in rng.sample(ITEMS, rng.randint(1, channel.lines_max)):
        pieces = rng.randint(1, channel.pieces_max)
        if channel.name == "edi":
            pieces = item.case * max(1, pieces // item.case)
        goods.append(Line(item.sku, pieces, pieces * item.price))
    worth = sum(line.value or 0 for line in goods)
    is_shop = channel.name == "shop"
    if channel.name == "edi":
        customer = rng.choice(EDI_CUSTOMERS)
        number = f"{customer}:{4500000 + index}"
    elif channel.name in MARKETS:
        customer, number = channel.name, f"{111 * (1 + MARKETS.index(channel.name))}-{index:07d}-{index * 7919 % 10**7:07d}"
    elif is_shop:
        customer, number = str(700000 + rng.randrange(90000)), f"S{100001 + index}"
    else:
        customer, number = rng.choice(TRADE_CUSTOMERS), f"{'I' if channel.name == 'inside' else 'P'}{100001 + index}"
    warehouse = rng.choices(WAREHOUSES, (6, 3, 3))[0]
    tax = (worth * TAX_PERMILLE + 500) // 1000 if is_shop else 0
    return Order(index, channel, number, customer, placed, goods, rng.choice(FREIGHT) if is_shop else 0, tax, warehouse, f"SO{100001 + index}")


def late(rng: random.Random) -> int:
    """How long a paper travels while nothing is wrong."""
    return rng.randint(2, WINDOW - MINUTE)


def plan(seed: str, order: Order) -> Plan:
    """Everything that will be said about an order while nothing goes wrong: ordered, booked, reserved, shipped, delivered, billed, paid."""
    rng = chance.stream(seed, "story", order.index)
    made = Plan(order, [], rng)
    hear(made, placing(order, rng), rng)
    booked = made.add(booking(order, order.placed + rng.randint(2 * MINUTE, 40 * MINUTE), rng))
    made.add(reservation(order, booked.happened + rng.randint(MINUTE, 30 * MINUTE), rng))
    shipped_at = open_moment(booked.happened + HOUR, *WAREHOUSE_HOURS) + rng.randint(30 * MINUTE, 2 * HOUR)
    if order.shipped_by == "threepl":
        made.add(release(order, booked.happened + rng.randint(30, 240), rng))
    shipped = hear(made, shipment(order, shipped_at, rng), rng)
    hear(made, delivery(order, shipped, rng), rng)
    billed = made.add(invoice(order, shipped, rng))
    if order.channel.name in MARKETS:
        billed.links = ((f"erp/invoice/{billed.number}", order.booked_as),)
        made.add(sale(order, billed))
        return made
    for paper in payment(order, billed, rng):
        made.add(paper)
    return made


def placing(order: Order, rng: random.Random) -> Paper:
    """The customer's order in its channel."""
    more = {"customer": order.customer, "index": order.index}
    links = ((order.ref, f"shop/order_id/{FIRST_ID + order.index}"),) if order.channel.name == "shop" else ()
    made = Paper("order", order.system, order.number, order.placed, order.placed + late(rng), order.ref, order.lines(), links, more=more)
    if order.channel.name == "edi":
        by_edi(made, order.customer, order.index + 1)
        for line in made.lines:
            line.quantity, line.unit = (line.quantity or 0) // case_of(line), "CS"
    return made


def by_edi(paper: Paper, partner: str, control: int, *, is_timed: bool = False) -> Paper:
    """Let a paper travel by EDI: its document knows only the day (unless it states its time), its interchange the moment."""
    paper.more |= {"partner": partner, "control": control, "sent": paper.happened, "group": f"{paper.system}/group/{partner}:{control}"}
    if not is_timed:
        paper.happened, paper.is_day = moment(local(paper.happened).date()), True
    return paper


def sent_by_us(paper: Paper, partner: str, control: int) -> Paper:
    """Let a paper of ours travel to a partner."""
    paper.more |= {"partner": partner, "control": control, "sent_by_us": True}
    return paper


SETS = {
    "order": ("850", "PO"), "shipment": ("945", "SW"), "delivery": ("214", "QM"), "freight_billed": ("210", "IM"), "received": ("944", "RE"),
    "moved": ("947", "AW"), "snapshot": ("846", "IB"), "purchase_accepted": ("855", "PR"), "announced": ("856", "SH"),
    "drop_shipped": ("856", "SH"), "vendor_billed": ("810", "IN"), "order_changed": ("860", "PC"), "remittance": ("820", "RA"),
    "acknowledgment": ("855", "PR"), "ship_notice": ("856", "SH"), "sent_invoice": ("810", "IN"),
}  # fmt: skip
"""What comes to us and goes to customers by X12: the set's code and its group's."""


def hear(plan: Plan, paper: Paper, rng: random.Random) -> Paper:
    """Something is said to us; if it comes by EDI, we acknowledge it."""
    plan.add(paper)
    if "group" in paper.more:
        plan.add(answer(paper, *SETS[paper.kind], rng))
    return paper


def again(plan: Plan, paper: Paper, later: int, rng: random.Random) -> Paper:
    """The same is said again, so many seconds later; by EDI in an interchange of its own, which we acknowledge too."""
    copy = paper.copy(delivered=paper.delivered + later)
    if "group" in copy.more:
        copy.more["control"] += 50_000_000
        copy.more["group"] = f"{copy.system}/group/{copy.more['partner']}:{copy.more['control']}"
        copy.more["sent"] += later
    return hear(plan, copy, rng)


def answer(to: Paper, code: str, group: str, rng: random.Random) -> Paper:
    """Our acknowledgment (997) of a partner's document, minutes after it came."""
    at = to.delivered + rng.randint(MINUTE, 10 * MINUTE)
    more = {"partner": to.more["partner"], "control": to.more["control"], "answers": (group, to.more["control"], code), "sent_by_us": True}
    about = to.more["group"]
    return Paper("answer", to.system, about.rsplit("/", 1)[1], at - at % MINUTE, at + late(rng), about, more=more)


def booking(order: Order, at: int, rng: random.Random) -> Paper:
    """The ERP's sales order, which says of which channel order it was made."""
    more = {"customer": order.customer, "channel": order.channel.name, "order": order.ref}
    return Paper(
        "booking", "erp", order.sales_order, at, at + late(rng), order.booked_as, order.lines(), ((order.booked_as, order.ref),), more=more
    )  # fmt: skip


def reservation(order: Order, at: int, rng: random.Random) -> Paper:
    """Stock set aside; our own warehouse system does it for all warehouses."""
    lines = [line.copy(value=None) for line in order.goods]
    return Paper("reservation", "wms", f"A{order.index}", at, at + late(rng), order.booked_as, lines, more={"warehouse": order.warehouse})


def release(order: Order, at: int, rng: random.Random) -> Paper:
    """Our order to the third party's warehouse to ship (940)."""
    lines = [line.copy(value=None) for line in order.goods]
    made = Paper("release", "threepl", order.sales_order, at - at % MINUTE, at + late(rng), order.booked_as, lines)
    made.more["warehouse"] = order.warehouse
    return sent_by_us(made, "LAKE3PL", order.index * 10 + 9)


def shipment(order: Order, at: int, rng: random.Random, part: int = 1) -> Paper:
    """Goods leave the warehouse in one parcel."""
    lines = [line.copy(value=None) for line in order.goods]
    more = {"warehouse": order.warehouse, "parcels": [f"1Z{order.index:07d}{part:02d}"], "left": at}
    made = Paper("shipment", order.shipped_by, f"SH{order.index}-{part}", at, at + late(rng), order.booked_as, lines, more=more)
    if order.shipped_by == "threepl":
        by_edi(made, "LAKE3PL", order.index * 10 + part)
    return made


def delivery(order: Order, shipped: Paper, rng: random.Random, part: int = 1) -> Paper:
    """The carrier confirms the parcel a day or two later."""
    at = shipped.more["left"] + rng.randint(20 * HOUR, 44 * HOUR)
    (parcel,) = shipped.more["parcels"]
    made = Paper("delivery", order.hauled_by, parcel, at, at + late(rng), f"*/parcel/{parcel}")
    return by_edi(made, HAULER, order.index * 10 + part, is_timed=True) if order.hauled_by == "freight" else made


def invoice(order: Order, shipped: Paper, rng: random.Random) -> Paper:
    """The ERP bills what was shipped, at the booked prices, with the charges of the order."""
    at = shipped.more["left"] + rng.randint(30 * MINUTE, 3 * HOUR)
    lines = order.lines()
    due = local(at).date() + timedelta(days=order.channel.terms_days)
    more = {"customer": order.customer, "channel": order.channel.name, "due": due}
    number = f"INV-{500001 + order.index}"
    return Paper("invoice", "erp", number, at, at + late(rng), order.booked_as, lines, due=moment(due + timedelta(days=1)), more=more)


def payment(order: Order, billed: Paper, rng: random.Random) -> list[Paper]:
    """The bank states the payment in the evening; the ERP applies it on the next business day."""
    amount = sum(line.value or 0 for line in billed.lines)
    on = business_day(local(billed.happened).date() + timedelta(days=rng.randint(*order.channel.paid_after)))
    about = f"erp/invoice/{billed.number}"
    paid = Paper(
        "payment", "bank", f"B{order.index}", moment(on), moment(on, BANK_HOUR), about, [Line("", value=amount, about=about)], is_day=True,
        more={"from": order.customer, "invoices": [(billed.number, amount)]},
    )  # fmt: skip
    at = moment(business_day(on, 1), OFFICE_HOURS[0]) + rng.randrange(3 * HOUR)
    applied = Paper("receipt", "erp", f"R{order.index}", at, at + late(rng), about, [Line("", value=amount, about=about)])
    return [paid, applied]


def closing(market: str, at: int) -> int:
    """When the settlement closes that takes in what was sold at a moment: the first one a day or more later."""
    day = local(at).date() + timedelta(days=1)
    while (day.toordinal() + MARKETS.index(market)) % SETTLEMENT_DAYS:
        day += timedelta(days=1)
    return moment(day, SETTLEMENT_HOUR)


def sale(order: Order, billed: Paper) -> Paper:
    """The marketplace's word that it has settled a sale; it comes inside its settlement's report."""
    at = closing(order.channel.name, billed.happened)
    amount = sum(line.value or 0 for line in billed.lines)
    return Paper(
        "sale", f"{order.channel.name}_pay", f"{order.number}", moment(local(at).date()), at + HOUR, order.ref, [Line("", value=amount)],
        is_day=True, more={"inside": True, "sku": order.goods[0].item},
    )  # fmt: skip


def renumbered(paper: Paper, number: str) -> Paper:
    """The same document under another number, also where it names itself."""
    links = tuple((f"{one.rsplit('/', 1)[0]}/{number}" if one.endswith(f"/{paper.number}") else one, other) for one, other in paper.links)
    return paper.copy(number=number, links=links)


def price_of(line: Line) -> Cents:
    """The unit price of a line of goods."""
    assert line.value is not None and line.quantity
    return line.value // line.quantity


def case_of(line: Line) -> int:
    """How many pieces a case of the line's item holds."""
    return BY_SKU[line.item].case
