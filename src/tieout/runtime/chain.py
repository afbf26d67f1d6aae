"""Finish a batch: write its rows, and last the batch itself under a lock, chained to the one before by a digest."""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from tieout.runtime.agenda import prune
from tieout.runtime.batch import Batch, Connection, Counts, clean, encode
from tieout.store import rows
from tieout.store.database import Sending, copy_rows, fetch, run

BATCH_LOCK = 0x6261_7463
PUSH_EVERY = 10
"""How many steps of work lie between two looks at whether the server takes more rows."""
GENESIS = bytes(32)


def finish(batch: Batch) -> None:
    """Write everything that is not yet written, then the batch."""
    connection = batch.connection
    postings = ("posting", batch.posting_rows[batch.postings_written :])
    batch.postings_written = len(batch.posting_rows)
    jobs = [*unwritten(batch), postings, ("wake", batch.wake_rows), ("link", batch.link_rows)]
    with Sending(connection, jobs) as sending:
        fresh, known = _subject_rows(batch, sending)
    copy_rows(connection, "subject", fresh)
    if known:
        run(connection, "update_subjects", *map(list, zip(*known, strict=True)))
    write_waits(batch)
    _write_refusals(batch)


def _message_key(row: bytes) -> bytes:
    return row[34:70]


def unwritten(batch: Batch) -> list[tuple[str, list[bytes]]]:
    """The messages and versions to write now, in the order of their keys: writers that cross never lock each other out."""
    messages = sorted(batch.message_rows[batch.messages_written :], key=_message_key)
    facts = [row for _, row in sorted(batch.fact_rows[batch.facts_written :])]
    batch.messages_written, batch.facts_written = len(batch.message_rows), len(batch.fact_rows)
    return [("message", messages), ("fact", facts)]


def write_waits(batch: Batch) -> None:
    """Insert the waiting lines not yet written."""
    if batch.waits:
        columns = zip(*((w.identity, w.line, w.on, w.reason, w.system, w.since) for w in batch.waits), strict=True)
        run(batch.connection, "insert_waiting", batch.id, *map(list, columns))
        batch.waits.clear()


def _subject_rows(batch: Batch, sending: Sending) -> tuple[list[bytes], list[tuple[str, str | None, str, str, int, int]]]:
    """The rows of new subjects, and the columns of known ones."""
    fresh: list[bytes] = []
    known: list[tuple[str, str | None, str, str, int, int]] = []
    for n, (ref, subject) in enumerate(sorted(batch.subjects.items())):
        if n % PUSH_EVERY == 0:
            sending.push()
        if subject.touched:
            prune(subject, batch.configuration)
        if subject.new:
            if subject.touched:
                alias = None if subject.alias is None else subject.alias.encode()
                net, wake = encode(subject.net), encode(subject.wake)
                fresh.append(rows.subject_row(ref.encode(), alias, net, wake, subject.links, subject.cases))
        elif subject.touched:
            known.append((
                ref, subject.alias, encode(subject.net).decode(), encode(subject.wake).decode(),
                subject.links, subject.cases,
            ))  # fmt: skip
    return fresh, known


def _write_refusals(batch: Batch) -> None:
    if not batch.refusals:
        return
    made = [
        (batch.id, batch.next_id(), message, generation, r.source.line, r.source.byte,
         clean(r.source.place), clean(r.rule), clean(r.reason), clean(r.next_step), identity)
        for r, message, generation, identity in batch.refusals
    ]  # fmt: skip
    columns: list[list[Any]] = [list(column) for column in zip(*made, strict=True)]
    run(batch.connection, "insert_refusals", *columns[:10])
    run(
        batch.connection, "insert_quarantine", columns[1], columns[10], columns[2], columns[4], columns[5],
        columns[6], columns[7], columns[8], columns[9], [batch.now] * len(made),
    )  # fmt: skip


def close(batch: Batch) -> int:
    """Write the feeds and the batch row under the batch lock; its commit number. Call last: the lock is held to the commit."""
    connection = batch.connection
    if batch.repeats:
        run(connection, "insert_repeats", *map(list, zip(*batch.repeats, strict=True)))
    connection.execute("select pg_advisory_xact_lock(%s)", [BATCH_LOCK])
    _write_feeds(batch)
    last = fetch(connection, "last_batch")
    seq, previous, recorded_before = last[0] if last else (0, GENESIS, datetime.min.replace(tzinfo=UTC))
    recorded = max(datetime.now(UTC), recorded_before)
    reported = {n: max(at for at in (batch.marks.get(n), batch.declared.get(n)) if at) for n in batch.marks.keys() | batch.declared.keys()}
    marks = encode({name: at.isoformat() for name, at in sorted(reported.items())})
    rows_digest = digest_of(
        batch.message_rows, [row for _, row in batch.fact_rows], batch.posting_rows,
        fetch(connection, "refusal_rows", batch.id) if batch.refusals else [],
    )  # fmt: skip
    c = batch.counts
    counts = (c.received, c.posted, c.without_effect, c.superseded, c.waiting, c.quarantined, c.duplicate,
              c.messages, c.repeated, c.facts)  # fmt: skip
    digest = chain(bytes(previous), seq + 1, recorded, batch.what, counts, marks, rows_digest)
    run(
        connection,
        "insert_batch",
        batch.id,
        seq + 1,
        recorded,
        batch.what,
        *counts,
        marks.decode(),
        rows_digest,
        digest,
    )
    return int(seq) + 1


def _write_feeds(batch: Batch) -> None:
    names = sorted(batch.marks.keys() | batch.message_counts.keys() | batch.declared.keys())
    if names:
        start = datetime(1, 1, 1, tzinfo=UTC)
        run(
            batch.connection, "set_feeds", names, [batch.marks.get(n, start) for n in names],
            [batch.declared.get(n) for n in names], [batch.now] * len(names),
            [batch.message_counts.get(n, 0) for n in names],
        )  # fmt: skip


def digest_of(messages: Iterable[bytes], facts: Iterable[bytes], postings: Iterable[bytes], refusals: Sequence[tuple[Any, ...]]) -> bytes:
    """SHA-256 over a batch's ledger rows, as PostgreSQL's binary COPY writes them, in the order of their ids."""
    total = hashlib.sha256()
    for table in (messages, facts, postings):
        total.update(hashlib.sha256(b"".join(table)).digest())
    if refusals:
        total.update(encode(refusals))
    return total.digest()


def chain(previous: bytes, seq: int, recorded: datetime, what: str, counts: Sequence[int], marks: bytes, rows_digest: bytes) -> bytes:
    """The digest of a batch row, which covers the batch before it."""
    text = f"{seq}|{recorded.astimezone(UTC).isoformat()}|{what}|{'|'.join(map(str, counts))}|".encode()
    return hashlib.sha256(previous + text + marks + rows_digest).digest()


def totals(connection: Connection) -> Counts:
    """The counts of all batches together."""
    return Counts(*(int(n) for n in fetch(connection, "totals")[0]))
