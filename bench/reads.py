"""How long people wait: the first page of `cases`, all cases, and `explain` on a filled ledger, and the start of an existing database to its first answer."""

import statistics
import subprocess
import sys
import time
from collections.abc import Callable

from bench.place import FOLDER, configuration
from tieout.core.evaluate import evaluate
from tieout.core.residual import view
from tieout.runtime.batch import standing
from tieout.runtime.looks import all_cases, marks_of
from tieout.store.database import Database, fetch

RUNS = 11
PAGE = 40
FIRST_ANSWER = """
import sys
from pathlib import Path
from tieout.runtime.looks import all_cases
from tieout.store.database import Database
database = Database("embedded", sys.argv[1], Path(sys.argv[2]))
database.open()
with database.session() as connection:
    all_cases(connection)
database.close()
"""


def measure(database: Database) -> dict[str, float]:
    """Medians in milliseconds."""
    known = configuration(database)
    with database.session(writer=True) as connection:
        marks = marks_of(connection, known)
        now = max(marks.by_system.values())
        roots = [ref for (ref,) in connection.execute("select ref from subject where alias is null and cases > 0 limit 100")]
        turn = iter(roots * RUNS)

        def explain() -> None:
            root = next(turn)
            for found, postings in standing(fetch(connection, "postings_of", [root])).items():
                evaluate(view(found, postings), known.accounts, known.policy, marks, now)

        def first_page() -> None:
            all_cases(connection, PAGE)
            fetch(connection, "count_open_cases")

        return {
            "explain_ms": _median(explain), "cases_ms": _median(first_page), "cases_all_ms": _median(lambda: all_cases(connection)),
        }  # fmt: skip


def start_seconds(database: Database) -> float:
    """A new process, a stopped server: seconds until the open cases are read. Stops and starts the server."""
    database.close()
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", FIRST_ANSWER, database.schema, str(FOLDER / ".tieout")], check=True)
    took = time.perf_counter() - began
    database.open()
    return round(took, 2)


def _median(read: Callable[[], object]) -> float:
    times = []
    for _ in range(RUNS):
        began = time.perf_counter()
        read()
        times.append((time.perf_counter() - began) * 1000)
    return round(statistics.median(times), 2)
