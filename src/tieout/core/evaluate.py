"""Evaluation: what stands open on a root, since when, who owes it, and whether it is an exception. Pure; never raised by hand (rule 16)."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import NamedTuple, Protocol

import msgspec

from tieout.core.account import Ageing, ClearingAccount, Entry, Expectation, Posting, Within
from tieout.core.residual import Age, Residual, View, least_standing, louder, quantities, quantity_of, residuals, value_of
from tieout.core.values import EXACT, ZERO, Side


class State(StrEnum):
    """What an open item is at this moment; only `open` and `lapsed` are exceptions."""

    OPEN = "open"
    """Past its deadline and outside its tolerance, and the feed that owes it is complete beyond the deadline."""
    PENDING = "pending"
    """Not due yet."""
    UNKNOWABLE = "not yet knowable"
    """Due by the calendar, but the feed that owes it has not reported that far."""
    UNOBSERVED = "not observed"
    """No connected system states what would clear it."""
    TOLERATED = "tolerated"
    """Within tolerance; nothing is posted for that (rule 17)."""
    WRITTEN_OFF = "written off"
    """A decision accepts exactly this residual (rule 18)."""
    LAPSED = "write-off lapsed"
    """A write-off was decided for another residual than there is now; it owes its reversal."""
    UNDER = "under another"
    """The same difference already stands on an upstream account (rule 22)."""
    BLOCKED = "blocked"
    """Held back by an open item on a blocking account (rule 34)."""


EXCEPTIONS = frozenset((State.OPEN, State.LAPSED))


class Tolerance(msgspec.Struct, frozen=True):
    """Limits of one side; what exceeds any single limit is outside, or only what exceeds all if `both` is set."""

    quantity: Decimal | None = None
    quantity_percent: Decimal | None = None
    value: Decimal | None = None
    value_percent: Decimal | None = None
    both: bool = False


class Policy(Protocol):
    """What the evaluation asks of the policy; answers are by dimension (customer, channel, warehouse) and event time."""

    @property
    def grace(self) -> timedelta:
        """How long after its deadline something may still be on its way."""
        ...

    def expectation(self, account: ClearingAccount, side: Side, notes: Mapping[str, str]) -> Expectation:
        """The account's expectation with this company's own deadline and team."""
        ...

    def due(self, within: Within, occurred: datetime, day: bool, notes: Mapping[str, str]) -> datetime:
        """When something that occurred then falls due (rule 14)."""
        ...

    def tolerance(self, account: ClearingAccount, side: Side, notes: Mapping[str, str]) -> Tolerance | None:
        """The limits, if any."""
        ...

    def pack_factors(self, item: str) -> frozenset[Fraction]:
        """The known unit factors of an item, for naming a wrong unit as the cause."""
        ...


class Watermarks(Protocol):
    """How far the feeds have reported, by what they clear."""

    def of(self, account: ClearingAccount, side: Side) -> datetime | None:
        """The event time to which all feeds that could clear a residual on `side` are complete; None before the first."""
        ...

    def observed(self, account: ClearingAccount, side: Side) -> bool:
        """True when any connected system can state what would clear it."""
        ...


class Item(msgspec.Struct, frozen=True):
    """An open item: the residual of one account and key in one unit and currency, with age and state.

    `quantity` and `value` carry the sign of the residual (debits less credits); `value` is the open quantity at its
    remaining price layers, `price` the price residual. For accounts of value alone `value` is the residual itself.
    """

    account: str
    side: Side
    root: str
    key: str
    quantity: Decimal
    unit: str
    value: Decimal | None
    price: Decimal
    currency: str
    since: datetime
    due: datetime
    state: State
    expectation: Expectation
    hint: str = ""
    notes: dict[str, str] = {}

    @property
    def subject(self) -> str:
        """`root` or `root#key`."""
        return f"{self.root}#{self.key}" if self.key else self.root

    @property
    def amount(self) -> Decimal:
        """What it is worth: open value and price difference together, as an absolute number."""
        return abs(EXACT.add(self.value or ZERO, self.price))


def evaluate(found: View, accounts: Mapping[str, ClearingAccount], policy: Policy, watermarks: Watermarks, now: datetime) -> list[Item]:
    """All open items of a root at `now`, sorted by account and key; none of what its customer has not asked for."""
    judge = Judge(found, policy, watermarks, now)
    items: list[Item] = []
    for (code, key), pair in sorted(found.by_pair.items()):
        account = accounts[code]
        if account.asked and account.asked not in found.notes.get("takes", "").split():
            continue
        if account.ageing is Ageing.STANDING:
            items += judge.standing(account, key, pair)
        else:
            items += [judge.item(account, key, residual) for residual in residuals(found, account, key, pair)]
    return _relate(items, accounts)


class Judge(NamedTuple):
    """What residuals of one root are judged by."""

    found: View
    policy: Policy
    watermarks: Watermarks
    now: datetime

    def item(self, account: ClearingAccount, key: str, residual: Residual) -> Item:
        """A residual with its deadline, owner, state and, where the ledger knows it, cause."""
        notes, policy = self.found.notes, self.policy
        side, age = residual.side, residual.age
        expectation = policy.expectation(account, side, notes)
        own = age.due if account.own_due and side is Side.DEBIT else None
        due = own or policy.due(expectation.within, age.since, age.day, notes)
        item = Item(
            account.code, side, self.found.root, key, residual.quantity, residual.unit, residual.value, residual.price,
            residual.currency, age.since, due, State.OPEN, expectation, _hint(self.found, account, key, residual, policy), notes,
        )  # fmt: skip
        return msgspec.structs.replace(item, state=self.state(account, item))

    def standing(self, account: ClearingAccount, key: str, pair: Sequence[Entry]) -> list[Item]:
        """Rule 13 for flows: the least balance of one sign all through the last `within`, seen from the owing feed's watermark.

        What one feed has said and the other may still be about to say decides neither sign nor side: a movement in between would
        hide what has stood for days, or turn it round.
        """
        made: list[Item] = []
        marks = [m for s in Side if (m := self.watermarks.of(account, s)) is not None]
        until = min([self.now, *marks]) - self.policy.grace
        for unit, quantity in quantities(pair):
            if not quantity:
                continue
            mine = [e for e in pair if e.quantity is not None and e.unit == unit]
            settled = [e for e in mine if e.occurred <= until]
            stood = dict(quantities(settled)).get(unit, ZERO)
            if stood:
                mine = settled
            side = louder(mine)
            expectation = self.policy.expectation(account, side, self.found.notes)
            start = until - timedelta(hours=expectation.within.hours)
            least, since = least_standing(mine, start, until, (stood or quantity) > 0)
            item = self.item(account, key, Residual(side, least or stood or quantity, unit, None, ZERO, "", Age(since)))
            if item.state in (State.OPEN, State.UNKNOWABLE) and not least:
                item = msgspec.structs.replace(item, state=State.PENDING)
            made.append(item)
        return made

    def state(self, account: ClearingAccount, item: Item) -> State:
        """Whether an open item is an exception, and if not, why not."""
        decided = [d for d in self.found.decisions if d.notes["account"] == item.account and d.notes["key"] == item.key]
        if any(_covers(d, item) for d in decided):
            return State.WRITTEN_OFF
        if decided:
            return State.LAPSED
        if not self.watermarks.observed(account, item.side):
            return State.UNOBSERVED
        limits = self.policy.tolerance(account, item.side, self.found.notes)
        if limits is not None and within(limits, item, self.found):
            return State.TOLERATED
        due = item.due + self.policy.grace
        mark = self.watermarks.of(account, item.side)
        if mark is not None and due <= mark and due <= self.now:
            return State.OPEN
        return State.UNKNOWABLE if due <= self.now else State.PENDING


def _covers(decision: Posting, item: Item) -> bool:
    """Rule 18: a write-off counts only while the raw balance is exactly the residual that was decided."""
    notes = decision.notes
    residual = EXACT.add(item.value or ZERO, item.price) if not item.quantity else item.quantity
    unit = item.unit if item.quantity else item.currency
    return Decimal(notes["residual"]) == residual and notes["unit"] == unit


def within(limits: Tolerance, item: Item, found: View) -> bool:
    """True when an item exceeds no limit; with `both`, when it does not exceed all of them (rule 16)."""
    expected_side = Side.DEBIT if item.side is Side.CREDIT else Side.CREDIT
    mine = [e for e in found.by_pair[item.account, item.key] if e.side is not expected_side]
    base_quantity = abs(quantity_of([e for e in mine if e.unit == item.unit]))
    base_value = abs(value_of([e for e in mine if e.currency == item.currency]))
    checks = []
    for limit, actual, base in (
        (limits.quantity, abs(item.quantity), None),
        (limits.quantity_percent, abs(item.quantity), base_quantity),
        (limits.value, item.amount, None),
        (limits.value_percent, item.amount, base_value),
    ):
        if limit is not None:
            allowed = limit if base is None else EXACT.divide(EXACT.multiply(limit, base), Decimal(100))
            checks.append(actual > allowed)
    if not checks:
        return False
    return not all(checks) if limits.both else not any(checks)


def _hint(found: View, account: ClearingAccount, key: str, residual: Residual, policy: Policy) -> str:
    """A cause the ledger can name by itself; empty when it cannot."""
    side, quantity = residual.side, residual.quantity
    pair = found.by_pair[account.code, key]
    debit = quantity_of([e for e in pair if e.side is Side.DEBIT])
    credit = quantity_of([e for e in pair if e.side is Side.CREDIT])
    if debit > 0 and credit > 0 and quantity:
        item = next((e.item for e in pair if e.item), "")
        ratio = Fraction(debit) / Fraction(credit)
        known = policy.pack_factors(item)
        if ratio in known or 1 / ratio in known:
            return "unit of measure"
    if account.code == "TSH" and side is Side.CREDIT:
        cancelled = quantity_of([e for e in pair if e.kind == "BookingCancelled"])
        if cancelled and cancelled == -quantity:
            return "cancellation crossed the shipment"
    if side is Side.CREDIT and quantity:
        stated = [e.quantity for e in pair if e.side is Side.CREDIT]
        if stated.count(-quantity) > 1:
            return "stated twice"
    if account.code == "TCO" and ("CSH", key) in found.by_pair and side is Side.DEBIT:
        paid = EXACT.subtract(value_of(found.side("CSH", key, Side.DEBIT)), value_of(found.side("CSH", key, Side.CREDIT)))
        if paid > 0:
            return "paid at the bank, not applied"
    if not quantity and debit and credit:
        return "price"
    return ""


def _relate(items: list[Item], accounts: Mapping[str, ClearingAccount]) -> list[Item]:
    """Put items under the upstream item of the same amount (rule 22), and hold those that an open account blocks (rule 34)."""
    exceptions = [i for i in items if i.state in EXCEPTIONS]
    related: list[Item] = []
    for item in items:
        account, state = accounts[item.account], item.state
        if state is State.OPEN and any(i.account in account.blocked_by for i in exceptions):
            state = State.BLOCKED
        elif state is State.OPEN and any(_follows(item, accounts[i.account], i, account) for i in exceptions if i.account in account.upstream):
            state = State.UNDER
        related.append(msgspec.structs.replace(item, state=state))
    return related


def _follows(item: Item, above: ClearingAccount, upstream: Item, account: ClearingAccount) -> bool:
    """True when the statements that stand on both accounts make this difference of the one upstream.

    What is wrong in such a statement moves both accounts, each to the side on which it states that. So a booking that is too much
    leaves too much to ship; it explains no over-shipment of the same amount, which is a second fault and must not hide behind the first.
    """
    turned = bool(above.credit.keys() & account.debit.keys() or above.debit.keys() & account.credit.keys())
    quantity, price, value = item.quantity, item.price, item.value
    if turned:
        quantity, price, value = -quantity, -price, None if value is None else -value
    return (
        upstream.key == item.key
        and upstream.unit == item.unit
        and upstream.quantity == quantity
        and upstream.price == price
        and (upstream.value == value or bool(quantity))
    )
