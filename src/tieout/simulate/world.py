"""The world: day after day orders are placed, faults strike some of them, and what partners say comes out in the order of its arrival."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta

from tieout.simulate import chance
from tieout.simulate.buying import Purchase, purchases
from tieout.simulate.catalogue import ITEMS, MARKETS
from tieout.simulate.clock import DAY, Queue, moment
from tieout.simulate.collective import Collective, add_collective, collect
from tieout.simulate.direct import direct, is_direct
from tieout.simulate.edi import OURS, add_edi
from tieout.simulate.exchanging import Exchange, exchange, is_exchanged
from tieout.simulate.faults import faults
from tieout.simulate.hauling import add_freight
from tieout.simulate.mix import Share
from tieout.simulate.paper import Paper
from tieout.simulate.remitting import Run, add_remitting, runs
from tieout.simulate.returns import add_return
from tieout.simulate.selling import add_selling
from tieout.simulate.settling import SETTLED, Market, reserve_of
from tieout.simulate.stocking import Stock, positions
from tieout.simulate.story import CHANNEL_OF, SETTLEMENT_HOUR, WINDOW, Order, Plan, Silence, Trouble, closing, late, orders, plan
from tieout.simulate.truth import Truth

FIRST_DAY = date(2026, 3, 2)
"""A Monday, six days before the clocks go forward where the company works."""
SILENCE_INDEX, TROUBLE_INDEX = -5_000_000, -6_000_000
COMPOUND = {"inside", "paid", "parts", "positions"}
"""What a paper says of itself that arrives together with others."""
LEFT = ("shop", "inside", "portal")
"""Channels whose orders are left to Tieout in a driven world; all others the ERP takes in itself."""
WRITTEN = (*OURS, "answer", "accepted", "rejected")
"""Papers of and to an EDI customer that in a driven world come of what Tieout writes."""
BACK_AFTER = 600
"""Seconds after its silence at which a feed sends all that it has held back."""
DRAIN_DAYS = 24
"""How long the world goes on after the last order, so that every deadline passes."""
MOVING_DAYS = 6
"""How long after the last order stock is still moved and counted."""
OPENING = 2000
"""Pieces of each item in each warehouse at the beginning, and more for a larger world."""
CALM_DAYS = 14
"""Settlements of the last days are right, since nothing that is wrong with them would fall due."""


@dataclass(slots=True)
class Day:
    """A day of the world: what arrives before its end, in order, and the plans that began in it."""

    start: int
    end: int
    papers: list[Paper]
    plans: list[Plan]
    silent: tuple[str, ...] = ()
    """Systems that say nothing at its end, not even that they have nothing to say."""


@dataclass(slots=True)
class World:
    """A distributor and its partners for some days. The same seed and mix always give the same world."""

    seed: str
    days: int
    orders_per_day: int
    mix: list[Share]
    shuffle: str = ""
    """Another name here lets everything arrive at other moments inside its delivery window."""
    is_driven: bool = False
    """Whether booking, shipping, billing and crediting the orders of some channels is left to Tieout."""
    is_told: bool = False
    """Whether Tieout writes what X12 customers are told, too."""
    troubles: list[Trouble] = field(default_factory=list)
    truths: list[Truth] = field(default_factory=list)
    _silences: list[Silence] = field(default_factory=list)

    @property
    def start(self) -> int:
        """Midnight of the first day."""
        return moment(FIRST_DAY)

    @property
    def end(self) -> int:
        """Midnight after the last day on which anything happens."""
        return moment(FIRST_DAY + timedelta(days=self.days + DRAIN_DAYS))

    def unfold(self) -> Iterator[Day]:
        """Day after day; a day's papers arrive on it, whenever their orders were placed."""
        queue: Queue[Paper] = Queue()
        self._silences = self._silent_days()
        stock = Stock(self.seed, OPENING + 4 * self.orders_per_day * self.days)
        self.troubles += self._troubled_days() if self.is_driven else []
        markets = [(Market(self.seed, name), name) for name in MARKETS]
        reserves = [reserve_of(name) for name in MARKETS]
        for paper in self._reference():
            queue.put(paper.delivered, paper)
        for n in range(self.days + DRAIN_DAYS):
            on = FIRST_DAY + timedelta(days=n)
            plans = self._of_day(n, on, stock) if n < self.days else []
            plans += self._stocked(n, on, stock) if n < self.days + MOVING_DAYS else []
            for each in plans:
                self._put(each, queue)
            end = moment(on + timedelta(days=1))
            papers = list(queue.until(end))
            settled: list[Plan] = [made for market, name in markets for made in self._settle(market, name, on, papers)]
            settled += [self._paid(run) for run in runs(self.seed, on, papers)]
            settled += [self._closed(made) for made in collect(self.seed, on, papers)]
            for each in settled:
                self._put(each, queue)
            papers += queue.until(end)
            for paper in [paper for paper in papers if paper.delivered >= end]:
                papers.remove(paper)
                queue.put(paper.delivered, paper)
            papers.sort(key=lambda paper: paper.delivered)
            silent = tuple(each.system for each in self._silences if each.start < end <= each.end)
            yield Day(moment(on), end, papers, [*(() if n else (*reserves, *positions())), *plans, *settled], silent)

    def _silent_days(self) -> list[Silence]:
        """The feeds that fall silent: at most one in a world, so that nothing hides behind it."""
        for n in range(self.days):
            order = Order(SILENCE_INDEX - n, CHANNEL_OF["shop"], "", "", 0, [], 0, 0, "", "")
            struck = self._struck(Silence(order, [], chance.stream("silence"), start=moment(FIRST_DAY + timedelta(days=n))), on="feed")
            if isinstance(struck, Silence) and struck.fault:
                return [struck]
        return []

    def _troubled_days(self) -> list[Trouble]:
        """The hours in which a system that answers is in trouble: at most one trouble a day."""
        found = []
        for n in range(self.days):
            order = Order(TROUBLE_INDEX - n, CHANNEL_OF["shop"], "", "", 0, [], 0, 0, "", "")
            struck = self._struck(Trouble(order, [], chance.stream("trouble"), start=moment(FIRST_DAY + timedelta(days=n))), on="system")
            if isinstance(struck, Trouble) and struck.fault:
                found.append(struck)
        return found

    def _leave(self, planned: Plan) -> None:
        """Where Tieout itself writes what X12 customers are told, they answer what they get."""
        if self.is_told:
            planned.is_told = True
            planned.papers = [paper for paper in planned.papers if paper.system != "edi" or paper.kind not in WRITTEN]

    def _put(self, planned: Plan, queue: Queue[Paper]) -> None:
        self._leave(planned)
        for paper in planned.papers:
            if paper.of == -1:
                paper.of = planned.order.index
            self.route(paper)
            queue.put(paper.delivered, paper)

    def route(self, paper: Paper) -> None:
        """Let a paper arrive when its feed lets it: otherwise in a world that is shuffled, later when its system is silent."""
        self._shuffle(paper)
        for silence in self._silences:
            if paper.system == silence.system and silence.start <= paper.delivered < silence.end + BACK_AFTER:
                paper.delivered = silence.end + BACK_AFTER

    def _settle(self, market: Market, name: str, on: date, papers: list[Paper]) -> Iterator[Plan]:
        """The settlement of a marketplace that closes on a day, if one does."""
        closed = moment(on, SETTLEMENT_HOUR)
        if closing(name, closed - 2 * DAY) != closed:
            return
        made = market.settle(closed, [paper for paper in papers if paper.kind in SETTLED and paper.system == f"{name}_pay"])
        if made is not None:
            yield self._struck(made, on="settlement") if closed + CALM_DAYS * DAY < self.end else made

    def _paid(self, run: Run) -> Plan:
        """A payment run, perhaps struck; those of the last days are right."""
        return self._struck(run, on="remittance") if run.on + CALM_DAYS * DAY < self.end else run

    def _closed(self, made: Collective) -> Plan:
        """A week's invoice, perhaps struck; those of the last days are right."""
        return self._struck(made, on="collective") if made.closed + CALM_DAYS * DAY < self.end else made

    def _shuffle(self, paper: Paper) -> None:
        """Another moment of arrival, for what comes inside its window."""
        if COMPOUND & paper.more.keys():
            return
        said = paper.more.get("sent", paper.happened)
        if self.shuffle and 0 <= paper.delivered - said < WINDOW:
            paper.delivered = said + late(chance.stream(self.seed, self.shuffle, paper.system, paper.kind, paper.number, paper.revision))

    def _of_day(self, n: int, on: date, stock: Stock) -> list[Plan]:
        """The orders of customers and to vendors of a day; what they move is noted."""
        bought = list(purchases(self.seed, on, n, self.orders_per_day))
        made: list[Plan] = []
        for planned in (*(self._plan(order) for order in orders(self.seed, on, n, self.orders_per_day)), *bought):
            planned.positions = stock.struck
            leaving = planned.all("shipment")
            made.append(self._struck(planned, on=strikes(planned)))
            stock.note((*leaving, *planned.papers))
        return made

    def _stocked(self, n: int, on: date, stock: Stock) -> list[Plan]:
        """What the warehouses and the ERP say of the stock of a day."""
        made: list[Plan] = []
        for day in stock.moved(n, on):
            struck = n < self.days and self._struck(day, on="stock").fault
            stock.counted(day)
            if n < self.days and not struck:
                self._struck(day, on="count")
            made.append(day)
        return made

    def _plan(self, order: Order) -> Plan:
        """What will be said about an order while nothing goes wrong. One that is left to Tieout only asks for goods."""
        if self.is_driven and order.channel.name in LEFT:
            order.warehouse = "CHI"
            left = plan(self.seed, order)
            left.papers, left.is_left = left.all("order"), True
            return left
        if is_direct(order, self.seed):
            return direct(order, self.seed)
        if is_exchanged(order, self.seed):
            return exchange(order, self.seed)
        made = plan(self.seed, order)
        add_return(made, self.seed)
        add_selling(made, self.seed)
        add_collective(made)
        add_edi(made, self.seed)
        add_remitting(made)
        add_freight(made, self.seed)
        return made

    def _struck(self, planned: Plan, on: str = "order") -> Plan:
        """The plan, perhaps struck by one fault: the first of the mix that wants it and can."""
        self._leave(planned)
        for share in self.mix:
            if faults()[share.kind].on != on or chance.share(self.seed, "fault", share.kind, planned.order.index) >= share.rate:
                continue
            planned.rng = chance.stream(self.seed, "fault", share.kind, planned.order.index, "how")
            truth = faults()[share.kind].strike(planned, share.parameters)
            if truth is not None:
                truth.kind = planned.fault = share.kind
                for paper in planned.papers:
                    paper.more["is_struck"] = True
                self.truths.append(truth)
                break
        return planned

    def _reference(self) -> Iterator[Paper]:
        """What is known before the first order: the units of all items."""
        at = self.start - DAY
        for n, item in enumerate(ITEMS):
            for unit, factor in (("EA", "1"), ("CS", str(item.case)), ("CA", str(item.case))):
                more = {"item": item.sku, "unit": unit, "factor": factor}
                yield Paper("unit", "erp", f"U{n}-{unit}", at, at + late(chance.stream(self.seed, "units", n)), "erp/unit/x", more=more)


def strikes(planned: Plan) -> str:
    """What kind of thing a plan is to the faults."""
    if planned.is_left:
        return "request"
    if isinstance(planned, Exchange):
        return "exchange"
    if isinstance(planned, Purchase):
        return "purchase" if planned.order.index < 0 else "direct"
    return "order"
