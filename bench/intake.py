"""The whole path: bytes in files to committed balances and cases, by one writer process."""

import json
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import psutil

from bench.place import configuration
from tieout.connectors import Document, canonical
from tieout.runtime.apply import apply
from tieout.runtime.configuration import Configuration
from tieout.runtime.intake import Ahead
from tieout.runtime.looks import tick
from tieout.runtime.statements import Arrival
from tieout.store.database import Database

TICK_BATCHES = 20


class Run(msgspec.Struct):
    """What a writer did: its times by tranche, on the clock and of processors (its own and its server's), and what came out of it."""

    facts: int
    seconds: float
    tranche_seconds: list[float]
    tranche_cpu_seconds: list[float]
    rss_mb: float


def documents(files: dict[str, Path], known: Configuration, now: datetime) -> Iterator[Arrival]:
    """The documents of one tranche."""
    for name, path in files.items():
        system = known.systems[name]
        with path.open("rb") as stream:
            for document in canonical.split(stream, path.name, system):
                assert isinstance(document, Document)
                yield Arrival(document, system, now)


def write(database: Database, tranches: Sequence[dict[str, Path]], label: str = "") -> Run:
    """Apply all tranches, with a look at what is due every `TICK_BATCHES` and at the end."""
    known = configuration(database)
    process, resident, count = psutil.Process(), 0, 0
    times: list[float] = []
    worked: list[float] = []
    arrivals = (arrival for files in tranches for arrival in documents(files, known, datetime.now(UTC)))
    with database.session(writer=True) as connection, Ahead(connection, arrivals) as ahead:
        ((backend,),) = connection.execute("select pg_backend_pid()").fetchall()
        both = (process, psutil.Process(backend))
        began = last = time.perf_counter()
        used = _processors(both)
        for number, batch in enumerate(ahead.batches(), 1):
            now = datetime.now(UTC)
            counts = apply(connection, known, batch, now)
            assert counts.posted == counts.received, counts
            count += counts.posted
            if number % TICK_BATCHES == 0:
                tick(connection, known, now)
            times.append(time.perf_counter() - last)
            last = time.perf_counter()
            worked.append(_processors(both) - used)
            used += worked[-1]
            resident = max(resident, process.memory_info().rss)
            if number % 10 == 0:
                print(f"{label} {count:,} facts, {count / (last - began):,.0f} a second", file=sys.stderr)
        tick(connection, known, datetime.now(UTC))
        times[-1] += time.perf_counter() - last
        last = time.perf_counter()
    return Run(count, last - began, times, worked, round(resident / 1e6, 1))


def _processors(processes: Iterable[psutil.Process]) -> float:
    """Seconds of processors that they have used."""
    return sum(sum(process.cpu_times()[:2]) for process in processes)


if __name__ == "__main__":
    # A writer process of its own: told on standard input where and what, it waits for a line before it begins.
    task = json.loads(sys.stdin.readline())
    place = Database("embedded", task["schema"], Path(task["folder"]))
    place.embedded.start()
    parts = [{name: Path(file) for name, file in files.items()} for files in task["tranches"]]
    print("ready", flush=True)
    sys.stdin.readline()
    done = write(place, parts, task["label"])
    print(msgspec.json.encode(done).decode(), flush=True)
    place.close()
