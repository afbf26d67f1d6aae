"""Stock in two sets of books: what the warehouses move and count, and what the ERP posts and states, position by position and day by day.

Each position is a transaction of its own. What leaves and arrives follows from orders and purchases; adjustments, transfers and counts
are made here. The third party reports adjustments (947) and every evening all positions (846); what it receives and ships the ERP posts from
its 944 and 945 at once.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta

from tieout.simulate import chance
from tieout.simulate.catalogue import BY_SKU, ITEMS, SITES, WAREHOUSES
from tieout.simulate.clock import HOUR, Queue, business_day, local, moment
from tieout.simulate.paper import Line, Paper
from tieout.simulate.story import CHANNEL_OF, Order, Plan, by_edi, hear, late

POSITION_INDEX, DAY_INDEX = -7_000_000, -8_000_000
ADJUSTED_HOUR, TRANSFERRED_HOUR, ISSUED_HOUR, COUNTED_HOUR, SNAPSHOT_HOUR = 15.0, 17.0, 18.0, 19.0, 21.0
POSTED_LATER = (2, 3)
"""After how many hours the ERP posts what the scanners in Reno have issued; Chicago's issues it posts as they happen."""
COUNTS_A_DAY = 3
Position = tuple[str, str]
"""Warehouse and item."""


@dataclass(slots=True)
class StockDay(Plan):
    """What is moved in one warehouse on a day, by both sets of books; then what is counted and stated."""

    site: str = ""
    on: date = date.min
    wms: dict[str, int] = field(default_factory=dict)
    """On hand by the warehouse in the evening, by item; while nothing was counted yet, what will be."""
    before: dict[str, int] = field(default_factory=dict)
    """The same a day before, where the warehouse states all positions; empty on the first day."""
    recounts: dict[date, set[str]] = field(default_factory=dict)
    """Items that will be counted again."""

    def pair(self, item: str, reason: str) -> tuple[Paper | None, Paper | None]:
        """What the warehouse and what the ERP say of one movement."""
        mine = [paper for paper in self.papers if paper.more.get("reason") == reason and paper.lines[0].item == item]
        return next((p for p in mine if p.kind == "moved"), None), next((p for p in mine if p.kind == "posted"), None)

    def take(self, item: str) -> bool:
        """Whether a fault may strike this position; asked once."""
        if (self.site, item) in self.positions:
            return False
        self.positions.add((self.site, item))
        return True

    def count_again(self, item: str, days: int = 2) -> int:
        """The position will be counted right some days later; when that will be known."""
        on = self.on + timedelta(days=days)
        self.recounts.setdefault(on, set()).add(item)
        return moment(on, COUNTED_HOUR) + HOUR // 2


def index_of(site: str, item: str) -> int:
    """The transaction that a position is."""
    return POSITION_INDEX - WAREHOUSES.index(site) * 100 - list(BY_SKU).index(item)


def root_of(site: str, item: str) -> str:
    """`*/stock/MUG-RED@CHI`."""
    return f"*/stock/{item}@{site}"


def positions() -> Iterator[Plan]:
    """All positions, each followed by the auditor."""
    for site in WAREHOUSES:
        for item in ITEMS:
            order = Order(index_of(site, item.sku), CHANNEL_OF["shop"], "", "", 0, [], 0, 0, site, "")
            yield Plan(order, [], chance.stream("position", site, item.sku), is_watched=True)


