"""What people do with exceptions that leaves the ledger alone: assign, acknowledge, snooze, tag, prioritise, and undo.

Each act is a pure function of the row as it stands; it either gives the row as it is to be, or says why it does not apply. Every
act takes ids with the versions that were seen, gives an outcome per item, and is kept in the history with what stood before.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec

from tieout.cases import notices
from tieout.cases.item import CHANGED, DONE, NOT_ELIGIBLE, Locked, Outcome, Target
from tieout.errors import OperatorError
from tieout.people import audit
from tieout.people.accounts import account
from tieout.people.person import Person, Right
from tieout.policy.work import Work
from tieout.runtime.batch import Connection
from tieout.store.database import fetch, fetch_by

TAGS_MAX = 20
TAG_MAX = 40
TARGETS_MAX = 1000
SNOOZE_MAX = timedelta(days=180)
KINDS = ("time", "more", "value", "system", "version")
UNDO_WITHIN = timedelta(minutes=10)
FIELDS = tuple(name for name in Locked.__struct_fields__ if name in (
    "state", "person", "team", "assigned_by", "priority", "acknowledged", "acknowledged_by", "snooze", "snooze_until", "snoozed_by", "tags",
    "next_step", "step", "progress", "progress_at", "progress_by", "progress_key", "progress_note",
))  # fmt: skip
"""What people change of a row."""

Change = Callable[[Locked], Locked | str]
"""The row as it is to be, or why it stays."""


class Done(NamedTuple):
    """An event to be written: of which row, and what it says."""

    row: Locked
    after: Locked
    detail: dict[str, Any]


def assign(
    connection: Connection,
    person: Person,
    targets: Sequence[Target],
    now: datetime,
    work: Work,
    *,
    to: str | None = None,
    team: str | None = None,
    dry: bool = False,
) -> list[Outcome]:
    """Give exceptions to a person (empty: to nobody) or a team. Whoever gets one is told, and is to acknowledge it in time."""
    whom = None if to is None else _somebody(connection, to)
    if team and work.table.teams and team not in work.table.teams:
        raise OperatorError(f"There is no team {team!r}.", f"There are: {', '.join(sorted(work.table.teams))}.")

    def change(row: Locked) -> Locked | str:
        if whom is not None and not whom.scopes.sees(team=team or row.team, channel=row.channel, warehouse=row.warehouse):
            return f"{whom.login} may not see it"
        if (to if to is not None else row.person, team or row.team) == (row.person, row.team):
            return "it is theirs already"
        steps = work.table.chains.get(row.chain, ())
        return msgspec.structs.replace(
            row, person=row.person if to is None else to, team=team or row.team, assigned_by=person.login, state=_begun(row.state), acknowledged=None,
            acknowledged_by="", step=0, next_step=now + timedelta(minutes=steps[0].after_minutes) if steps else None,
        )  # fmt: skip

    return perform(connection, person, targets, "assigned", change, now, dry=dry)


def acknowledge(
    connection: Connection, person: Person, targets: Sequence[Target], now: datetime, work: Work, *, dry: bool = False
) -> list[Outcome]:
    """Say that one is at it: it does not escalate for as long as the settings allow; whose it was not is now one's own."""

    def change(row: Locked) -> Locked | str:
        if row.acknowledged is not None:
            return f"{row.acknowledged_by} has acknowledged it already"
        return msgspec.structs.replace(
            row, acknowledged=now, acknowledged_by=person.login, person=row.person or person.login,
            assigned_by=row.assigned_by or person.login, state=_begun(row.state), next_step=now + work.acknowledged_for,
        )  # fmt: skip

    return perform(connection, person, targets, "acknowledged", change, now, dry=dry)


def snooze(
    connection: Connection,
    person: Person,
    targets: Sequence[Target],
    now: datetime,
    until: "Snooze",
    *,
    than: str = "",
    right: Right = Right.WORK,
    dry: bool = False,
) -> list[Outcome]:
    """Let exceptions rest until a time, until n more of their cause, a value, a system's health or a version; at most half a year.

    `than` is the version that is live now, for a snooze until the `next`.
    """
    until.check(now)

    def change(row: Locked) -> Locked | str:
        if row.state == "snoozed":
            return "it is snoozed already"
        if until.kind == "value" and until.currency != row.currency:
            return f"its value is not in {until.currency}"
        said = {name: value for name, value in msgspec.to_builtins(until).items() if value not in ("", None)} | {"was": row.state}
        if until.kind == "more":
            said["seen"] = _seen(connection, row.cause)
        if until.kind == "version":
            said["than"] = than
        return msgspec.structs.replace(
            row, state="snoozed", snooze=said, snooze_until=until.until or now + SNOOZE_MAX, snoozed_by=person.login, next_step=None
        )

    return perform(connection, person, targets, "snoozed", change, now, {"why": until.why} if until.why else {}, right, dry=dry)


