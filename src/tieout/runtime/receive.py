"""Receive: keep the bytes, once, and read the statements in them. Nothing is acknowledged before the batch is committed."""

from collections.abc import Sequence
from hashlib import sha256

import msgspec

from tieout.core.facts import Fact, Refusal
from tieout.runtime.batch import Batch, clean, encode
from tieout.runtime.configuration import connector
from tieout.runtime.statements import Arrival, New, decode_fact, keep, read, version_of
from tieout.store import rows
from tieout.store.database import fetch, run

TIMELESS = frozenset(("Linked", "WrittenOff", "Matched", "Listed", "UnitDefined", "KitDefined", "CostStated"))
"""Decisions and reference data say nothing about how far a feed has reported."""


def receive(batch: Batch, arrivals: Sequence[Arrival]) -> dict[str, list[New]]:
    """Keep the messages that are new; their statements by identity."""
    hashes = (sha256(arrival.document.raw).digest() for arrival in arrivals)
    keyed = [(arrival, key_of(arrival, hash_), hash_) for arrival, hash_ in zip(arrivals, hashes, strict=True)]
    known = _known(batch, keyed)
    found: dict[str, list[New]] = {}
    received = rows.micros(batch.now)
    ids = batch.configuration.system_ids
    for arrival, key, hash_ in keyed:
        system, document = arrival.system, arrival.document
        name = system.name
        if not arrival.is_stored and (name, key) in known:
            statements = known[name, key]
            batch.counts.repeated += 1
            batch.counts.received += statements
            batch.counts.duplicate += statements
            continue
        message = arrival.message_id or batch.next_id()
        if arrival.parent is not None:
            _forget_refusals(batch, arrival.parent)
        if arrival.is_stored:
            _forget_refusals(batch, message)
            known[name, key] = _read(batch, arrival, message, found)
            _withdraw(batch, message, arrival.generation, found)
            continue
        statements = known[name, key] = _read(batch, arrival, message, found)
        batch.message_counts[name] = batch.message_counts.get(name, 0) + 1
        batch.message_rows.append(
            rows.message_row(
                batch.id, message, ids[name], key, hash_, received, clean(document.contract), clean(document.origin),
                document.line, document.byte, statements, encode(document.meta) if document.meta else b"{}", document.raw,
            )
        )  # fmt: skip
    batch.counts.messages += len(batch.message_rows)
    return found


def key_of(arrival: Arrival, hash_: bytes) -> bytes:
    """By what a message is known: the key of the delivery, else the sender's own, else its content."""
    return arrival.key or arrival.document.key.encode() or hash_


def _known(batch: Batch, keyed: Sequence[tuple[Arrival, bytes, bytes]]) -> dict[tuple[str, bytes], int]:
    if not batch.probes:
        return {}
    by_system: dict[str, list[bytes]] = {}
    for arrival, key, _ in keyed:
        if not arrival.is_stored:
            by_system.setdefault(arrival.system.name, []).append(key)
    known = {
        (name, bytes(key)): statements
        for name, keys in by_system.items()
        for key, _, statements in fetch(batch.connection, "known_messages", batch.configuration.system_ids[name], keys)
    }
    batch.met = bool(known)
    return known


def _read(batch: Batch, arrival: Arrival, message: int, found: dict[str, list[New]]) -> int:
    """The statements of a document, added to what was found; how many they are. The feed's mark goes on with them."""
    system = arrival.system
    mark = batch.marks.get(system.name)
    statements = read(arrival, connector(system.connector)) if arrival.ahead is None else arrival.ahead
    for each in statements:
        statement = keep(each, message, arrival) if isinstance(each, Fact) else each
        if isinstance(statement, Refusal):
            refuse(batch, statement, message, arrival.generation)
            continue
        statement.message = message
        happened = statement.fact.happened
        if (mark is None or happened > mark) and happened <= batch.latest and not (system.silent or statement.fact.kind in TIMELESS):
            mark = batch.marks[system.name] = happened
        found.setdefault(statement.identity, []).append(statement)
    return len(statements)


def refuse(batch: Batch, refusal: Refusal, message: int, generation: int, identity: str | None = None) -> None:
    """Quarantine a statement; one that has an identity is counted by whoever judged it."""
    batch.refusals.append((refusal, message, generation, identity))
    if identity is None:
        batch.counts.received += 1
        batch.counts.quarantined += 1


def _forget_refusals(batch: Batch, message: int) -> None:
    """A message that is read anew gives its refusals anew."""
    gone = run(batch.connection, "end_quarantine_of_message", message, batch.id)
    batch.counts.received -= gone
    batch.counts.quarantined -= gone


def _withdraw(batch: Batch, message: int, generation: int, found: dict[str, list[New]]) -> None:
    """What a message said under an older translation and does not say any more becomes a void version."""
    for identity, _, _, _, body, _ in fetch(batch.connection, "facts_of_messages", [message]):
        if identity not in found:
            fact = msgspec.structs.replace(decode_fact(body), lines=(), links=(), parcels=(), total=None, void=True)
            found[identity] = [version_of(fact, message, generation)]
