"""Audit: prove that nothing in the ledger was changed behind its back, by working the chain of batches out again from the stored rows."""

import hashlib
from collections.abc import Iterator
from struct import Struct

import msgspec
from psycopg import sql as compose

from tieout.runtime.batch import Connection, Counts
from tieout.runtime.chain import GENESIS, chain, digest_of
from tieout.store.database import fetch

_batch_of = Struct(">hiq").unpack_from
HEADER_BYTES = 19
TABLES = ("message", "fact", "posting")


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


def verify(connection: Connection) -> Audit:
    """Check every batch's digest, the chain, every message's hash and the counts; needs to read the whole ledger once."""
    with connection.transaction():
        connection.execute("set transaction isolation level repeatable read, read only")
        return _verify(connection)


def _verify(connection: Connection) -> Audit:
    findings: list[Finding] = []
    batches = sorted(fetch(connection, "batches"), key=lambda b: b[0])
    rows: dict[int, list[list[bytes]]] = {batch[0]: [[], [], []] for batch in batches}
    for n, table in enumerate(TABLES):
        for batch, row in _rows(connection, table):
            if batch in rows:
                rows[batch][n].append(row)
            else:
                findings.append(Finding(0, f"a row of {table} belongs to no batch ({batch})"))
    messages = 0
    for id_, hash_, real in connection.execute("select id, hash, sha256(raw) from message"):
        messages += 1
        if bytes(hash_) != bytes(real):
            findings.append(Finding(0, f"the bytes of message {id_} are not the ones received"))
    previous, expected = GENESIS, 1
    total = Counts()
    for id_, seq, recorded, what, *rest in sorted(batches, key=lambda b: b[1]):
        counts, marks, rows_digest, digest = rest[:10], rest[10], bytes(rest[11]), bytes(rest[12])
        total = total.plus(Counts(*counts))
        refusals = fetch(connection, "refusal_rows", id_)
        if seq != expected:
            findings.append(Finding(seq, f"commit {expected} is missing"))
        stored = rows[id_]
        if digest_of(stored[0], stored[1], stored[2], refusals) != rows_digest:
            findings.append(Finding(seq, "rows of this batch were changed, added or removed"))
        if chain(previous, seq, recorded, what, counts, marks.encode(), rows_digest) != digest:
            findings.append(Finding(seq, "the batch row or the chain before it was changed"))
        previous, expected = digest, seq + 1
    findings += _recount(connection, total)
    return Audit(len(batches), messages, tuple(findings), hashlib.sha256(previous).hexdigest())


def _rows(connection: Connection, table: str) -> Iterator[tuple[int, bytes]]:
    """The rows of a table as binary COPY writes them, by id; the first field of each is its batch."""
    statement = compose.SQL("copy (select * from {} order by id) to stdout (format binary)").format(compose.Identifier(table))
    with connection.cursor().copy(statement) as copy:
        first = True
        for block in copy:
            data = bytes(block)
            if first:
                data, first = data[HEADER_BYTES:], False
            if len(data) > 2:
                yield _batch_of(data)[2], data


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
