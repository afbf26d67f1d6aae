"""Compare: which statements are duplicates, which are new, which are another version, and who wins (rules 1 to 4)."""

from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from tieout.core.facts import Fact, Refusal
from tieout.core.revise import Listing, Verdict, Version, judge
from tieout.core.values import SourceRef
from tieout.runtime.batch import Batch, Change
from tieout.runtime.receive import refuse
from tieout.runtime.statements import New, decode_fact
from tieout.store import rows
from tieout.store.database import fetch, run

Known = list[tuple[int, str, int, bytes, int]]


def compare(batch: Batch, found: dict[str, list[New]]) -> dict[str, Change]:
    """Keep what is new; the identities whose posting may change."""
    lists = listings(batch)
    known: dict[str, Known] = {}
    wanted = list(found) if batch.probes or lists else [identity for identity, statements in found.items() if len(statements) > 1]
    for identity, ordinal, revision, generation, content, message in fetch(batch.connection, "versions", wanted) if wanted else ():
        known.setdefault(identity, []).append((ordinal, revision, generation, bytes(content), message))
    batch.met = batch.met or bool(known)
    changes: dict[str, Change] = {}
    again: dict[str, list[New]] = {}
    for identity, statements in found.items():
        if identity not in known and len(statements) == 1 and not lists:
            fact = statements[0].fact
            keep(batch, statements[0], 1)
            changes[identity] = Change(None, None if fact.void else fact)
            continue
        fresh = _fresh(batch, statements, known.get(identity, []))
        if fresh:
            again[identity] = fresh
    if again:
        _judge_again(batch, again, lists, changes)
    batch.counts.received += len(batch.fact_rows)
    batch.counts.facts += len(batch.fact_rows)
    return changes


def keep(batch: Batch, new: New, ordinal: int) -> None:
    """Make the row of a version."""
    fact = new.fact
    identity = new.identity.encode()
    batch.fact_rows.append((
        identity,
        rows.fact_row(
            batch.id, batch.next_id(), identity, ordinal, fact.revision.encode(), new.generation, new.content,
            new.message, new.place.encode(), fact.kind, rows.micros(fact.happened), new.body,
        ),
    ))  # fmt: skip


def _fresh(batch: Batch, statements: list[New], known: Known) -> list[New]:
    """The statements that are no duplicates. Read anew (generation > 0), one is compared with the last reading of its message."""
    seen = {(revision, content) for _, revision, _, content, _ in known}
    last: dict[tuple[int, str], tuple[int, set[bytes]]] = {}
    for _, revision, generation, content, message in sorted(known, key=lambda k: k[2]):
        before = last.get((message, revision))
        same = before[1] if before is not None and before[0] == generation else set()
        last[message, revision] = generation, same | {content}
    fresh = []
    for new in statements:
        revision = new.fact.revision
        if new.generation:
            if new.content not in last.get((new.message, revision), (0, ()))[1]:
                fresh.append(new)
        elif (revision, new.content) in seen:
            batch.counts.received += 1
            batch.counts.duplicate += 1
            batch.repeats.append((new.identity, new.message, new.place))
        else:
            seen.add((revision, new.content))
            fresh.append(new)
    return fresh


def versions_of(batch: Batch, identities: Iterable[str]) -> dict[str, list[Version]]:
    """All kept versions, with their facts; as stored before this batch."""
    found: dict[str, list[Version]] = {}
    for identity, ordinal, generation, content, body in fetch(batch.connection, "bodies", list(identities)):
        found.setdefault(identity, []).append(Version(ordinal, generation, bytes(content), decode_fact(body)))
    return found


def listings(batch: Batch) -> list[tuple[str, Listing]]:
    """The complete lists received, each with the prefix of the identities it speaks of."""
    return [
        (prefix, Listing(instant, frozenset(msgspec.json.decode(numbers)))) for prefix, instant, numbers in fetch(batch.connection, "listings")
    ]


def _judge_again(batch: Batch, again: dict[str, list[New]], lists: list[tuple[str, Listing]], changes: dict[str, Change]) -> None:
    """Identities that came before, or twice in this batch: judge all versions, before and after."""
    stored = versions_of(batch, again)
    waiting = {identity for (identity,) in fetch(batch.connection, "waiting_of", list(again))}
    found = Found({}, [])
    for identity, statements in again.items():
        before = stored.get(identity, [])
        after = list(before)
        for new in statements:
            keep(batch, new, len(after) + 1)
            after.append(Version(len(after) + 1, new.generation, new.content, new.fact))
        mine = [listing for prefix, listing in lists if identity.startswith(prefix)]
        was = judge(before, mine) if before else None
        now = judge(after, mine)
        _count(batch, identity, before, after, was, now, statements[-1].message, found)
        changes[identity] = Change(
            was.winner.fact if was is not None and was.winner is not None else None,
            None if now.voided or now.winner is None else now.winner.fact,
            waited=identity in waiting,
        )
    found.write(batch)


class Found(NamedTuple):
    """What the judgement of many identities changes beside their postings: how many contents stand under one revision (none: no
    conflict any more), and whose quarantine is written anew."""

    conflicts: dict[str, int]
    quarantined: list[str]

    def write(self, batch: Batch) -> None:
        """Write it, a statement per table."""
        if self.conflicts:
            run(batch.connection, "delete_conflicts", list(self.conflicts))
        if standing := {identity: versions for identity, versions in self.conflicts.items() if versions}:
            run(batch.connection, "insert_conflicts", list(standing), list(standing.values()), [batch.now] * len(standing))
        if self.quarantined:
            run(batch.connection, "end_quarantine_of", self.quarantined, batch.id)


def _count(
    batch: Batch,
    identity: str,
    before: list[Version],
    after: list[Version],
    was: Verdict | None,
    now: Verdict,
    message: int,
    found: Found,
) -> None:
    if was is not None:
        batch.counts.superseded -= was.superseded(before)
        batch.counts.quarantined -= len(was.quarantined)
    batch.counts.superseded += now.superseded(after)
    batch.counts.quarantined += len(now.quarantined)
    conflicts = was.versions_in_conflict if was is not None else 0
    if conflicts != now.versions_in_conflict:
        found.conflicts[identity] = now.versions_in_conflict
    if (was.quarantined if was is not None else {}) == now.quarantined:
        return
    found.quarantined.append(identity)
    for ordinal, reason in now.quarantined.items():
        version = next(v for v in after if v.ordinal == ordinal)
        refuse(batch, _reused(version.fact, reason), message, version.generation, identity)


def _reused(fact: Fact, reason: str) -> Refusal:
    return Refusal(
        SourceRef(fact.system),
        "identity.reused",
        f"{fact.identity}: {reason}",
        "Ask the sender for the document's own number, or give the series a scope in the mapping.",
    )


def restate(batch: Batch, identities: Iterable[str]) -> dict[str, Change]:
    """Changes that leave the winners as they are and only ask for their postings anew, by stored versions."""
    wanted = list(identities)
    if not wanted:
        return {}
    waiting = {identity for (identity,) in fetch(batch.connection, "waiting_of", wanted)}
    lists = listings(batch)
    made = {}
    for identity, versions in versions_of(batch, wanted).items():
        verdict = judge(versions, [known for prefix, known in lists if identity.startswith(prefix)])
        if verdict.winner is not None:
            fact = verdict.winner.fact
            made[identity] = Change(fact, None if verdict.voided else fact, waited=identity in waiting)
    return made
