"""How far each system has reported, along the world's time: what decides since when something could be known to be missing."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from tieout.simulate.clock import MINUTE
from tieout.simulate.paper import Paper

NEVER = 2**62


def is_group_known(paper: Paper) -> bool:
    """Whether the head of a damaged interchange came through: its group was received, and has to be answered."""
    if "group" not in paper.more:
        return False
    if paper.spoil == "truncated":
        return not paper.more.get("sent_by_us") or paper.system == "edifact"
    return paper.spoil in ("count", "nameless")


class Feeds:
    """For each system the moments at which its newest statement became newer, and how new it then was."""

    def __init__(self) -> None:
        self._at: dict[str, list[int]] = {}
        self._to: dict[str, list[int]] = {}

    def hear(self, paper: Paper) -> None:
        """A paper arrives; what cannot be read says nothing."""
        if not paper.spoil:
            self.reach(paper.system, paper.delivered, paper.happened)
        if not paper.spoil or is_group_known(paper):
            sent = paper.more.get("sent", paper.more.get("made"))
            if sent is not None:
                self.reach(paper.system, paper.delivered, sent - sent % MINUTE)

    def reach(self, system: str, at: int, to: int) -> None:
        """From a moment on the system is known to have reported up to `to`."""
        known = self._to.setdefault(system, [])
        if not known or to > known[-1]:
            known.append(to)
            self._at.setdefault(system, []).append(at)

    @contextmanager
    def tried(self) -> Iterator[None]:
        """What is heard inside the block is forgotten at its end."""
        lengths = {system: len(known) for system, known in self._to.items()}
        try:
            yield
        finally:
            for system, known in self._to.items():
                del known[lengths.get(system, 0) :]
                del self._at[system][lengths.get(system, 0) :]

    def furthest(self, at: int = NEVER) -> int:
        """How far the system had reported at a moment that had reported furthest."""
        return max((self.upto((system,), at) for system in self._to), default=0)

    def changes(self, system: str, after: int, until: int) -> list[tuple[int, int]]:
        """When a system has become known to have reported further, after one moment and up to another, and how far."""
        known = self._at.get(system, [])
        return [(known[n], self._to[system][n]) for n in range(bisect_right(known, after), bisect_right(known, until))]

    def upto(self, systems: Iterable[str], at: int) -> int:
        """How far all the systems had reported at a moment; 0 while one of them had not."""
        return min((to[place - 1] if (place := bisect_right(self._at[s], at)) else 0) if (to := self._to.get(s)) else 0 for s in systems)

    def when(self, systems: Iterable[str], to: int) -> int:
        """The moment from which all the systems had reported up to `to`; NEVER while one has not."""
        found = NEVER
        for system in systems:
            known = self._to.get(system)
            if not known:
                continue
            place = bisect_left(known, to)
            if place == len(known):
                return NEVER
            found = self._at[system][place] if found == NEVER else max(found, self._at[system][place])
        return found

    def when_any(self, to: int) -> int:
        """The moment from which at least one system had reported up to `to`: the time by which the ledger judges."""
        return min((self.when((system,), to) for system in self._to), default=NEVER)
