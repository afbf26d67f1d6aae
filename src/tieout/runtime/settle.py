"""Settle: bring links, postings, plain sums and planned looks to what the winning statements say."""

from collections.abc import Iterable, Mapping

import msgspec

from tieout.core.account import Posting
from tieout.core.facts import Fact
from tieout.core.post import net, post
from tieout.core.revise import judge
from tieout.core.values import Ref
from tieout.runtime import agenda, relink
from tieout.runtime.batch import ORDERS, Batch, Change, Subject, Wait, row_of_posting
from tieout.runtime.chain import PUSH_EVERY, unwritten, write_waits
from tieout.runtime.compare import restate, versions_of
from tieout.runtime.reference import COSTS, NOTED, SPECIAL, record_of, take_costs, take_in
from tieout.store import rows
from tieout.store.database import Sending, copy_rows, fetch, run

RECORDS = frozenset(("CashReceived", "CashPaid"))


def settle(batch: Batch, changes: dict[str, Change]) -> None:
    """Post the winners, reverse what no longer stands; cascades to whatever the changes make post anew."""
    noted = {i: c for i, c in changes.items() if _kind(c) in NOTED}
    special = {i: c for i, c in noted.items() if _kind(c) in SPECIAL}
    if len(noted) > len(special):
        take_costs(batch, {i: c for i, c in noted.items() if _kind(c) == COSTS})
    expected = _expected(batch, changes)
    if expected:
        batch.need_exclusive()
        special |= restate(batch, expected)
        changes = changes | special
    more: dict[str, Change] = {}
    if special:
        batch.need_exclusive()
        write_pending(batch)
        users = take_in(batch, special)
        _judge_by_lists(batch, special, {i: c for i, c in changes.items() if i in users and i not in special})
        more = restate(batch, users - changes.keys())
    load(batch, changes)
    load(batch, more)
    relinked = relink.update(batch, changes | more)
    if relinked:
        more |= restate(batch, relinked - changes.keys())
        load(batch, more)
    _post(batch, changes | more)


def _expected(batch: Batch, changes: dict[str, Change]) -> list[str]:
    """The match decisions that wait for a record which has come now."""
    records = [record_of(identity) for identity, change in changes.items() if _kind(change) in RECORDS]
    return sorted({i for (i,) in fetch(batch.connection, "waiting_on", records)} - changes.keys()) if records else []


def _judge_by_lists(batch: Batch, special: dict[str, Change], touched: dict[str, Change]) -> None:
    """Statements that came in the same batch as a complete list were judged without it."""
    if not any(_kind(change) == "Listed" for change in special.values()):
        return
    for identity, anew in restate(batch, touched).items():
        touched[identity].after = anew.after


def _kind(change: Change) -> str:
    fact = change.after or change.before
    return "" if fact is None else fact.kind


def load(batch: Batch, changes: dict[str, Change]) -> None:
    """Fetch the claims on bank entries and the subjects that the facts name."""
    facts = [f for c in changes.values() for f in (c.before, c.after) if f is not None]
    records = [f.identity for f in facts if f.kind in RECORDS]
    if records:
        claims = fetch(batch.connection, "claims", records)
        decisions = versions_of(batch, {decision for _, decision, _ in claims})
        for record, decision, revision in claims:
            winner = judge(decisions[decision]).winner if decision in decisions else None
            if winner is not None:
                batch.claims[record] = revision, winner.fact.lines
        facts = [_claimed(batch, fact) for fact in facts]
    batch.load_subjects(_references(batch, facts))


def _references(batch: Batch, facts: Iterable[Fact]) -> set[str]:
    """Every reference that some facts may post on or link."""
    on_itself, on_parcels = batch.configuration.on_itself, batch.configuration.on_parcels
    found: set[str] = set()
    for fact in facts:
        for line in fact.lines:
            found.add(line.subject)
        for pair in fact.links:
            found.update(pair)
        if fact.kind in on_itself:
            found.add(fact.ref)
        if fact.parcels and fact.kind in on_parcels:
            found.update(f"*/parcel/{number}" for number in fact.parcels)
        if "against" in fact.data:
            found.add(fact.data["against"])
    return found


def _claimed(batch: Batch, fact: Fact) -> Fact:
    """A bank entry takes the lines of the match decision that claims exactly this version of it (rule 27)."""
    claim = batch.claims.get(fact.identity) if batch.claims else None
    if claim is None or claim[0] != fact.revision:
        return fact
    return msgspec.structs.replace(fact, lines=claim[1])


def _post(batch: Batch, changes: dict[str, Change]) -> None:
    stored = _stored(batch, changes)
    again = [identity for identity, change in changes.items() if change.before is not None]
    if again:
        run(batch.connection, "end_waiting", again, batch.id)
    # Kits ask the database while they post; without them the server stores messages and facts meanwhile.
    has_kits = bool(batch.configuration.reference.kits)
    jobs = [] if has_kits else unwritten(batch)
    with Sending(batch.connection, jobs) as sending:
        kits = _post_each(batch, changes, stored, has_kits, sending)
    if kits and not batch.kits_settled:
        _settle_kits(batch, changes)


