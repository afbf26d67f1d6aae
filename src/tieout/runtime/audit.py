"""Audit: prove that nothing in the ledger was changed behind its back, by working the chain of batches out again from the stored rows.

The ledger streams past once, a window of commits at a time. What is held meanwhile is a hash state for each batch of the
window, never the rows.
"""

import hashlib
from collections.abc import Callable, Iterator
from itertools import groupby
from operator import itemgetter
from struct import Struct
from typing import Any

import msgspec
from psycopg import sql as compose

from tieout.runtime.batch import Connection, Counts, encode
from tieout.runtime.chain import GENESIS, chain
from tieout.store.database import fetch
from tieout.store.sql import sql

_batch_of = Struct(">hiq").unpack_from
HEADER_BYTES = 19
TABLES = ("message", "fact", "posting")
WINDOW = 20_000
"""How many batches are worked out in one pass over the tables."""
PAGE = 20_000
"""How many messages the server hashes at once."""
TELL_EVERY = 2_000
EMPTY = hashlib.sha256().digest()

Progress = Callable[[int, int], None]
"""Told how many rows were read, and how many there are to read."""


class Finding(msgspec.Struct, frozen=True):
    """Something that does not prove."""

    commit: int
    what: str


class Audit(msgspec.Struct, frozen=True):
    """The result of an audit."""

    batches: int
    messages: int
    findings: tuple[Finding, ...]
    newest: str


def verify(connection: Connection, progress: Progress | None = None) -> Audit:
    """Check every batch's digest, the chain, every message's hash and the counts; needs to read the whole ledger once."""
    with connection.transaction():
        connection.execute("set transaction isolation level repeatable read, read only")
        connection.execute(sql("reading_plans"))
        ((messages, rows),) = fetch(connection, "rows_to_read")
        meter = _Meter(progress, rows + messages)
        findings = [*_orphans(connection), *_messages(connection, meter)]
        count, newest, total = 0, GENESIS, Counts()
        while page := fetch(connection, "batches_after", count, WINDOW):
            findings += _missing(page, count)
            newest, total = _window(connection, page, newest, total, findings, meter)
            count = page[-1][1]
        findings += _recount(connection, total)
        ((batches,),) = connection.execute("select count(*) from batch").fetchall()
        return Audit(batches, messages, tuple(findings), hashlib.sha256(newest).hexdigest())


class _Meter:
    """Tells now and then how far the reading is."""

    def __init__(self, progress: Progress | None, total: int) -> None:
        self.progress, self.total, self.done = progress, total, 0

    def count(self, rows: int = 1) -> None:
        before, self.done = self.done, self.done + rows
        if self.progress is not None and before // TELL_EVERY != self.done // TELL_EVERY:
            self.progress(self.done, self.total)


def _missing(page: list[tuple[Any, ...]], before: int) -> Iterator[Finding]:
    expected = before + 1
    for batch in page:
        if batch[1] != expected:
            yield Finding(batch[1], f"commit {expected} is missing")
        expected = batch[1] + 1


def _window(
    connection: Connection, page: list[tuple[Any, ...]], previous: bytes, total: Counts, findings: list[Finding], meter: _Meter
) -> tuple[bytes, Counts]:
    """Check the batches of a page; the digest of the last and the counts up to it."""
    bounds = (page[0][1], page[-1][1])
    digests = _digests(connection, [batch[0] for batch in page], bounds, meter)
    for id_, seq, recorded, what, *rest in page:
        counts, marks, rows_digest, digest = rest[:10], rest[10], bytes(rest[11]), bytes(rest[12])
        total = total.plus(Counts(*counts))
        if digests[id_] != rows_digest:
            findings.append(Finding(seq, "rows of this batch were changed, added or removed"))
        if chain(previous, seq, recorded, what, counts, marks.encode(), rows_digest) != digest:
            findings.append(Finding(seq, "the batch row or the chain before it was changed"))
        previous = digest
    return previous, total


def _digests(connection: Connection, batches: list[int], bounds: tuple[int, int], meter: _Meter) -> dict[int, bytes]:
    """What `chain.digest_of` gave for some batches, from the rows as they are stored now."""
    states = {batch: hashlib.sha256() for batch in batches}
    for table in TABLES:
        found = _table_digests(connection, table, bounds, meter)
        for batch, state in states.items():
            state.update(found.get(batch, EMPTY))
    with connection.cursor("refusals", binary=True) as cursor:
        cursor.execute(sql("refusals_between"), bounds)
        for batch, rows in groupby(cursor, itemgetter(0)):
            states[batch].update(encode([row[1:] for row in rows]))
    return {batch: state.digest() for batch, state in states.items()}


def _table_digests(connection: Connection, table: str, bounds: tuple[int, int], meter: _Meter) -> dict[int, bytes]:
    """The digest of each batch's rows, as binary COPY writes them, by id; the first field of a row is its batch."""
    statement = compose.SQL(
        "copy (select t.* from {} t join batch b on b.id = t.batch where b.seq between %s and %s order by t.id) to stdout (format binary)"
    ).format(compose.Identifier(table))
    states: dict[int, Any] = {}
    with connection.cursor().copy(statement, bounds) as copy:
        first = True
        for block in copy:
            data = bytes(block)
            if first:
                data, first = data[HEADER_BYTES:], False
            if len(data) > 2:
                batch = _batch_of(data)[2]
                state = states.get(batch)
                if state is None:
                    state = states[batch] = hashlib.sha256()
                state.update(data)
                meter.count()
    return {batch: state.digest() for batch, state in states.items()}


def _messages(connection: Connection, meter: _Meter) -> Iterator[Finding]:
    last = -1
    while page := fetch(connection, "message_hashes_after", last, PAGE):
        for id_, right in page:
            if not right:
                yield Finding(0, f"the bytes of message {id_} are not the ones received")
        last = page[-1][0]
        meter.count(len(page))


def _orphans(connection: Connection) -> Iterator[Finding]:
    for table in TABLES:
        statement = compose.SQL(
            "select batch, count(*) from {} t where not exists (select from batch b where b.id = t.batch) group by 1 order by 1"
        )
        for batch, count in connection.execute(statement.format(compose.Identifier(table))).fetchall():
            yield Finding(0, f"{count} rows of {table} belong to no batch ({batch})")


def _recount(connection: Connection, total: Counts) -> Iterator[Finding]:
    """Rule 29 from the other end: versions, waiting and quarantined statements counted in their tables."""
    ((facts,),) = connection.execute("select count(*) from fact").fetchall()
    ((waiting,),) = connection.execute("select count(distinct identity) from waiting").fetchall()
    ((quarantined,),) = connection.execute("select count(*) from quarantine").fetchall()
    for name, counted, stored in (
        ("facts", facts, total.facts),
        ("waiting", waiting, total.waiting),
        ("quarantined", quarantined, total.quarantined),
    ):
        if counted != stored:
            yield Finding(0, f"{counted} {name} are stored, the batches count {stored}")
