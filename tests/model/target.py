"""A target system that behaves badly within its declared bounds: the counterparty of the command model.

It imports nothing from the code it judges but the words of the conversation. It keeps documents, knows who made each,
and answers, or does not. Whatever it does, a request is committed before `settle` has passed since we stopped waiting.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random

from tieout.core.command import Absent, Accepted, Failed, Outcome, Rejected

TIMEOUT = timedelta(seconds=30)
SETTLE = timedelta(seconds=90)


@dataclass(frozen=True)
class Manner:
    """What kind of system this is."""

    echoes: bool = False
    names: bool = False
    knows_again: bool = False
    parts: float = 0.0
    """How often it takes less than was asked, and says so."""

    is_gradual: bool = False
    """A warehouse: what it has taken it ships little by little, in several documents that name the release."""

    @property
    def is_anonymous(self) -> bool:
        return not (self.echoes or self.names)


@dataclass(frozen=True)
class Made:
    """A document in the target; `key` is empty when a clerk made it."""

    number: str
    key: str
    lines: Mapping[str, Decimal]
    at: datetime


@dataclass
class Sending:
    """A request under way: when it is committed (None: it is lost), when we hear, and what."""

    commits_at: datetime | None
    heard_at: datetime
    lost_before_us: bool = False
    answered: bool = True


@dataclass
class Target:
    manner: Manner
    dice: Random
    documents: list[Made] = field(default_factory=list)
    ever: list[Made] = field(default_factory=list)
    """Also what was deleted."""
    is_down: bool = False
    refuses: bool = False
    faults: bool = True

    def way(self, now: datetime) -> Sending:
        """What becomes of a request that is sent now."""
        if self.is_down:
            return Sending(None, now + timedelta(seconds=1), lost_before_us=True)
        quick = now + timedelta(seconds=self.dice.randint(1, 20))
        given_up = now + TIMEOUT
        if not self.faults:
            return Sending(quick, quick + timedelta(seconds=1))
        kind = self.dice.choice(("good", "good", "good", "unreachable", "dropped", "late", "delayed", "lost"))
        if kind == "unreachable":
            return Sending(None, now + timedelta(seconds=1), lost_before_us=True)
        if kind == "dropped":
            return Sending(quick, given_up, answered=False)
        if kind == "lost":
            return Sending(None, given_up, answered=False)
        if kind == "late":
            return Sending(quick, given_up + timedelta(seconds=self.dice.randint(1, 200)))
        if kind == "delayed":
            after = self.dice.randint(1, int(SETTLE.total_seconds()) - 1)
            return Sending(given_up + timedelta(seconds=after), given_up, answered=False)
        return Sending(quick, quick + timedelta(seconds=self.dice.randint(1, 5)))

    def commit(self, key: str, lines: Mapping[str, Decimal], now: datetime) -> tuple[Outcome, Made | None]:
        """Do what was asked: the outcome as it would be told, and the document, if a new one was made."""
        known = self.by(key)
        if known and self.manner.knows_again:
            return self._told(known[0], lines), None
        if self.refuses:
            again_at = now + timedelta(seconds=300) if self.dice.random() < 0.3 else None
            return Rejected("period closed", again_at), None
        given = dict(lines)
        if self.dice.random() < self.manner.parts:
            given = {item: Decimal(self.dice.randint(0, int(amount))) for item, amount in lines.items()}
            if not any(given.values()):
                given = dict(lines)
        made = self._add(key, {item: amount for item, amount in given.items() if amount}, now)
        return self._told(made, lines), made

    def clerk(self, lines: Mapping[str, Decimal], now: datetime) -> Made:
        """Somebody makes the document by hand."""
        return self._add("", dict(lines), now)

    def probe(self, key: str, lines: Mapping[str, Decimal]) -> Outcome | Absent:
        """Look for what an attempt of unknown outcome has left; our reference stands on the document itself."""
        if self.is_down or (self.faults and self.dice.random() < 0.2):
            return Failed("connect", "unreachable")
        known = self.by(key)
        return self._told(known[0], lines) if known else Absent()

    def reference(self, made: Made) -> str:
        return f"wms/release/{made.number}" if self.manner.is_gradual else f"erp/invoice/{made.number}"

    def by(self, key: str) -> list[Made]:
        return [document for document in self.ever if document.key == key]

    def _add(self, key: str, lines: Mapping[str, Decimal], now: datetime) -> Made:
        made = Made(f"D{len(self.ever) + 1}", key, lines, now)
        self.documents.append(made)
        self.ever.append(made)
        return made

    def delete(self, document: Made) -> None:
        """Somebody removes a document by hand; the target remembers that it was asked for."""
        self.documents.remove(document)

    def _told(self, made: Made, asked: Mapping[str, Decimal]) -> Accepted:
        final = {item: made.lines.get(item, Decimal(0)) for item in asked}
        documents = (self.reference(made),) if self.manner.names else ()
        return Accepted(documents, final if final != asked else {})
