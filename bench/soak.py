"""The soak: the drill's world, all its faults on, played for a hundred days of 20,000 orders into one database.

The world unfolds in a process of its own and writes what partners send into files, an hour at a time; this process takes
them in as `tieout import` does and throws them away. What is compared is what a fact costs early and late, in wall time
and in processor time of this process, and what the process holds in memory.
"""

import argparse
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from bench.place import FOLDER
from tieout.app import Tieout, opened
from tieout.simulate import scenario
from tieout.simulate.drill import Drill, make_project, slices, written
from tieout.simulate.mix import default_mix
from tieout.simulate.scenario import Step
from tieout.simulate.world import World

ORDERS_A_DAY = 20_000
SEED = "soak"
EDGE_DAYS = 5
"""Days that are compared: these after the first `EDGE_DAYS`, and the last on which orders were placed."""
SIZE = "select sum(pg_total_relation_size(oid))::bigint from pg_class where relnamespace = %s::regnamespace and relkind = 'r'"


class Delivery(msgspec.Struct):
    """What arrives within an hour; `ends` where it is the last of its day."""

    steps: list[Step]
    ends: bool


class Reached(msgspec.Struct):
    """How far a day brought it: facts and seconds in all so far, megabytes of this process."""

    facts: int
    seconds: float
    cpu_seconds: float
    rss_mb: float


def world(root: Path, days: int, orders: int) -> None:
    """Write what the partners say, hour after hour; the pipe lets the world be about a day ahead."""
    unfolding = World(SEED, days, orders, default_mix())
    drill = Drill(unfolding, root, is_fine=False)
    _say(Delivery(written(drill, [], unfolding.start, is_complete=True), ends=False))
    for day in unfolding.unfold():
        for at, papers in slices(drill, day.papers, [], day.start, day.end):
            _say(Delivery(written(drill, papers, at, is_complete=at == day.end, silent=day.silent), at == day.end))
        drill.steps.clear()
        unfolding.truths.clear()


def _say(delivery: Delivery) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(delivery) + b"\n")
    sys.stdout.buffer.flush()


def play(project: Tieout, root: Path, days: int, orders: int) -> Iterator[Reached]:
    """Take in the world; how far it has come, day after day."""
    import psutil

    itself, spent, worked = psutil.Process(), 0.0, 0.0
    task = [sys.executable, "-m", "bench.soak", str(root), str(days), str(orders)]
    with subprocess.Popen(task, stdout=subprocess.PIPE) as partners:
        assert partners.stdout is not None
        for line in partners.stdout:
            delivery = msgspec.json.decode(line, type=Delivery)
            began, cpu = time.perf_counter(), time.process_time()
            scenario.do_all(project, root, delivery.steps)
            spent, worked = spent + time.perf_counter() - began, worked + time.process_time() - cpu
            for step in delivery.steps:
                if step.folder:
                    shutil.rmtree(root / step.folder)
            if delivery.ends:
                yield Reached(int(str(project.status()["facts"])), spent, worked, round(itself.memory_info().rss / 1e6, 1))
    if partners.returncode:
        raise SystemExit(f"the world ended with {partners.returncode}")


def measure(orders: int) -> dict[str, Any]:
    """Play `orders` orders in all; the figures."""
    days = max(orders // ORDERS_A_DAY, 1)
    root = FOLDER / "soak"
    shutil.rmtree(root, ignore_errors=True)
    make_project(root, schema="soak")
    reached: list[Reached] = []
    with opened(root) as project:
        for day in play(project, root, days, min(orders, ORDERS_A_DAY)):
            reached.append(day)
            print(f"day {len(reached)}: {day.facts:,} facts, {day.facts / day.seconds:,.0f} a second, {day.rss_mb} MB", file=sys.stderr)
        status = project.status()
        ((size,),) = project.connection.execute(SIZE, [project.database.schema]).fetchall()
    shutil.rmtree(root)
    last = reached[-1]
    ratios = {}
    if days >= 3 * EDGE_DAYS:
        early, late = _window(reached, EDGE_DAYS), _window(reached, days - EDGE_DAYS)
        ratios["soak_growth_ratio"] = round(early.seconds / late.seconds, 3)
        ratios["soak_growth_ratio_cpu"] = round(early.cpu_seconds / late.cpu_seconds, 3)
    return {
        "soak_orders": days * min(orders, ORDERS_A_DAY), "soak_facts": last.facts, "soak_hours": round(last.seconds / 3600, 2),
        "soak_facts_per_s": round(last.facts / last.seconds), **ratios, "soak_open_cases": status["open_cases"],
        "soak_rss_mb_early": reached[min(EDGE_DAYS, days) - 1].rss_mb, "soak_rss_mb_most": max(day.rss_mb for day in reached),
        "soak_bytes_per_fact": round(size / last.facts),
    }  # fmt: skip


def _window(reached: list[Reached], begin: int) -> Reached:
    """What a fact cost within the `EDGE_DAYS` that follow the first `begin` days."""
    a, b = reached[begin - 1], reached[begin + EDGE_DAYS - 1]
    count = b.facts - a.facts
    return Reached(count, (b.seconds - a.seconds) / count, (b.cpu_seconds - a.cpu_seconds) / count, b.rss_mb)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="bench.soak", description="The world of the soak, into files.")
    parser.add_argument("root", type=Path)
    parser.add_argument("days", type=int)
    parser.add_argument("orders", type=int)
    asked = parser.parse_args()
    world(asked.root, asked.days, asked.orders)
