"""Replaying messages of a system: what it would come to, tried and taken back; then an operation that reads them again, portion by portion."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Literal

import msgspec

from tieout.errors import Forbidden, OperatorError
from tieout.people import audit
from tieout.people.person import Person, Right
from tieout.runtime.batch import Connection, Counts
from tieout.runtime.configuration import Configuration
from tieout.runtime.intake import mapping_hash, read_again
from tieout.store.database import fetch, fetch_by, run, run_by

ACTION = "replay messages"
MESSAGES_MAX = 100_000
TRIED_MAX = 500
"""How many messages a dry run reads: while it does, others wait for what it holds."""
AT_ONCE = 100
RATES = (600, 6_000, 60_000)
"""Messages a minute, at most."""
KEY_MIN = 8


class Wanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which messages: of a `system`, received from `since` until before `until`; those that could not be read, or all; or those of a
    `selection` of exceptions. At most `rate` a minute."""

    system: str
    since: datetime | None = None
    until: datetime | None = None
    which: Literal["unread", "all"] = "unread"
    selection: str = ""
    rate: int = RATES[1]


class Plan(msgspec.Struct, frozen=True):
    """What a replay would do. The counts of statements are of the first `tried` messages: `duplicates` say what is known and are dropped,
    `changed` take the place of what was said before, `unread` can still not be read."""

    wanted: Wanted
    many: int
    first: datetime | None
    last: datetime | None
    mapping: str
    mappings: dict[str, int]
    tried: int
    statements: int
    duplicates: int
    changed: int
    unread: int
    minutes: float


class _Back(Exception):
    """Ends the transaction of a dry run."""


def plan(connection: Connection, configuration: Configuration, person: Person, wanted: Wanted, now: datetime) -> Plan:
    """What a replay would come to; nothing of it stays. Raises OperatorError, Forbidden."""
    _check(configuration, person, wanted)
    found = _messages(connection, person, wanted)
    ids = [id_ for id_, *_ in found]
    counts, unread = _tried(connection, configuration, ids[:TRIED_MAX])
    mappings: dict[str, int] = {}
    for _, _, mapping, _ in found:
        mappings[mapping] = mappings.get(mapping, 0) + 1
    times = [received for _, received, *_ in found]
    statements = sum(many for *_, many in found[:TRIED_MAX])
    return Plan(
        wanted, len(ids), min(times, default=None), max(times, default=None), mapping_hash(configuration.systems[wanted.system]),
        dict(sorted(mappings.items(), key=lambda pair: -pair[1])), min(len(ids), TRIED_MAX), statements, max(0, statements - counts.facts - unread),
        counts.facts, unread, len(ids) / wanted.rate,
    )  # fmt: skip


def start(
    connection: Connection, configuration: Configuration, person: Person, wanted: Wanted, typed: int | None, key: str, now: datetime
) -> int:
    """Begin a replay; the number of its operation. Whoever starts it types how many messages there are. The same key begins one."""
    _check(configuration, person, wanted)
    if not KEY_MIN <= len(key) <= 200:
        raise OperatorError("An operation needs an idempotency key of 8 to 200 characters.", "Send the one that the form was given.")
    with connection.transaction():
        run(connection, "lock_key", key)
        for id_, owner in fetch(connection, "operation_by_key", key):
            if owner != person.login:
                raise Forbidden("This idempotency key is somebody else's.", "Make a key of your own.")
            return int(id_)
        ids = [id_ for id_, *_ in _messages(connection, person, wanted)]
        if not ids:
            raise OperatorError("No message is in this range.", "Widen it, or take all messages in place of those that could not be read.")
        if typed != len(ids):
            raise OperatorError(
                f"You typed {typed if typed is not None else 'nothing'}; {len(ids)} messages are to be replayed.", "Look again."
            )
        scopes = msgspec.json.encode({kind: sorted(getattr(person.scopes, kind)) for kind in ("teams", "channels", "warehouses")}).decode()
        said = {name: value for name, value in msgspec.to_builtins(wanted).items() if value not in (None, "")}
        ((made,),) = fetch(
            connection, "insert_operation", key, person.login, scopes, ACTION, msgspec.json.encode(said).decode(), in_words(wanted), len(ids),
            "{}", now, None,
        )  # fmt: skip
        run(connection, "fill_replay", made, ids)
        audit.write(connection, person, f"start {ACTION}", f"OP-{made}", {**said, "many": len(ids)}, now)
    return int(made)


