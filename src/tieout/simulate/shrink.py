"""Shrinking: of a world that shows a difference, the few messages that still show it, kept as a scenario that can be played for ever."""

import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from tieout.app import opened
from tieout.errors import InputMissing
from tieout.simulate import loop
from tieout.simulate.chance import stream
from tieout.simulate.clock import DAY
from tieout.simulate.drill import Drill, run
from tieout.simulate.driving import address_of, tells_customers
from tieout.simulate.grade import Difference, Grade
from tieout.simulate.mix import Share
from tieout.simulate.paper import Paper
from tieout.simulate.story import Plan, Trouble
from tieout.simulate.truth import Truth
from tieout.simulate.world import Day, World

T = TypeVar("T")
SCHEMA = 'schema = "'
RECIPE = "driven.json"
"""Where a shrunk drill that drives says how it is made again."""
COARSE = 1800
TRIES_MAX = 400
"""Most drills that a shrinking plays."""


@dataclass(slots=True)
class Excerpt:
    """Some papers of a world, arriving as they did there; days without any are left out."""

    start: int
    end: int
    plans: list[Plan]
    truths: list[Truth] = field(default_factory=list)

    def unfold(self) -> Iterable[Day]:
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


@dataclass(slots=True)
class Orders(Excerpt):
    """Some transactions of a driven world, as they go there: what their systems are told to do, and whatever comes of it."""

    world: World = field(default_factory=lambda: World("", 1, 0, []))
    is_told: bool = False

    @property
    def seed(self) -> str:
        """The world's."""
        return self.world.seed

    @property
    def troubles(self) -> list[Trouble]:
        """The world's."""
        return self.world.troubles

    def route(self, paper: Paper) -> None:
        """As in the world."""
        self.world.route(paper)

    def unfold(self) -> Iterator[Day]:
        """All days: what the systems are told to do has consequences for weeks."""
        papers = sorted((paper for plan in self.plans for paper in plan.papers), key=lambda paper: paper.delivered)
        for begin in range(self.start, self.end, DAY):
            end = begin + DAY
            mine = [paper for paper in papers if begin <= paper.delivered < end or (begin == self.start and paper.delivered < begin)]
            yield Day(begin, end, mine, self.plans if begin == self.start else [])


class Recipe(msgspec.Struct, frozen=True):
    """How a shrunk drill that drives is made again: the world, the transactions of it that are left, and the difference that they show."""

    seed: str
    days: int
    orders_per_day: int
    mix: list[tuple[str, float, dict[str, Any]]]
    orders: list[int]
    wanted: str

    def world(self) -> World:
        """The whole world, not unfolded yet."""
        mix = [Share(kind, rate, parameters) for kind, rate, parameters in self.mix]
        return World(self.seed, self.days, self.orders_per_day, mix, is_driven=True)


def recipe_of(folder: Path) -> Recipe | None:
    """How the drill of a folder is made again; None where it was recorded. Raises InputMissing."""
    try:
        return msgspec.json.decode((folder / RECIPE).read_bytes(), type=Recipe)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError) as bad:
        raise InputMissing(f"{folder / RECIPE} cannot be read: {bad}.", "Restore it, or shrink again.") from bad


def again(folder: Path, recipe: Recipe, tell: Callable[[int, int], None] = lambda done, total: None) -> list[Difference]:
    """Drive the transactions of a recipe again, in the project of a folder; what differs."""
    world = recipe.world()
    orders = _orders(world, [plan for plan in _unfolded(world, folder) if plan.order.index in recipe.orders])
    return loop.run(Drill(orders, folder, COARSE, is_fine=False), orders, tell).differences


def shrink(world: World, folder: Path, wanted: Difference, tell: Callable[[int, int], None] = lambda done, total: None) -> int:
    """Find the few messages of a world that still show a difference, in the project of a folder, and leave them there as a scenario; of a
    driven world the few transactions, which are driven anew whenever the scenario is played.

    How many messages (or transactions) are left. Raises ValueError when the difference does not show again.
    """
    again = World(world.seed, world.days, world.orders_per_day, world.mix, world.shuffle, is_driven=world.is_driven)
    plans = _unfolded(again, folder)
    trial = Trial(folder, again, wanted, tell)
    with opened(folder):
        if not trial.shows(_papers(plans)):
            raise ValueError(f"{wanted.name} does not show again")
        near = [plan for plan in plans if any(_concerns(paper, wanted.name) for paper in plan.papers)]
        plans = near if near and trial.shows(_papers(near)) else fewest(plans, lambda some: trial.shows(_papers(some)))
        if world.is_driven:
            plans = fewest(plans, lambda some: trial.shows(_papers(some)))
            mix = [(share.kind, share.rate, dict(share.parameters)) for share in world.mix]
            indices = sorted(plan.order.index for plan in plans)
            recipe = Recipe(world.seed, world.days, world.orders_per_day, mix, indices, wanted.name)
            (folder / RECIPE).write_bytes(msgspec.json.format(msgspec.json.encode(recipe), indent=1) + b"\n")
            return len(plans)
        papers = fewest(_papers(plans), trial.shows)
        trial.play(papers, keep=True)
    return len(papers)


def _unfolded(world: World, folder: Path) -> list[Plan]:
    """All plans of a world, as the project of a folder lets it go."""
    world.is_told = world.is_driven and (tells_customers(folder) or not address_of(folder))
    return [plan for day in world.unfold() for plan in day.plans if plan.papers or plan.is_watched]


def _orders(world: World, plans: Sequence[Plan]) -> Orders:
    """Plans of a driven world, fresh: what a drill does to one is forgotten in the next."""
    made = [
        Plan(
            plan.order, [paper.copy() for paper in plan.papers], plan.rng, plan.fault, is_watched=True, is_left=plan.is_left, is_told=plan.is_told,
            fates=deepcopy(plan.fates),
        ) for plan in plans
    ]  # fmt: skip
    return Orders(world.start, world.end, made, world=world)


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
    """Plays excerpts of a world, each into a schema of its own that is thrown away."""

    folder: Path
    world: World
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
            found = self._drill(some, keep=keep)
            with opened(self.folder) as project:
                project.connection.close()
                project.database.drop()
        finally:
            settings.write_text(text, "utf-8")
        return {each.name for each in found.differences}

    def _drill(self, some: Sequence[tuple[Plan, Paper]], *, keep: bool) -> Grade:
        if self.world.is_driven:
            orders = _orders(self.world, list({plan.order.index: plan for plan, _ in some}.values()))
            return loop.run(Drill(orders, self.folder, COARSE, is_fine=False), orders)
        excerpt = Excerpt(self.world.start, self.world.end, _planned(some))
        return run(Drill(excerpt, self.folder, DAY, is_fine=False, keeps_feeds=keep))


def _planned(some: Sequence[tuple[Plan, Paper]]) -> list[Plan]:
    """Plans with only these papers, each a copy; the auditor follows all of them."""
    made: dict[int, Plan] = {}
    for plan, paper in some:
        index = plan.order.index
        if index not in made:
            made[index] = Plan(plan.order, [], stream("shrink"), fault="shrunk")
        made[index].papers.append(paper.copy())
    return list(made.values())
