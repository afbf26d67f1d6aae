"""Resolving: a person's resolution is a posting or a command, never a tick. What it did to the exception, the ledger says.

Each takes ids with the versions that were seen, first keeps that it was asked for (requested), then does it, then looks what came
of it: an outcome says `done` only when the exception is gone from the ledger.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec

from tieout.cases import act, decision, notices, reasons
from tieout.cases.act import Snooze, lock, look, perform, write_events
from tieout.cases.follow import follow
from tieout.cases.item import APPROVAL, DONE, FAILED, REQUESTED, Locked, Outcome, Target
from tieout.cases.notices import Notice
from tieout.cases.request import EVENTS, ask_for
from tieout.cases.verdict import Verdict, of_statement, of_write_off
from tieout.core.circuit import Stage
from tieout.core.command import State
from tieout.core.evaluate import EXCEPTIONS
from tieout.core.evaluate import Item as OpenItem
from tieout.core.facts import Fact
from tieout.core.values import Side
from tieout.errors import OperatorError
from tieout.people.person import Person, Right
from tieout.runtime import desk
from tieout.runtime.batch import Connection
from tieout.runtime.configuration import Configuration
from tieout.runtime.intake import read_again
from tieout.runtime.lane import lanes
from tieout.runtime.outbox import consider_subjects
from tieout.runtime.statements import decode_fact
from tieout.store.database import fetch, run_by


class Said(NamedTuple):
    """Why somebody resolves: a reason code, and words."""

    reason: str
    why: str = ""

    def detail(self, person: Person) -> dict[str, str]:
        """As a decision keeps it."""
        return {"who": person.login, "why": self.why or self.reason, "reason": self.reason}


class Result(NamedTuple):
    """What an effect says of one exception when the ledger does not show it resolved: the outcome, why, and the progress to show."""

    outcome: str
    reason: str = ""
    progress: str = ""


Effect = Callable[[Sequence[Locked]], Mapping[int, Result]]


def retry(
    connection: Connection, configuration: Configuration, person: Person, targets: Sequence[Target], now: datetime, said: Said,
    *, mapping: str = "current", dry: bool = False,
) -> list[Outcome]:  # fmt: skip
    """Try again: read a message anew (by the `current` mapping or the `original`), or let a refused command be decided again."""
    reasons.check("retry", said.reason, said.why)
    if mapping not in ("current", "original"):
        raise OperatorError(f"There is no mapping {mapping!r}.", "Write current or original.")
    stopped = stopped_systems(connection, now)
    newest = _newest_commands(connection, person, targets)
    refused: dict[int, str] = {}

    def judge(row: Locked) -> str:
        if row.kind == "quarantine":
            return ""
        if row.kind not in ("command", "balance"):
            return "there is nothing to try again: it clears by itself when what it waits for comes"
        key, why = _refused_command(newest.get(row.id), configuration, row)
        if key:
            refused[row.id] = key
        return why or stopped.get(row.system, "")

    def effect(rows: Sequence[Locked]) -> Mapping[int, Result]:
        messages = sorted({row.message for row in rows if row.message is not None})
        if messages:
            read_again(connection, configuration, messages, original=mapping == "original")
        _retry(connection, configuration, person, {refused[row.id]: row.system for row in rows if row.id in refused}, now)
        still = dict(fetch(connection, "reasons_of", [row.id for row in rows if row.message is not None]))
        asked = Result(REQUESTED, "it is decided again and sent; the system's own statement confirms it", "requested")
        return {row.id: Result(FAILED, still.get(row.id, "")) if row.message is not None else asked for row in rows}

    return _settle(connection, configuration, person, targets, now, "retry", said, judge, effect, dry=dry)


def accept(
    connection: Connection,
    configuration: Configuration,
    person: Person,
    targets: Sequence[Target],
    now: datetime,
    said: Said,
    *,
    dry: bool = False,
) -> list[Outcome]:
    """Accept exactly the difference that stands: posted at once within the policy and the person's limit, else somebody else approves."""
    reasons.check("accept", said.reason, said.why)
    facts: dict[int, Fact] = {}
    verdicts: dict[int, Verdict] = {}
    items = _open_items(connection, configuration, person, targets, now)

    def judge(row: Locked) -> str:
        if row.kind != "balance":
            return "only a difference on an account can be accepted"
        found = items.get(row.id, [])
        if len(found) != 1:
            return "it stands open in several units or currencies" if found else "the ledger shows nothing open any more"
        verdicts[row.id] = of_write_off(configuration.work, person, found[0], found[0].notes, now)
        facts[row.id] = decision.write_off(row.source_key, found[0], said.detail(person), now)
        return ""

    def effect(rows: Sequence[Locked]) -> Mapping[int, Result]:
        allowed = [row for row in rows if verdicts[row.id].allowed]
        if allowed:
            decision.say(connection, configuration, [facts[row.id] for row in allowed], person.login, now)
            _note_decisions(connection, person, {row.id: facts[row.id] for row in allowed}, "accepted", now)
        results = {row.id: Result(FAILED, "the balance moved meanwhile; what was accepted is not what stands") for row in allowed}
        for row in rows:
            if not verdicts[row.id].allowed:
                ask_for(connection, person, row, "accept", facts[row.id], verdicts[row.id], said.why or said.reason, now)
                results[row.id] = Result(APPROVAL, verdicts[row.id].said, APPROVAL)
        return results

    outcomes = _settle(connection, configuration, person, targets, now, "accept", said, judge, effect, dry=dry)
    return [
        one._replace(outcome=DONE if verdicts[one.id].allowed else APPROVAL, reason=verdicts[one.id].said) if dry and one.outcome == DONE else one
        for one in outcomes
    ]  # fmt: skip


