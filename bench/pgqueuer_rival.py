"""Side by side: `pgqueuer` with one HTTP call per job to the same target, drained from a full queue. `python -m bench.pgqueuer_rival CONNINFO URL`.

It sends and deletes the job; nothing is looked at again, kept, ordered, limited or in doubt. Its best batch size counts.
"""

import asyncio
import json
import subprocess
import sys
import time
from datetime import timedelta
from typing import Any

from psycopg.conninfo import conninfo_to_dict

JOBS = 3_000
BATCHES = (50, 200)
TIMEOUT = 120


def measure(conninfo: str, base: str) -> dict[str, Any]:
    """Its best jobs a second and every try; or why it could not run."""
    words = [sys.executable, "-m", "bench.pgqueuer_rival", conninfo, base]
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=TIMEOUT, check=False)
    except subprocess.TimeoutExpired:
        return {"pgqueuer_error": f"it was not done after {TIMEOUT} s"}
    if done.returncode:
        return {"pgqueuer_error": (done.stderr.strip().splitlines() or ["it ended without a word"])[-1]}
    return dict(json.loads(done.stdout.splitlines()[-1]))


async def main(conninfo: str, base: str) -> dict[str, Any]:
    """Fill the queue, drain it, for each batch size."""
    import asyncpg
    import httpcore
    from pgqueuer import PgQueuer
    from pgqueuer.db import AsyncpgDriver
    from pgqueuer.queries import Queries
    from pgqueuer.types import QueueExecutionMode

    parts = conninfo_to_dict(conninfo)
    tries = {}
    for batch in BATCHES:
        connection = await asyncpg.connect(host=parts["host"], user=parts["user"], database=parts.get("dbname") or "postgres")
        await connection.execute(
            "drop schema if exists pgqueuer_bench cascade; create schema pgqueuer_bench; set search_path to pgqueuer_bench"
        )
        try:
            driver = AsyncpgDriver(connection)
            queries = Queries(driver)
            await queries.install(create_schema=False)
            await queries.enqueue(["book"] * JOBS, [b"%d" % n for n in range(JOBS)], [0] * JOBS)
            jobs = PgQueuer(driver)
            async with httpcore.AsyncConnectionPool(max_connections=4) as pool:

                @jobs.entrypoint("book")
                async def book(job: Any, pool: Any = pool) -> None:
                    await pool.request("POST", f"{base}/orders", content=job.payload)

                began = time.perf_counter()
                await jobs.run(dequeue_timeout=timedelta(seconds=1), batch_size=batch, mode=QueueExecutionMode.drain)
                tries[f"batch {batch}"] = round(JOBS / (time.perf_counter() - began), 1)
        finally:
            await connection.execute("drop schema pgqueuer_bench cascade")
            await connection.close()
    return {"pgqueuer_per_s": max(tries.values()), "pgqueuer_tries": tries}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main(sys.argv[1], sys.argv[2]))))