class Snooze(msgspec.Struct, frozen=True):
    """Until when: `kind` and what it needs: `until`, `more` items, a `value` in `currency`, `system`, or `system` and `version`.

    `reason` is a code and `why` a sentence; an exception that is ignored is snoozed with both, to an end.
    """

    kind: str = "time"
    until: datetime | None = None
    more: int = 0
    value: Decimal | None = None
    currency: str = ""
    system: str = ""
    version: str = ""
    reason: str = ""
    why: str = ""

    def check(self, now: datetime) -> None:
        """Raises OperatorError when it says no end."""
        needs = {
            "time": self.until is not None,
            "more": self.more > 0,
            "value": self.value is not None and bool(self.currency),
            "system": bool(self.system),
            "version": bool(self.system and self.version),
        }
        if self.kind not in KINDS or not needs[self.kind]:
            raise OperatorError(f"A snooze until {self.kind!r} does not say enough.", "Name a time, a count, a value, a system or a version.")
        if self.until is not None and not now < self.until <= now + SNOOZE_MAX:
            raise OperatorError("A snooze ends in the future, within half a year.", "Name another time.")


def wake(connection: Connection, person: Person, targets: Sequence[Target], now: datetime, *, dry: bool = False) -> list[Outcome]:
    """End a snooze."""

    def change(row: Locked) -> Locked | str:
        return "it is not snoozed" if row.state != "snoozed" else awake(row, now)

    return perform(connection, person, targets, "woken", change, now, dry=dry)


def awake(row: Locked, now: datetime) -> Locked:
    """A row that was snoozed, as it was before; its chain goes on."""
    was = (row.snooze or {}).get("was", "ongoing")
    return msgspec.structs.replace(row, state=was, snooze=None, snooze_until=None, snoozed_by="", next_step=now)


def tag(
    connection: Connection,
    person: Person,
    targets: Sequence[Target],
    now: datetime,
    *,
    add: Sequence[str] = (),
    remove: Sequence[str] = (),
    dry: bool = False,
) -> list[Outcome]:
    """Put tags to exceptions and take them off."""
    for name in (*add, *remove):
        if not 1 <= len(name.strip()) <= TAG_MAX:
            raise OperatorError(f"A tag has 1 to {TAG_MAX} characters.", "Shorten it.")

    def change(row: Locked) -> Locked | str:
        wanted = sorted({*row.tags, *(name.strip() for name in add)} - {name.strip() for name in remove})
        if len(wanted) > TAGS_MAX:
            return f"an exception has at most {TAGS_MAX} tags"
        return "its tags are so already" if wanted == sorted(row.tags) else msgspec.structs.replace(row, tags=wanted)

    return perform(connection, person, targets, "tagged", change, now, dry=dry)


def prioritise(
    connection: Connection, person: Person, targets: Sequence[Target], now: datetime, priority: int, *, dry: bool = False
) -> list[Outcome]:
    """Set the priority, 1 (most urgent) to 5."""
    if not 1 <= priority <= 5:
        raise OperatorError(f"{priority} is no priority.", "Write 1 (most urgent) to 5.")

    def change(row: Locked) -> Locked | str:
        if row.priority == priority:
            return "its priority is that already"
        return msgspec.structs.replace(row, priority=priority, assigned_by=row.assigned_by or person.login)

    return perform(connection, person, targets, "prioritised", change, now, dry=dry)


def undo(connection: Connection, person: Person, targets: Sequence[Target], now: datetime, *, dry: bool = False) -> list[Outcome]:
    """Take back one's own last change of the row, while nobody and nothing else has changed it since."""

    def change(row: Locked) -> Locked | str:
        found = fetch(connection, "last_own_event", row.id)
        if not found or found[0][2] != person.login or found[0][1] == "undone":
            return "the last change is not yours"
        said = msgspec.json.decode(found[0][3])
        if "before" not in said or said.get("version") != row.version:
            return "the last change cannot be undone"
        fields = msgspec.convert(said["before"], Before)
        return msgspec.structs.replace(row, **{name: getattr(fields, name) for name in said["before"]})

    return perform(connection, person, targets, "undone", change, now, dry=dry)


class Before(msgspec.Struct):
    """The fields of a row as they were, read back from its history."""

    state: str = ""
    person: str = ""
    team: str = ""
    assigned_by: str = ""
    priority: int = 3
    acknowledged: datetime | None = None
    acknowledged_by: str = ""
    snooze: dict[str, Any] | None = None
    snooze_until: datetime | None = None
    snoozed_by: str = ""
    tags: list[str] = []
    next_step: datetime | None = None
    step: int = 0
    progress: str = ""
    progress_at: datetime | None = None
    progress_by: str = ""
    progress_key: str = ""
    progress_note: str = ""