def link(
    connection: Connection,
    configuration: Configuration,
    person: Person,
    target: Target,
    other: str,
    now: datetime,
    said: Said,
    *,
    dry: bool = False,
) -> Outcome:
    """Say that what an exception is about and another reference name the same transaction."""
    reasons.check("link", said.reason, said.why)
    other_ref = decision.reference(other)
    made: list[Fact] = []

    def judge(row: Locked) -> str:
        mine = row.root
        if row.kind == "waiting":
            waits = fetch(connection, "waits_on", row.root)
            mine = waits[0][0] if waits else ""
        if mine.count("/") < 2 or row.kind not in ("waiting", "balance"):
            return "it is not about a transaction that could be linked"
        if mine == other_ref:
            return "that is what it is about already"
        made.append(decision.link(mine, other_ref, said.detail(person), now))
        return ""

    def effect(rows: Sequence[Locked]) -> Mapping[int, Result]:
        return _stated(connection, configuration, person, rows[0], "link", made[0], said, now, "they are linked now, and it still stands open")

    return _settle(connection, configuration, person, [target], now, "link", said, judge, effect, dry=dry)[0]


def match(
    connection: Connection,
    configuration: Configuration,
    person: Person,
    target: Target,
    parts: Sequence[tuple[str, Decimal]],
    now: datetime,
    said: Said,
) -> Outcome:
    """Say what a bank entry without a reference pays; the parts must sum to it."""
    reasons.check("match", said.reason, said.why)
    made: list[Fact] = []

    def judge(row: Locked) -> str:
        record = _record(connection, row.root) if row.kind == "waiting" else None
        if record is None or record.kind not in ("CashReceived", "CashPaid"):
            return "it is no bank entry that waits"
        amount = record.total if record.total is not None else sum((one.value or Decimal(0) for one in record.lines), Decimal(0))
        if sum((value for _, value in parts), Decimal(0)) != amount:
            return f"the parts do not sum to {amount} {record.currency}"
        made.append(decision.match(record, parts, said.detail(person), now))
        return ""

    def effect(rows: Sequence[Locked]) -> Mapping[int, Result]:
        return _stated(connection, configuration, person, rows[0], "match", made[0], said, now, "it is matched now, and it still waits")

    return _settle(connection, configuration, person, [target], now, "match", said, judge, effect)[0]


def correct(
    connection: Connection,
    configuration: Configuration,
    person: Person,
    targets: Sequence[Target],
    now: datetime,
    said: Said,
    *,
    dry: bool = False,
) -> list[Outcome]:
    """Have the owning system do what is owed, by a command: it is decided now, by all rules and checkpoints, and sent."""
    reasons.check("correct", said.reason, said.why)
    stopped = stopped_systems(connection, now)
    driving = configuration.driving
    commands = _newest_commands(connection, person, targets)
    refused: dict[int, str] = {}

    def judge(row: Locked) -> str:
        if row.kind != "balance":
            return "only a balance is corrected by a command"
        act_ = configuration.accounts[row.account].expectation(Side(row.side)).command
        if act_ is None:
            return "no system can be told to clear it; accept it, or link what belongs together"
        if driving is None or row.system not in driving.targets:
            return f"the settings let no system be told to {act_.value.replace('_', ' ')}"
        newest = commands.get(row.id)
        if newest is not None and newest[1] in (State.QUEUED, State.SENDING, State.ACCEPTED, State.UNKNOWN):
            return f"{newest[0]} is on its way already: {newest[1]}"
        if newest is not None and newest[1] == State.HELD:
            return f"{newest[0]} waits for approval"
        if newest is not None and newest[1] == State.REFUSED:
            refused[row.id] = newest[0]
        return stopped.get(row.system, "")

    def effect(rows: Sequence[Locked]) -> Mapping[int, Result]:
        _retry(connection, configuration, person, {refused[row.id]: row.system for row in rows if row.id in refused}, now)
        with connection.transaction():
            consider_subjects(connection, [row.root for row in rows], now)
        return {
            row.id: Result(REQUESTED, "it is decided by the policy and sent; the system's own statement confirms it", "requested")
            for row in rows
        }

    return _settle(connection, configuration, person, targets, now, "correct", said, judge, effect, dry=dry)


