"""Rule 30 in the closed loop: whatever order things arrive in, and whoever is killed in the middle, each originating document is carried
out once, and balances and open exceptions end the same; what was recorded replays to the same ledger."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
from closed_player import Answer, Request
from drilling import told

from servers import Server
from tieout.app import opened
from tieout.simulate.answers import Reply
from tieout.simulate.answers import Request as Asked
from tieout.simulate.drill import Drill, make_project
from tieout.simulate.driving import drive_project
from tieout.simulate.endpoints import Endpoints, serving
from tieout.simulate.grade import Grade, Shown
from tieout.simulate.loop import Loop, play
from tieout.simulate.loop import run as run_loop
from tieout.simulate.mix import Share
from tieout.simulate.observed import Balances, open_cases, unbalanced
from tieout.simulate.once import per_order
from tieout.simulate.scenario import Step
from tieout.simulate.scenario import play as replay
from tieout.simulate.world import World
from tieout.store.embedded import Embedded

MIX = [
    Share("answer_lost", 0.2, {}), Share("done_late", 0.1, {"seconds": 60}), Share("command_refused", 0.15, {}),
    Share("confirmation_missing", 0.2, {}), Share("lost", 0.2, {"papers": ["shipment", "delivery", "invoice"]}),
]  # fmt: skip
PLAYER = Path(__file__).with_name("closed_player.py")
TIEOUT, DATABASE = "tieout", "postgresql"
AT_REQUESTS = {5: TIEOUT, 14: DATABASE, 27: TIEOUT}
"""Who is killed while the simulated systems do the request of that number."""
AT_DELIVERIES = {9: DATABASE, 20: TIEOUT}
"""Who is killed once the delivery of that number has been handed over."""


def world(shuffle: str = "") -> World:
    return World("rule 30", 1, 10, MIX, shuffle, is_driven=True)


class Harried:
    """A player in a process of its own, killed at its steps and started again; the delivery it was at is handed over again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.kills: list[str] = []
        self._deliveries = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._shown: dict[str, Shown] = {}

    def play(self, steps: Sequence[Step], at: int) -> bool:
        request = msgspec.json.encode(Request(list(steps), at, {})) + b"\n"
        self._deliveries += 1
        whom = AT_DELIVERIES.get(self._deliveries, "")
        while True:
            answer = self._ask(request, whom)
            whom = ""
            if answer is not None:
                self._shown = answer.cases
                return answer.is_busy

    def _ask(self, request: bytes, whom: str) -> Answer | None:
        """The answer; None from a process that did not live to give it."""
        if self._process is None or self._process.poll() is not None:
            environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
            command = [sys.executable, str(PLAYER), str(self.folder)]
            self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(request)
        self._process.stdin.flush()
        if whom:
            self.kill(whom)
        line = self._process.stdout.readline()
        if line:
            return msgspec.json.decode(line, type=Answer)
        self._process.wait(30)
        return None

    def kill(self, whom: str) -> None:
        assert self._process is not None
        self.kills.append(whom)
        data = Embedded(self.folder / ".tieout").data
        os.kill(self._process.pid if whom == TIEOUT else int((data / "postmaster.pid").read_text().splitlines()[0]), signal.SIGKILL)

    def end(self) -> None:
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
            self._process.wait(30)

    def cases(self, damaged: Mapping[str, str], wanted: Mapping[str, Shown]) -> dict[str, Shown]:
        return self._shown

    def double_claims(self) -> list[Any]:
        return []

    def unbalanced(self, right: Balances) -> list[Any]:
        with opened(self.folder) as project, project.database.session() as reader:
            return unbalanced(reader, right)

    def ledger_hash(self) -> str:
        with opened(self.folder) as project:
            return str(project.status()["ledger_hash"])


class Killing(Endpoints):
    """Endpoints whose requests are fatal, some of them: to whoever sent it, or to his database."""

    def __init__(self, loop: Loop, player: Harried) -> None:
        super().__init__(loop.books)
        self._player, self._requests = player, 0

    def reply_to(self, request: Asked) -> Reply:
        with self.books.lock:
            self._requests += 1
            number = self._requests
        if number in AT_REQUESTS:
            self._player.kill(AT_REQUESTS[number])
        return super().reply_to(request)


def harried(folder: Path, shuffle: str) -> tuple[Grade, dict[str, dict[str, int]], list[str]]:
    """A drill with kills: its grade, the documents of each order, and who was killed."""
    make_project(folder)
    there = world(shuffle)
    loop, player = Loop.of(there, folder), Harried(folder)
    with serving(Killing(loop, player)) as url:
        drive_project(folder, url)
        try:
            grade = play(Drill(there, folder, 1800, is_fine=False, keeps_feeds=True), loop, player)
        finally:
            player.end()
    return grade, per_order(loop.books), player.kills


def state(folder: Path) -> tuple[list[Any], dict[str, Shown]]:
    """All balances, and the exceptions that stand."""
    with opened(folder) as project:
        balances = project.connection.execute("select root, account, key, unit_or_currency, net from balance order by 1, 2, 3, 4").fetchall()
        return balances, open_cases(project.connection, {})


def test_kills_and_another_order_of_arrival_change_no_document_no_balance_and_no_exception(server: Server, tmp_path: Path) -> None:
    calm, wild, recorded = tmp_path / "calm", tmp_path / "wild", tmp_path / "recorded"
    databases = [server.make(migrated=False), server.make(migrated=False)]
    try:
        make_project(calm, databases[0].conninfo, databases[0].schema)
        there = world()
        grade = run_loop(Drill(there, calm, 1800, is_fine=False), there)
        assert grade.is_clean, told(grade)
        assert min(grade.documents[what] for what in ("booking", "release", "invoice", "fulfilment")) > 2, grade.documents

        hurt, documents, kills = harried(wild, "otherwise")
        assert hurt.is_clean, told(hurt)
        assert sorted(kills) == sorted([*AT_REQUESTS.values(), *AT_DELIVERIES.values()])
        assert sum(many for found in documents.values() for many in found.values()) == sum(grade.documents.values())
        assert hurt.documents == grade.documents
        ended = state(wild)
        assert ended == state(calm)

        make_project(recorded, databases[1].conninfo, databases[1].schema)
        for kept in ("feeds", "steps.jsonl"):
            (recorded / kept).symlink_to(wild / kept)
        drive_project(recorded, "http://127.0.0.1:9")
        with opened(recorded) as project:
            assert replay(project, recorded) == ended[1]
            assert project.status()["ledger_hash"] == hurt.ledger_hash
    finally:
        Embedded(wild / ".tieout").remove()
        for database in databases:
            server.drop(database)