class Stock:
    """The stock of all warehouses over time."""

    def __init__(self, seed: str, opening: int) -> None:
        self._seed = seed
        self._wms: dict[Position, int] = dict.fromkeys(((site, item.sku) for site in WAREHOUSES for item in ITEMS), opening)
        self._erp = dict(self._wms)
        self._stated: dict[Position, int] = {}
        self._leaving: dict[date, dict[tuple[str, str, str], int]] = defaultdict(lambda: defaultdict(int))
        self._arriving: dict[date, dict[tuple[str, str, int], int]] = defaultdict(lambda: defaultdict(int))
        self._transferred: dict[date, list[tuple[str, int]]] = defaultdict(list)
        self.struck: set[Position] = set()
        self._recounts: dict[str, dict[date, set[str]]] = {site: {} for site in WAREHOUSES}
        self._coming: Queue[tuple[str, Position, int]] = Queue()

    def note(self, papers: Iterable[Paper]) -> None:
        """What leaves and what arrives by an order's or a purchase's papers: each parcel once."""
        parcels: set[str] = set()
        for paper in papers:
            if paper.kind == "shipment" and paper.more["parcels"][0] not in parcels:
                parcels.add(paper.more["parcels"][0])
                on = _day_of(paper.more["left"], ISSUED_HOUR)
                site = paper.more["warehouse"]
                for line in paper.lines:
                    if line.item in BY_SKU:
                        self._leaving[on][site, paper.more.get("posted_at", site), line.item] += line.quantity or 0
            elif paper.kind == "received":
                for line in paper.lines:
                    self._arriving[_day_of(paper.more["came"], ISSUED_HOUR)][paper.more["warehouse"], line.item, paper.more["came"]] += (
                        line.quantity or 0
                    )

    def moved(self, number: int, on: date) -> Iterator[StockDay]:
        """What both sets of books say of a day's movements, warehouse by warehouse."""
        for n, site in enumerate(WAREHOUSES):
            rng = chance.stream(self._seed, "stock", site, number)
            order = Order(DAY_INDEX - 3 * number - n, CHANNEL_OF["shop"], "", "", moment(on), [], 0, 0, site, "")
            made = StockDay(order, [], rng, positions=self.struck, site=site, on=on, recounts=self._recounts[site])
            if site != "LAKE":
                self._issue(made)
                self._receive(made)
                self._transfer(made)
            self._adjust(made)
            made.wms = {item.sku: self._wms[site, item.sku] for item in ITEMS}
            for paper in made.all("moved"):
                made.wms[paper.lines[0].item] += paper.lines[0].quantity or 0
            yield made

    def counted(self, made: StockDay) -> None:
        """What is on hand in the evening, by the movements as they were truly said; some positions are counted."""
        hour = SNAPSHOT_HOUR if made.site == "LAKE" else COUNTED_HOUR
        for paper in made.papers:
            if paper.kind in ("moved", "posted"):
                position = paper.more["warehouse"], paper.lines[0].item
                self._coming.put(paper.more.get("at", paper.happened), (paper.kind, position, paper.lines[0].quantity or 0))
        at = moment(made.on, hour)
        for kind, position, pieces in self._coming.until(at):
            (self._wms if kind == "moved" else self._erp)[position] += pieces
        if made.site == "LAKE":
            self._book_lake(made.on)
        made.wms = {item.sku: self._wms[made.site, item.sku] for item in ITEMS}
        if made.site == "LAKE":
            made.before = {item: stated for (site, item), stated in self._stated.items() if site == made.site}
            self._snapshot(made, at)
        else:
            chosen = set(made.rng.sample(list(BY_SKU), COUNTS_A_DAY)) | self._recounts[made.site].pop(made.on, set())
            for item in sorted(chosen):
                self._count(made, at, item)

    def _book_lake(self, on: date) -> None:
        for (site, posted_at, item), pieces in self._leaving[on].items():
            if site == "LAKE" or posted_at == "LAKE":
                self._wms["LAKE", item] -= pieces if site == "LAKE" else 0
                self._erp["LAKE", item] -= pieces if posted_at == "LAKE" else 0
        for (site, item, _), pieces in self._arriving[on].items():
            if site == "LAKE":
                self._wms[site, item] += pieces
                self._erp[site, item] += pieces

    def _issue(self, made: StockDay) -> None:
        out, booked = defaultdict[str, int](int), defaultdict[str, int](int)
        for (site, posted_at, item), pieces in self._leaving[made.on].items():
            out[item] += pieces if site == made.site else 0
            booked[item] += pieces if posted_at == made.site else 0
        at = moment(made.on, ISSUED_HOUR)
        later = made.rng.randint(*POSTED_LATER) * HOUR if made.site == "RNO" else 0
        for item in sorted(out.keys() | booked.keys()):
            move(made, "issue", item, at, -out[item], -booked[item], later)

    def _receive(self, made: StockDay) -> None:
        for (site, item, came), pieces in sorted(self._arriving[made.on].items()):
            if site == made.site:
                move(made, f"receipt{came}", item, came, pieces, pieces)

    def _transfer(self, made: StockDay) -> None:
        """Now and then Chicago sends a case to Reno, which has it on the next business day."""
        if made.site == "RNO":
            for item, pieces in self._transferred.pop(made.on, []):
                move(made, "transfer", item, moment(made.on, 12.0), pieces, pieces)
        elif made.on.isoweekday() <= 5 and made.rng.random() < 0.7 and self._leaving[made.on]:
            chosen = made.rng.choice(ITEMS)
            move(made, "transfer", chosen.sku, moment(made.on, TRANSFERRED_HOUR), -chosen.case, -chosen.case)
            self._transferred[business_day(made.on + timedelta(days=1))].append((chosen.sku, chosen.case))

    def _adjust(self, made: StockDay) -> None:
        """Breakage: what is written off in the warehouse is posted in the ERP, for the third party's in the evening."""
        if made.on.isoweekday() > 5 or not self._leaving[made.on]:
            return
        for item in made.rng.sample(list(BY_SKU), made.rng.randint(1, 2)):
            pieces, at = -made.rng.randint(1, 4), moment(made.on, ADJUSTED_HOUR)
            later = 4 * HOUR if made.site == "LAKE" else 0
            move(made, "adjustment", item, at, pieces, pieces, later)

    def _count(self, made: StockDay, at: int, item: str) -> None:
        for kind, system, pieces in (("counted", SITES[made.site], self._wms[made.site, item]), ("stated", "erp", self._erp[made.site, item])):
            made.add(_position(made, kind, system, at, at + late(made.rng), item, pieces))

    def _snapshot(self, made: StockDay, at: int) -> None:
        """All positions of the third party in one 846, each of which it states for itself, and what the ERP has."""
        arrives = at + late(made.rng)
        whole = Paper(
            "snapshot", "threepl", f"I{made.on:%y%m%d}", at, arrives, "threepl/snapshot/x", more={"warehouse": "LAKE", "positions": []}
        )
        for item in ITEMS:
            pieces = self._wms[made.site, item.sku]
            told = made.add(_position(made, "counted", "threepl", at, arrives, item.sku, pieces))
            told.more["inside"] = True
            whole.more["positions"].append(told.lines[0])
            made.add(_position(made, "stated", "erp", at, at + late(made.rng), item.sku, self._erp[made.site, item.sku]))
            self._stated[made.site, item.sku] = pieces
        hear(made, by_edi(whole, "LAKE3PL", 90_000_000 + made.on.toordinal(), is_timed=True), made.rng)