def in_words(wanted: Wanted) -> str:
    """The range as a person reads it."""
    if wanted.selection:
        return f"messages of {wanted.system} behind the selected exceptions"
    what = "those of {} that could not be read" if wanted.which == "unread" else "all messages of {}"
    since = f" from {wanted.since:%Y-%m-%d %H:%M} UTC" if wanted.since else ""
    until = f" until {wanted.until:%Y-%m-%d %H:%M} UTC" if wanted.until else ""
    return f"{what.format(wanted.system)}{since}{until}"


def room(arguments: dict[str, Any], done: int, started: datetime | None, now: datetime) -> int:
    """How many messages may be read now, by the rate that was asked for."""
    rate = int(arguments.get("rate", RATES[1]))
    passed = (now - started) / timedelta(minutes=1) if started is not None else 0.0
    return min(AT_ONCE, max(0, int(rate * passed) + AT_ONCE - done))


def step(connection: Connection, configuration: Configuration, id_: int, person: Person, most: int, now: datetime) -> None:
    """Read some messages of an operation again. One that can still not be read has failed, with the reason."""
    person.need(Right.CONNECT)
    todo = fetch(connection, "replay_todo", id_, most)
    messages = [message for _, message in todo]
    read_again(connection, configuration, messages)
    unread = dict(fetch(connection, "unread_reasons", messages))
    keep(connection, id_, [row[0] for row in todo], [unread.get(message, "") for message in messages], now)


def keep(connection: Connection, id_: int, positions: Iterable[int], reasons: Iterable[str], now: datetime) -> None:
    """Write down what became of some messages; a reason says that it failed."""
    said = list(reasons)
    run_by(
        connection, "set_replayed", id=id_, now=now, positions=list(positions), outcomes=["failed" if why else "done" for why in said],
        reasons=[why[:500] for why in said],
    )  # fmt: skip


def _check(configuration: Configuration, person: Person, wanted: Wanted) -> None:
    person.need(Right.CONNECT)
    if wanted.system not in configuration.systems:
        raise OperatorError(f"There is no system {wanted.system[:40]!r}.", "Name one of the project.")
    if wanted.since is not None and wanted.until is not None and wanted.since >= wanted.until:
        raise OperatorError("The range ends before it begins.", "Let `until` be later than `since`.")
    if wanted.rate not in RATES:
        raise OperatorError(f"{wanted.rate} messages a minute is none of the choices.", f"Choose {', '.join(map(str, RATES))}.")


def _messages(connection: Connection, person: Person, wanted: Wanted) -> list[tuple[int, datetime, str, int]]:
    found: list[tuple[int, datetime, str, int]] = fetch_by(
        connection, "messages_to_replay", system=wanted.system, since=wanted.since, until=wanted.until, unread=wanted.which == "unread",
        selection=wanted.selection, owner=person.login, most=MESSAGES_MAX + 1,
    )  # fmt: skip
    if len(found) > MESSAGES_MAX:
        raise OperatorError(f"More than {MESSAGES_MAX:,} messages are in this range.", "Take a shorter one.")
    if not person.scopes.is_all:
        raise Forbidden("A replay reads whatever a system sent, and you see a part of it.", "Somebody who sees everything can do it.")
    return found


def _tried(connection: Connection, configuration: Configuration, ids: list[int]) -> tuple[Counts, int]:
    """What reading some messages again counts, and how many of them would still not be read."""
    counts, unread = Counts(), 0
    try:
        with connection.transaction():
            _, counts = read_again(connection, configuration, ids)
            unread = len(fetch(connection, "unread_reasons", ids))
            raise _Back
    except _Back:
        configuration.reference_version = -1
    return counts, unread