def ask(
    connection: Connection,
    configuration: Configuration,
    person: Person,
    targets: Sequence[Target],
    now: datetime,
    said: Said,
    *,
    whom: str,
    until: datetime | None = None,
    dry: bool = False,
) -> list[Outcome]:
    """Request information by e-mail: of a person, a team (`team:NAME`) or an address; until an answer comes it may rest to a time."""
    reasons.check("ask", said.reason, said.why)
    if not whom.strip() or not said.why.strip():
        raise OperatorError("A request names whom it asks and what for.", "Write both.")
    if until is not None:
        Snooze("time", until).check(now)

    def change(row: Locked) -> Locked | str:
        after = msgspec.structs.replace(
            row, progress="information requested", progress_at=now, progress_by=person.login, progress_note=f"{whom}: {said.why}"[:500],
            state="ongoing" if row.state == "new" else row.state,
        )  # fmt: skip
        if until is None or row.state == "snoozed":
            return after
        return msgspec.structs.replace(
            after, state="snoozed", snooze={"kind": "time", "was": after.state}, snooze_until=until, snoozed_by=person.login, next_step=None
        )

    outcomes = perform(connection, person, targets, "asked", change, now, {**said._asdict(), "whom": whom}, Right.RESOLVE, dry=dry)
    done = [one for one in outcomes if one.outcome == DONE]
    if done and not dry:
        text = f"{', '.join(one.ref for one in done[:50])}: {said.why}"
        notices.keep(connection, [Notice(whom.strip(), "email", f"{person.name or person.login} asks", done[0].id, text)], now)
    return outcomes


def ignore(
    connection: Connection, person: Person, targets: Sequence[Target], now: datetime, said: Said, until: datetime, *, dry: bool = False
) -> list[Outcome]:
    """Leave exceptions alone until a time, for a reason. They stay counted, and come back by themselves."""
    reasons.check("ignore", said.reason, said.why)
    return act.snooze(connection, person, targets, now, Snooze("time", until, reason=said.reason, why=said.why), right=Right.RESOLVE, dry=dry)


def take_back(connection: Connection, configuration: Configuration, person: Person, work: int, now: datetime, said: Said) -> str:
    """Take back the last decision about an exception that nobody has taken back: nothing had left the house. What it was, as a sentence."""
    person.need(Right.RESOLVE)
    reasons.check("take back", said.reason, said.why)
    with connection.transaction():
        if work not in lock(connection, person, [Target(work)]):
            raise OperatorError(f"There is no exception EX-{work} among those you may see.", "Check the number.")
        found = fetch(connection, "last_decision", work)
    if not found or found[0][0] == "taken back":
        raise OperatorError(f"There is no decision about EX-{work} to take back.", "See its history.")
    event, detail = found[0]
    fact = msgspec.convert(msgspec.json.decode(detail)["fact"], Fact)
    decision.say(connection, configuration, [decision.withdrawn(fact, said.detail(person), now)], person.login, now)
    with connection.transaction():
        write_events(connection, person.login, [(work, None, "taken back", {**said.detail(person), "what": event})], now)
    follow(connection, configuration, now)
    return f"{event} by {fact.data['who']} is taken back"


def _stated(
    connection: Connection, configuration: Configuration, person: Person, row: Locked, action: str, fact: Fact, said: Said, now: datetime, still: str
) -> Mapping[int, Result]:  # fmt: skip
    """State what no system has stated; where a checkpoint holds that, ask others first."""
    verdict = of_statement(configuration, fact, now)
    if not verdict.allowed:
        ask_for(connection, person, row, action, fact, verdict, said.why or said.reason, now)
        return {row.id: Result(APPROVAL, verdict.said, APPROVAL)}
    decision.say(connection, configuration, [fact], person.login, now)
    _note_decisions(connection, person, {row.id: fact}, EVENTS[action], now)
    return {row.id: Result(FAILED, still)}


