"""A scenario: the files that a world has sent, in the order of their arrival, kept in a folder with what must be found; played by the ordinary intake.

tieout.toml, mappings/   the project
steps.jsonl              one delivery a line: when, from which system, which folder of files, whether the feed is complete to then
feeds/                   the files
expected.json            the exceptions that must stand at the end
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from tieout.app import Tieout
from tieout.errors import InputMissing
from tieout.runtime.apply import apply
from tieout.runtime.intake import import_places
from tieout.runtime.looks import tick
from tieout.simulate.clock import utc
from tieout.simulate.grade import Shown
from tieout.simulate.observed import open_cases

STEPS, EXPECTED = "steps.jsonl", "expected.json"


class Step(msgspec.Struct, frozen=True, omit_defaults=True):
    """One delivery: the files in `folder` (none if empty) come from a system; `complete` says that its feed has reported up to `at`.

    `damaged` gives the files that cannot be read the name that their exception has in `expected.json`.
    """

    at: int
    system: str
    folder: str = ""
    complete: bool = False
    damaged: dict[str, str] = {}


def do(project: Tieout, root: Path, step: Step, *, by_its_time: bool = False) -> None:
    """Let a delivery go through the ordinary intake; `by_its_time` as if it were the world's time now."""
    places = [str(root / step.folder)] if step.folder else []
    declared = utc(step.at) if step.complete else None
    import_places(
        project.connection,
        project.configuration,
        project.systems[step.system],
        places,
        declared=declared,
        at=utc(step.at) if by_its_time else None,
    )


def do_all(project: Tieout, root: Path, steps: Sequence[Step], *, by_their_time: bool = False) -> None:
    """Let deliveries of one moment through; that feeds have nothing to say is taken in at once for all of them."""
    for step in steps:
        if step.folder:
            do(project, root, step, by_its_time=by_their_time)
    silent = {step.system: utc(step.at) for step in steps if step.complete and not step.folder}
    if silent:
        now = max(silent.values()) if by_their_time else datetime.now(UTC)
        apply(project.connection, project.configuration, [], now, declared=silent)
        tick(project.connection, project.configuration, now)


def keep(root: Path, steps: Iterable[Step], expected: Mapping[str, Shown]) -> None:
    """Write down the steps of a scenario and what must be found at its end."""
    (root / STEPS).write_bytes(b"".join(msgspec.json.encode(step) + b"\n" for step in steps))
    written = {name: {"owner": shown.owner, "quantity": shown.quantity, "value": shown.value} for name, shown in sorted(expected.items())}
    (root / EXPECTED).write_bytes(msgspec.json.format(msgspec.json.encode(written), indent=1) + b"\n")


def steps_of(root: Path) -> list[Step]:
    """The steps of a scenario. Raises InputMissing."""
    try:
        return [msgspec.json.decode(line, type=Step) for line in (root / STEPS).read_bytes().splitlines()]
    except (OSError, msgspec.DecodeError) as bad:
        raise InputMissing(f"{root} holds no scenario: {bad}.", "Name a folder that `tieout drill --keep` or `--shrink` has written.") from bad


def expected_of(root: Path) -> dict[str, Shown]:
    """What must be found at the end of a scenario. Raises InputMissing."""
    try:
        return msgspec.json.decode((root / EXPECTED).read_bytes(), type=dict[str, Shown])
    except (OSError, msgspec.DecodeError) as bad:
        raise InputMissing(f"{root} does not say what must be found: {bad}.", "Restore its expected.json.") from bad


def play(project: Tieout, root: Path) -> dict[str, Shown]:
    """Play a scenario to its end; the exceptions that stand then."""
    steps = steps_of(root)
    for step in steps:
        do(project, root, step)
    return open_cases(project.connection, names(steps))


def names(steps: Iterable[Step]) -> dict[str, str]:
    """How exceptions about damaged files are called."""
    return {place: case for step in steps for place, case in step.damaged.items()}


def differences(found: Mapping[str, Shown], expected: Mapping[str, Shown]) -> Iterator[str]:
    """What stands and should not, should and does not, or stands otherwise."""
    for name in sorted(found.keys() | expected.keys()):
        if found.get(name) != expected.get(name):
            yield f"{name}: {found.get(name, 'nothing')} found, {expected.get(name, 'nothing')} expected"
