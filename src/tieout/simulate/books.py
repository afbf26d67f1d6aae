"""What the simulated systems have on their books: the orders they know, every document they were told to make, and what they will say of it."""

import heapq
import random
import threading
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tieout.simulate import chance
from tieout.simulate.fates import SLOW, Fate
from tieout.simulate.paper import Line, Paper
from tieout.simulate.story import Order, Plan, Trouble

Clock = Callable[[], int]


@dataclass(frozen=True, slots=True)
class Document:
    """What a system has made because it was told to. `about` is the order, sales order or return that it was made for, `key` the
    sender's, `said` what the system answers about it."""

    what: str
    number: str
    about: str
    key: str
    lines: list[Line]
    said: dict[str, Any]


@dataclass(slots=True)
class Books:
    """One for all systems of a world; `clock` gives the world's time. Whoever uses it holds `lock`."""

    seed: str
    clock: Clock
    troubles: list[Trouble] = field(default_factory=list)
    """When a whole system is not as it should be."""
    route: Callable[[Paper], None] = lambda paper: None
    """Says when a paper arrives, given when it would."""
    plans: dict[str, Plan] = field(default_factory=dict)
    """The transactions that are known, by their order's number in its channel and in the ERP."""
    returned: dict[int, list[Paper]] = field(default_factory=lambda: defaultdict(list))
    """What came back, by the number of the order."""
    lock: threading.RLock = field(default_factory=threading.RLock)
    _made: dict[tuple[str, str], list[Document]] = field(default_factory=lambda: defaultdict(list))
    _by_key: dict[tuple[str, str], Document] = field(default_factory=dict)
    _by_number: dict[tuple[str, str], Document] = field(default_factory=dict)
    _later: list[tuple[int, int, Callable[[], object]]] = field(default_factory=list)
    _coming: list[tuple[int, int, Paper]] = field(default_factory=list)
    _count: int = 0

    @property
    def moment(self) -> int:
        """The world's time."""
        return self.clock()

    def know(self, plan: Plan) -> None:
        """The systems know of an order from now on."""
        self.plans[plan.order.ref] = self.plans[plan.order.booked_as] = plan

    def chance(self, order: Order, *names: object) -> random.Random:
        """A stream of chance for what is done about an order: the same however often and whenever it is done."""
        return chance.stream(self.seed, "answers", order.index, *names)

    def fate(self, system: str, order: str, what: str) -> Fate | None:
        """What happens to a request to a system at this moment: the whole system's trouble, or what strikes this order. Who is slow does
        in the end what he would have done."""
        at = self.moment
        trouble = next((each for each in self.troubles if each.system == system and each.start <= at < each.end), None)
        found = Fate(trouble.how, seconds=max(1, min(trouble.wait_max, trouble.end - at))) if trouble is not None else None
        if found is not None and found.how != SLOW:
            return found
        plan = self.plans.get(order)
        struck = next((fate for fate in plan.fates if fate.strikes(what)), None) if plan is not None and what else None
        return struck or found

    # Documents -----------------------------------------------------------------------------------------------------------

    def make(self, made: Document) -> Document:
        """A system makes a document. Nobody hears of it unless something is said."""
        self._made[made.what, made.about].append(made)
        self._by_number[made.what, made.number] = made
        if made.key:
            self._by_key[made.what, made.key] = made
        return made

    def keyed(self, what: str, key: str) -> Document | None:
        """What was made under a key."""
        return self._by_key.get((what, key))

    def numbered(self, what: str, number: str) -> Document | None:
        """What has that number."""
        return self._by_number.get((what, number))

    def made_for(self, what: str, about: str) -> list[Document]:
        """All that was made of a kind for one order, sales order or return."""
        return self._made.get((what, about), [])

    def number(self, what: str, about: str, first: str) -> str:
        """The number of the next document: the usual one, and if that was taken, `-2` and so on behind it."""
        many = len(self.made_for(what, about))
        return f"{first}-{many + 1}" if many else first

    # What is said --------------------------------------------------------------------------------------------------------

    def say(self, *papers: Paper, of: Order | None = None) -> None:
        """These papers will arrive at their time; they belong to the story of an order."""
        for paper in papers:
            if of is not None:
                paper.of = of.index
            self._count += 1
            self.route(paper)
            heapq.heappush(self._coming, (paper.delivered, self._count, paper))

    def later(self, at: int, do: Callable[[], object]) -> None:
        """Something is done at a moment to come."""
        self._count += 1
        heapq.heappush(self._later, (at, self._count, do))

    def until(self, at: int) -> list[Paper]:
        """What arrives up to a moment, in order; what was put off till then is done first."""
        while self._later and self._later[0][0] <= at:
            heapq.heappop(self._later)[2]()
        found = []
        while self._coming and self._coming[0][0] <= at:
            found.append(heapq.heappop(self._coming)[2])
        return found

    def coming(self, by: int) -> list[Paper]:
        """What is on its way and arrives up to a moment, in order."""
        return [paper for _, _, paper in sorted(each for each in self._coming if each[0] <= by)]

    def next(self) -> int | None:
        """When something is to be done or arrives next; None if nothing is."""
        return min((heap[0][0] for heap in (self._later, self._coming) if heap), default=None)
