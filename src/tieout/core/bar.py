"""Bars: why something that is owed must wait, key by key; each with a reason that a person understands."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from tieout.core.account import Ageing, ClearingAccount
from tieout.core.act import TOLD, WHOLE, Act
from tieout.core.command import State
from tieout.core.evaluate import Item
from tieout.core.evaluate import State as ItemState
from tieout.core.flight import Issued, Sum, sums
from tieout.core.ground import Ground, Stop
from tieout.core.owed import SETTLED, Owed, amounts
from tieout.core.residual import View, quantities
from tieout.core.values import Side, ref_parts

NO_STEP = {
    ItemState.TOLERATED: "within tolerance",
    ItemState.WRITTEN_OFF: "written off",
    ItemState.LAPSED: "its write-off has lapsed; a person must settle that first",
    ItemState.UNOBSERVED: "no connected system could confirm it",
    ItemState.BLOCKED: "held back by an open blocking account",
}
REMITTANCE = "remittance"


class Bar(NamedTuple):
    """Why a key has to wait, and until when, if that is known; `one` is the command that stands in its way, if any.

    `owes_nothing`: no step is owed at all, so that a document that goes as a whole need not wait for it.
    """

    reason: str
    until: datetime | None = None
    one: Issued | None = None
    owes_nothing: bool = False


def bar(ground: Ground, account: ClearingAccount, side: Side, act: Act, owed: Owed) -> Bar | None:
    """The first reason why this must wait; None when it may go."""
    return (
        _by_its_item(ground, account, side, owed)
        or _by_its_subject(ground.standing.found, act)
        or _by_units(ground.standing.found, account, owed)
        or _by_findings(ground, account, side, owed)
        or _by_what_is_in_flight(ground, account, side, act, owed)
        or _by_a_refusal(ground, account, side, act, owed)
        or _by_time(ground, account, side, act, owed)
    )


def _by_its_item(ground: Ground, account: ClearingAccount, side: Side, owed: Owed) -> Bar | None:
    if owed.item.state in NO_STEP:
        return Bar(NO_STEP[owed.item.state], owes_nothing=owed.item.state in SETTLED)
    if not owed.amount:
        return Bar("the flow has just come to zero or turned")
    if account.ageing is Ageing.STANDING and owed.item.state is not ItemState.OPEN:
        return Bar("has not stood for its time yet: the movement may still be on its way", owed.item.due)
    if side is Side.CREDIT and owed.item.state is not ItemState.OPEN:
        return Bar("a reversal is proposed only when it is overdue", owed.item.due)
    return None


def _by_its_subject(found: View, act: Act) -> Bar | None:
    """Money that stands on a remittance is for invoices which nobody has named yet; it cannot be applied to any."""
    if act is Act.APPLY_CASH and ref_parts(found.root)[1] == REMITTANCE:
        return Bar("no advice says which invoices this money is for")
    return None


def _by_units(found: View, account: ClearingAccount, owed: Owed) -> Bar | None:
    """2 CS ordered and 24 EA booked are the same goods until somebody says otherwise."""
    if owed.item.hint == "unit of measure":
        return Bar("stated in a wrong unit of measure, it seems")
    open_units = [unit for unit, quantity in quantities(found.by_pair[account.code, owed.key]) if quantity]
    if owed.unit[:1] != "$" and len(open_units) > 1:
        return Bar(f"stated in several units: {', '.join(open_units)}")
    return None


def _by_findings(ground: Ground, account: ClearingAccount, side: Side, owed: Owed) -> Bar | None:
    """An open blocking finding stops the commands downstream of it, on the same goods, and nothing else. A document speaks of all
    goods of its root."""
    sign = "+" if side is Side.DEBIT else "-"
    stops = (Stop(account.code, by_price=True), *ground.rules.stops.get(account.code + sign, ()))
    for item in ground.standing.items:
        if item.state in SETTLED:
            continue
        if item.account in account.blocked_by:
            return Bar(f"stopped: {_said(item)}")
        stopped = any(_speaks_of(stop, item) for stop in stops)
        if stopped and (account.singly or _same_goods(ground.standing.found, item, account.code, owed.key)):
            return Bar(f"stopped: {_said(item)}")
    return None


def _speaks_of(stop: Stop, item: Item) -> bool:
    if stop.account != item.account:
        return False
    return bool(item.price) if stop.by_price else bool(item.quantity or item.value) and stop.side in (None, item.side)


def _same_goods(found: View, item: Item, code: str, key: str) -> bool:
    """The same key where both accounts are kept by the same keys, else a common item; a root without keys is one thing."""
    if item.key == key or not item.key or not key:
        return True
    if (item.account, key) in found.by_pair:
        return False
    here = {e.item for e in found.by_pair[code, key] if e.item}
    return any(e.item in here for e in found.by_pair[item.account, item.key])


def _said(item: Item) -> str:
    what = "price in dispute" if item.price and not item.quantity else item.expectation.meaning
    return f"{what} ({item.account} {item.subject})"


def _by_what_is_in_flight(ground: Ground, account: ClearingAccount, side: Side, act: Act, owed: Owed) -> Bar | None:
    """One open command per account and subject, or per document; a reversal waits for everything (rules 23, 24)."""
    for one in ground.on(account.code):
        if not one.is_flying or ground.is_done(one):
            continue
        if owed.key in ground.keys(one) or act in WHOLE or side is Side.CREDIT:
            left = amounts(ground.flights[one.command.key].left) or "nothing"
            return Bar(f"in flight: command {one.command.number} is {one.attempt.state}, {left} is still to be stated", one=one)
    return None


def _by_a_refusal(ground: Ground, account: ClearingAccount, side: Side, act: Act, owed: Owed) -> Bar | None:
    """Rule 25: not again while the sums are the same, unless the target named a time or a person wants it."""
    latest = next((i for i in reversed(ground.on(account.code, side)) if _was_sent(i) and (act in WHOLE or owed.key in ground.keys(i))), None)
    if latest is None or latest.attempt.released or not _took_nothing(ground, latest, owed.key):
        return None
    again_at = latest.attempt.again_at
    if again_at is not None and again_at <= ground.now:
        return None
    now = evidence(ground, account.code, side, act, ground.keys(latest), latest.command.system)
    only = "" if latest.attempt.state is State.REFUSED else owed.key
    if not _same([s for s in now if only in ("", s.key)], [s for s in latest.because if only in ("", s.key)]):
        return None
    return Bar(f"refused, and the sums are the same: {latest.attempt.reason or 'the target took nothing of it'}", again_at, latest)


def _same(now: Sequence[Sum], then: Sequence[Sum]) -> bool:
    return [(s.key, s.unit, s.debit, s.credit) for s in now] == [(s.key, s.unit, s.debit, s.credit) for s in then]


def _was_sent(one: Issued) -> bool:
    return one.attempt.state not in (State.CANCELLED, State.QUEUED, State.HELD)


def _took_nothing(ground: Ground, one: Issued, key: str) -> bool:
    """Refused as a whole, or taken with a final quantity of zero for this key."""
    if one.attempt.state is State.REFUSED:
        return True
    code = one.command.account
    return any(not final and ground.names.get((code, stated), stated) == key for stated, final in one.attempt.final.items())


def _by_time(ground: Ground, account: ClearingAccount, side: Side, act: Act, owed: Owed) -> Bar | None:
    notes = ground.standing.found.notes
    if not ground.rules.system(TOLD[act], act, notes):
        return Bar(f"no system can be told to {act.replace('_', ' ')}")
    due = ground.rules.due(ground.rules.after(account, side, notes), owed.item.since, False, notes)
    return Bar(f"not before {due:%Y-%m-%d %H:%M} UTC", due) if due > ground.now else None


def evidence(ground: Ground, code: str, side: Side, act: Act, keys: Iterable[str], system: str) -> tuple[Sum, ...]:
    """The sums that a command about these keys rests on; for a whole document those of all its keys."""
    found = ground.standing.found
    if act in WHOLE:
        keys = [key for account, key in found.by_pair if account == code]
    return sums(found, code, keys, side, system)
