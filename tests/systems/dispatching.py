"""A dispatcher as a process of its own, to be killed: `python dispatching.py WHERE SCHEMA FOLDER TARGET KEYS`; it says `ready` and runs on."""

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from lane_driver import FAST, dispatcher, drive, erp, systems

from tieout.core.attempt import Target
from tieout.core.circuit import Rules
from tieout.core.lane import Limits
from tieout.runtime.consider import consider
from tieout.store.database import Database
from world import World

LEASE = 3.0
SETTLE = timedelta(seconds=2)
PATIENT = Rules(faults_max=10_000, calls_min=50, percent=101)


def target_of(*, keys: bool) -> Target:
    """How the target treats what it is told: by key, or looked up."""
    return Target(SETTLE, timedelta(hours=1) if keys else timedelta(0), timedelta(milliseconds=20), timedelta(milliseconds=200))


def main(where: str, schema: str, folder: str, base: str, keys: str) -> None:
    database = Database(where, schema, Path(folder))
    if database.embedded is not None:
        database.embedded.start()
    by_key = keys == "keys"
    world = drive(World(database, systems=systems(erp(base, keys=by_key, timeout=1))), target_of(keys=by_key))
    running = dispatcher(world, limits=Limits(concurrency=4, rate=FAST, circuit=PATIENT), lease=LEASE)
    print("ready", flush=True)
    while True:
        wait = running.step(datetime.now(UTC))
        consider(world.connection, world.configuration, datetime.now(UTC))
        running.wait(wait)


if __name__ == "__main__":
    main(*sys.argv[1:])