def perform(
    connection: Connection,
    person: Person,
    targets: Sequence[Target],
    event: str,
    change: Change,
    now: datetime,
    detail: dict[str, Any] | None = None,
    right: Right = Right.WORK,
    *,
    dry: bool = False,
) -> list[Outcome]:
    """Change rows as somebody wishes; an outcome for each, in the order asked. In one transaction with history and audit.

    `dry` only says what would come of it, for any number of them at once, and holds none.
    """
    person.need(right)
    if len(targets) > TARGETS_MAX and not dry:
        raise OperatorError(f"At most {TARGETS_MAX} exceptions are changed at once.", "Select them and run an operation.")
    with connection.transaction():
        rows = (look if dry else lock)(connection, person, targets)
        outcomes: dict[int, Outcome] = {}
        done: list[Done] = []
        for target in targets:
            row = rows.get(target.id)
            outcomes[target.id] = refused = unfit(row, target)
            if refused.outcome or row is None:
                continue
            after = change(row)
            if isinstance(after, str):
                outcomes[target.id] = Outcome(row.id, row.ref, NOT_ELIGIBLE, after, row.version)
                continue
            done.append(Done(row, after, detail or {}))
        versions = {} if dry else keep(connection, person, done, event, now)
        for one in done:
            outcomes[one.row.id] = Outcome(one.row.id, one.row.ref, DONE, "", versions.get(one.row.id, one.row.version))
    return [outcomes[target.id] for target in targets]


def lock(connection: Connection, person: Person, targets: Iterable[Target]) -> dict[int, Locked]:
    """The rows of some targets that somebody may see, held until the transaction ends."""
    found = (Locked(*row) for row in fetch(connection, "lock_work", [target.id for target in targets]))
    return {row.id: row for row in found if person.scopes.sees(team=row.team, channel=row.channel, warehouse=row.warehouse)}


def look(connection: Connection, person: Person, targets: Iterable[Target]) -> dict[int, Locked]:
    """The same rows as they are now, held by nobody: for what only says what would be."""
    found = (Locked(*row) for row in fetch(connection, "see_work", [target.id for target in targets]))
    return {row.id: row for row in found if person.scopes.sees(team=row.team, channel=row.channel, warehouse=row.warehouse)}


def unfit(row: Locked | None, target: Target) -> Outcome:
    """Why nothing is done with a row; an outcome without a word when it is fit."""
    if row is None:
        return Outcome(target.id, f"EX-{target.id}", NOT_ELIGIBLE, "there is no such exception among those you may see", 0)
    if target.version is not None and target.version != row.version:
        return Outcome(row.id, row.ref, CHANGED, f"it is at version {row.version} now, you saw {target.version}", row.version)
    if row.state == "resolved":
        return Outcome(row.id, row.ref, NOT_ELIGIBLE, "it is resolved already", row.version)
    return Outcome(row.id, row.ref, "", "", row.version)


def keep(connection: Connection, person: Person, done: Sequence[Done], event: str, now: datetime) -> dict[int, int]:
    """Write changed rows with their history, tell whom it concerns, and audit it; the new version of each."""
    if not done:
        return {}
    columns: dict[str, list[Any]] = {name: [getattr(one.after, name) for one in done] for name in FIELDS}
    for name in ("snooze", "tags"):
        columns[name] = [None if value is None else msgspec.json.encode(value).decode() for value in columns[name]]
    versions: dict[int, int] = dict(fetch_by(connection, "change_work", now=now, ids=[one.row.id for one in done], **columns))
    details = []
    for one in done:
        changed = [name for name in FIELDS if getattr(one.row, name) != getattr(one.after, name)]
        before = {name: getattr(one.row, name) for name in changed}
        after = {name: getattr(one.after, name) for name in changed}
        details.append({**one.detail, "before": before, "after": after, "version": versions[one.row.id]})
    write_events(connection, person.login, [(one.row.id, None, event, detail) for one, detail in zip(done, details, strict=True)], now)
    notices.of_changes(connection, person.login, [(one.row, one.after) for one in done], event, now)
    refs = [one.row.ref for one in done]
    audit.write(
        connection, person, event, refs[0] if len(refs) == 1 else f"{len(refs)} exceptions", {"exceptions": refs, **done[0].detail}, now
    )
    return versions


def write_events(
    connection: Connection, who: str, events: Sequence[tuple[int | None, int | None, str, dict[str, Any]]], now: datetime
) -> list[int]:
    """Write into the histories of exceptions and causes: (exception, cause, event, detail); the numbers of the events."""
    if not events:
        return []
    found = fetch_by(
        connection, "insert_work_events", now=now, works=[e[0] for e in events], causes=[e[1] for e in events], events=[e[2] for e in events],
        who=[who] * len(events), details=[msgspec.json.encode(e[3]).decode() for e in events],
    )  # fmt: skip
    return [int(id_) for (id_,) in found]


def _somebody(connection: Connection, login: str) -> Person | None:
    """Whoever exceptions are given to: somebody who may work on them. Raises OperatorError."""
    if not login:
        return None
    found = account(connection, login)
    if found.disabled is not None or not found.person.may(Right.WORK):
        raise OperatorError(f"{login} does not work on exceptions.", "Name somebody with the role analyst or engineer.")
    return found.person


def _begun(state: str) -> str:
    return state if state == "regressed" else "ongoing"


def _seen(connection: Connection, cause: int | None) -> int:
    return int(fetch(connection, "cause_seen", cause)[0][0]) if cause is not None else 0
