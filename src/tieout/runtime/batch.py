"""What one transaction knows while it runs: its rows to be, the subjects it holds, and the answers posting asks for."""

from collections.abc import Iterable, Set
from datetime import date, datetime, timedelta
from fractions import Fraction
from itertools import count

import msgspec

from tieout.core.account import Posting
from tieout.core.correlate import names_subject
from tieout.core.facts import Fact, Line, Refusal
from tieout.core.post import Component, Sums
from tieout.core.values import Ref
from tieout.runtime.configuration import Configuration
from tieout.runtime.statements import decode_fact
from tieout.store import rows
from tieout.store.database import copy_rows, fetch
from tieout.store.session import Session

Connection = Session
LINKS_LOCK = 0x6C69_6E6B
FUTURE_MAX = timedelta(days=1)
"""A statement from further in the future than this moves no watermark: its sender's clock is wrong."""
ORDERS = frozenset(("OrderPlaced", "OrderBooked", "PurchaseOrdered"))
encode = msgspec.json.Encoder(decimal_format="number").encode
_decode_net = msgspec.json.Decoder(Sums).decode
_decode_wake = msgspec.json.Decoder(dict[str, int]).decode
_decode_posting = msgspec.json.Decoder(Posting).decode


class NeedExclusive(Exception):
    """This batch joins or parts roots, or brings reference data: it must run alone."""


class Counts(msgspec.Struct):
    """Statements by what became of them; a field may be negative when an earlier statement changes its state (rule 29)."""

    received: int = 0
    posted: int = 0
    without_effect: int = 0
    superseded: int = 0
    waiting: int = 0
    quarantined: int = 0
    duplicate: int = 0
    messages: int = 0
    repeated: int = 0
    facts: int = 0

    def add(self, name: str, many: int = 1) -> None:
        """Change one count."""
        setattr(self, name, getattr(self, name) + many)

    def plus(self, other: "Counts") -> "Counts":
        """The sum of two counts."""
        return Counts(*(getattr(self, n) + getattr(other, n) for n in self.__struct_fields__))


class Subject(msgspec.Struct, gc=False):
    """A row of `subject` while a batch holds it."""

    alias: str | None
    net: Sums
    wake: dict[str, int]
    links: int
    cases: int
    new: bool = False
    touched: bool = False


class Change(msgspec.Struct, gc=False):
    """An identity whose posting may change: what stood before (to find its stored posting) and what wins now, if anything."""

    before: Fact | None
    after: Fact | None
    waited: bool = False


class Wait(msgspec.Struct, frozen=True):
    """A row of `waiting`."""

    identity: str
    line: str
    on: str
    reason: str
    system: str
    since: datetime


