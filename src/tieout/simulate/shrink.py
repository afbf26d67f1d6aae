"""Shrinking: of a world that shows a difference, the few messages that still show it, kept as a scenario that can be played for ever."""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from tieout.app import opened
from tieout.simulate.chance import stream
from tieout.simulate.clock import DAY
from tieout.simulate.drill import Drill, run
from tieout.simulate.grade import Difference
from tieout.simulate.paper import Paper
from tieout.simulate.story import Plan
from tieout.simulate.truth import Truth
from tieout.simulate.world import Day, World

T = TypeVar("T")
SCHEMA = 'schema = "'
TRIES_MAX = 400
"""Most drills that a shrinking plays."""


@dataclass(slots=True)
class Excerpt:
    """Some papers of a world, arriving as they did there; days without any are left out."""

    start: int
    end: int
    plans: list[Plan]
    truths: list[Truth] = field(default_factory=list)

    def unfold(self) -> list[Day]:
        """The days on which anything arrives, and the last one."""
        papers = sorted((paper for plan in self.plans for paper in plan.papers), key=lambda paper: paper.delivered)
        days: list[Day] = []
        for paper in papers:
            if not days or paper.delivered >= days[-1].end:
                begin = paper.delivered - (paper.delivered - self.start) % DAY
                days.append(Day(begin, begin + DAY, [], []))
            days[-1].papers.append(paper)
        days.append(Day(self.end - DAY, self.end, [], []))
        days[0].plans = self.plans
        return days


def shrink(world: World, folder: Path, wanted: Difference, tell: Callable[[int, int], None] = lambda done, total: None) -> int:
    """Find the few messages of a world that still show a difference, in the project of a folder, and leave them there as a scenario.

    How many messages are left. Raises ValueError when the difference does not show again.
    """
    plans = [plan for day in World(world.seed, world.days, world.orders_per_day, world.mix, world.shuffle).unfold() for plan in day.plans]
    trial = Trial(folder, world.start, world.end, wanted, tell)
    with opened(folder):
        if not trial.shows(_papers(plans)):
            raise ValueError(f"{wanted.name} does not show again")
        near = [plan for plan in plans if any(_concerns(paper, wanted.name) for paper in plan.papers)]
        plans = near if near and trial.shows(_papers(near)) else fewest(plans, lambda some: trial.shows(_papers(some)))
        papers = fewest(_papers(plans), trial.shows)
        trial.play(papers, keep=True)
    return len(papers)


def _papers(plans: Sequence[Plan]) -> list[tuple[Plan, Paper]]:
    return [(plan, paper) for plan in plans for paper in plan.papers]


def _concerns(paper: Paper, name: str) -> bool:
    """Whether a paper is about what an exception or balance names, as far as the names show."""
    return any(f" {each}" in f" {name}".replace("#", " ") for each in {paper.about, *(line.about for line in paper.lines)} if each)


def fewest(whole: Sequence[T], shows: Callable[[Sequence[T]], bool]) -> list[T]:
    """A subset that still shows it, and no longer does when any one is taken away (delta debugging)."""
    left, parts = list(whole), 2
    while len(left) > 1:
        size = -(-len(left) // parts)
        for start in range(0, len(left), size):
            rest = left[:start] + left[start + size :]
            if rest and shows(rest):
                left, parts = rest, max(2, parts - 1)
                break
        else:
            if size == 1:
                break
            parts = min(len(left), parts * 2)
    return left


@dataclass(slots=True)
class Trial:
    """Plays excerpts, each into a schema of its own that is thrown away."""

    folder: Path
    start: int
    end: int
    wanted: Difference
    tell: Callable[[int, int], None]
    count: int = 0

    def shows(self, some: Sequence[tuple[Plan, Paper]]) -> bool:
        """Whether the difference still shows."""
        if self.count >= TRIES_MAX:
            return False
        return self.wanted.name in self.play(some, keep=False)

    def play(self, some: Sequence[tuple[Plan, Paper]], *, keep: bool) -> set[str]:
        """Play some papers; what differs."""
        self.count += 1
        self.tell(self.count, TRIES_MAX)
        settings = self.folder / "tieout.toml"
        text = settings.read_text("utf-8")
        name = text.split(SCHEMA)[1].split('"')[0]
        settings.write_text(text.replace(f'{SCHEMA}{name}"', f'{SCHEMA}s_{secrets.token_hex(5)}"'), "utf-8")
        try:
            drill = Drill(Excerpt(self.start, self.end, _planned(some)), self.folder, DAY, is_fine=False, keeps_feeds=keep)
            found = run(drill)
            with opened(self.folder) as project:
                project.connection.close()
                project.database.drop()
        finally:
            settings.write_text(text, "utf-8")
        return {each.name for each in found.differences}


def _planned(some: Sequence[tuple[Plan, Paper]]) -> list[Plan]:
    """Plans with only these papers, each a copy; the auditor follows all of them."""
    made: dict[int, Plan] = {}
    for plan, paper in some:
        index = plan.order.index
        if index not in made:
            made[index] = Plan(plan.order, [], stream("shrink"), fault="shrunk")
        made[index].papers.append(paper.copy())
    return list(made.values())
