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

from tieout.app import Tieout, opened
from tieout.simulate import scenario, truth
from tieout.simulate.auditor import SYSTEMS, Auditor, Event
from tieout.simulate.clock import HOUR
from tieout.simulate.comparison import Comparison
from tieout.simulate.grade import Grade, grade_kinds
from tieout.simulate.observed import double_claims, open_cases, unbalanced
from tieout.simulate.paper import Paper
from tieout.simulate.partners import partners
from tieout.simulate.rules import customers_of, grace_of, quiet_of, under
from tieout.simulate.scenario import Step
from tieout.simulate.truth import Truth
from tieout.simulate.wire import stamp
from tieout.simulate.world import Day

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
    world, watched = drill.world, Comparison()
    settings = (drill.folder / "tieout.toml").read_text("utf-8")
    auditor = Auditor(under(settings), grace_of(settings), quiet_of(settings), customers_of(settings))
    with opened(drill.folder) as project:
        project.connection.execute("set synchronous_commit = off")
        auditor.hear([], world.start)
        deliver(drill, project, [], world.start, is_complete=True)
        for day in world.unfold():
            for plan in day.plans:
                auditor.begin(plan)
            events = auditor.hear(day.papers, day.end, day.silent)
            watched.expect(events)
            for at, papers in slices(drill, day.papers, events, day.start, day.end):
                deliver(drill, project, papers, at, is_complete=at == day.end, silent=day.silent)
                watched.look(at, open_cases(project.connection, drill.damaged))
            progress(day.end - world.start, world.end - world.start)
        with project.database.session() as reader:
            doubled, differing = double_claims(reader), unbalanced(reader, auditor.close())
        grade = Grade(
            grade_kinds(world.truths, watched.histories, watched.predicted, world.end), watched.false_alarms, doubled, watched.missed, differing,
            str(project.status()["ledger_hash"]), {each.kind: each.miss for each in world.truths if each.miss},
        )  # fmt: skip
    scenario.keep(drill.folder, drill.steps, watched.expected())
    truth.write(drill.folder / "truth.jsonl", world.truths)
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


def deliver(drill: Drill, project: Tieout, papers: Iterable[Paper], at: int, *, is_complete: bool, silent: Sequence[str] = ()) -> None:
    """Let partners write what they say into files, and import these; at the end of a day every feed but a silent one says that it is complete."""
    said: dict[str, list[Paper]] = defaultdict(list)
    for paper in papers:
        if "inside" not in paper.more:
            said[paper.system].append(paper)
    for system in SYSTEMS:
        folder = f"feeds/{system}/{stamp(at)}" if system in said else ""
        if folder:
            (drill.folder / folder).mkdir(parents=True)
            for file in partners()[system].write(said[system], at):
                (drill.folder / folder / file.name).write_bytes(file.data)
        if folder or (is_complete and system not in silent):
            damaged = {f"{system}/{stamp(at)}/{p.origin}": f"QUA {system}/{p.kind}/{p.number}" for p in said[system] if p.spoil}
            step = Step(at, system, folder, is_complete and system not in silent, damaged)
            drill.steps.append(step)
            drill.damaged |= damaged
            scenario.do(project, drill.folder, step)
        if folder and not drill.keeps_feeds:
            shutil.rmtree(drill.folder / folder)
