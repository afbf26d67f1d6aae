"""The world while it goes on: what partners have said so far, file by file, and what they do when they are told something."""

import heapq
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from tieout.simulate import chance
from tieout.simulate.auditor import SYSTEMS
from tieout.simulate.clock import DAY, HOUR, iso
from tieout.simulate.paper import Cents, Line, Paper
from tieout.simulate.partners import File, partners
from tieout.simulate.story import late
from tieout.simulate.world import Day, World

FIRST_STEPS = ("order", "unit")
"""What happens by itself where the ERP and the warehouse wait to be told."""
LINES_MAX = 1000


class Unfit(ValueError):
    """What a partner is told cannot be understood; the text says why."""


@dataclass(slots=True)
class Live:
    """A world whose time runs with `now` (seconds, from any start), so many times as fast.

    With `waits` nobody books, ships or bills by himself: the ERP and the warehouse do what they are told, and the carrier follows.
    """

    world: World
    now: Callable[[], float]
    speed: float
    waits: bool = False
    files: dict[str, list[File]] = field(default_factory=lambda: {system: [] for system in SYSTEMS})
    _told: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    _coming: list[tuple[int, int, Paper]] = field(default_factory=list)
    _days: Iterator[Day] | None = None
    _until: int = 0
    _began: float = 0.0
    _count: int = 0
    _put_before: int = 0

    def __post_init__(self) -> None:
        self._began = self.now()
        self._days = iter(self.world.unfold())

    @property
    def moment(self) -> int:
        """The world's time."""
        return self.world.start + int((self.now() - self._began) * self.speed)

    def catch_up(self) -> None:
        """Let everything be sent that has been said by now."""
        at = self.moment
        while self._days is not None and self._until <= at:
            day = next(self._days, None)
            if day is None:
                self._days = None
                break
            self._until = day.end
            for paper in day.papers:
                if not self.waits or paper.kind in FIRST_STEPS:
                    self._put(paper)
        said: dict[str, list[Paper]] = {}
        while self._coming and self._coming[0][0] <= at:
            paper = heapq.heappop(self._coming)[2]
            if "inside" not in paper.more:
                said.setdefault(paper.system, []).append(paper)
        for system, papers in said.items():
            self._count += 1
            for file in partners()[system].write(papers, at):
                stem, _, end = file.name.rpartition(".")
                self.files[system].append(File(f"{stem}-{self._count}.{end}", file.data))

    def _put(self, paper: Paper) -> None:
        self._put_before += 1
        heapq.heappush(self._coming, (paper.delivered, self._put_before, paper))

    # What partners are told ----------------------------------------------------------------------------------------

    def book(self, key: str, wanted: Mapping[str, Any]) -> dict[str, Any]:
        """The ERP books an order: `{"order": {"shop": "S100001"}, "customer": …, "lines": [{"sku", "qty", "amount"}]}`."""
        (system, number), *others = dict(wanted.get("order") or {}).items() or [("", "")]
        if not system or others:
            raise Unfit('`order` names the channel and its number: {"shop": "S100001"}')
        more = {"customer": str(wanted.get("customer", "")), "channel": str(wanted.get("channel", system)), "order": f"{system}/order/{number}"}

        def made(at: int, own: str) -> Paper:
            about = f"erp/sales_order/{own}"
            return Paper("booking", "erp", own, at, at, about, _lines(wanted, priced=True), ((about, more["order"]),), more=more)

        return self._once("booking", key, "TSO", made)

    def bill(self, key: str, wanted: Mapping[str, Any]) -> dict[str, Any]:
        """The ERP bills a sales order: `{"sales_order": "SO100001", "lines": […]}`."""
        order = str(wanted.get("sales_order", ""))
        if not order or "/" in order:
            raise Unfit("`sales_order` is the number of what is billed")
        more = {"customer": str(wanted.get("customer", "")), "channel": str(wanted.get("channel", ""))}

        def made(at: int, own: str) -> Paper:
            return Paper("invoice", "erp", own, at, at, f"erp/sales_order/{order}", _lines(wanted, priced=True), more=more)

        return self._once("invoice", key, "INV-T", made)

    def release(self, wanted: Mapping[str, Any]) -> dict[str, Any]:
        """The warehouse ships what it is told an hour later, and the carrier delivers it the next day."""
        key, order = str(wanted.get("release_id", "")), dict(wanted.get("order") or {})
        if not key or not {"system", "type", "number"} <= order.keys():
            raise Unfit("a release has a `release_id`, and an `order` with system, type and number")
        about = f"{order['system']}/{order['type']}/{order['number']}"

        def made(at: int, own: str) -> Paper:
            left, parcel = at + HOUR, f"1ZT{own}"
            more = {"warehouse": str(wanted.get("warehouse", "")) or "CHI", "parcels": [parcel], "left": left}
            self._put(Paper("delivery", "carrier", parcel, left + DAY, left + DAY, f"*/parcel/{parcel}"))
            return Paper("shipment", "wms", own, left, left, about, _lines(wanted, priced=False), more=more)

        answer = self._once("release", key, "D", made)
        return {**wanted, "delivery": answer["number"]}

    def known(self, what: str, key: str) -> dict[str, Any] | None:
        """What came of something that was told under a key; None if nobody has heard of it."""
        return self._told.get((what, key))

    def _once(self, what: str, key: str, prefix: str, made: Callable[[int, str], Paper]) -> dict[str, Any]:
        """Do something once for each key; told again, it is the same answer."""
        if not key:
            raise Unfit("the header Idempotency-Key is missing")
        if (what, key) not in self._told:
            at, number = self.moment, f"{prefix}{len(self._told) + 1:05d}"
            paper = made(at, number)
            paper.delivered += late(chance.stream(self.world.seed, what, key))
            self._put(paper)
            self._told[what, key] = {"number": number, "date": iso(paper.happened)}
        return self._told[what, key]


def _lines(wanted: Mapping[str, Any], *, priced: bool) -> list[Line]:
    """The lines somebody has sent: `sku` or `item`, `qty` or `quantity`, `amount`; or a charge by its `kind`."""
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


def _cents(amount: object) -> Cents:
    try:
        cents = Decimal(str(amount)) * 100
    except InvalidOperation:
        raise Unfit(f"`amount` is {amount!r}, no number") from None
    if not cents.is_finite() or cents != int(cents):
        raise Unfit(f"`amount` is {amount!r}, not in whole cents")
    return int(cents)
