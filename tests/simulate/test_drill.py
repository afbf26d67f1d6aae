"""Whole drills: a clean world makes no exception, every fault is found and nothing else, and what is missed is said."""

import secrets
from pathlib import Path

import pytest
from drilling import played, thick, told

from servers import Server
from tieout.simulate.drill import make_project
from tieout.simulate.world import World

RANDOM = secrets.token_hex(4)


def test_a_world_without_faults_makes_no_exception(server: Server, tmp_path: Path) -> None:
    grade = played(server, tmp_path, World("calm", 3, 60, []))
    assert grade.is_clean, told(grade)
    assert not grade.kinds


@pytest.mark.parametrize("seed", ["1", "2", RANDOM], ids=["1", "2", "random"])
def test_every_fault_is_found_and_nothing_else(server: Server, tmp_path: Path, seed: str) -> None:
    print(f"tieout drill --seed {seed} --days 3 --orders-per-day 120")
    grade = played(server, tmp_path, World(seed, 3, 120, thick(5)))
    assert grade.is_clean, f"seed {seed}: {told(grade)}"
    assert sum(kind.found for kind in grade.kinds.values()) > 80


def test_an_exception_is_visible_seconds_after_it_could_be_known(server: Server, tmp_path: Path) -> None:
    grade = played(server, tmp_path, World("fine", 1, 60, thick(5)), is_fine=True)
    assert grade.is_clean, told(grade)
    assert max(kind.written()["p95_visible_s"] or 0 for kind in grade.kinds.values()) <= 5


def company(folder: Path, old: str, new: str) -> Path:
    """The simulated company with something else in its settings."""
    make_project(folder)
    settings = folder / "tieout.toml"
    assert old in settings.read_text()
    settings.write_text(settings.read_text().replace(old, new))
    return folder


def test_a_tolerance_that_is_too_wide_is_told_what_it_hides(server: Server, tmp_path: Path) -> None:
    world = World("blind", 2, 60, [share for share in thick(75) if share.kind == "price_differs"])
    grade = played(server, tmp_path / "drill", world, company=company(tmp_path / "own", 'value = "0.02"', 'value = "50.00"'))
    assert not grade.is_clean
    kind = grade.kinds["price_differs"]
    assert kind.expected > 10
    assert kind.found < kind.expected
    assert not grade.differences, "ledger and auditor agree by the company's own tolerance"


def test_a_deadline_beyond_the_drill_is_told_what_it_does_not_show(server: Server, tmp_path: Path) -> None:
    world = World("slow", 1, 60, [share for share in thick(75) if share.kind == "confirmation_missing"])
    grade = played(server, tmp_path / "drill", world, company=company(tmp_path / "own", "days = 3", "days = 300"))
    assert grade.kinds["confirmation_missing"].expected > 5
    assert grade.kinds["confirmation_missing"].found == 0
    assert not grade.is_clean


def test_a_deadline_that_is_too_short_is_told_of_its_false_alarms(server: Server, tmp_path: Path) -> None:
    grade = played(server, tmp_path / "drill", World("nervous", 1, 30, []), company=company(tmp_path / "own", "days = 3", "hours = 20"))
    assert not grade.is_clean
    assert grade.false_alarms
    assert not grade.missed


def test_arrival_in_another_order_ends_in_the_same_ledger(server: Server, tmp_path: Path) -> None:
    first = played(server, tmp_path / "a", World("same", 1, 80, thick(6)))
    again = played(server, tmp_path / "b", World("same", 1, 80, thick(6)))
    shuffled = played(server, tmp_path / "c", World("same", 1, 80, thick(6), shuffle="otherwise"))
    assert first.is_clean, told(first)
    assert shuffled.is_clean, told(shuffled)
    assert first.ledger_hash == again.ledger_hash == shuffled.ledger_hash
    assert first.written() == again.written()
