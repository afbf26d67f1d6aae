"""Transaction 360: all that is known of one business transaction at one moment, from one snapshot of the database. Reads only."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec

from tieout.core.account import Entry, Posting
from tieout.core.correlate import ROOT_TYPES
from tieout.core.evaluate import Item
from tieout.core.facts import ARRIVAL
from tieout.core.residual import view
from tieout.core.values import Side
from tieout.report.explain import EntryLine, Source, TAccount
from tieout.report.picture import words
from tieout.report.state import Ledger
from tieout.store.database import fetch, fetch_by

NEWEST = 2**62
RELATED_MAX = 50


class Told(msgspec.Struct, frozen=True):
    """One version of one statement. `fate` is empty while the books rest on it, else it says why they do not; `out_of_order`: it came
    after something that happened later."""

    id: int
    identity: str
    version: int
    revision: str
    kind: str
    happened: datetime
    place: str
    body: dict[str, Any]
    message: int
    contract: str
    origin: str
    line: int
    byte: int
    received: datetime
    system: str
    recorded: datetime
    hash: str
    size: int
    fate: str = ""
    out_of_order: bool = False

    @property
    def act(self) -> str:
        """`Order placed`."""
        return words(self.kind)

    @property
    def source(self) -> str:
        """File, line and byte, or the place inside a document."""
        return f"{self.origin}, {self.where}"

    @property
    def where(self) -> str:
        """The place inside the file."""
        return self.place or f"line {self.line}, byte {self.byte}"

    @property
    def file(self) -> str:
        """The file alone."""
        return self.origin.rpartition("/")[2]


class Repeat(msgspec.Struct, frozen=True):
    """A statement that said again what was known: when it came, from which system, and where it stands."""

    identity: str
    received: datetime
    system: str
    message: int
    origin: str
    line: int
    place: str


class Command(msgspec.Struct, frozen=True):
    """A command given for the transaction, with its life."""

    key: str
    act: str
    system: str
    state: str
    rule: str
    body: dict[str, Any]
    attempt: dict[str, Any]
    created: datetime
    changed: datetime
    approved_by: str
    proposed_by: str
    life: tuple[tuple[datetime, str, str, dict[str, Any]], ...] = ()


class Listed(msgspec.Struct, frozen=True):
    """An exception on the transaction, as the work lists it."""

    ref: str
    clas: str
    title: str
    summary: str
    state: str
    due: datetime
    worth: Any
    currency: str
    person: str
    team: str


class Related(msgspec.Struct, frozen=True):
    """Another subject that the same documents speak of, and what is open there."""

    root: str
    items: tuple[Item, ...]
    accounts: tuple[TAccount, ...]


class Transaction(msgspec.Struct, frozen=True):
    """Everything of one root. `now` is the moment by which deadlines are judged."""

    root: str
    names: tuple[str, ...]
    notes: dict[str, str]
    now: datetime
    told: tuple[Told, ...]
    accounts: tuple[TAccount, ...]
    items: tuple[Item, ...]
    related: tuple[Related, ...]
    commands: tuple[Command, ...]
    exceptions: tuple[Listed, ...]
    case_events: tuple[tuple[datetime, str, str, str, str], ...]
    waiting: tuple[tuple[Any, ...], ...]
    repeats: tuple[Repeat, ...] = ()


def transaction(ledger: Ledger, root: str) -> Transaction:
    """Read everything of a root, as it stood at the ledger's cut."""
    connection, until = ledger.connection, ledger.as_of
    cut = NEWEST if ledger.cut is None else ledger.cut
    names = tuple(ref for (ref,) in fetch_by(connection, "names_of_subject", root=root) if ref != root)
    postings = ledger.book([root]).get(root, [])
    items = tuple(ledger.evaluate(root, postings))
    standing = {(posting.identity, posting.revision) for posting in postings}
    identities = {posting.identity for posting in postings} | {i for (i,) in fetch(connection, "identities_posted", root, cut)}
    told = _told(connection, identities, standing, cut)
    accounts, notes = _accounts(ledger, root, postings, items, told)
    subjects = [root, *names]
    return Transaction(
        root, names, notes, ledger.now, told, accounts, items, _related(ledger, root, names, told), _commands(connection, subjects, until),
        () if until else tuple(Listed(*row) for row in fetch(connection, "work_of_root", subjects)),
        tuple(event for event in fetch(connection, "case_events_of", root) if until is None or event[0] <= until),
        () if until else tuple(fetch(connection, "waiting_on_names", subjects)),
        tuple(Repeat(*row) for row in fetch(connection, "repeats_told", sorted(identities), cut)),
    )  # fmt: skip


