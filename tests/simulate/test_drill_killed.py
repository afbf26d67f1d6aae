"""A drill whose importing process and whose PostgreSQL are killed in the middle, again and again, ends like one that ran in peace."""

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

from drilling import played, thick, told

from servers import Server
from tieout.app import opened
from tieout.simulate.drill import make_project
from tieout.simulate.observed import open_cases
from tieout.simulate.scenario import differences, expected_of, names, steps_of
from tieout.simulate.world import World
from tieout.store.embedded import Embedded

KILLS = 4
PLAYER = """
import sys
from pathlib import Path
from tieout.app import opened
from tieout.simulate.scenario import do, steps_of
root = Path(sys.argv[1])
with opened(root) as project:
    for step in steps_of(root):
        print("step", flush=True)
        do(project, root, step)
"""


def server_of(folder: Path) -> int:
    """The process of a project's own PostgreSQL."""
    data = Embedded(folder / ".tieout").data
    return int((data / "postmaster.pid").read_text().splitlines()[0])


def play(folder: Path, kill_at: int | None, *, database_too: bool) -> int:
    """Play the scenario in a process of its own; kill it, or its database, while it does the step of that number."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen(
        [sys.executable, "-c", PLAYER, str(folder)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
    )  # fmt: skip
    assert process.stdout is not None
    if kill_at is not None:
        for _ in range(kill_at):
            assert process.stdout.readline() == b"step\n"
        os.kill(server_of(folder) if database_too else process.pid, signal.SIGKILL)
    process.communicate()
    return process.returncode


def test_kills_of_the_importer_and_of_postgresql_change_nothing(server: Server, tmp_path: Path) -> None:
    calm = tmp_path / "calm"
    grade = played(server, calm, World("killed", 1, 60, thick(6)), keeps_feeds=True)
    assert grade.is_clean, told(grade)
    harried = tmp_path / "harried"
    make_project(harried)
    for kept in ("feeds", "steps.jsonl", "expected.json"):
        (harried / kept).symlink_to(calm / kept)
    chance, many = random.Random(3), len(steps_of(harried))
    codes = [play(harried, chance.randint(1, many * 3 // 4), database_too=n % 2 == 1) for n in range(KILLS)]
    assert all(codes), "every kill has to come before the end"
    assert play(harried, None, database_too=False) == 0
    with opened(harried) as project:
        found = open_cases(project.connection, names(steps_of(harried)))
        assert list(differences(found, expected_of(harried))) == []
        assert project.status()["ledger_hash"] == grade.ledger_hash
    Embedded(harried / ".tieout").remove()
