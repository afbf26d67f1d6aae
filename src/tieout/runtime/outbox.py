"""The outbox: what systems are to be told, decided and kept in the transaction that moved the balance (rules 23 to 26).

Nothing is sent here. A command is a row; the dispatcher sends it later and tells `record` what came of it. Both lock the
row, so what is decided and what is sent never cross.
"""

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any, NamedTuple

import msgspec

from tieout.core.attempt import Attempt, Confirmed, Event, Move, Target, Withdrawn, advance, next_move
from tieout.core.command import Accepted, Command, State
from tieout.core.correlate import components
from tieout.core.decide import Decision, Verdict, decide
from tieout.core.flight import Issued, Sum
from tieout.core.ground import Standing
from tieout.core.revise import judge
from tieout.core.values import Ref, ref_parts
from tieout.runtime.batch import Batch, Connection, encode
from tieout.runtime.compare import listings, versions_of
from tieout.runtime.configuration import Driving
from tieout.runtime.looks import Seen, look, marks_of
from tieout.runtime.relink import region_of
from tieout.store.database import fetch, run

ROOTS_AT_ONCE = 500
NOTHING_SEEN: Mapping[str, Seen] = MappingProxyType({})
US = "tieout"
"""Who did what nobody decided by hand."""

decode_command = msgspec.json.Decoder(Command).decode
_decode_because = msgspec.json.Decoder(tuple[Sum, ...]).decode
decode_attempt = msgspec.json.Decoder(Attempt).decode


class Step(NamedTuple):
    """A command, where it stands from now on, and how its target treats it."""

    key: str
    attempt: Attempt
    target: Target


class Stale(Exception):
    """Somebody else holds the command by now: what this holder learned late must not be written."""


def orchestrate(batch: Batch, roots: Iterable[str], seen: Mapping[str, Seen] = NOTHING_SEEN) -> list[Decision]:
    """Decide about some roots as they stand in this transaction, and keep what was decided. Nothing in shadow mode.

    `seen` are those of them that this transaction has evaluated already.
    """
    driving = batch.configuration.driving
    if driving is None:
        return []
    wanted = sorted(roots)
    made: list[Decision] = []
    for start in range(0, len(wanted), ROOTS_AT_ONCE):
        made += _decided(batch, wanted[start : start + ROOTS_AT_ONCE], driving, seen)
    return made


def _decided(batch: Batch, roots: list[str], driving: Driving, seen: Mapping[str, Seen]) -> list[Decision]:
    now = batch.now
    marks = marks_of(batch.connection, batch.configuration)
    names = references_of(batch, roots)
    issued = _issued(batch, names)
    run(batch.connection, "end_considered", roots, now)  # after the commands are locked, so that no answer comes between
    seen = {**look(batch, [root for root in roots if root not in seen], marks, now), **seen}
    found: list[Decision] = []
    waits: dict[str, datetime] = {}
    for root in roots:
        book, view, items = seen[root]
        mine = [one for name in sorted(names[root]) for one in issued.get(name, ())]
        if not items and not mine:
            continue
        made = decide(Standing(view, book, items, mine, tuple(sorted(names[root]))), driving.rules_of(names[root]), now)
        found += made
        if later := [decision.look_at for decision in made if decision.look_at is not None and decision.look_at > now]:
            waits[root] = min(later)
    _keep(batch, found, driving, {one.command.key: one.attempt for many in issued.values() for one in many})
    if waits:
        run(batch.connection, "consider", list(waits), list(waits.values()))
    return found


def references_of(batch: Batch, roots: Collection[str]) -> dict[str, set[Ref]]:
    """Every reference that systems have for some roots, the roots themselves among them, by the links that stand."""
    _, links = region_of(batch, roots)
    found: dict[str, set[Ref]] = {root: {Ref(root)} for root in roots}
    for reference, root in components(links, batch.configuration.precedence).root.items():
        if root in found:
            found[root].add(reference)
    return found


def _issued(batch: Batch, names: Mapping[str, Iterable[Ref]]) -> dict[str, list[Issued]]:
    """Every command of these subjects, with those of its documents that its target has withdrawn, as of now."""
    subjects = sorted({name for many in names.values() for name in many})
    rows = fetch(batch.connection, "commands_of", subjects)
    attempts = [decode_attempt(attempt) for _, _, _, _, attempt in rows]
    gone = _withdrawn(batch, {document for attempt in attempts for document in attempt.documents})
    found: dict[str, list[Issued]] = defaultdict(list)
    for (_, subject, body, because, _), attempt in zip(rows, attempts, strict=True):
        mine = tuple(document for document in attempt.documents if document in gone)
        found[subject].append(Issued(decode_command(body), _decode_because(because), attempt, mine))
    return found


