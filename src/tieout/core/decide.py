"""Decisions: which commands a root owes, now, given what is already under way (rules 23 to 26). Pure, and level-triggered.

Nothing here reacts to an event. `decide` looks at what stands open and what is in flight, and says what should change. Asked
again with its decisions carried out, it answers that nothing should. So a lost, late or repeated message, a crash or a
second worker can cost time, never a second document.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from enum import StrEnum

import msgspec

from tieout.core.account import ClearingAccount
from tieout.core.act import GIVES_BACK, TOLD, WHOLE, Act
from tieout.core.attempt import OPEN
from tieout.core.bar import Bar, bar, evidence
from tieout.core.command import Command, State
from tieout.core.flight import Issued, Sum, flights, names_of
from tieout.core.ground import Ground, Rules, Ruling, Standing
from tieout.core.owed import Owed, amounts, compose, owed_on
from tieout.core.values import Side


class Verdict(StrEnum):
    """What should happen, in the order in which it is carried out."""

    CONFIRM = "confirm"
    """All that was in flight has been stated by the target."""
    WITHDRAW = "withdraw"
    """Not sent yet, and no longer owed as it was decided."""
    ISSUE = "issue"
    HOLD = "hold"
    """Issue it, to wait for an approver."""
    NOTHING = "nothing"
    """Owed or under way, and nothing to do: the reason says why."""


class Decision(msgspec.Struct, frozen=True, omit_defaults=True):
    """One decision with its reason.

    `command` is new for issue and hold, else the one spoken of, if any. `because` are the sums a new command rests on, kept
    with it; `rule` is what holds it (also one that is held already), `look_at` the moment from which the answer may be another. `keys` are the lines or items
    of the root that it is about.
    """

    verdict: Verdict
    account: str
    side: Side
    keys: tuple[str, ...]
    reason: str
    command: Command | None = None
    because: tuple[Sum, ...] = ()
    rule: str = ""
    look_at: datetime | None = None


def decide(standing: Standing, rules: Rules, now: datetime) -> list[Decision]:
    """All decisions about a root: confirmations first, then withdrawals, then what is new, then why the rest waits."""
    found, issued = standing.found, standing.issued
    names = names_of(found, {one.command.account for one in issued})
    ground = Ground(standing, rules, now, flights(found, standing.book, issued, rules.anonymous), names)
    codes = {item.account for item in standing.items} | {one.command.account for one in issued if one.attempt.state in OPEN}
    made = [decision for code in sorted(codes) for side in Side for decision in _side(ground, rules.accounts[code], side)]
    order = list(Verdict)
    return sorted(made, key=lambda decision: order.index(decision.verdict))


def _side(ground: Ground, account: ClearingAccount, side: Side) -> Iterator[Decision]:
    """Decide one side of an account: end what is over, look again at what waits, issue what is free, explain the rest."""
    act = account.expectation(side).command
    mine = ground.on(account.code, side)
    yield from (_confirm(ground, one) for one in mine if ground.is_done(one))
    owed = owed_on(ground.standing.items, ground.standing.found, account, side) if act is not None else []
    bars = _bars(ground, account, side, act, owed) if act is not None else {}
    free = {one.key: one for one in owed if one.key not in bars}
    for waiting in mine:
        if waiting.attempt.state in (State.QUEUED, State.HELD):
            again = _again(ground, account, waiting, free)
            for key in again.keys if again.verdict is Verdict.NOTHING else ():
                del free[key]
            yield again
    if act is not None:
        number = max((one.command.number for one in mine), default=0)
        for n, part in enumerate(_by_currency(list(free.values())), number + 1):
            yield _issue(ground, account, side, part, n)
    for one in owed:
        if one.key in bars:
            found = bars[one.key]
            command = found.one.command if found.one is not None else None
            yield Decision(Verdict.NOTHING, account.code, side, (one.key,), found.reason, command, look_at=found.until)


def _bars(ground: Ground, account: ClearingAccount, side: Side, act: Act, owed: Sequence[Owed]) -> dict[str, Bar]:
    """Why keys have to wait; a document that goes as a whole waits for the last of them, except for those that owe no step."""
    made = {one.key: found for one in owed if (found := bar(ground, account, side, act, one)) is not None}
    currencies = sorted({one.currency for one in owed if one.currency and one.key not in made})
    if act in WHOLE and len(currencies) > 1:
        made |= {one.key: Bar(f"one document cannot be in {' and '.join(currencies)}") for one in owed if one.key not in made}
    waiting = {key: found for key, found in made.items() if not found.owes_nothing}
    if act in WHOLE and waiting:
        key = min(waiting)
        rest = Bar(f"goes with {key}, which waits: {waiting[key].reason}", waiting[key].until, waiting[key].one)
        made |= {one.key: rest for one in owed if one.key not in made}
    return made


def _confirm(ground: Ground, one: Issued) -> Decision:
    short = amounts(ground.flights[one.command.key].short)
    reason = f"the target's documents say {short} less than was commanded" if short else "the target has stated all of it"
    return _about(Verdict.CONFIRM, ground, one, reason)


def _again(ground: Ground, account: ClearingAccount, one: Issued, free: dict[str, Owed]) -> Decision:
    """Look again before it is sent (rule 25): exactly this must still be owed and free to go, and the policy must say of it what
    it said then. What was approved is judged anew only if another approver is wanted by now."""
    command, keys = one.command, ground.keys(one)
    wanted = [owed for key, owed in free.items() if key in keys or command.act in WHOLE]
    act = account.expectation(command.side).command
    if not wanted or act is not command.act or _compose(ground, account, command.side, wanted, command.number) != command:
        return _about(Verdict.WITHDRAW, ground, one, "no longer owed as it was decided")
    ruling = _held_by(ground, command, tuple(sorted(keys)))
    if one.attempt.state is State.HELD and ruling is None:
        return _about(Verdict.WITHDRAW, ground, one, "judged anew: nothing holds it any more")
    if one.attempt.state is State.QUEUED and ruling is not None and not (one.leave and ruling.needs in ("", one.leave)):
        return _about(Verdict.WITHDRAW, ground, one, f"judged anew: {ruling.rule}")
    still = _about(Verdict.NOTHING, ground, one, f"{one.attempt.state}, and still owed")
    return still if ruling is None else msgspec.structs.replace(still, rule=ruling.rule)


def _issue(ground: Ground, account: ClearingAccount, side: Side, owed: Sequence[Owed], number: int) -> Decision:
    command = _compose(ground, account, side, owed, number)
    keys = tuple(one.key for one in owed)
    because = evidence(ground, account.code, side, command.act, keys, command.system)
    ruling = _held_by(ground, command, keys)
    reason = f"owed: {amounts({one.slot: one.amount for one in owed})}"
    if ruling is None:
        return Decision(Verdict.ISSUE, account.code, side, keys, reason, command, because)
    return Decision(Verdict.HOLD, account.code, side, keys, reason, command, because, ruling.rule)


def _compose(ground: Ground, account: ClearingAccount, side: Side, owed: Sequence[Owed], number: int) -> Command:
    act = account.expectation(side).command
    assert act is not None
    system = ground.rules.system(TOLD[act], act, ground.standing.found.notes)
    return compose(ground, account, side, act, owed, number, system)


def _held_by(ground: Ground, command: Command, keys: Sequence[str]) -> Ruling | None:
    """What makes the command wait for an approver; None when it may go."""
    back = _taken_back(ground, command, keys)
    if back:
        return Ruling(True, back)
    ruling = ground.rules.checkpoint(command, ground.standing.found)
    if ruling is not None and ruling.holds:
        return ruling
    if command.side is Side.CREDIT:
        return Ruling(True, "a reversal is never automatic")
    if ruling is None and command.act in GIVES_BACK:
        return Ruling(True, "no checkpoint lets it pass, and it gives money or goods back")
    return None


def _taken_back(ground: Ground, command: Command, keys: Sequence[str]) -> str:
    """Somebody changed or withdrew in the target what the last command had brought: that was on purpose, so a person is asked."""
    for key in keys:
        done = [i for i in ground.on(command.account, command.side) if i.attempt.state is State.CONFIRMED or ground.is_done(i)]
        last = next((i for i in reversed(done) if key in ground.keys(i)), None)
        if last is not None and any(slot[0] == key for slot in ground.flights[last.command.key].short):
            return f"{last.command.system} has changed or withdrawn what command {last.command.number} had brought"
    return ""


def _by_currency(owed: Sequence[Owed]) -> list[list[Owed]]:
    """One command speaks one currency; what has no price goes with the only one there is, else by itself: no coin is tossed."""
    currencies = sorted({one.currency for one in owed if one.currency})
    if len(currencies) < 2:
        return [list(owed)] if owed else []
    parts = [[one for one in owed if one.currency == currency] for currency in (*currencies, "")]
    return [part for part in parts if part]


def _about(verdict: Verdict, ground: Ground, one: Issued, reason: str) -> Decision:
    command = one.command
    return Decision(verdict, command.account, command.side, tuple(sorted(ground.keys(one))), reason, command)
