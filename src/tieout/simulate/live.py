"""The world while it goes on with a clock: what partners have said so far, file by file."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from tieout.simulate.auditor import SYSTEMS
from tieout.simulate.books import Books
from tieout.simulate.paper import Paper
from tieout.simulate.partners import File, partners
from tieout.simulate.world import Day, World


@dataclass(slots=True)
class Live:
    """A world whose time runs with `now` (seconds, from any start), so many times as fast. What its systems are told is in its books."""

    world: World
    now: Callable[[], float]
    speed: float
    files: dict[str, list[File]] = field(default_factory=lambda: {system: [] for system in SYSTEMS})
    books: Books = field(init=False)
    _days: Iterator[Day] | None = None
    _until: int = 0
    _began: float = 0.0
    _count: int = 0

    def __post_init__(self) -> None:
        self._began = self.now()
        self._days = iter(self.world.unfold())
        self.books = Books(self.world.seed, lambda: self.moment, self.world.troubles, self.world.route)

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
            for plan in day.plans:
                self.books.know(plan)
            self.books.say(*day.papers)
        said: dict[str, list[Paper]] = {}
        for paper in self.books.until(at):
            if "inside" not in paper.more:
                said.setdefault(paper.system, []).append(paper)
        for system, papers in said.items():
            self._count += 1
            for file in partners()[system].write(papers, at):
                stem, _, end = file.name.rpartition(".")
                self.files[system].append(File(f"{stem}-{self._count}.{end}", file.data))
