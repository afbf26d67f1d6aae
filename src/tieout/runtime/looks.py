"""Looks: when a deadline has passed on the feed that owes it, look at the root, and open, change or close its cases."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec

from tieout.core.account import Posting
from tieout.core.evaluate import EXCEPTIONS, Item, evaluate
from tieout.core.residual import View, view
from tieout.core.values import EXACT, ZERO, plain
from tieout.runtime import agenda
from tieout.runtime.batch import Batch, Connection, encode
from tieout.runtime.chain import close
from tieout.runtime.configuration import Configuration, Marks
from tieout.store.database import fetch, run

ROOTS_AT_ONCE = 2000
QUARANTINE = "quarantine seen"
"""The row of `meta` that says which list of unread statements the cases were last made from."""
REFUSED_FILES = "refused files"
"""The row of `meta` that says which changed files a process at work does not take."""


class RefusedFiles(msgspec.Struct, frozen=True):
    """Changed files of a project that a process at work does not take: the project's folder with its host, since when, and why."""

    where: str
    since: datetime
    why: str


class Seen(NamedTuple):
    """A root as it stands: its postings, their view, and all open items."""

    book: list[Posting]
    found: View
    items: list[Item]


class Case(msgspec.Struct):
    """An exception somebody has to look at (rule 22): one account, side and subject, for ever.

    `quantity` is by unit, `value` by currency, both with the sign of the residual; `worth` sums the absolute values and
    only orders cases, it is no amount of money. `state` is `open`, `write-off lapsed` or `closed`.
    """

    case: str
    code: str
    account: str
    side: str
    root: str
    key: str
    quantity: dict[str, str]
    value: dict[str, str]
    worth: Decimal
    since: datetime
    due: datetime
    owed_by: str
    team: str
    state: str
    hint: str
    notes: dict[str, str] = {}
    opened: datetime | None = None
    episodes: int = 1

    @property
    def subject(self) -> str:
        """`root` or `root#key`."""
        return f"{self.root}#{self.key}" if self.key else self.root


def clock(configuration: Configuration, marks: Marks, wall: datetime) -> datetime:
    """The time by which deadlines are judged: the wall's, or in shadow mode the newest any feed has reported."""
    if configuration.clock == "wall":
        return wall
    return max(marks.by_system.values(), default=wall)


def marks_of(connection: Connection, configuration: Configuration) -> Marks:
    """The watermarks as stored."""
    known = {system: mark for system, mark, _, _ in fetch(connection, "feeds") if mark.year > 1}
    return Marks(configuration, known)


def look(batch: Batch, roots: Sequence[str], marks: Marks, now: datetime) -> dict[str, Seen]:
    """Evaluate some roots as they stand in this transaction."""
    configuration = batch.configuration
    standing = batch.effective(roots)
    made: dict[str, Seen] = {}
    for root in roots:
        book = standing.get(root, [])
        found = view(root, book)
        made[root] = Seen(book, found, evaluate(found, configuration.accounts, configuration.policy, marks, now))
    return made


def cases_from(items: Iterable[Item], configuration: Configuration) -> list[Case]:
    """The exceptions among open items, those of one account, side and subject as one case."""
    made: dict[str, Case] = {}
    for item in items:
        if item.state not in EXCEPTIONS:
            continue
        name = f"{item.account}{'+' if item.side.value == 'debit' else '-'} {item.subject}"
        case = made.get(name)
        if case is None:
            account = configuration.accounts[item.account]
            case = made[name] = Case(
                name, item.account, account.name, item.side.value, item.root, item.key, {}, {}, ZERO, item.since,
                item.due, item.expectation.owed_by.value, item.expectation.team, item.state.value, item.hint, item.notes,
            )  # fmt: skip
        if item.quantity:
            case.quantity[item.unit] = plain(item.quantity)
        worth = EXACT.add(item.value or ZERO, item.price)
        if worth:
            case.value[item.currency] = plain(worth)
        case.worth = EXACT.add(case.worth, item.amount)
        case.since, case.due = min(case.since, item.since), min(case.due, item.due)
        case.hint = case.hint or item.hint
    return list(made.values())