def _withdrawn(batch: Batch, documents: Collection[Ref]) -> set[Ref]:
    """Those of some documents whose statements were all taken back, by the versions that are stored."""
    identity_of = {document: "{}/{}//{}".format(*ref_parts(document)) for document in documents}
    found = fetch(batch.connection, "identities_of", list(identity_of.values())) if identity_of else []
    lists = listings(batch) if found else []
    stored = versions_of(batch, [identity for _, identity in found])
    stands: dict[str, bool] = {}
    for prefix, identity in found:
        verdict = judge(stored[identity], [known for under, known in lists if identity.startswith(under)])
        stands[prefix] = stands.get(prefix, False) or (verdict.winner is not None and not verdict.voided)
    return {document for document, identity in identity_of.items() if stands.get(identity) is False}


def _keep(batch: Batch, decisions: Iterable[Decision], driving: Driving, attempts: Mapping[str, Attempt]) -> None:
    """Write new commands, and the steps of those that are confirmed or withdrawn."""
    now = batch.now
    fresh: list[tuple[Any, ...]] = []
    changed: list[Step] = []
    events: list[tuple[str, datetime, str, str, str]] = []
    for decision in decisions:
        command = decision.command
        if command is None or decision.verdict is Verdict.NOTHING:
            continue
        target = driving.targets[command.system]
        if decision.verdict in (Verdict.ISSUE, Verdict.HOLD):
            attempt = Attempt(State.HELD if decision.verdict is Verdict.HOLD else State.QUEUED)
            fresh.append(_row(decision, command, attempt, target, now))
        else:
            event = Confirmed() if decision.verdict is Verdict.CONFIRM else Withdrawn(decision.reason)
            changed.append(Step(command.key, advance(attempts[command.key], event, target, now), target))
        events.append((command.key, now, decision.verdict.value, US, encode({"reason": decision.reason, "rule": decision.rule}).decode()))
    if fresh:
        run(batch.connection, "insert_commands", *map(list, zip(*fresh, strict=True)))
    write_attempts(batch.connection, changed, now)
    say(batch.connection, events)


def _row(decision: Decision, command: Command, attempt: Attempt, target: Target, now: datetime) -> tuple[Any, ...]:
    body = encode(command)
    move = next_move(attempt, target, now)
    return (
        command.key, command.group, command.account, command.side.value, command.number, command.act.value, command.system,
        body.decode(), hashlib.sha256(body).digest(), encode(decision.because).decode(), decision.rule, encode(attempt).decode(),
        attempt.state.value, move.move.value, None if move.move is Move.NOTHING else move.at, now,
    )  # fmt: skip


def record(
    connection: Connection,
    key: str,
    event: Event,
    target: Target,
    now: datetime,
    *,
    who: str = US,
    fence: int | None = None,
    share: float = 1.0,
) -> Attempt:
    """Write down what happened to a command, and that its root wants deciding about. Runs in the caller's transaction.

    `fence` is the dispatcher's own, taken with the command. Raises Stale when another holder has taken it since, ValueError
    for an event that its state does not have.
    """
    ((subject, _, attempt, current),) = fetch(connection, "command_for_update", key)
    if fence is not None and fence != current:
        raise Stale
    after = advance(decode_attempt(attempt), event, target, now, share)
    write_attempts(connection, [Step(key, after, target)], now)
    say(connection, [(key, now, type(event).__name__.lower(), who, encode(told(event)).decode())])
    consider_subjects(connection, [subject], now)
    return after


def told(event: Event) -> dict[str, Any]:
    """An event as it is kept in the life of a command."""
    found: dict[str, Any] = msgspec.structs.asdict(event)
    return found if not isinstance(event, Accepted) else {name: value for name, value in found.items() if value}


def consider_subjects(connection: Connection, subjects: Iterable[str], at: datetime) -> None:
    """Want the roots of some subjects decided about at that time, or when they are anyhow, whichever is sooner."""
    roots = sorted({root for _, root in fetch(connection, "roots_of_subjects", sorted(set(subjects)))})
    run(connection, "consider", roots, [at] * len(roots))


def write_attempts(connection: Connection, changed: Sequence[Step], now: datetime) -> None:
    """Write where some commands stand; whoever held them holds them no longer."""
    columns = []
    for key, attempt, target in changed:
        move = next_move(attempt, target, now)
        at = None if move.move is Move.NOTHING else move.at
        columns.append((key, encode(attempt).decode(), attempt.state.value, move.move.value, at))
    if columns:
        run(connection, "set_attempts", now, *map(list, zip(*columns, strict=True)))


def say(connection: Connection, events: Iterable[tuple[str, datetime, str, str, str]]) -> None:
    """Write events into the lives of commands: key, when, what, who, detail as JSON."""
    columns = list(zip(*events, strict=True))
    if columns:
        run(connection, "insert_command_events", *map(list, columns))


def due(connection: Connection, now: datetime, limit: int = ROOTS_AT_ONCE) -> list[str]:
    """Roots whose wait is over, or about which an answer has come, as they are called now. They stay due until they have been
    decided about."""
    noted = [root for (root,) in fetch(connection, "considered", now, limit)]
    called = {root: name for root, name in fetch(connection, "roots_of_subjects", noted) if name != root} if noted else {}
    if called:
        run(connection, "rename_considered", list(called), list(called.values()))
    return list(dict.fromkeys(called.get(root, root) for root in noted))
