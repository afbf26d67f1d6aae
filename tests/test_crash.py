"""A writer killed by SIGKILL at random points and started again: nothing is lost, nothing doubled."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from servers import Server
from tieout.store.database import Database
from world import World, line, say, text

KILLS = 50
FACTS = 2000
BATCH = 50


def history() -> list[dict[str, Any]]:
    """400 orders of five statements, links among them, some revised."""
    facts: list[dict[str, Any]] = []
    for n in range(FACTS // 5):
        shop, erp = f"shop/order/{n}", f"erp/sales_order/S{n}"
        facts += [
            say("OrderPlaced", "shop", n, n, [line(1, shop, "A", 10, 100), line(2, shop, "B", 5, 50)]),
            say("OrderBooked", "erp", f"S{n}", n + 1, [line(1, erp, "A", 10, 100), line(2, erp, "B", 5, 45)], links=[[erp, shop]]),
            say("Shipped", "wms", f"P{n}", n + 2, [line(1, erp, "A", 6), line(2, erp, "B", 5)]),
            say("Invoiced", "erp", f"I{n}", n + 3, [line(1, erp, "A", 6, 60), line(2, erp, "B", 5, 45)]),
            say("Shipped", "wms", f"P{n // 2}", n // 2 + 2, [line(1, f"erp/sales_order/S{n // 2}", "A", 7)], revision=n + 1),
        ]
    random.Random(7).shuffle(facts)
    return facts


WRITER = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[4])
from world import NOW, World
from tieout.connectors import Document
from tieout.runtime.apply import apply
from tieout.runtime.statements import Arrival
from tieout.store.database import Database
database = Database(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
if database.embedded is not None:
    database.embedded.start()
world = World(database)
lines = sys.stdin.buffer.read().splitlines()
print("ready", flush=True)
for start in range(0, len(lines), %d):
    arrivals = []
    for raw in lines[start : start + %d]:
        system = raw.split(b'"system": "')[1].split(b'"')[0].decode()
        arrivals.append(Arrival(Document(raw, "crash.jsonl"), world.systems[system], NOW))
    apply(world.connection, world.configuration, arrivals, NOW)
    print(start, flush=True)
""" % (BATCH, BATCH)  # noqa: UP031 - the program is full of braces


def write(database: Database, folder: Path, data: bytes, kill_after: float | None) -> int:
    """Run a writer; kill it so many seconds after it has read its input. How many batches it committed."""
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, database.where, database.schema, str(folder), str(Path(__file__).parent)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(data)
    process.stdin.close()
    assert process.stdout.readline() == b"ready\n"
    if kill_after is not None:
        until = time.monotonic() + kill_after
        while time.monotonic() < until and process.poll() is None:
            pass
        process.send_signal(signal.SIGKILL)
    done = len(process.stdout.read().splitlines())
    code = process.wait()
    assert code in (0, -signal.SIGKILL), code
    return done


def test_a_writer_killed_fifty_times_loses_and_doubles_nothing(server: Server, world_of: Callable[..., World]) -> None:
    facts = history()
    calm, harried = world_of(), world_of()
    calm.apply(facts, BATCH)
    data = b"".join(text(fact) for fact in facts)
    chance = random.Random(11)
    committed = [write(harried.database, server.folder, data, chance.uniform(0.0, 0.06)) for _ in range(KILLS)]
    assert max(committed) < FACTS // BATCH, "every kill has to come before the end"
    write(harried.database, server.folder, data, None)
    found = harried.counts()
    assert found.facts == calm.counts().facts == len({text(f) for f in facts})
    assert found.received == found.posted + found.without_effect + found.superseded + found.waiting + found.quarantined + found.duplicate
    harried.sent = found.received
    harried.check_counts()
    assert harried.hash() == calm.hash()
    assert harried.net() == calm.net() == harried.summed_entries()
    assert harried.connection.execute("select count(*), count(distinct (system, key)) from message").fetchone() == (FACTS, FACTS)
    assert harried.complete(2000) == calm.complete(2000)