def _settle(
    connection: Connection,
    configuration: Configuration,
    person: Person,
    targets: Sequence[Target],
    now: datetime,
    action: str,
    said: Said,
    judge: Callable[[Locked], str],
    effect: Effect,
    *,
    dry: bool = False,
) -> list[Outcome]:
    """Keep that it was asked for, do it, follow the ledger, and say what came of it."""
    held: list[Locked] = []

    def change(row: Locked) -> Locked | str:
        if row.progress == APPROVAL:
            return "it waits for approval; decide that first"
        why = judge(row)
        if why:
            return why
        held.append(row)
        return msgspec.structs.replace(
            row,
            progress="requested",
            progress_at=now,
            progress_by=person.login,
            progress_note="",
            state="ongoing" if row.state == "new" else row.state,
        )

    outcomes = perform(connection, person, targets, f"{action} requested", change, now, said._asdict(), Right.RESOLVE, dry=dry)
    if dry or not held:
        return outcomes
    try:
        results = effect(held)
    except OperatorError as refused:
        results = {row.id: Result(FAILED, str(refused)) for row in held}
    with connection.transaction():
        run_by(
            connection, "set_progress", ids=list(results), progress=[result.progress for result in results.values()],
            notes=[result.reason[:500] for result in results.values()], now=now,
        )  # fmt: skip
    follow(connection, configuration, now)
    after = {id_: (state, version) for id_, state, version in fetch(connection, "states_of", list(results))}
    return [_outcome(one, results, after) for one in outcomes]


def _outcome(one: Outcome, results: Mapping[int, Result], after: Mapping[int, tuple[str, int]]) -> Outcome:
    if one.id not in results:
        return one
    state, version = after[one.id]
    if state == "resolved":
        return one._replace(outcome=DONE, reason="the ledger shows it resolved", version=version)
    return one._replace(outcome=results[one.id].outcome, reason=results[one.id].reason, version=version)


def _open_items(
    connection: Connection, configuration: Configuration, person: Person, targets: Sequence[Target], now: datetime
) -> dict[int, list[OpenItem]]:
    """What the ledger shows open for the balances among some targets."""
    with connection.transaction():
        rows = [row for row in look(connection, person, targets).values() if row.kind == "balance"]
    found = decision.open_items(connection, configuration, {row.root for row in rows}, now)
    return {row.id: [one for one in found.get((row.root, row.account, row.side, row.key), []) if one.state in EXCEPTIONS] for row in rows}


def stopped_systems(connection: Connection, now: datetime) -> dict[str, str]:
    """Systems that take nothing at the moment, and why: a person has paused them, or their circuit is open."""
    made = {}
    for name, lane in lanes(connection).items():
        if lane.is_paused(now):
            made[name] = f"{name} is paused by {lane.paused_by} until {lane.paused_until:%Y-%m-%d %H:%M} UTC: {lane.paused_why}"
        elif lane.circuit.stage is Stage.OPEN and (lane.circuit.until is None or now < lane.circuit.until):
            again = f", tried again at {lane.circuit.until:%H:%M:%S} UTC" if lane.circuit.until else ""
            made[name] = f"the circuit of {name} is open{again}: {lane.circuit.why}"
    return made


def _newest_commands(connection: Connection, person: Person, targets: Sequence[Target]) -> dict[int, tuple[str, str, str]]:
    """Key, state and reason of the newest command of the balance that each of some exceptions is about, by exception."""
    with connection.transaction():
        rows = [row for row in lock(connection, person, targets).values() if row.account]
    columns = [[getattr(row, name) for row in rows] for name in ("id", "root", "account", "side")]
    return {id_: (key, state, reason) for id_, key, state, reason in fetch(connection, "newest_commands", *columns)} if rows else {}


def _retry(connection: Connection, configuration: Configuration, person: Person, keys: Mapping[str, str], now: datetime) -> None:
    """Let refused commands, each given with its system, be tried again."""
    if configuration.driving is not None and keys:
        targets = configuration.driving.targets
        desk.retry_all(connection, {key: targets[system] for key, system in keys.items()}, person.login, now)


def _refused_command(newest: tuple[str, str, str] | None, configuration: Configuration, row: Locked) -> tuple[str, str]:
    """The refused command to try again; or why there is none."""
    if newest is None:
        return "", "no command was sent about it; correct it by one, accept it, or link what belongs together"
    key, state, _ = newest
    if state != State.REFUSED:
        said = {State.HELD: "waits for approval", State.UNKNOWN: "is in doubt and is looked up by itself"}.get(State(state), f"is {state}")
        return "", f"{key} {said}"
    if configuration.driving is None or row.system not in configuration.driving.targets:
        return "", f"the settings let {row.system} be told nothing"
    return key, ""


def _note_decisions(connection: Connection, person: Person, facts: Mapping[int, Fact], event: str, now: datetime) -> None:
    """Keep the decision in the history, so that it can be taken back."""
    with connection.transaction():
        events: list[tuple[int | None, int | None, str, dict[str, Any]]] = [
            (id_, None, event, {"fact": msgspec.to_builtins(fact), "reason": fact.data.get("reason", ""), "why": fact.data["why"]})
            for id_, fact in facts.items()
        ]
        write_events(connection, person.login, events, now)


def _record(connection: Connection, identity: str) -> Fact | None:
    found = fetch(connection, "newest_body", identity)
    return decode_fact(found[0][0]) if found else None
