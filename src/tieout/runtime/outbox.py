"""The outbox: what systems are to be told, decided and kept in the transaction that moved the balance (rules 23 to 26).

Nothing is sent here. A command is a row; the dispatcher sends it later and tells `record` what came of it. Both lock the
row, so what is decided and what is sent never cross.
"""

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, NamedTuple

import msgspec

from tieout.core.attempt import Attempt, Confirmed, Event, Move, Target, Withdrawn, advance, next_move
from tieout.core.command import Command, State
from tieout.core.correlate import components
from tieout.core.decide import Decision, Verdict, decide
from tieout.core.flight import Issued, Sum
from tieout.core.ground import Standing
from tieout.core.residual import View
from tieout.core.revise import judge
from tieout.core.values import Ref, ref_parts
from tieout.policy.approval import Request
from tieout.policy.fallback import diversion, diverted, names_of_way
from tieout.runtime import divert
from tieout.runtime.asking import Review, decode_request, request_of, reviewed
from tieout.runtime.asking import keep as keep_reviews
from tieout.runtime.batch import Batch, Connection, encode
from tieout.runtime.compare import listings, versions_of
from tieout.runtime.configuration import Driving
from tieout.runtime.divert import Stuck
from tieout.runtime.knowing import About, about
from tieout.runtime.looks import Seen, look, marks_of
from tieout.runtime.relink import region_of
from tieout.runtime.steps import US, Step, decode_attempt, decode_command, say, told, write_attempts
from tieout.store.database import fetch, run

ROOTS_AT_ONCE = 500
NOTHING_SEEN: Mapping[str, Seen] = MappingProxyType({})
_decode_because = msgspec.json.Decoder(tuple[Sum, ...]).decode


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


class Root(NamedTuple):
    """A root with all that a decision about it needs: the names it has, what is known of it, what was ever commanded."""

    names: Collection[Ref]
    seen: Seen
    about: About
    issued: list[Issued]

    @property
    def view(self) -> View:
        """How it stands, at the warehouse and with the carrier that fallbacks have named."""
        return diverted(self.seen.found, self.about.diversions)

    def decide(self, driving: Driving, now: datetime) -> list[Decision]:
        """All decisions about it."""
        rules = driving.rules_of(self.names, self.about.known, self.about.diversions)
        book, _, items = self.seen
        return decide(Standing(self.view, book, items, self.issued, tuple(sorted(self.names))), rules, now)


def _decided(batch: Batch, roots: list[str], driving: Driving, seen: Mapping[str, Seen]) -> list[Decision]:
    now = batch.now
    marks = marks_of(batch.connection, batch.configuration)
    names = references_of(batch, roots)
    issued, requests = _issued(batch, names)
    run(batch.connection, "end_considered", roots, now)  # after the commands are locked, so that no answer comes between
    seen = {**look(batch, [root for root in roots if root not in seen], marks, now), **seen}
    abouts = about(batch.connection, driving.policy, names, {root: seen[root].book for root in roots})
    known: dict[str, Root] = {}
    for root in roots:
        mine = [one for name in sorted(names[root]) for one in issued.get(name, ())]
        if seen[root].items or mine:
            known[root] = Root(names[root], seen[root], abouts.get(root, About()), mine)
    made = {root: one.decide(driving, now) for root, one in known.items()}
    if driving.policy is not None and driving.policy.fallbacks.tables:
        for root, one in _diverted(batch, driving, known, made).items():
            known[root], made[root] = one, one.decide(driving, now)
    asked, reviews, waits = _asked(driving, known, made, requests, now)
    found = [decision for decisions in made.values() for decision in decisions]
    _keep(batch, found, driving, {i.command.key: i.attempt for one in known.values() for i in one.issued}, asked)
    keep_reviews(batch.connection, reviews, now)
    if waits:
        run(batch.connection, "consider", list(waits), list(waits.values()))
    return found


def _diverted(batch: Batch, driving: Driving, known: Mapping[str, Root], made: Mapping[str, list[Decision]]) -> dict[str, Root]:
    """The roots of which something that was refused goes another way, as they are known from then on."""
    refused = {
        decision.command.key: Stuck(decision.command.key, root, decision.command, one.attempt, batch.now)
        for root, decisions in made.items()
        for decision in decisions
        if decision.verdict is Verdict.NOTHING and decision.command is not None
        for one in known[root].issued
        if one.command.key == decision.command.key and one.attempt.state is State.REFUSED
    }
    if not refused:
        return {}
    changed: dict[str, Root] = {}
    for row, instead in divert.release(batch.connection, driving, list(refused.values()), batch.now):
        one = changed.get(row.root, known[row.root])
        gone = diversion(instead, names_of_way(row.command))
        assert gone is not None, "who is only asked takes nothing over"
        issued = [i if i.command.key != row.key else msgspec.structs.replace(i, attempt=row.attempt) for i in one.issued]
        changed[row.root] = one._replace(about=About(one.about.known, (*one.about.diversions, gone)), issued=issued)
    return changed


