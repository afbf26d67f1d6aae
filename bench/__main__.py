"""Runs the benchmarks and writes one JSON: `python -m bench [--facts N] [--full] [--growth N] [--only NAME]`."""

import argparse
import json
import shutil
import statistics
import sys
from pathlib import Path
from typing import Any

from bench import commands, facts, limit, machine, people, place, reads, rival, soak, writers, x12_parse

OUT = Path("bench-out/bench.json")
EDGE = 100_000
BACKLOG = 100_000
ORDERS, ORDERS_FULL = 20_000, 400_000
"""Of the company whose backlog a hundred people work: 5,000 open exceptions, and in the long run 100,000 over two million facts."""
WORK_SECONDS = 30
KEYS = (
    "ratio_one_writer", "ratio_two_writers", "growth_ratio", "dbos_ratio", "facts_per_s_one", "facts_per_s_two", "intake_limit",
    "dbos_facts_per_s", "bytes_per_fact", "writer_rss_mb", "x12_mb_per_s", "pyx12_mb_per_s", "explain_ms", "cases_ms", "start_s",
    "commands_per_s", "commands_ratio", "pgqueuer_per_s", "e2e_p50_ms", "e2e_p99_ms",
    "people_p95_ms", "people_errors", "people_streams_stuck",
)  # fmt: skip
"""What is always in the JSON; null where its part was not run."""
SIZE = """select sum(pg_total_relation_size(oid))::bigint from pg_class where relnamespace = %s::regnamespace and relkind = 'r'"""


def one(options: argparse.Namespace) -> dict[str, Any]:
    """One writer, its limit, its size on disk, and the reads on what it wrote."""
    tranches = facts.write(place.FOLDER / "one", options.facts, "A")
    with place.fresh_database() as database:
        ceiling = limit.measure(database, tranches)
    rates, sizes = [], []
    for n in range(options.runs):
        with place.fresh_database() as database:
            rate, (run,) = writers.measure(database, [tranches])
            rates.append(run.facts / run.seconds)
            with database.session() as connection:
                sizes.append(connection.execute(SIZE, [database.schema]).fetchone()[0] / run.facts)
            found = reads.measure(database) if n == options.runs - 1 else {}
            found["start_s"] = reads.start_seconds(database) if found else 0.0
        print(f"one writer: {rate:,.0f} facts a second with the start of the run", file=sys.stderr)
    return {
        "intake_limit": round(ceiling), "facts_per_s_one": round(statistics.median(rates)),
        "facts_per_s_one_runs": [round(rate) for rate in rates], "bytes_per_fact": round(statistics.median(sizes)),
        "writer_rss_mb": run.rss_mb, **found,
    }  # fmt: skip


def two(options: argparse.Namespace) -> dict[str, Any]:
    """Two writers on disjoint orders, the same number of facts each as the one writer."""
    streams = [facts.write(place.FOLDER / prefix, options.facts, prefix) for prefix in ("A", "B")]
    rates = []
    for _ in range(options.runs):
        with place.fresh_database() as database:
            rates.append(writers.measure(database, streams)[0])
    return {"facts_per_s_two": round(statistics.median(rates)), "facts_per_s_two_runs": [round(rate) for rate in rates]}


def growth(options: argparse.Namespace) -> dict[str, Any]:
    """Throughput when the ledger holds `growth` facts against that when it held `EDGE`, each over `EDGE` facts; and the reads at the end.

    Both windows see all five facts of an order equally often: the stream's beginning and its tail do not.
    """
    if not options.full:
        return {}
    tranches = facts.write(place.FOLDER / "growth", options.growth + facts.TAIL, "G")
    with place.fresh_database() as database:
        _, (run,) = writers.measure(database, [tranches])
        window, end = EDGE // facts.BATCH, options.growth // facts.BATCH
        early, late = slice(window // 2, window // 2 + window), slice(end - window, end)
        with database.session() as connection:
            size = connection.execute(SIZE, [database.schema]).fetchone()[0]
        found = reads.measure(database)
    shutil.rmtree(place.FOLDER / "growth")
    return {
        "growth_ratio": _of(run.tranche_seconds, early, late), "growth_ratio_cpu": _of(run.tranche_cpu_seconds, early, late),
        "growth_facts": run.facts, "growth_facts_per_s": round(run.facts / run.seconds),
        "bytes_per_fact": round(size / run.facts), "writer_rss_mb": run.rss_mb, **found,
    }  # fmt: skip


def _of(seconds: list[float], early: slice, late: slice) -> float:
    return round(sum(seconds[early]) / sum(seconds[late]), 3)


def dbos(_: argparse.Namespace) -> dict[str, Any]:
    """The rival."""
    with place.fresh_database() as database:
        return rival.measure(database.conninfo)


def x12(_: argparse.Namespace) -> dict[str, Any]:
    """The speed of the X12 reader."""
    return dict(x12_parse.measure())


def outbox(options: argparse.Namespace) -> dict[str, Any]:
    """Commands through the outbox, the time from message to target, and `pgqueuer` beside it; the long run drains a backlog as well."""
    return commands.measure(place.fresh_database, options.runs, backlog=BACKLOG if options.full else 0)


def working(options: argparse.Namespace) -> dict[str, Any]:
    """A hundred people at work while messages come in."""
    return people.measure(ORDERS_FULL if options.full else ORDERS, WORK_SECONDS)


def soaking(options: argparse.Namespace) -> dict[str, Any]:
    """The drill's world for a hundred days into one database; hours, and so only when it is asked for by name."""
    return soak.measure(options.orders) if "soak" in (options.only or ()) else {}


PARTS = {"one": one, "two": two, "dbos": dbos, "x12": x12, "commands": outbox, "people": working, "growth": growth, "soak": soaking}


def ratios(found: dict[str, Any]) -> dict[str, float]:
    """What the targets speak of, as far as its parts were run."""
    pairs = {
        "ratio_one_writer": ("facts_per_s_one", "intake_limit"),
        "ratio_two_writers": ("facts_per_s_two", "intake_limit"),
        "dbos_ratio": ("facts_per_s_one", "dbos_facts_per_s"),
    }
    return {name: round(found[a] / found[b], 3) for name, (a, b) in pairs.items() if a in found and b in found}


def main() -> None:
    """Run the parts asked for."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--facts", type=int, default=100_000, help="facts of the short runs")
    parser.add_argument("--growth", type=int, default=2_000_000, help="facts of the long run")
    parser.add_argument("--orders", type=int, default=2_000_000, help="orders of the soak")
    parser.add_argument("--full", action="store_true", help="the long run as well")
    parser.add_argument("--runs", type=int, default=3, help="repeats of the short runs; their median counts")
    parser.add_argument("--only", choices=PARTS, action="append", help="only this part")
    options = parser.parse_args()
    found: dict[str, Any] = {"machine": machine.describe(), "facts": options.facts}
    for name in options.only or PARTS:
        print(f"== {name}", file=sys.stderr)
        found |= PARTS[name](options)
    found = dict.fromkeys(KEYS) | ratios(found) | found
    OUT.parent.mkdir(exist_ok=True)
    text = json.dumps(found, indent=2)
    OUT.write_text(text + "\n", "utf-8")
    print(text)


if __name__ == "__main__":
    main()
