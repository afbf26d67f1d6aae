"""Two targets for one act and a policy that goes from the first to the second; also a dispatcher of it as a process, to be killed:
`python two_ways.py WHERE SCHEMA FOLDER FIRST SECOND`; it says `ready` and runs on."""

import sys
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from counting import Counting, mapping
from lane_driver import FAST, dispatcher, erp, systems

from tieout.app import driving_by
from tieout.connectors import System
from tieout.core.attempt import Target
from tieout.core.circuit import Rules
from tieout.core.lane import Limits
from tieout.core.values import Role
from tieout.policy import CompanyPolicy
from tieout.policy import driving as policies
from tieout.policy.project import DrivenTable, PolicyTable, PolicyTables, driving
from tieout.runtime.consider import consider
from tieout.store.database import Database
from world import World

SETTLE = timedelta(seconds=1)
TARGET = Target(SETTLE, timedelta(0), timedelta(milliseconds=20), timedelta(milliseconds=100))
TOUCHY = Rules(faults_max=2, wait=timedelta(seconds=1), wait_max=timedelta(seconds=1))
ANYHOW = 'version = "1"\n[[fallback]]\nact = "book_order"\nuse_system = "second"\n'
TRIED = 'version = "1"\n[[fallback]]\nfailed = ">= 1"\nuse_system = "second"\n[[fallback]]\nrefused = "*"\nuse_system = "second"\n'


def policy(fallbacks: str) -> policies.Driving:
    """The ERP is told to book, another only as a fallback."""
    tables = {
        "erp": DrivenTable(Role.ERP, drive=("book_order",)),
        "second": DrivenTable(Role.ERP, stand_in=("book_order",)),
    }
    return driving(PolicyTables(PolicyTable(fallbacks="f.toml"), systems=tables, texts={"f.toml": fallbacks}), CompanyPolicy({}))


def both(first: str, second: str) -> dict[str, System]:
    """The usual systems with these two; neither target knows a key again, so that what is in doubt is looked up."""
    other = System("second", "rest", Role.ERP, options={"mapping": mapping(keys=False, timeout=1), "base": second})
    return {**systems(erp(first, keys=False, timeout=1)), "second": other}


def drive(world: World, fallbacks: str) -> World:
    """Let a world tell the first what is owed, and the second what the first does not take."""
    world.configuration.driving = driving_by(policy(fallbacks), dict.fromkeys(("erp", "second"), TARGET))
    return world


def limits(circuit: Rules = TOUCHY) -> Mapping[str, Limits]:
    """Fast, and a first that is given up soon."""
    return {"erp": Limits(concurrency=4, rate=FAST, circuit=circuit), "second": Limits(concurrency=4, rate=FAST)}


def made(*targets: Counting) -> Counter[str]:
    """How many documents there are for each order, at all targets together."""
    return Counter(key.split(" ")[1] for target in targets for key, documents in target.documents.items() for _ in documents)


def main(where: str, schema: str, folder: str, first: str, second: str) -> None:
    database = Database(where, schema, Path(folder))
    if database.embedded is not None:
        database.embedded.start()
    world = drive(World(database, systems=both(first, second)), TRIED)
    running = dispatcher(world, limits_by=limits(), lease=3.0)
    print("ready", flush=True)
    while True:
        wait = running.step(datetime.now(UTC))
        consider(world.connection, world.configuration, datetime.now(UTC))
        running.wait(wait)


if __name__ == "__main__":
    main(*sys.argv[1:])
