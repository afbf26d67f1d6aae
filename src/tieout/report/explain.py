"""Explain: the T-accounts of a subject, debits left, credits right, every line with its source down to file, line and byte."""

import json
from datetime import datetime

import msgspec

from tieout.core.account import Entry, entries
from tieout.core.correlate import ROOT_TYPES
from tieout.core.evaluate import Item
from tieout.core.residual import view
from tieout.core.values import Side
from tieout.errors import OperatorError
from tieout.report.state import Ledger
from tieout.store.database import fetch
from tieout.store.sql import sql

RELATED_MAX = 50


class Source(msgspec.Struct, frozen=True):
    """Where a statement was read: the message, its file, line and byte, and the place inside it."""

    system: str
    message: int
    origin: str
    line: int
    byte: int
    place: str

    def __str__(self) -> str:
        return f"{self.origin}, {self.place}" if self.place else f"{self.origin}, line {self.line}, byte {self.byte}"


class EntryLine(msgspec.Struct, frozen=True):
    """One debit or credit, and what said it."""

    entry: Entry
    source: Source | None


class TAccount(msgspec.Struct, frozen=True):
    """One account of one subject; `items` are its residuals (none when it is tied out)."""

    code: str
    name: str
    key: str
    debits: tuple[EntryLine, ...]
    credits: tuple[EntryLine, ...]
    items: tuple[Item, ...]


class Explanation(msgspec.Struct, frozen=True):
    """All that is known of a subject: its names, dimensions, T-accounts, the documents on it and related subjects."""

    subject: str
    names: tuple[str, ...]
    notes: dict[str, str]
    accounts: tuple[TAccount, ...]
    related: tuple[str, ...]
    documents: dict[str, Source]


def find(ledger: Ledger, text: str) -> tuple[str, str]:
    """(root, key) of what a person typed: `system/type/number`, `…#key`, or a bare number.

    Raises OperatorError when nothing or more than one subject answers to it.
    """
    whole = _find(ledger, text)
    if whole:
        return _one(text, whole), ""
    name, _, key = text.rpartition("#")
    roots = _find(ledger, name) if name else set()
    if not roots:
        raise OperatorError(f"Nothing is known of {text!r}.", "Name it as `system/type/number`; `tieout cases` lists subjects.")
    return _one(text, roots), key


def _one(text: str, roots: set[str]) -> str:
    if len(roots) > 1:
        raise OperatorError(f"{text!r} may be {', '.join(sorted(roots))}.", "Name one of them.")
    return min(roots)


def _find(ledger: Ledger, name: str) -> set[str]:
    """The roots that a reference or a bare number names; numbers may contain `#`, so the whole text is tried first."""
    wanted = {name, name.upper(), _upper_number(name)}
    if name.count("/") < 2:
        number = name.upper()
        wanted = {f"{s}/{t}/{number}" for s in (*ledger.configuration.systems, "*") for t in ROOT_TYPES}
    return {root for _, root in fetch(ledger.connection, "aliases", sorted(wanted))}


def _upper_number(name: str) -> str:
    parts = name.split("/", 2)
    return "/".join([*parts[:2], parts[2].upper()]) if len(parts) == 3 else name


def explain(ledger: Ledger, text: str) -> Explanation:
    """Explain a subject. Raises OperatorError when it is not known."""
    root, key = find(ledger, text)
    postings = ledger.book([root]).get(root, [])
    found = view(root, postings)
    items = ledger.evaluate(root, postings)
    stated = {e.identity for p in postings for e in entries(p)} | {p.identity for p in postings}
    sources, bodies = _sources(ledger, stated)
    made = []
    for (code, pair_key), pair in sorted(found.by_pair.items()):
        if key and pair_key != key:
            continue
        lines = [EntryLine(e, sources.get((e.identity, e.revision))) for e in sorted(pair, key=_when)]
        mine = tuple(i for i in items if i.account == code and i.key == pair_key)
        made.append(
            TAccount(
                code, ledger.configuration.accounts[code].name, pair_key,
                tuple(line for line in lines if line.entry.side is Side.DEBIT),
                tuple(line for line in lines if line.entry.side is Side.CREDIT), mine,
            )
        )  # fmt: skip
    order = list(ledger.configuration.accounts)
    made.sort(key=lambda t: (order.index(t.code), t.key))
    names = [r for (r,) in ledger.connection.execute(sql("other_names").encode(), {"refs": [root]}).fetchall()]
    return Explanation(
        root, tuple(n for n in names if n != root), found.notes, tuple(made), _related(root, bodies, set(names)),
        {identity: source for (identity, _), source in sorted(sources.items())},
    )  # fmt: skip


def _when(entry: Entry) -> tuple[datetime, str]:
    return entry.occurred, entry.identity


def _sources(ledger: Ledger, identities: set[str]) -> tuple[dict[tuple[str, str], Source], list[dict[str, object]]]:
    sources: dict[tuple[str, str], Source] = {}
    bodies = []
    for identity, revision, _, _, _, place, body, message, origin, line, byte, system, _ in fetch(
        ledger.connection, "sources", sorted(identities)
    ):
        shown = "@arrival" if revision.startswith("a") else revision
        sources[identity, shown] = Source(system, message, origin, line, byte, place)
        bodies.append(json.loads(body))
    return sources, bodies


def _related(root: str, bodies: list[dict[str, object]], names: set[str]) -> tuple[str, ...]:
    """Other subjects that the same documents speak of: invoices, parcels, other orders."""
    found: set[str] = set()
    for body in bodies:
        own = f"{body['system']}/{body['type']}/{body['number']}"
        if body["type"] in ROOT_TYPES:
            found.add(own)
        found.update(f"*/parcel/{n}" for n in body.get("parcels", []))  # type: ignore[attr-defined]
        found.update(line["subject"] for line in body.get("lines", []))  # type: ignore[attr-defined]
        found.update(r for pair in body.get("relates", []) for r in pair)  # type: ignore[attr-defined]
    return tuple(sorted(found - names - {root}))[:RELATED_MAX]
