"""Several writer processes on disjoint orders of one database, from a common start."""

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec

from bench.intake import Run
from bench.place import FOLDER
from tieout.store.database import Database


def measure(database: Database, streams: Sequence[list[dict[str, Path]]]) -> tuple[float, list[Run]]:
    """Facts a second of all writers together, from the common start to the end of the last; and what each did."""
    writers = [_start(database, tranches, f"writer {n}") for n, tranches in enumerate(streams, 1)]
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
    began = time.perf_counter()
    for writer in writers:
        _say(writer, "go")
    runs = [_result(writer) for writer in writers]
    return sum(run.facts for run in runs) / (time.perf_counter() - began), runs


def _start(database: Database, tranches: list[dict[str, Path]], label: str) -> "subprocess.Popen[str]":
    writer = subprocess.Popen([sys.executable, "-m", "bench.intake"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    files = [{name: str(path) for name, path in tranche.items()} for tranche in tranches]
    folder = str(FOLDER / ".tieout")
    _say(writer, json.dumps({"schema": database.schema, "folder": folder, "tranches": files, "label": label}))
    return writer


def _say(writer: "subprocess.Popen[str]", line: str) -> None:
    assert writer.stdin is not None
    writer.stdin.write(line + "\n")
    writer.stdin.flush()


def _result(writer: "subprocess.Popen[str]") -> Run:
    output, _ = writer.communicate()
    return msgspec.json.decode(output, type=Run)
