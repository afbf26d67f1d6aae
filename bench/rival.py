"""Side by side: `dbos` with one durable workflow of two steps per fact, at its best concurrency, on the same server.

Run as a process of its own (`python -m bench.rival CONNINFO`); prints one line of JSON. Every way of running it is tried
with a few degrees of concurrency, and the best counts.
"""

import json
import logging
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from psycopg.conninfo import conninfo_to_dict

WORKFLOWS = 1000
THREADS = (4, 8, 16, 32)
TIMEOUT = 240


def measure(conninfo: str) -> dict[str, Any]:
    """Its best facts a second and every try; or why it could not run."""
    try:
        done = subprocess.run([sys.executable, "-m", "bench.rival", conninfo], capture_output=True, text=True, timeout=TIMEOUT, check=False)
    except subprocess.TimeoutExpired:
        return {"dbos_error": f"it was not done after {TIMEOUT} s"}
    if done.returncode:
        return {"dbos_error": (done.stderr.strip().splitlines() or ["it ended without a word"])[-1]}
    return dict(json.loads(done.stdout.splitlines()[-1]))


def url(conninfo: str) -> str:
    """The server's address as SQLAlchemy writes it."""
    parts = conninfo_to_dict(conninfo)
    return f"postgresql+psycopg://{parts['user']}@/dbos_bench?host={parts['host']}"


def main(conninfo: str) -> dict[str, Any]:
    """Launch dbos, run the workflows in every way, take the best."""
    import psycopg
    from dbos import DBOS, SetWorkflowID

    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("drop database if exists dbos_bench with (force)")
        connection.execute("create database dbos_bench")
    logging.disable(logging.WARNING)
    DBOS(config={"name": "bench", "system_database_url": url(conninfo), "sys_db_pool_size": 40, "run_admin_server": False})

    @DBOS.step()
    def keep(number: int) -> int:
        return number

    @DBOS.step()
    def post(number: int) -> int:
        return number + 1

    @DBOS.workflow()
    def fact(number: int) -> int:
        return post(keep(number))

    DBOS.launch()
    DBOS.register_queue("facts", polling_interval_sec=0.01)
    serial = iter(range(10**9))

    def call(number: int) -> None:
        with SetWorkflowID(f"fact-{number}"):
            fact(number)

    def in_threads(threads: int) -> Callable[[], None]:
        def run() -> None:
            with ThreadPoolExecutor(threads) as pool:
                list(pool.map(call, [next(serial) for _ in range(WORKFLOWS)]))

        return run

    def queued() -> None:
        for handle in [DBOS.enqueue_workflow("facts", fact, next(serial)) for _ in range(WORKFLOWS)]:
            handle.get_result()

    ways = {f"{threads} threads": in_threads(threads) for threads in THREADS} | {"queue": queued}
    tries = {name: round(WORKFLOWS / _seconds(way), 1) for name, way in ways.items()}
    DBOS.destroy()
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("drop database dbos_bench with (force)")
    return {"dbos_facts_per_s": max(tries.values()), "dbos_tries": tries}


def _seconds(way: Callable[[], None]) -> float:
    began = time.perf_counter()
    way()
    return time.perf_counter() - began


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1])))