def _asked(
    driving: Driving, known: Mapping[str, Root], made: Mapping[str, list[Decision]], requests: Mapping[str, Request], now: datetime
) -> tuple[dict[str, Request], list[Review], dict[str, datetime]]:
    """Whom new commands that are held wait for, by key; what becomes of the requests there are; and when to look at each root again."""
    asked: dict[str, Request] = {}
    reviews: list[Review] = []
    waits: dict[str, datetime] = {}
    for root, decisions in made.items():
        moments = [decision.look_at for decision in decisions if decision.look_at is not None]
        states = {one.command.key: one.attempt.state for one in known[root].issued}
        for decision in decisions:
            command = decision.command
            still_held = decision.verdict is Verdict.NOTHING and command is not None and states[command.key] is State.HELD
            if command is None or not (still_held or decision.verdict is Verdict.HOLD):
                continue
            fresh = request_of(driving.policy, command, known[root].view, decision.rule, known[root].about, now)
            standing = requests.get(command.key)
            review = reviewed(command.key, standing, fresh, now) if still_held else None
            if review is not None:
                reviews.append(review)
            elif not still_held:
                asked[command.key] = fresh
            moments.append((fresh if review is not None or standing is None else standing).expires_at)
        if later := [moment for moment in moments if moment > now]:
            waits[root] = min(later)
    return asked, reviews, waits


def references_of(batch: Batch, roots: Collection[str]) -> dict[str, set[Ref]]:
    """Every reference that systems have for some roots, the roots themselves among them, by the links that stand."""
    _, links = region_of(batch, roots)
    found: dict[str, set[Ref]] = {root: {Ref(root)} for root in roots}
    for reference, root in components(links, batch.configuration.precedence).root.items():
        if root in found:
            found[root].add(reference)
    return found


def _issued(batch: Batch, names: Mapping[str, Iterable[Ref]]) -> tuple[dict[str, list[Issued]], dict[str, Request]]:
    """Every command of these subjects, with those of its documents that its target has withdrawn, as of now; and the requests of
    those that were ever held, by key."""
    subjects = sorted({name for many in names.values() for name in many})
    rows = fetch(batch.connection, "commands_of", subjects)
    attempts = [decode_attempt(row[4]) for row in rows]
    gone = _withdrawn(batch, {document for attempt in attempts for document in attempt.documents})
    found: dict[str, list[Issued]] = defaultdict(list)
    requests: dict[str, Request] = {}
    for (key, subject, body, because, _, request, approved), attempt in zip(rows, attempts, strict=True):
        if request is not None:
            requests[key] = decode_request(request)
        leave = requests[key].needs if approved and key in requests else ""
        mine = tuple(document for document in attempt.documents if document in gone)
        found[subject].append(Issued(decode_command(body), _decode_because(because), attempt, mine, leave))
    return found, requests


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


def _keep(batch: Batch, decisions: Iterable[Decision], driving: Driving, attempts: Mapping[str, Attempt], asked: Mapping[str, Request]) -> None:
    """Write new commands, with whom they wait for, and the steps of those that are confirmed or withdrawn."""
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
            fresh.append(_row(decision, command, attempt, target, now, asked.get(command.key)))
        else:
            event = Confirmed() if decision.verdict is Verdict.CONFIRM else Withdrawn(decision.reason)
            changed.append(Step(command.key, advance(attempts[command.key], event, target, now), target))
        events.append((command.key, now, decision.verdict.value, US, encode({"reason": decision.reason, "rule": decision.rule}).decode()))
    if fresh:
        run(batch.connection, "insert_commands", *map(list, zip(*fresh, strict=True)))
    write_attempts(batch.connection, changed, now)
    say(batch.connection, events)


def _row(decision: Decision, command: Command, attempt: Attempt, target: Target, now: datetime, asked: Request | None) -> tuple[Any, ...]:
    body = encode(command)
    move = next_move(attempt, target, now)
    return (
        command.key, command.group, command.account, command.side.value, command.number, command.act.value, command.system,
        body.decode(), hashlib.sha256(body).digest(), encode(decision.because).decode(), decision.rule, encode(attempt).decode(),
        attempt.state.value, move.move.value, None if move.move is Move.NOTHING else move.at, now,
        None if asked is None else encode(asked).decode(),
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


def consider_subjects(connection: Connection, subjects: Iterable[str], at: datetime) -> None:
    """Want the roots of some subjects decided about at that time, or when they are anyhow, whichever is sooner."""
    roots = sorted({root for _, root in fetch(connection, "roots_of_subjects", sorted(set(subjects)))})
    run(connection, "consider", roots, [at] * len(roots))


def due(connection: Connection, now: datetime, limit: int = ROOTS_AT_ONCE) -> list[str]:
    """Roots whose wait is over, or about which an answer has come, as they are called now. They stay due until they have been
    decided about."""
    noted = [root for (root,) in fetch(connection, "considered", now, limit)]
    called = {root: name for root, name in fetch(connection, "roots_of_subjects", noted) if name != root} if noted else {}
    if called:
        run(connection, "rename_considered", list(called), list(called.values()))
    return list(dict.fromkeys(called.get(root, root) for root in noted))
