"""A fire drill: a world is played into a project by the ordinary intake, slice by slice, and what the ledger shows is graded."""

import re
import shutil
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from importlib.resources import as_file, files
from pathlib import Path
from typing import Protocol

from tieout.app import opened
from tieout.simulate import scenario, truth
from tieout.simulate.auditor import SYSTEMS, Auditor, Event
from tieout.simulate.clock import HOUR
from tieout.simulate.comparison import Comparison
from tieout.simulate.grade import Grade, grade_kinds
from tieout.simulate.paper import Paper
from tieout.simulate.partners import partners
from tieout.simulate.player import Player, Within
from tieout.simulate.rules import customers_of, grace_of, quiet_of, under
from tieout.simulate.scenario import Step
from tieout.simulate.truth import Truth
from tieout.simulate.wire import stamp
from tieout.simulate.world import Day

FEEDS = "feeds"
NEAR = 4
"""Seconds: exceptions that become knowable so close together are looked for at one moment."""
Progress = Callable[[int, int], None]


class Unfolding(Protocol):
    """A world, or an excerpt of one."""

    truths: list[Truth]

    @property
    def start(self) -> int:
        """When it begins."""
        ...

    @property
    def end(self) -> int:
        """When everything that can be known is known."""
        ...

    def unfold(self) -> Iterable[Day]:
        """Day after day."""
        ...


@dataclass(slots=True)
class Drill:
    """What is played and how finely. `slice_seconds` is the longest time between two deliveries; `is_fine` adds one whenever
    something becomes knowable, so that the time until it is visible is measured to a few seconds."""

    world: Unfolding
    folder: Path
    slice_seconds: int = HOUR
    is_fine: bool = True
    keeps_feeds: bool = False
    steps: list[Step] = field(default_factory=list)
    damaged: dict[str, str] = field(default_factory=dict)
    """Files that cannot be read, and how their exceptions are called."""

    def clear(self) -> None:
        """Throw away the files that were taken in, unless they are kept."""
        if not self.keeps_feeds:
            shutil.rmtree(self.folder / FEEDS, ignore_errors=True)


def make_project(folder: Path, database: str = "embedded", schema: str = "drill", company: Path | None = None) -> None:
    """The simulated company's project in a folder, or somebody's own version of it, on the drill's database."""
    if company is not None:
        shutil.copytree(company, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".tieout", "feeds"))
    else:
        with as_file(files(__package__).joinpath("project")) as source:
            shutil.copytree(source, folder, dirs_exist_ok=True)
    settings = folder / "tieout.toml"
    text = re.sub(r"(?m)^(database|schema) *=.*\n", "", settings.read_text("utf-8"))
    settings.write_text(text.replace("[project]\n", f'[project]\ndatabase = "{database}"\nschema = "{schema}"\n', 1), "utf-8")


def run(drill: Drill, progress: Progress = lambda done, total: None) -> Grade:
    """Play the world to its end in the project of the drill's folder, and grade it."""
    with opened(drill.folder) as project:
        project.connection.execute("set synchronous_commit = off")
        return play(drill, Within(project, drill.folder), progress)


def play(drill: Drill, player: Player, progress: Progress = lambda done, total: None) -> Grade:
    """Play the world to its end, and grade what the player shows."""
    world, watched = drill.world, Comparison()
    auditor = auditor_of(drill.folder)
    auditor.hear([], world.start)
    player.play(written(drill, [], world.start, is_complete=True), world.start)
    for day in world.unfold():
        for plan in day.plans:
            auditor.begin(plan)
        events = auditor.hear(day.papers, day.end, day.silent)
        watched.expect(events)
        for at, papers in slices(drill, day.papers, events, day.start, day.end):
            player.play(written(drill, papers, at, is_complete=at == day.end, silent=day.silent), at)
            watched.look(at, player.cases(drill.damaged, watched.right(at)))
            drill.clear()
        progress(day.end - world.start, world.end - world.start)
    return graded(drill, player, watched, auditor)


def auditor_of(folder: Path, *, is_driven: bool = False) -> Auditor:
    """The auditor who goes by the deadlines and tolerances of the project in a folder."""
    settings = (folder / "tieout.toml").read_text("utf-8")
    accounts = under(settings, is_driven=is_driven)
    return Auditor(accounts, grace_of(settings), quiet_of(settings), customers_of(settings, is_driven=is_driven))


def graded(drill: Drill, player: Player, watched: Comparison, auditor: Auditor) -> Grade:
    """The grade of a world that is over; what was played and what must be found stands in the drill's folder."""
    truths = drill.world.truths
    grade = Grade(
        grade_kinds(truths, watched.histories, watched.predicted, drill.world.end), watched.false_alarms, player.double_claims(), watched.missed,
        player.unbalanced(auditor.close()), player.ledger_hash(), {each.kind: each.miss for each in truths if each.miss},
    )  # fmt: skip
    scenario.keep(drill.folder, drill.steps, watched.expected())
    truth.write(drill.folder / "truth.jsonl", truths)
    return grade


def slices(drill: Drill, papers: list[Paper], events: Sequence[Event], start: int, end: int) -> Iterator[tuple[int, list[Paper]]]:
    """The day's papers, cut into deliveries: at regular moments, and shortly after something becomes knowable."""
    regular = sorted({*range(start + drill.slice_seconds, end, drill.slice_seconds), end})
    cuts = set(regular)
    last = start - NEAR
    for at in sorted(event.at for event in events) if drill.is_fine else passing(events, regular):
        if at > last:
            last = min(at + NEAR, end) if drill.is_fine else at
            cuts.add(last)
    arrivals = [paper.delivered for paper in papers]
    done = 0
    for cut in sorted(cuts):
        place = len(papers) if cut == end else bisect_left(arrivals, cut + 1)
        yield cut, papers[done:place]
        done = place


def passing(events: Iterable[Event], cuts: Sequence[int]) -> list[int]:
    """When exceptions begin that end again before the next look: they are looked for at once."""
    begun: dict[str, int] = {}
    found: list[int] = []
    for event in events:
        if event.stand is not None:
            begun.setdefault(event.case, event.at)
        elif event.case in begun and bisect_left(cuts, begun[event.case]) == bisect_left(cuts, event.at):
            found.append(begun.pop(event.case))
        else:
            begun.pop(event.case, None)
    return sorted(found)


def written(drill: Drill, papers: Iterable[Paper], at: int, *, is_complete: bool, silent: Sequence[str] = ()) -> list[Step]:
    """Let partners write what they say into files; at the end of a day every feed but a silent one says that it is complete."""
    said: dict[str, list[Paper]] = defaultdict(list)
    for paper in papers:
        if "inside" not in paper.more:
            said[paper.system].append(paper)
    steps = []
    for system in SYSTEMS:
        folder = f"{FEEDS}/{system}/{stamp(at)}" if system in said else ""
        if folder:
            (drill.folder / folder).mkdir(parents=True)
            for file in partners()[system].write(said[system], at):
                (drill.folder / folder / file.name).write_bytes(file.data)
        if folder or (is_complete and system not in silent):
            damaged = {f"{system}/{stamp(at)}/{p.origin}": f"QUA {system}/{p.kind}/{p.number}" for p in said[system] if p.spoil}
            steps.append(Step(at, system, folder, is_complete and system not in silent, damaged))
            drill.damaged |= damaged
    drill.steps += steps
    return steps
