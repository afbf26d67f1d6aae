"""The state of the ledger, now or as it was known at a moment: open items, cases, accounts, counts, hash."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import Any

import msgspec

from tieout.core.account import Posting
from tieout.core.evaluate import EXCEPTIONS, Item, State, evaluate
from tieout.core.residual import view
from tieout.core.values import EXACT, ZERO, Side, plain
from tieout.runtime.batch import Connection, Counts, standing
from tieout.runtime.configuration import Configuration, Marks
from tieout.runtime.looks import Case, all_cases, cases_from, clock, marks_of, technical_cases
from tieout.runtime.statements import decode_fact
from tieout.store.database import fetch, run


class AccountSide(msgspec.Struct):
    """One side of one account, summed: how many subjects stand open there, how much, since when, and who owes it.

    `quantity` is by unit and `value` by currency, as positive decimal strings: the side says the sign. `overdue` counts the subjects that are
    exceptions, `pending` those still in time, `unknowable` those whose feed has not reported that far.
    """

    code: str
    account: str
    flow: str
    side: str
    meaning: str
    subjects: int
    quantity: dict[str, str]
    value: dict[str, str]
    overdue: int
    pending: int
    unknowable: int
    oldest: datetime | None
    owed_by: str
    team: str
    observed: bool


class Ledger:
    """A reading of the ledger. Everything it says comes from one cut: the newest, or the last commit before `as_of`."""

    def __init__(self, connection: Connection, configuration: Configuration, wall: datetime, as_of: datetime | None = None) -> None:
        self.connection = connection
        self.configuration = configuration
        self.as_of = as_of
        ((version,),) = fetch(connection, "reference_version")
        if version != configuration.reference_version:
            configuration.set_reference([decode_fact(body) for (body,) in fetch(connection, "references")], version)
        if as_of is None:
            self.cut: int | None = None
            self.marks = marks_of(connection, configuration)
        else:
            self.cut = int(fetch(connection, "cut_at", as_of)[0][0])
            self.marks = Marks(configuration, dict(fetch(connection, "marks_until", self.cut)))
        self.now = clock(configuration, self.marks, as_of or wall)

    def book(self, roots: Iterable[str]) -> dict[str, list[Posting]]:
        """The standing postings of some roots."""
        if self.cut is None:
            return standing(fetch(self.connection, "postings_of", sorted(roots)))
        return standing(fetch(self.connection, "postings_of_until", sorted(roots), self.cut))

    @cached_property
    def _all_postings(self) -> dict[str, list[Posting]]:
        return standing(fetch(self.connection, "postings_until", self.cut))

    @cached_property
    def items(self) -> list[Item]:
        """All open items, by root, account and key."""
        if self.cut is None:
            roots = [root for (root,) in fetch(self.connection, "open_roots")]
            found: Mapping[str, list[Posting]] = self.book(roots)
        else:
            found = self._all_postings
        return [item for root in sorted(found) for item in self.evaluate(root, found[root])]

    def evaluate(self, root: str, postings: Iterable[Posting]) -> list[Item]:
        """The open items of one root."""
        configuration = self.configuration
        return evaluate(view(root, postings), configuration.accounts, configuration.policy, self.marks, self.now)

    @cached_property
    def cases(self) -> list[Case]:
        """The open cases, due soonest first."""
        if self.cut is None:
            return all_cases(self.connection)
        made = cases_from(self.items, self.configuration) + technical_cases(self.connection, self.cut)
        return sorted(made, key=lambda c: (c.due, c.case))

    def quarantined(self) -> list[tuple[Any, ...]]:
        """Statements that could not be read: (id, system, origin, line, byte, place, rule, reason, next step, since, message)."""
        return fetch(self.connection, "quarantined") if self.cut is None else fetch(self.connection, "quarantined_until", self.cut, self.cut)

    def waiting(self) -> list[tuple[Any, ...]]:
        """Lines that wait for a document: (identity, line, what it waits for, reason, system, since)."""
        return fetch(self.connection, "all_waiting") if self.cut is None else fetch(self.connection, "waiting_until", self.cut, self.cut)

    def first_cases(self, limit: int) -> tuple[list[Case], int]:
        """The open cases that are due first, and how many there are in all; only for the present."""
        return all_cases(self.connection, limit), int(fetch(self.connection, "count_open_cases")[0][0])

    @cached_property
    def accounts(self) -> list[AccountSide]:
        """Every account and side that a connected system feeds or that anything stands on."""
        by_side: dict[tuple[str, Side], list[Item]] = {}
        for item in self.items:
            by_side.setdefault((item.account, item.side), []).append(item)
        made = []
        for code, account in self.configuration.accounts.items():
            for side in Side:
                found = by_side.get((code, side), [])
                observed = self.marks.observed(account, side)
                if found or observed:
                    made.append(self._side(code, side, found, observed=observed))
        return made

    def _side(self, code: str, side: Side, items: list[Item], *, observed: bool) -> AccountSide:
        account = self.configuration.accounts[code]
        quantity: dict[str, Decimal] = {}
        value: dict[str, Decimal] = {}
        states: dict[str, State] = {}
        for item in items:
            if item.quantity:
                quantity[item.unit] = EXACT.add(quantity.get(item.unit, ZERO), abs(item.quantity))
            worth = EXACT.add(item.value or ZERO, item.price)
            if worth:
                value[item.currency] = EXACT.add(value.get(item.currency, ZERO), abs(worth))
            if states.get(item.subject) not in EXCEPTIONS:
                states[item.subject] = item.state
        expectation = account.expectation(side)
        counted = list(states.values())
        return AccountSide(
            code, account.name, account.flow, side.value, expectation.meaning, len(states),
            {unit: plain(n) for unit, n in sorted(quantity.items())},
            {currency: plain(n) for currency, n in sorted(value.items())},
            sum(s in EXCEPTIONS for s in counted), counted.count(State.PENDING), counted.count(State.UNKNOWABLE),
            min((i.since for i in items), default=None), expectation.owed_by.value, expectation.team, observed,
        )  # fmt: skip

    @cached_property
    def counts(self) -> tuple[Counts, int]:
        """The counts of statements (rule 29), and the commit number they stand at."""
        until = self.cut if self.cut is not None else 2**62
        *numbers, seq = fetch(self.connection, "totals_until", until)[0]
        return Counts(*map(int, numbers)), int(seq)

    def figures(self) -> tuple[str, int, int]:
        """(ledger hash, subjects, roots) at the cut; worked out once per commit, then remembered.

        Rule 30 hashes the sorted whole, so there is no part to go on from: this is a pass over all postings.
        """
        return self._figures

    @cached_property
    def _figures(self) -> tuple[str, int, int]:
        _, seq = self.counts
        known = fetch(self.connection, "meta", "figures")
        if known and known[0][0].startswith(f"{seq} "):
            _, hash_, subjects, roots = known[0][0].split(" ")
            return hash_, int(subjects), int(roots)
        ((hash_,),) = fetch(self.connection, "ledger_hash", seq)
        ((subjects, roots),) = fetch(self.connection, "count_subjects", seq)
        if self.cut is None:
            run(self.connection, "set_meta", "figures", f"{seq} {hash_} {subjects} {roots}")
        return hash_, int(subjects), int(roots)

    def status(self) -> dict[str, object]:
        """The figures of `tieout status --json`; `posted` includes what had no effect and what was superseded."""
        counts, seq = self.counts
        hash_, subjects, roots = self.figures()
        return {
            "received": counts.received,
            "posted": counts.posted + counts.without_effect + counts.superseded,
            "waiting": counts.waiting,
            "quarantined": counts.quarantined,
            "duplicate": counts.duplicate,
            "facts": counts.facts,
            "subjects": subjects,
            "roots": roots,
            "open_cases": len(self.cases),
            "ledger_hash": hash_,
            "counts": {
                "received": counts.received,
                "posted": counts.posted,
                "without_effect": counts.without_effect,
                "superseded": counts.superseded,
                "waiting": counts.waiting,
                "quarantined": counts.quarantined,
                "duplicate": counts.duplicate,
            },
            "messages": counts.messages,
            "messages_repeated": counts.repeated,
            "facts_by_type": self._facts_by_type(),
            "feeds": {name: mark.isoformat() for name, mark in sorted(self.marks.by_system.items())},
            "commit": seq,
            "as_of": self.now.isoformat(),
        }

    def _facts_by_type(self) -> dict[str, int]:
        found = fetch(self.connection, "facts_by_kind") if self.cut is None else fetch(self.connection, "facts_by_kind_until", self.cut)
        return dict(found)

    def shares(self) -> dict[str, int]:
        """How many subjects are tied out, still in time, and exceptions; of subjects on observed accounts."""
        _, subjects, _ = self.figures()
        observed = [i for i in self.items if i.state not in (State.UNOBSERVED, State.TOLERATED, State.WRITTEN_OFF)]
        bad = {i.subject for i in observed if i.state in EXCEPTIONS or i.state in (State.UNDER, State.BLOCKED)}
        waiting = {i.subject for i in observed} - bad
        return {
            "subjects": subjects,
            "tied_out": max(subjects - len(bad) - len(waiting), 0),
            "in_time": len(waiting),
            "exceptions": len(bad),
        }
