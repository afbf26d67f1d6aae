"""The day in examples/day: exactly the cases it was written for, whatever the order of loading, and nothing new the second time."""

import json
import secrets
import shutil
from collections.abc import Iterable
from pathlib import Path

import pytest

from tieout.app import Tieout, opened
from tieout.formats.x12 import describe
from tieout.runtime.batch import Counts
from tieout.runtime.chain import totals
from tieout.runtime.intake import import_places
from tieout.runtime.looks import Case, all_cases

DAY = Path(__file__).parent.parent / "examples" / "day"
BROKEN = "in/2025-06-17-HOMEHUB-850.edi"
EXPECTED = json.loads((DAY / "expected.json").read_text())


def copy_to(copy: Path) -> Path:
    """The day in a folder and a schema of its own."""
    shutil.copytree(DAY, copy, ignore=shutil.ignore_patterns(".tieout"))
    settings = copy / "tieout.toml"
    text = settings.read_text()
    assert 'schema = "day"' in text
    settings.write_text(text.replace('schema = "day"', f'schema = "day_{secrets.token_hex(5)}"'))
    return copy


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return copy_to(tmp_path / "day")


def load(project: Tieout, names: Iterable[str]) -> Counts:
    total = Counts()
    for name in names:
        counts = import_places(project.connection, project.configuration, project.systems[name], [str(project.folder / name)])
        total = total.plus(counts)
    project.tick()
    return total


def name_of(case: Case, folder: Path) -> str:
    """The case's name; one of quarantine by its file alone, relative to the day."""
    if case.code != "QUA":
        return case.case
    return f"QUA {case.root.split(', ')[0].removeprefix(f'{folder}/')}"


def cases(project: Tieout) -> list[str]:
    return sorted(name_of(case, project.folder) for case in all_cases(project.connection))


def identity_holds(counts: Counts) -> bool:
    parts = (counts.posted, counts.without_effect, counts.superseded, counts.waiting, counts.quarantined, counts.duplicate)
    return counts.received == sum(parts)


def test_the_day_has_the_cases_it_was_written_for(folder: Path) -> None:
    with opened(folder) as project:
        assert all((folder / name).is_dir() for name in project.systems)
        load(project, project.systems)
        assert cases(project) == EXPECTED
        counts = totals(project.connection)
        assert identity_holds(counts)
        assert (counts.waiting, counts.quarantined, counts.superseded, counts.duplicate) == (1, 2, 4, 3)
        hints = {case.case: case.hint for case in all_cases(project.connection)}
        assert hints["TBK+ edi/order/GREENMART:GM7702#MUG-RED"] == "unit of measure"
        assert hints["TBK- shop/order/1012#KETTLE"] == "price"


def test_a_second_load_changes_nothing(folder: Path) -> None:
    with opened(folder) as project:
        first = load(project, project.systems)
        before = project.status()
        again = load(project, project.systems)
        assert again.received == first.received
        assert again.duplicate == again.received
        assert (again.facts, again.messages, again.posted) == (0, 0, 0)
        assert project.status()["ledger_hash"] == before["ledger_hash"]
        assert cases(project) == EXPECTED
        assert identity_holds(totals(project.connection))


def test_the_order_of_loading_does_not_matter(tmp_path: Path) -> None:
    found = []
    for way in (1, -1):
        with opened(copy_to(tmp_path / f"way{way}")) as project:
            load(project, list(project.systems)[::way])
            found.append((project.status()["ledger_hash"], cases(project)))
    assert found[0] == found[1]


@pytest.mark.parametrize("system", ["edi", "threepl"])
def test_all_interchanges_but_the_broken_one_are_valid_x12(system: str) -> None:
    files = sorted((DAY / system).rglob("*.edi"))
    invalid = [str(file.relative_to(DAY / system)) for file in files if not describe(file.read_bytes()).valid]
    assert invalid == ([BROKEN] if system == "edi" else [])
