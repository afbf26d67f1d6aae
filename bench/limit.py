"""The reference: one stream of prebuilt binary COPY of the message rows and the fact rows alone, with their unique keys."""

import statistics
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from bench.intake import documents
from bench.place import configuration, execute
from tieout.connectors import canonical
from tieout.runtime.statements import New, read
from tieout.store import rows
from tieout.store.database import Database, copy_rows


def prebuild(database: Database, tranches: Sequence[dict[str, Path]]) -> tuple[list[tuple[list[bytes], list[bytes]]], int]:
    """The rows of every tranche in key order, as a writer would send them, and how many facts they are."""
    known = configuration(database)
    now = datetime.now(UTC)
    received, id_, made = rows.micros(now), 0, []
    for batch, files in enumerate(tranches, 1):
        messages: list[tuple[bytes, bytes]] = []
        facts: list[tuple[str, bytes]] = []
        for arrival in documents(files, known, now):
            document, hash_ = arrival.document, sha256(arrival.document.raw).digest()
            id_ += 1
            system = known.system_ids[arrival.system.name]
            row = rows.message_row(
                batch, id_, system, hash_, hash_, received, document.contract, document.origin, document.line,
                document.byte, 1, b"{}", document.raw,
            )  # fmt: skip
            messages.append((hash_, row))
            for new in read(arrival, canonical):
                assert isinstance(new, New)
                fact = new.fact
                facts.append((fact.identity, rows.fact_row(
                    batch, id_, fact.identity.encode(), 1, fact.revision.encode(), 0, new.content, id_, new.place.encode(),
                    fact.kind, rows.micros(fact.happened), new.body,
                )))  # fmt: skip
        made.append(([row for _, row in sorted(messages)], [row for _, row in sorted(facts)]))
    return made, id_


def measure(database: Database, tranches: Sequence[dict[str, Path]], runs: int = 5) -> float:
    """Facts a second, the median of some runs into empty tables; durable commits, one transaction per tranche."""
    built, facts = prebuild(database, tranches)
    other = f"{database.schema}_limit"
    rates: list[float] = []
    for _ in range(runs):
        execute(database, f"create schema {other}")
        for table in ("message", "fact"):
            execute(database, f"create table {other}.{table} (like {database.schema}.{table} including all)")
        execute(database, f"grant usage on schema {other} to tieout_app")
        execute(database, f"grant select, insert on all tables in schema {other} to tieout_app")
        execute(database, "checkpoint")
        with database.session(writer=True) as connection:
            connection.execute(f"set search_path to {other}")
            began = time.perf_counter()
            for messages, statements in built:
                with connection.transaction():
                    copy_rows(connection, "message", messages)
                    copy_rows(connection, "fact", statements)
            rates.append(facts / (time.perf_counter() - began))
        execute(database, f"drop schema {other} cascade")
    return statistics.median(rates)
