"""Facts that change how other facts post: units, kits, complete lists and match decisions. They are applied alone."""

from decimal import Decimal

from tieout.core.facts import Fact, Refusal
from tieout.core.revise import judge
from tieout.core.values import EXACT, ZERO, SourceRef, exact
from tieout.runtime.batch import Batch, Change, Wait, encode
from tieout.runtime.compare import versions_of
from tieout.runtime.receive import refuse
from tieout.store.database import fetch, run

SPECIAL = frozenset(("UnitDefined", "KitDefined", "Listed", "Matched"))
COSTS = "CostStated"
NOTED = SPECIAL | {COSTS}
"""Statements that are kept beside the ledger too."""


def take_in(batch: Batch, changes: dict[str, Change]) -> set[str]:
    """Store what the statements say; the identities that have to post again because of it."""
    users: set[str] = set()
    items: set[str] = set()
    for identity, change in changes.items():
        kind = (change.after or change.before).kind  # type: ignore[union-attr]
        if kind == "Listed":
            users |= _list(batch, identity, change)
        elif kind == "Matched":
            users |= _match(batch, identity, change)
        else:
            items |= _define(batch, identity, change)
    if items:
        ((version,),) = fetch(batch.connection, "reference_version")
        run(batch.connection, "set_meta", "reference_version", str(version + 1))
        above = batch.configuration.reference.kits_above(items)
        batch.load_reference(version + 1)
        for item in items | above | batch.configuration.reference.kits_above(items):
            users |= {i for (i,) in fetch(batch.connection, "identities_with_item", f'"item":{encode(item).decode()}')}
    return users


def _define(batch: Batch, identity: str, change: Change) -> set[str]:
    items = {fact.data["item"] for fact in (change.before, change.after) if fact is not None}
    fact = change.after
    if fact is None:
        run(batch.connection, "delete_reference", identity)
    else:
        body = encode(fact).decode()
        run(batch.connection, "set_reference", identity, fact.kind, fact.data["item"], fact.happened, body)
    return items


def _list(batch: Batch, identity: str, change: Change) -> set[str]:
    """Rule 28: a complete list voids what it lacks, as of its instant."""
    users: set[str] = set()
    for fact in (change.before, change.after):
        if fact is not None:
            prefix = _prefix(fact)
            found = fetch(batch.connection, "identities_under", prefix, prefix + "\U0010ffff")
            users |= {i for (i,) in found}
    if change.after is None:
        run(batch.connection, "delete_listing", identity)
    else:
        fact = change.after
        documents = [_prefix(fact) + number for number in fact.data["numbers"].split("\n")]
        run(batch.connection, "insert_listing", identity, _prefix(fact), fact.happened, encode(documents).decode())
    return users


def _prefix(fact: Fact) -> str:
    return f"{fact.data['system']}/{fact.data['type']}/{fact.data.get('partner', '')}/"


def _match(batch: Batch, identity: str, change: Change) -> set[str]:
    """Rule 27: a claim is exclusive and bound to the version of the record that the decision saw."""
    users = {fact.data["record"] for fact in (change.before, change.after) if fact is not None}
    run(batch.connection, "delete_claim", identity)
    was_refused = run(batch.connection, "end_refused_claim", identity, batch.id)
    batch.counts.quarantined -= was_refused
    batch.counts.without_effect += was_refused
    fact = change.after
    if fact is None:
        return users
    record = fact.data["record"]
    versions = versions_of(batch, [record]).get(record)
    winner = judge(versions).winner if versions else None
    if winner is None:
        change.after = None
        batch.counts.without_effect -= 1
        batch.counts.waiting += 1
        batch.waits.append(Wait(identity, "", record_of(record), "the record has not come yet", fact.system, fact.happened))
        return users
    held = {r: (decision, revision) for r, decision, revision in fetch(batch.connection, "claims", [record])}
    reason = _unmatchable(fact, winner.fact, held.get(record))
    if reason:
        change.after = None
        batch.counts.without_effect -= 1
        batch.counts.quarantined += 1
        next_step = "Look at the record again and decide anew, or withdraw the other decision first."
        source = SourceRef(fact.system, place=identity)
        refuse(batch, Refusal(source, "match.claim", reason, next_step), 0, 0, identity)
    else:
        run(batch.connection, "set_claim", record, identity, fact.data["revision"])
    return users


def take_costs(batch: Batch, changes: dict[str, Change]) -> None:
    """Store what items were stated to cost. No posting depends on it; what is held may, and is decided about again."""
    for identity, change in changes.items():
        fact = change.after
        if fact is None or fact.void:
            run(batch.connection, "delete_cost", identity)
        else:
            run(batch.connection, "set_cost", identity, fact.data["item"], fact.happened, exact(fact.data["cost"]), fact.currency)
    if batch.configuration.driving is not None:
        held = [root for (root,) in fetch(batch.connection, "held_commands")]
        run(batch.connection, "consider", held, [batch.now] * len(held))


def record_of(identity: str) -> str:
    """What a match decision waits on until its record comes."""
    return f"record {identity}"


def _unmatchable(fact: Fact, record: Fact, held: tuple[str, str] | None) -> str:
    name = fact.data["record"]
    if held is not None and held[1] == record.revision:
        return f"{name} is already claimed by {held[0]}"
    if fact.data["revision"] != record.revision:
        return f"{name} has changed since the decision saw it"
    if fact.currency != record.currency:
        return f"{name} is in {record.currency}, the decision in {fact.currency}"
    if _sum(fact) != _sum(record):
        return f"the decision allots {_sum(fact)}, {name} is {_sum(record)}"
    return ""


def _sum(fact: Fact) -> Decimal:
    amount = ZERO
    for line in fact.lines:
        amount = EXACT.add(amount, line.value or ZERO)
    return amount
