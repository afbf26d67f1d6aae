"""Gather what owed documents are drawn from: the statements that stand, and what customers call the orders those are about."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from tieout.core.account import ClearingAccount
from tieout.core.facts import Fact
from tieout.core.ground import Paper
from tieout.core.paper import PLACED, SUBJECTS, order_of
from tieout.core.revise import judge
from tieout.core.values import Ref
from tieout.runtime.batch import Batch
from tieout.runtime.compare import listings, versions_of
from tieout.runtime.looks import Seen
from tieout.runtime.relink import references_of
from tieout.store.database import fetch


class Papers(NamedTuple):
    """For one root: the statements, and the customer's order for each reference that their lines are about."""

    papers: tuple[Paper, ...] = ()
    orders: Mapping[Ref, Ref] = {}


def papers_of(batch: Batch, seen: Mapping[str, Seen], names: Mapping[str, Iterable[Ref]]) -> dict[str, Papers]:
    """What is needed for some roots; nothing, and no question to the database, where none of them owes a document."""
    wanted = {root: found for root, one in seen.items() if (found := _identities(one, batch.configuration.accounts))}
    if not wanted:
        return {}
    facts = _winners(batch, {identity for found in wanted.values() for identity in found})
    roots: dict[str, str] = dict(fetch(batch.connection, "roots_of_subjects", sorted({s for fact in facts.values() for s in _subjects(fact)})))
    spanned = sorted({*roots.values()} - wanted.keys())
    called = {**references_of(batch, sorted({*spanned} - names.keys())), **names}
    books = {root: seen[root].book for root in wanted} | (batch.effective(spanned) if spanned else {})
    placed = {root: {posting.identity for posting in book if posting.kind in PLACED} for root, book in books.items()}
    facts |= _winners(batch, {identity for found in placed.values() for identity in found} - facts.keys())
    made = {}
    for root, identities in wanted.items():
        about = [facts[identity] for identity in identities if identity in facts]
        orders = {roots[subject] for fact in about for subject in _subjects(fact)}
        wider = sorted({*identities}.union(*(placed.get(each, ()) for each in orders)))
        mine = [facts[identity] for identity in wider if identity in facts]
        made[root] = Papers(tuple(_paper(batch, fact) for fact in mine), _orders(mine, roots, called))
    return made


def _subjects(fact: Fact) -> set[Ref]:
    return {line.subject for line in fact.lines}


def _orders(facts: Iterable[Fact], roots: Mapping[str, str], called: Mapping[str, Iterable[Ref]]) -> dict[Ref, Ref]:
    """For each subject, the order of the system that these orders came by, where its root has just one."""
    known = list(facts)
    systems = {fact.system for fact in known if fact.kind in PLACED}
    made: dict[Ref, Ref] = {}
    for subject in {s for fact in known for s in _subjects(fact)} & roots.keys():
        found = {order for system in systems if (order := order_of(called.get(roots[subject], ()), system)) is not None}
        if len(found) == 1:
            made[subject] = found.pop()
    return made


def _identities(one: Seen, accounts: Mapping[str, ClearingAccount]) -> list[str]:
    """The identities of the statements that the open documents of a root are drawn from."""
    asked = {accounts[item.account].expectation(item.side).command for item in one.items if accounts[item.account].asked}
    kinds = frozenset[str]().union(*(SUBJECTS[act] for act in asked if act in SUBJECTS))
    return sorted({posting.identity for posting in one.book if posting.kind in kinds}) if kinds else []


def _winners(batch: Batch, identities: Iterable[str]) -> dict[str, Fact]:
    lists = listings(batch)
    found = {}
    for identity, versions in versions_of(batch, sorted(identities)).items():
        verdict = judge(versions, [known for prefix, known in lists if identity.startswith(prefix)])
        if verdict.winner is not None and not verdict.voided:
            found[identity] = verdict.winner.fact
    return found


def _paper(batch: Batch, fact: Fact) -> Paper:
    """With the days that its speaker would write: what is only known to the day stands at that system's midnight."""
    system = batch.configuration.systems.get(fact.system)
    zone = UTC if system is None else ZoneInfo(system.timezone)

    def day(moment: datetime) -> str:
        return moment.astimezone(zone).date().isoformat()

    return Paper(fact, day(fact.happened), "" if fact.due is None else day(fact.due - timedelta(seconds=1)))
