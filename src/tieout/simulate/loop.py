"""The closed loop: the simulated systems do what Tieout tells them, over HTTP, and what they say of it comes back by their feeds.

The world's time stands still while Tieout takes in and sends; then it goes on to the next arrival, or to Tieout's next try.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from tieout.app import opened
from tieout.runtime.lease import LEASE
from tieout.simulate.auditor import Auditor
from tieout.simulate.books import Books
from tieout.simulate.clock import HOUR, MINUTE
from tieout.simulate.comparison import Comparison
from tieout.simulate.drill import Drill, Progress, auditor_of, graded, written
from tieout.simulate.driving import drive_project, sending
from tieout.simulate.endpoints import Endpoints, serving
from tieout.simulate.grade import Grade
from tieout.simulate.once import not_once, per_order
from tieout.simulate.paper import Paper
from tieout.simulate.player import Player, Within
from tieout.simulate.world import Day, World

AGAIN = 2 * MINUTE
"""How soon Tieout tries again while something is left to be sent."""
PATIENCE = 4 * HOUR
"""After so long it tries again once an hour only."""


@dataclass(slots=True)
class Clock:
    """The world's time, which goes when it is told to."""

    at: int = 0

    def now(self) -> int:
        """The moment."""
        return self.at


@dataclass(slots=True)
class Loop:
    """A driven world, its systems' books, and the clock that both go by."""

    world: World
    clock: Clock
    books: Books

    @classmethod
    def of(cls, world: World) -> "Loop":
        """Around a world."""
        clock = Clock(world.start)
        return cls(world, clock, Books(world.seed, clock.now, world.troubles, world.route))


def run(drill: Drill, world: World, progress: Progress = lambda done, total: None, lease: timedelta = LEASE) -> Grade:
    """Play a driven world to its end in the project of the drill's folder, and grade it."""
    loop = Loop.of(world)
    with serving(Endpoints(loop.books)) as url:
        drive_project(drill.folder, url)
        with opened(drill.folder) as project, sending(project, lease) as out:
            project.connection.execute("set synchronous_commit = off")
            return play(drill, loop, Within(project, drill.folder, out), progress)


def play(drill: Drill, loop: Loop, player: Player, progress: Progress = lambda done, total: None) -> Grade:
    """Play a driven world to its end, and grade what the player shows and what the systems were told to make."""
    world, watched, auditor = loop.world, Comparison(), auditor_of(drill.folder, is_driven=True)
    auditor.hear([], world.start)
    player.play(written(drill, [], world.start, is_complete=True), world.start)
    for day in world.unfold():
        for plan in day.plans:
            auditor.begin(plan)
        begin(loop, day)
        busy = Busy(day.start)
        for at in moments(loop, day, drill.slice_seconds, busy, auditor):
            papers, is_over = arrived(loop, at), at == day.end
            busy.tell(at, player.play(written(drill, papers, at, is_complete=is_over, silent=day.silent), at))
            watched.expect(auditor.hear(papers, at, day.silent, is_complete=is_over))
            watched.look(at, player.cases(drill.damaged, watched.right(at)))
            drill.clear()
        progress(day.end - world.start, world.end - world.start)
    grade = graded(drill, player, watched, auditor)
    for found in per_order(loop.books).values():
        for what, many in found.items():
            grade.documents[what] = grade.documents.get(what, 0) + many
    grade.not_once += not_once(loop.books)
    return grade


@dataclass(slots=True)
class Busy:
    """Whether something is left to be sent, and since when."""

    since: int
    is_busy: bool = False

    def tell(self, at: int, is_busy: bool) -> None:
        """What is so at a moment."""
        self.since = self.since if self.is_busy and is_busy else at
        self.is_busy = is_busy

    def again(self, at: int) -> int:
        """When to try again."""
        return at + (AGAIN if at - self.since < PATIENCE else HOUR)


def begin(loop: Loop, day: Day) -> None:
    """A day's orders are known, and what is said on it by itself is on its way."""
    with loop.books.lock:
        for plan in day.plans:
            if plan.order.sales_order:
                loop.books.know(plan)
        loop.books.say(*day.papers)


def arrived(loop: Loop, at: int) -> list[Paper]:
    """What has arrived by a moment."""
    loop.clock.at = at
    with loop.books.lock:
        return loop.books.until(at)


def moments(loop: Loop, day: Day, seconds: int, busy: Busy, auditor: Auditor) -> Iterator[int]:
    """The moments of a day at which something is taken in or sent: some time after the next arrival, sooner while something waits to be
    sent, and at once when by all that is on its way an exception begins or ends, so that it is seen as soon as it can be known."""
    at = day.start
    while at < day.end:
        coming = loop.books.next()
        found = day.end if coming is None else max(coming, at) + seconds
        by = max(at + 1, min(day.end, busy.again(at) if busy.is_busy else day.end, found))
        with loop.books.lock:
            known = auditor.next(loop.books.coming(by), by)
        at = by if known is None else max(at + 1, min(by, known + 1))
        yield at