def move(made: StockDay, reason: str, item: str, at: int, moved: int, posted: int, later: int = 0) -> None:
    """One movement by both sets of books; the ERP's may be `later`."""
    for kind, system, pieces, when in (("moved", SITES[made.site], moved, at), ("posted", "erp", posted, at + later)):
        if pieces:
            said(made, kind, system, reason, item, when, pieces)


def said(made: StockDay, kind: str, system: str, reason: str, item: str, at: int, pieces: int) -> Paper:
    """What one of the two says of a movement."""
    number = f"{'MV' if kind == 'moved' else 'SM'}-{made.site}-{at}-{reason}-{item}"
    paper = Paper(kind, system, number, at, at + late(made.rng), root_of(made.site, item), [Line(item, pieces)])
    paper.of = index_of(made.site, item)
    paper.more = {"warehouse": made.site, "reason": reason, "at": at}
    if system == "threepl":
        by_edi(paper, "LAKE3PL", 80_000_000 + (made.on.toordinal() % 10_000) * 100 + list(BY_SKU).index(item))
        paper.number = f"MV{made.on:%y%m%d}{list(BY_SKU).index(item):02d}"
        return _heard(made, paper)
    return made.add(paper)


def _heard(made: StockDay, paper: Paper) -> Paper:
    """Our acknowledgment belongs to the position too."""
    hear(made, paper, made.rng)
    made.papers[-1].of = paper.of
    return paper


def _position(made: StockDay, kind: str, system: str, at: int, delivered: int, item: str, pieces: int) -> Paper:
    paper = Paper(kind, system, f"{item}@{made.site}", at, delivered, root_of(made.site, item), [Line(item, pieces)], revision=at)
    paper.of, paper.more = index_of(made.site, item), {"warehouse": made.site}
    return paper


def _day_of(at: int, until: float) -> date:
    """The day whose evening takes in what happened at a moment."""
    there = local(at)
    late_ = there.hour + there.minute / 60 >= until
    return there.date() + timedelta(days=1) if late_ else there.date()