class Batch:
    """The state of one transaction; the functions of `receive`, `compare`, `settle` and `chain` work on it in turn.

    It is the `Context` of posting: it answers by the links, units and kits that this transaction sees. The ids it gives
    (`next_id`) are its own id and a running number. One that `probes` looks first for what the ledger knows already, and has
    `met` it or not; one that does not is refused by the database when it meets something, and begins anew.
    """

    def __init__(
        self, connection: Connection, configuration: Configuration, now: datetime, what: str, *, alone: bool, probes: bool = True
    ) -> None:
        self.connection = connection
        self.configuration = configuration
        self.now = now
        self.latest = now + FUTURE_MAX
        self.what = what
        self.alone = alone
        self.probes = probes
        self.met = False
        self.counts = Counts()
        self.subjects: dict[str, Subject] = {}
        self.message_rows: list[bytes] = []
        self.fact_rows: list[tuple[bytes, bytes]] = []
        self.posting_rows: list[bytes] = []
        self.messages_written = 0
        self.postings_written = 0
        self.facts_written = 0
        self.wake_rows: list[bytes] = []
        self.link_rows: list[bytes] = []
        self.refusals: list[tuple[Refusal, int, int, str | None]] = []
        self.waits: list[Wait] = []
        self.repeats: list[tuple[str, int, str]] = []
        self.marks: dict[str, datetime] = {}
        self.declared: dict[str, datetime] = {}
        self.message_counts: dict[str, int] = {}
        self.claims: dict[str, tuple[str, tuple[Line, ...]]] = {}
        self.moved_roots: set[str] = set()
        self.kits_settled = False
        self.order_dates: dict[str, datetime | None] = {}
        self.id: int
        lock = "select pg_advisory_xact_lock(%s)" if alone else "select pg_advisory_xact_lock_shared(%s)"
        connection.execute(lock, [LINKS_LOCK])
        ((self.id,),) = fetch(connection, "batch_id")
        self.next_id = count((self.id << 20) | 1).__next__
        ((version, closed),) = fetch(connection, "in_force")
        if closed is not None and closed > (configuration.closed_until or closed - timedelta(days=1)):
            configuration.closed_until = closed
        if version != configuration.reference_version:
            self.load_reference(version)

    def load_reference(self, version: int) -> None:
        """Read units and kits anew."""
        facts = [decode_fact(body) for (body,) in fetch(self.connection, "references")]
        self.configuration.set_reference(facts, version)

    def need_exclusive(self) -> None:
        """Go on only if this batch runs alone."""
        if not self.alone:
            raise NeedExclusive

    def load_subjects(self, references: Iterable[str]) -> None:
        """Fetch and lock the rows of some references and of the roots they are other names of."""
        subjects = self.subjects
        wanted = sorted({*references} - subjects.keys())
        while wanted:
            aliases: set[str] = set()
            for ref, alias, net, wake, links, cases in fetch(self.connection, "subjects", wanted):
                if alias:
                    aliases.add(alias)
                subjects[ref] = Subject(
                    alias, _decode_net(net) if net != "{}" else {}, _decode_wake(wake) if wake != "{}" else {}, links, cases
                )
            wanted = sorted(aliases - subjects.keys())

    def effective(self, roots: Iterable[str]) -> dict[str, list[Posting]]:
        """The postings of some roots that stand, this batch's own included."""
        if self.postings_written < len(self.posting_rows):
            copy_rows(self.connection, "posting", self.posting_rows[self.postings_written :])
            self.postings_written = len(self.posting_rows)
        return standing(fetch(self.connection, "postings_of", sorted(set(roots))))

    def accounting_date(self, occurred: datetime) -> date:
        """Rule 31: the date it occurred, or the first open date if that one is closed."""
        day = self.configuration.local_date(occurred)
        closed = self.configuration.closed_until
        return day if closed is None or day > closed else closed + timedelta(days=1)

    # What posting asks ---------------------------------------------------------------------------------------------------

    def resolve(self, reference: Ref) -> Ref | None:
        """The root of a reference, if it can be a subject."""
        subject = self.subjects.get(reference)
        if subject is not None and subject.alias:
            reference = Ref(subject.alias)
        return reference if names_subject(reference) else None

    def factor(self, item: str, unit: str, at: datetime) -> tuple[Fraction, str] | None:
        """See `Reference.factor`."""
        return self.configuration.reference.factor(item, unit, at)

    @property
    def defined(self) -> Set[str]:
        """The items of which units or kits are known."""
        return self.configuration.reference.defined

    def is_kit(self, item: str) -> bool:
        """True when a bill of materials is known for the item."""
        return item in self.configuration.reference.kits

    def components(self, item: str, root: Ref, fact: Fact) -> tuple[Component, ...] | None:
        """The kit as it was when the earliest order statement on the root happened."""
        if root not in self.order_dates:
            found = [p.occurred for p in self.effective([root]).get(root, []) if p.kind in ORDERS]
            self.order_dates[root] = min(found, default=None)
        dates = [self.order_dates[root], fact.happened if fact.kind in ORDERS else None]
        at = min((d for d in dates if d is not None), default=None)
        return None if at is None else self.configuration.reference.kit(item, at)


def standing(found: Iterable[tuple[str, int, str]]) -> dict[str, list[Posting]]:
    """Postings that are not reversed, by root, from rows of (root, sign, entries)."""
    signs: dict[tuple[str, str], int] = {}
    for root, sign, entries in found:
        signs[root, entries] = signs.get((root, entries), 0) + sign
    result: dict[str, list[Posting]] = {}
    for (root, entries), sign in signs.items():
        if sign > 0:
            result.setdefault(root, []).append(_decode_posting(entries))
    return result


def clean(text: str) -> str:
    """Text a database keeps: no NUL, no half characters."""
    return text if text.isascii() and "\0" not in text else text.replace("\0", "␀").encode("utf-8", "replace").decode()


def row_of_posting(batch: Batch, root: str, posting: Posting, occurred: int, sign: int) -> bytes:
    """A posting, or its reversal, as a row; `occurred` is the posting's in microseconds."""
    return rows.posting_row(
        batch.id, batch.next_id(), root.encode(), sign, occurred, batch.accounting_date(posting.occurred), encode(posting),
    )  # fmt: skip