def reevaluate(batch: Batch) -> dict[str, Seen]:
    """Roots with open cases that this batch has touched: their cases change or close in the same transaction. What was seen."""
    roots = sorted(ref for ref, s in batch.subjects.items() if s.touched and s.cases)
    if not roots:
        return {}
    marks = marks_of(batch.connection, batch.configuration)
    seen = look(batch, roots, marks, clock(batch.configuration, marks, batch.now))
    _refresh(batch, seen, marks, clock(batch.configuration, marks, batch.now))
    return seen


def tick(connection: Connection, configuration: Configuration, now: datetime, *, everything: bool = False) -> int:
    """Look at every root whose planned moment its feed has passed (or at all open ones); how many were looked at.

    One at a time: a second one waits, and finds what the first has seen. Where a case changed, the root is decided about again: what
    may be commanded only once it is overdue becomes so when a feed has reported that far, and no statement need come.
    """
    with connection.transaction():
        fetch(connection, "look_alone")
        batch = Batch(connection, configuration, now, "tick", alone=False)
        marks = marks_of(connection, configuration)
        at = clock(configuration, marks, now)
        due = {} if everything else agenda.due(connection, marks, at)
        roots = sorted(ref for (ref,) in fetch(connection, "open_roots")) if everything else sorted(due)
        changed = False
        for start in range(0, len(roots), ROOTS_AT_ONCE):
            part = roots[start : start + ROOTS_AT_ONCE]
            batch.subjects.clear()
            batch.load_subjects(part)
            wanted = part if everything else agenda.needed(batch, {root: due[root] for root in part})
            moved = _refresh(batch, look(batch, wanted, marks, at), marks, at)
            if moved and configuration.driving is not None:
                run(connection, "consider", sorted(moved), [now] * len(moved))
            changed |= bool(moved)
        changed |= bool(_technical(batch, marks, at))
        if changed:
            close(batch)
    return len(roots)


def look_at(connection: Connection, configuration: Configuration, roots: Sequence[str], now: datetime) -> None:
    """Look at some roots at once, whatever was planned: a decision about them was made or taken back."""
    with connection.transaction():
        fetch(connection, "look_alone")
        batch = Batch(connection, configuration, now, "look", alone=False)
        marks = marks_of(connection, configuration)
        at = clock(configuration, marks, now)
        batch.load_subjects(roots)
        present = sorted({batch.subjects[root].alias or root for root in roots if root in batch.subjects})
        if present and _refresh(batch, look(batch, present, marks, at), marks, at):
            close(batch)


def _refresh(batch: Batch, seen: Mapping[str, Seen], marks: Marks, now: datetime) -> set[str]:
    """Plan the next looks at roots as they were seen; write what changed of their cases. The roots where anything did."""
    cases = {root: cases_from(one.items, batch.configuration) for root, one in seen.items()}
    agenda.replan(batch, {root: one.items for root, one in seen.items()}, marks, now)
    known = {case: rest for case, *rest in fetch(batch.connection, "cases_of_roots", list(seen))}
    wanted = {case.case: case for found in cases.values() for case in found}
    changed = _write(batch, wanted, known, now)
    counts = {root: len(found) for root, found in cases.items() if len(found) != batch.subjects[root].cases}
    if counts:
        run(batch.connection, "set_case_counts", list(counts), list(counts.values()))
    return changed


def _write(batch: Batch, wanted: dict[str, Case], known: dict[str, list[Any]], now: datetime) -> set[str]:
    """Open, change and close cases; every such step is also an event for ever. What they are about."""
    opened: list[Case] = []
    events: list[tuple[int, str, str, str, str]] = []
    for name, case in wanted.items():
        quantity, value = encode(case.quantity).decode(), encode(case.value).decode()
        old = known.get(name)
        if old is None or old[3] == "closed":
            event = "opened" if old is None else "reopened"
        elif [old[1], old[2], old[3], old[5], old[4], old[9]] != [
            quantity, value, case.state, case.hint, case.due, case.since,
        ]:  # fmt: skip
            event = "changed"
        else:
            continue
        opened.append(case)
        events.append((batch.next_id(), name, event, quantity, value))
    gone = [name for name, old in known.items() if name not in wanted and old[3] != "closed"]
    events += [(batch.next_id(), name, "closed", "{}", "{}") for name in gone]
    if opened:
        run(batch.connection, "insert_cases", *_columns(opened, now))
    if gone:
        run(batch.connection, "close_cases", now, gone)
    if events:
        run(batch.connection, "insert_case_events", batch.id, now, *map(list, zip(*events, strict=True)))
    return {case.root for case in opened} | {known[name][0] for name in gone}