def _told(connection: Any, identities: Iterable[str], standing: set[tuple[str, str]], cut: int) -> tuple[Told, ...]:
    """All versions of some statements, by when they happened, each with what became of it."""
    rows = [_version(row) for row in fetch(connection, "statements_told", sorted(identities), cut)]
    newest = {row.identity: row.version for row in rows}
    made: list[Told] = []
    latest: datetime | None = None
    for row in sorted(rows, key=lambda r: (r.recorded, r.id)):
        stands = (row.identity, shown_revision(row.revision)) in standing or (row.identity, row.revision) in standing
        fate = "" if stands else f"superseded by version {newest[row.identity]}" if row.version < newest[row.identity] else "posts nothing"
        made.append(msgspec.structs.replace(row, fate=fate, out_of_order=latest is not None and row.happened < latest))
        latest = max(latest or row.happened, row.happened)
    return tuple(sorted(made, key=lambda r: (r.happened, r.recorded, r.id)))


def _version(row: tuple[Any, ...]) -> Told:
    values: list[Any] = [*row[:7], json.loads(row[7]), *row[8:]]
    return Told(*values)


def shown_revision(revision: str) -> str:
    """The revision as postings name it: one that came by arrival alone has no key of its own."""
    return ARRIVAL if revision.startswith("a") else revision


def _accounts(
    ledger: Ledger, root: str, postings: Sequence[Posting], items: Sequence[Item], told: Sequence[Told]
) -> tuple[tuple[TAccount, ...], dict[str, str]]:  # fmt: skip
    """The T-accounts in the order of the flows, each line with where it was read, and the dimensions."""
    found, order = view(root, postings), list(ledger.configuration.accounts)
    sources = {
        (t.identity, shown_revision(t.revision)): Source(t.system, t.message, t.origin, t.line, t.byte, t.place) for t in told
    }  # fmt: skip
    made = []
    for code, key in sorted(found.by_pair, key=lambda pair: (order.index(pair[0]), pair[1])):
        lines = [EntryLine(e, sources.get((e.identity, e.revision))) for e in sorted(found.by_pair[code, key], key=_when)]
        debits, credits_ = (tuple(line for line in lines if line.entry.side is side) for side in Side)
        mine = tuple(item for item in items if item.account == code and item.key == key)
        made.append(TAccount(code, ledger.configuration.accounts[code].name, key, debits, credits_, mine))
    return tuple(made), found.notes


def _when(entry: Entry) -> tuple[datetime, str]:
    return entry.occurred, entry.identity


def _related(ledger: Ledger, root: str, names: Sequence[str], told: Sequence[Told]) -> tuple[Related, ...]:
    """Subjects that the same documents speak of: invoices, parcels, other orders; what was posted and what is open there."""
    roots = dict(fetch(ledger.connection, "aliases", sorted(_spoken_of(told) - {root, *names})[:RELATED_MAX]))
    wanted = sorted({found for found in roots.values() if found != root})
    books = ledger.book(wanted)
    made = []
    for one in wanted:
        postings = books.get(one, [])
        items = tuple(ledger.evaluate(one, postings))
        made.append(Related(one, items, _accounts(ledger, one, postings, items, ())[0]))
    return tuple(made)


def _spoken_of(told: Iterable[Told]) -> set[str]:
    found: set[str] = set()
    for one in told:
        body = one.body
        if body["type"] in ROOT_TYPES:
            found.add(f"{body['system']}/{body['type']}/{body['number']}")
        found.update(f"*/parcel/{number}" for number in body.get("parcels", []))
        found.update(line["subject"] for line in body.get("lines", []))
        found.update(ref for pair in body.get("relates", []) for ref in pair)
    return found


def _commands(connection: Any, subjects: Sequence[str], until: datetime | None) -> tuple[Command, ...]:
    life: dict[str, list[tuple[datetime, str, str, dict[str, Any]]]] = {}
    for key, at, event, who, detail in fetch(connection, "command_events_of", subjects):
        if until is None or at <= until:
            life.setdefault(key, []).append((at, event, who, json.loads(detail)))
    rows = [row for row in fetch(connection, "commands_told", subjects) if until is None or row[7] <= until]
    return tuple(_command(row, life.get(row[0], ())) for row in rows)


def _command(row: tuple[Any, ...], life: Iterable[tuple[datetime, str, str, dict[str, Any]]]) -> Command:
    values: list[Any] = [*row[:5], json.loads(row[5]), json.loads(row[6]), *row[7:], tuple(life)]
    return Command(*values)