def _post_each(batch: Batch, changes: dict[str, Change], stored: dict[str, dict[str, Posting]], has_kits: bool, sending: Sending) -> bool:
    """Post every winner; True when there are kits and an order was among the changes."""
    plans = batch.configuration.plans
    kits = False
    counts: dict[str, int] = {"posted": 0, "without_effect": 0, "waiting": 0}
    for n, (identity, change) in enumerate(changes.items()):
        if n % PUSH_EVERY == 0:
            sending.push()
        wanted: Mapping[Ref, Posting] = {}
        status = "without_effect"
        fact = change.after
        if fact is not None:
            posted = post(_claimed(batch, fact) if batch.claims else fact, plans, batch)
            wanted = posted.postings if fact.kind != "WrittenOff" else _decision(batch, fact)
            if posted.waits:
                status = "waiting"
                batch.waits += [Wait(identity, w.line, w.on, w.reason, fact.system, fact.happened) for w in posted.waits]
            elif posted.postings:
                status = "posted"
        kits = kits or (has_kits and _kind(change) in ORDERS)
        counts[status] += 1
        if change.before is None:
            for root, posting in wanted.items():
                agenda.plan(batch, root, *_book(batch, root, posting, 1), posting)
            continue
        old = stored.get(identity, {})
        counts[_status_before(change, old)] -= 1
        for name in old.keys() | wanted.keys():
            _move(batch, name, old.get(name), wanted.get(Ref(name)))
    for status, count in counts.items():
        batch.counts.add(status, count)
    return kits


def _status_before(change: Change, old: dict[str, Posting]) -> str:
    if change.waited:
        return "waiting"
    return "posted" if any(p.groups for p in old.values()) else "without_effect"


def _decision(batch: Batch, fact: Fact) -> dict[Ref, Posting]:
    """A write-off stands on its subject without moving anything (rule 18)."""
    root = batch.resolve(fact.lines[0].subject) if fact.lines else None
    if root is None:
        return {}
    return {root: Posting(fact.identity, fact.revision, fact.kind, fact.happened, fact.day, (), dict(fact.data))}


def _stored(batch: Batch, changes: dict[str, Change]) -> dict[str, dict[str, Posting]]:
    """The postings that stand, by identity and root, of what was posted before."""
    before = {i: c.before for i, c in changes.items() if c.before is not None}
    if not before:
        return {}
    roots = set(batch.moved_roots)
    for reference in _references(batch, (*before.values(), *(_claimed(batch, fact) for fact in before.values()))):
        subject = batch.subjects.get(reference)
        roots.add(subject.alias if subject is not None and subject.alias else reference)
    found: dict[str, dict[str, Posting]] = {}
    for root, postings in batch.effective(roots).items():
        for posting in postings:
            if posting.identity in before:
                found.setdefault(posting.identity, {})[root] = posting
    return found


def _move(batch: Batch, root: str, old: Posting | None, wanted: Posting | None) -> None:
    """Reverse the old posting whole and post the new one, unless they are the same (rule 6)."""
    if old == wanted:
        return
    if old is not None:
        _book(batch, root, old, -1)
    if wanted is not None:
        _book(batch, root, wanted, 1)
    subject = batch.subjects[root]
    if wanted is not None:
        agenda.plan(batch, root, subject, rows.micros(wanted.occurred), wanted)
    if old is not None:
        agenda.plan(batch, root, subject, rows.micros(old.occurred), old, is_undone=True)


def _book(batch: Batch, root: str, posting: Posting, sign: int) -> tuple[Subject, int]:
    """A posting, or its reversal, into the log and the sums of its root; that, and when it occurred in microseconds."""
    subject = batch.subjects.get(root)
    if subject is None:
        subject = batch.subjects[root] = Subject(None, {}, {}, 0, 0, new=True)
    subject.touched = True
    occurred = rows.micros(posting.occurred)
    net(posting, batch.configuration.steps, subject.net, sign)
    batch.posting_rows.append(row_of_posting(batch, root, posting, occurred, sign))
    return subject, occurred


def _settle_kits(batch: Batch, changes: dict[str, Change]) -> None:
    """An order came or changed: the kits on its root may explode differently now, by the date of its first order statement."""
    batch.kits_settled = True
    batch.order_dates.clear()
    roots = {
        root
        for change in changes.values()
        for fact in (change.before, change.after)
        if fact is not None and fact.kind in ORDERS
        for line in fact.lines
        if (root := batch.resolve(line.subject)) is not None
    }
    write_pending(batch)
    users = {p.identity for found in batch.effective(roots).values() for p in found}
    waiting = [f"kit {item}" for item in batch.configuration.reference.kits]
    users |= {identity for (identity,) in fetch(batch.connection, "waiting_on", waiting)}
    more = {i: c for i, c in restate(batch, users).items() if _has_kit(batch, c.before) or _has_kit(batch, c.after)}
    if not more:
        return
    batch.need_exclusive()
    load(batch, more)
    _post(batch, more)


def _has_kit(batch: Batch, fact: Fact | None) -> bool:
    return fact is not None and any(batch.is_kit(line.item) for line in fact.lines)


def write_pending(batch: Batch) -> None:
    """Write the facts and waits so far, so that a cascade finds them stored."""
    for table, fresh in unwritten(batch):
        copy_rows(batch.connection, table, fresh)
    write_waits(batch)
