"""Whole drills: a clean world makes no exception, every fault is found and nothing else, and what is missed is said."""

import secrets
from pathlib import Path

import pytest
from drilling import played, thick, told

from servers import Server
from tieout.simulate.world import World

RANDOM = secrets.token_hex(4)


def test_a_world_without_faults_makes_no_exception(server: Server, tmp_path: Path) -> None:
    grade = played(server, tmp_path, World("calm", 3, 60, []))
    assert grade.is_clean, told(grade)
    assert not grade.kinds


@pytest.mark.parametrize("seed", ["1", "2", RANDOM], ids=["1", "2", "random"])
def test_every_fault_is_found_and_nothing_else(server: Server, tmp_path: Path, seed: str) -> None:
    print(f"tieout drill --seed {seed} --days 3 --orders-per-day 120")
    grade = played(server, tmp_path, World(seed, 3, 120, thick(0.02)))
    assert grade.is_clean, f"seed {seed}: {told(grade)}"
    assert sum(kind.found for kind in grade.kinds.values()) > 80


def test_an_exception_is_visible_seconds_after_it_could_be_known(server: Server, tmp_path: Path) -> None:
    grade = played(server, tmp_path, World("fine", 1, 60, thick(0.02)), is_fine=True)
    assert grade.is_clean, told(grade)
    assert max(kind.written()["p95_visible_s"] or 0 for kind in grade.kinds.values()) <= 5


def test_a_policy_that_waits_too_long_is_told_what_it_misses(server: Server, tmp_path: Path) -> None:
    world = World("blind", 2, 60, [share for share in thick(0.3) if share.kind == "confirmation_missing"])
    grade = played(server, tmp_path, world, changes=[("days = 3", "days = 300")])
    assert not grade.is_clean
    assert grade.kinds["confirmation_missing"].expected > 10
    assert grade.kinds["confirmation_missing"].found == 0
    assert grade.missed
    assert not grade.false_alarms


def test_a_policy_that_is_too_strict_is_told_of_its_false_alarms(server: Server, tmp_path: Path) -> None:
    grade = played(server, tmp_path, World("nervous", 1, 30, []), changes=[("days = 3", "hours = 20")])
    assert not grade.is_clean
    assert grade.false_alarms
    assert not grade.missed


def test_arrival_in_another_order_ends_in_the_same_ledger(server: Server, tmp_path: Path) -> None:
    first = played(server, tmp_path / "a", World("same", 2, 80, thick(0.02)))
    again = played(server, tmp_path / "b", World("same", 2, 80, thick(0.02)))
    shuffled = played(server, tmp_path / "c", World("same", 2, 80, thick(0.02), shuffle="otherwise"))
    assert first.is_clean, told(first)
    assert shuffled.is_clean, told(shuffled)
    assert first.ledger_hash == again.ledger_hash == shuffled.ledger_hash
    assert first.written() == again.written()
