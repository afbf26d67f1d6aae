"""Which version of a statement counts (rules 1 to 4 and 28). Pure; judged over all versions, so arrival never matters."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import msgspec

from tieout.core.facts import Fact, Form, revision_time
from tieout.core.facts.kinds import KINDS

REUSE_AFTER = timedelta(days=180)


class Version(msgspec.Struct, frozen=True):
    """One kept version of a statement. `ordinal` counts arrivals inside the identity and decides nothing."""

    ordinal: int
    generation: int
    content: bytes
    fact: Fact

    @property
    def key(self) -> tuple[str, int]:
        """(revision key, translation generation)."""
        return self.fact.revision, self.generation


class Listing(msgspec.Struct, frozen=True):
    """A complete list of the documents of one type: it voids what happened before its instant and is not in it.

    `documents` are identities without scope: a document that is listed keeps all of its parts. What was changed after the
    instant was there after it, whatever day it bears: a document of today may have been made since the list.
    """

    instant: datetime
    documents: frozenset[str]

    def voids(self, fact: Fact) -> bool:
        """True when the list proves that this version of a document is gone."""
        if fact.happened >= self.instant or fact.document in self.documents:
            return False
        return not fact.revision.startswith("t") or fact.revision <= revision_time(self.instant)


class Verdict(msgspec.Struct, frozen=True):
    """What the versions of one identity amount to.

    `winner` posts (None when it is voided); `quarantined` are the ordinals, each with its reason, that bear the number of
    another document; `versions_in_conflict` counts contents under the winning key when there is more than one.
    """

    winner: Version | None
    voided: bool
    quarantined: dict[int, str]
    versions_in_conflict: int

    def superseded(self, versions: Sequence[Version]) -> int:
        """How many of the versions another one has replaced."""
        return len(versions) - len(self.quarantined) - 1


def judge(versions: Sequence[Version], listings: Iterable[Listing] = ()) -> Verdict:
    """Judge all kept versions of one identity; there is at least one."""
    base = min(versions, key=lambda v: (v.fact.happened, v.key, v.content))
    quarantined = {}
    for version in versions:
        reason = reused(base.fact, version.fact)
        if reason:
            quarantined[version.ordinal] = reason
    kept = [v for v in versions if v.ordinal not in quarantined]
    winner = max(kept, key=lambda v: (*v.key, v.content))
    rivals = {v.content for v in kept if v.key == winner.key}
    voided = winner.fact.void or any(known.voids(winner.fact) for known in listings)
    return Verdict(winner, voided, quarantined, len(rivals) if len(rivals) > 1 else 0)


def reused(first: Fact, later: Fact) -> str:
    """Rule 2: why `later` is another document under the number of `first`; empty when it is a revision of it."""
    if first is later or KINDS[later.kind].form is Form.STATE:
        return ""
    if first.kind != later.kind:
        return f"the number was used for {first.kind}, now for {later.kind}"
    if first.currency and later.currency and first.currency != later.currency:
        return f"the number was used with {first.currency}, now with {later.currency}"
    if first.customer and later.customer and first.customer != later.customer:
        return f"the number was used for customer {first.customer}, now for {later.customer}"
    if later.happened - first.happened > REUSE_AFTER:
        return f"the number was used {(later.happened - first.happened).days} days before"
    old, new = _lines(first), _lines(later)
    if old and new and not old & new:
        return "no line is common to both documents under this number"
    return ""


def _lines(fact: Fact) -> set[str]:
    return {f"{line.line}" for line in fact.lines} | {f"item {line.item}" for line in fact.lines if line.item}