def _columns(cases: Sequence[Case], now: datetime) -> list[list[object]]:
    made = [
        (c.case, c.code, c.account, c.side, c.root, c.key, encode(c.quantity).decode(), encode(c.value).decode(),
         c.worth, c.since, c.due, c.owed_by, c.team, c.state, c.hint, encode(c.notes).decode(), now)
        for c in cases
    ]  # fmt: skip
    return [list(column) for column in zip(*made, strict=True)]


def _technical(batch: Batch, marks: Marks, now: datetime) -> set[str]:
    """Cases that are no balance: quarantine, conflicts, lines that wait too long, references used too often, silent feeds, files refused."""
    connection, configuration = batch.connection, batch.configuration
    wanted: dict[str, Case] = {}

    def add(code: str, subject: str, since: datetime, owed_by: str, hint: str) -> None:
        name = f"{code} {subject}"
        wanted[name] = Case(name, code, "", "", subject, "", {}, {}, ZERO, since, since, owed_by, "integration", "open", hint)

    ((stamp,),) = fetch(connection, "quarantine_stamp")
    moved = fetch(connection, "meta", QUARANTINE) != [(stamp,)]
    unread = fetch(connection, "quarantine_differs") if moved else []
    for case, place, since, system, reason, *_ in unread:
        if case is not None:
            add("QUA", place, since, system, reason)
    for identity, versions, since in fetch(connection, "all_conflicts"):
        add("CNF", identity, since, identity.split("/")[0], f"{versions} contents under one revision")
    overdue = fetch(connection, "overdue_waiting", now - configuration.waiting)
    for identity, on, reason, system, since in overdue:
        add("WAI", identity, since, system, f"{on}: {reason}")
    for ref, links in fetch(connection, "all_overloads"):
        add("REF", ref, now, ref.split("/")[0], f"{links} links under one reference: none is followed")
    for system, mark in marks.by_system.items():
        quiet = configuration.quiet.get(system)
        reference = now if configuration.clock == "feeds" else max(now, mark)
        if quiet is not None and (reference - mark).total_seconds() > quiet * 3600:
            add("FED", system, mark, system, f"no statement since {mark.isoformat()}")
    for (text,) in fetch(connection, "meta", REFUSED_FILES):
        refused = msgspec.json.decode(text, type=RefusedFiles)
        add("SET", refused.where, refused.since, "us", refused.why[:300])
    known = {
        case: [root, *rest]
        for case, root, *rest in fetch(connection, "technical_cases")
    }  # fmt: skip
    known |= {row[5]: list(row[6:]) for row in unread if row[5] is not None}
    if moved:
        run(connection, "set_meta", QUARANTINE, stamp)
    for name, case in wanted.items():
        old = known.get(name)
        if old is not None and old[3] != "closed" and case.code == "REF":
            case.since = case.due = old[9]
    return _write(batch, wanted, known, now)


def all_cases(connection: Connection, limit: int | None = None) -> list[Case]:
    """The open cases, due soonest first; all, or the first so many."""
    return _cases(fetch(connection, "open_cases", limit))


def technical_cases(connection: Connection, cut: int) -> list[Case]:
    """The cases that are no balance and were open as of a commit, due soonest first."""
    return _cases(fetch(connection, "technical_cases_until", cut))


def _cases(rows: Iterable[tuple[Any, ...]]) -> list[Case]:
    return [
        Case(
            case, code, account, side, root, key, msgspec.json.decode(quantity), msgspec.json.decode(value), worth,
            since, due, owed_by, team, state, hint, msgspec.json.decode(notes), opened, episodes,
        )
        for case, code, account, side, root, key, quantity, value, worth, since, due, owed_by, team, state, hint,
        notes, opened, episodes in rows
    ]  # fmt: skip
