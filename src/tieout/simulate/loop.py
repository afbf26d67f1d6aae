"""The closed loop: the simulated systems do what Tieout tells them, over HTTP, and what they say of it comes back by their feeds.

The world's time stands still while Tieout takes in and sends; then it goes on to the next arrival, or to Tieout's next try.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Protocol

from tieout.app import opened
from tieout.errors import OperatorError
from tieout.runtime.lease import LEASE
from tieout.simulate.auditor import Auditor
from tieout.simulate.books import Books
from tieout.simulate.clock import HOUR, MINUTE
from tieout.simulate.comparison import Comparison
from tieout.simulate.drill import FEEDS, Drill, Progress, Unfolding, auditor_of, graded, written
from tieout.simulate.driving import OUTBOX, drive_project, sending, tells_customers
from tieout.simulate.endpoints import Endpoints, serving
from tieout.simulate.grade import Grade
from tieout.simulate.once import not_once, per_order
from tieout.simulate.paper import Paper
from tieout.simulate.player import Player, Within
from tieout.simulate.postbox import SYSTEM, Postbox
from tieout.simulate.scenario import Step
from tieout.simulate.story import Plan, Trouble
from tieout.simulate.wire import stamp
from tieout.simulate.world import Day


class Driven(Unfolding, Protocol):
    """A driven world, or an excerpt of one."""

    is_told: bool

    @property
    def seed(self) -> str:
        """What chance goes by."""
        ...

    @property
    def troubles(self) -> list[Trouble]:
        """When systems that answer are in trouble."""
        ...

    def route(self, paper: Paper) -> None:
        """Let a paper arrive when its feed lets it."""
        ...


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

    world: Driven
    clock: Clock
    books: Books
    box: Postbox
    plans: list[Plan] = field(default_factory=list)
    """All that began so far."""

    @classmethod
    def of(cls, world: Driven, folder: Path) -> "Loop":
        """Around a world, with the project that plays in it."""
        clock = Clock(world.start)
        books = Books(world.seed, clock.now, world.troubles, world.route)
        return cls(world, clock, books, Postbox(folder / OUTBOX, books))


def run(drill: Drill, world: Driven, progress: Progress = lambda done, total: None, lease: timedelta = LEASE) -> Grade:
    """Play a driven world to its end in the project of the drill's folder, and grade it."""
    loop = Loop.of(world, drill.folder)
    with serving(Endpoints(loop.books)) as url:
        drive_project(drill.folder, url)
        world.is_told = tells_customers(drill.folder)
        with opened(drill.folder) as project, sending(project, lease) as out:
            project.connection.execute("set synchronous_commit = off")
            return play(drill, loop, Within(project, drill.folder, out), progress)


def run_against(drill: Drill, world: Driven, player: Player, port: int, progress: Progress = lambda done, total: None) -> Grade:
    """Play a driven world to a Tieout that is served, whose settings name the port at which the simulated systems answer, and grade it.
    Raises OperatorError when nobody can listen there."""
    loop = Loop.of(world, drill.folder)
    try:
        endpoints = Endpoints(loop.books, port=port)
    except OSError as bad:
        raise OperatorError(f"The simulated systems cannot listen on port {port}: {bad.strerror}.", "End what listens there.") from bad
    with serving(endpoints):
        return play(drill, loop, player, progress)


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
            papers += posted(drill, loop, at)
            watched.expect(auditor.hear(papers, at, day.silent, is_complete=is_over))
            watched.look(at, player.cases(drill.damaged, watched.right(at)))
            drill.clear()
        progress(day.end - world.start, world.end - world.start)
    grade = graded(drill, player, watched, auditor)
    for found in per_order(loop.books).values():
        for what, many in found.items():
            grade.documents[what] = grade.documents.get(what, 0) + many
    for code, many in loop.box.counts.items():
        grade.documents[code] = many
    grade.not_once += [*not_once(loop.books), *loop.box.missing(loop.plans)]
    grade.wrong_documents = loop.box.wrong
    return grade


def posted(drill: Drill, loop: Loop, at: int) -> list[Paper]:
    """What Tieout has put into the post box, which it has taken in itself; kept, so that it can be played again without sending."""
    with loop.books.lock:
        post = loop.box.empty(at)
    if post.files:
        folder = f"{FEEDS}/{SYSTEM}/{stamp(at)}-sent"
        (drill.folder / folder).mkdir(parents=True)
        for name, raw in post.files:
            (drill.folder / folder / name).write_bytes(raw)
        drill.steps.append(Step(at, SYSTEM, folder))
    return post.papers


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
        loop.plans += day.plans
        for plan in day.plans:
            if plan.order.sales_order:
                loop.books.know(plan)
                loop.box.know(plan)
        loop.books.say(*day.papers)


def arrived(loop: Loop, at: int) -> list[Paper]:
    """What has arrived by a moment."""
    loop.clock.at = at
    with loop.books.lock:
        papers = loop.books.until(at)
        loop.box.hear(papers)
        return papers


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
