"""Evaluation: what stands open on a root, since when, who owes it, and whether it is an exception. Pure; never raised by hand (rule 16)."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import NamedTuple, Protocol

import msgspec

from tieout.core.account import (
    Ageing,
    Balance,
    ClearingAccount,
    Entry,
    Expectation,
    Measure,
    Posting,
    Within,
    entries,
)
from tieout.core.price import layers_of, open_value, price_residual
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


class View(msgspec.Struct):
    """The effective postings of one root, expanded once."""

    root: str
    by_pair: dict[tuple[str, str], list[Entry]]
    notes: dict[str, str]
    decisions: list[Posting]

    def side(self, account: str, key: str, side: Side) -> list[Entry]:
        """Entries of one side in due order."""
        found = [e for e in self.by_pair.get((account, key), ()) if e.side is side]
        found.sort(key=_fifo_order)
        return found


class Age(NamedTuple):
    """When the oldest uncovered entry occurred, its own due time if any, and whether it is only known to the day."""

    since: datetime
    due: datetime | None = None
    day: bool = False


def _fifo_order(entry: Entry) -> tuple[float, float, str, str]:
    due = entry.due.timestamp() if entry.due else float("inf")
    return due, entry.occurred.timestamp(), entry.identity, entry.revision


def view(root: str, book: Iterable[Posting]) -> View:
    """Expand a root's effective postings; keys that a merged group `a+b` joins are one key, its least member (rule 20)."""
    by_pair: dict[tuple[str, str], list[Entry]] = defaultdict(list)
    notes: dict[str, str] = {}
    decisions: list[Posting] = []
    joined: dict[str, list[set[str]]] = defaultdict(list)
    for posting in sorted(book, key=lambda p: (p.occurred, p.identity)):
        if posting.kind == "WrittenOff":
            decisions.append(posting)
            continue
        for name in ("customer", "channel", "warehouse", "entity"):
            if name in posting.notes:
                notes.setdefault(name, posting.notes[name])
        for entry in entries(posting):
            by_pair[entry.account, entry.key].append(entry)
            if "+" in entry.key:
                joined[entry.account].append(set(entry.key.split("+")))
    for account, groups in joined.items():
        _merge(by_pair, account, groups)
    return View(root, dict(by_pair), notes, decisions)


def _merge(by_pair: dict[tuple[str, str], list[Entry]], account: str, groups: list[set[str]]) -> None:
    merged: list[set[str]] = []
    for group in groups:
        touching = [known for known in merged if known & group]
        merged = [known for known in merged if not known & group] + [group.union(*touching)]
    for group in merged:
        name = min(group)
        for pair in [p for p in by_pair if p[0] == account and p[1] != name and set(p[1].split("+")) <= group]:
            by_pair.setdefault((account, name), []).extend(by_pair.pop(pair))


def balances(found: Sequence[Entry]) -> list[Balance]:
    """Balances of one pair, per unit and per currency.

    Quantity lives in a balance per unit; an entry's value joins the balance of its unit and currency, or of its
    currency alone when it has no quantity. A quantity without value joins the only currency of its unit, if there is one.
    """
    currencies: dict[str, set[str]] = defaultdict(set)
    for entry in found:
        if entry.quantity is not None and entry.value is not None:
            currencies[entry.unit].add(entry.currency)
    sums: dict[tuple[str, str], Balance] = {}
    for entry in found:
        unit = entry.unit if entry.quantity is not None else ""
        currency = entry.currency
        if entry.value is None and len(currencies[unit]) == 1:
            (currency,) = currencies[unit]
        balance = sums.setdefault((unit, currency), Balance(unit, currency))
        (balance.debit if entry.side is Side.DEBIT else balance.credit).add(entry)
    return [sums[key] for key in sorted(sums)]


def evaluate(
    found: View,
    accounts: Mapping[str, ClearingAccount],
    policy: Policy,
    watermarks: Watermarks,
    now: datetime,
) -> list[Item]:
    """All open items of a root at `now`, sorted by account and key."""
    items: list[Item] = []
    for (code, key), pair in sorted(found.by_pair.items()):
        account = accounts[code]
        if account.ageing is Ageing.STANDING:
            items.extend(_standing(found, account, key, pair, policy, watermarks, now))
        else:
            items.extend(_fifo(found, account, key, pair, policy, watermarks, now))
    return _relate(items, accounts)


def _fifo(
    found: View,
    account: ClearingAccount,
    key: str,
    pair: list[Entry],
    policy: Policy,
    watermarks: Watermarks,
    now: datetime,
) -> list[Item]:
    made: list[Item] = []
    by_unit = _quantities(pair) if account.measure is not Measure.VALUE else []
    by_unit = [(unit, EXACT.subtract(q, _explained(found, account, key, unit, pair))) for unit, q in by_unit]
    priced = account.measure in (Measure.BOTH, Measure.PRICE)
    for unit, quantity in by_unit:
        mine = [e for e in pair if e.quantity is not None and e.unit == unit]
        debits = sorted((e for e in mine if e.side is Side.DEBIT), key=_fifo_order)
        credits_ = sorted((e for e in mine if e.side is Side.CREDIT), key=_fifo_order)
        layers_from = _layer_entries(found, account, key, unit, debits)
        for n, currency in enumerate(_currencies(layers_from, credits_ if priced else [])):
            layers = layers_of(layers_from, currency)
            price = (price_residual(layers, credits_, currency) or ZERO) if priced else ZERO
            if priced and layers_from and not layers:
                price = -_amount([e for e in credits_ if e.currency == currency])
            shown = ZERO if n or account.measure is Measure.PRICE else quantity
            if not shown and not price:
                continue
            side = _side(shown or price)
            value = None
            if shown > 0:
                value = open_value(layers, _sum(credits_), shown, currency)
            elif shown < 0:
                over = layers_of(credits_, currency) or layers
                worth = open_value(over, ZERO if over is layers else _sum(debits), -shown, currency)
                value = None if worth is None else -worth
            oldest, covered = (debits, credits_) if side is Side.DEBIT else (credits_, debits)
            age = _oldest_open(oldest, _sum(covered)) if shown else _both_stated(debits, credits_)
            made.append(_item(found, account, key, side, shown, unit, value, price, currency, age, policy, watermarks, now))
    if account.measure is Measure.QUANTITY:
        return made
    return made + _values(found, account, key, pair, policy, watermarks, now)


def _values(
    found: View,
    account: ClearingAccount,
    key: str,
    pair: list[Entry],
    policy: Policy,
    watermarks: Watermarks,
    now: datetime,
) -> list[Item]:
    """Residuals of value without quantity: invoices, fees, freight, tax, discount; per currency."""
    made: list[Item] = []
    amounts = [e for e in pair if e.quantity is None and e.value is not None]
    for currency in sorted({e.currency for e in amounts}):
        mine = sorted((e for e in amounts if e.currency == currency), key=_fifo_order)
        debits = [e for e in mine if e.side is Side.DEBIT]
        credits_ = [e for e in mine if e.side is Side.CREDIT]
        residual = EXACT.subtract(_amount(debits), _amount(credits_))
        if not residual or (account.measure is Measure.PRICE and not (debits and credits_)):
            continue
        side = _side(residual)
        oldest, covered = (debits, credits_) if side is Side.DEBIT else (credits_, debits)
        age = _oldest_open(oldest, _amount(covered), by_value=True)
        made.append(_item(found, account, key, side, ZERO, "", residual, ZERO, currency, age, policy, watermarks, now))
    return made


def _standing(
    found: View,
    account: ClearingAccount,
    key: str,
    pair: list[Entry],
    policy: Policy,
    watermarks: Watermarks,
    now: datetime,
) -> list[Item]:
    """Rule 13 for flows: the least balance of one sign all through the last `within`, seen from the owing feed's watermark."""
    made: list[Item] = []
    for unit, quantity in _quantities(pair):
        if not quantity:
            continue
        mine = [e for e in pair if e.quantity is not None and e.unit == unit]
        side = _louder(mine)
        expectation = policy.expectation(account, side, found.notes)
        marks = [m for s in Side if (m := watermarks.of(account, s)) is not None]
        until = min([now, *marks]) - policy.grace
        start = until - timedelta(hours=expectation.within.hours)
        least, since = _least_standing(mine, start, until, quantity > 0)
        shown = least if least else quantity
        item = _item(found, account, key, side, shown, unit, None, ZERO, "", Age(since), policy, watermarks, now)
        if item.state in (State.OPEN, State.UNKNOWABLE) and not least:
            item = msgspec.structs.replace(item, state=State.PENDING)
        made.append(item)
    return made


def _louder(mine: Sequence[Entry]) -> Side:
    """Movements carry their own sign, so the side that moved more in all is the one the other has not followed."""
    moved = dict.fromkeys(Side, ZERO)
    for entry in mine:
        moved[entry.side] = EXACT.add(moved[entry.side], abs(entry.quantity or ZERO))
    return Side.DEBIT if moved[Side.DEBIT] >= moved[Side.CREDIT] else Side.CREDIT


def _least_standing(mine: list[Entry], start: datetime, until: datetime, positive: bool) -> tuple[Decimal, datetime]:
    """The least balance in the window (zero if it ever was of the other sign), and since when it has stood on this side."""
    steps: dict[datetime, Decimal] = defaultdict(lambda: ZERO)
    for entry in mine:
        signed = entry.quantity or ZERO
        steps[entry.occurred] = EXACT.add(steps[entry.occurred], signed if entry.side is Side.DEBIT else -signed)
    running, since = ZERO, min(steps)
    least: Decimal | None = None
    for moment in sorted(steps):
        if moment > until:
            break
        if moment > start and least is None:
            least = running
        before = running
        running = EXACT.add(running, steps[moment])
        if (before > 0) is not positive or not before:
            since = moment
        if moment > start and least is not None:
            least = min(least, running) if positive else max(least, running)
    if least is None:
        least = running
    return (least, since) if (least > 0) is positive and least else (ZERO, since)


def _quantities(pair: Sequence[Entry]) -> list[tuple[str, Decimal]]:
    sums: dict[str, Decimal] = {}
    for entry in pair:
        if entry.quantity is not None:
            signed = entry.quantity if entry.side is Side.DEBIT else -entry.quantity
            sums[entry.unit] = EXACT.add(sums.get(entry.unit, ZERO), signed)
    return sorted(sums.items())


def _explained(found: View, account: ClearingAccount, key: str, unit: str, pair: Sequence[Entry]) -> Decimal:
    """What the open movements of another account explain of a difference between two statements of state."""
    until = max(e.occurred for e in pair)
    amount = ZERO
    for code in account.explained_by:
        moved = [e for e in found.by_pair.get((code, key), ()) if e.unit == unit and e.occurred <= until]
        amount = EXACT.add(amount, dict(_quantities(moved)).get(unit, ZERO))
    return amount


def _currencies(layers: Sequence[Entry], credits_: Sequence[Entry]) -> list[str]:
    """The currencies of the layers, then those only credits are in: an amount in a currency nobody agreed covers nothing."""
    known = sorted({e.currency for e in layers} or {""})
    return known + sorted({e.currency for e in credits_ if e.value is not None and layers} - set(known))


def _layer_entries(found: View, account: ClearingAccount, key: str, unit: str, debits: list[Entry]) -> list[Entry]:
    own = [e for e in debits if e.value is not None]
    if own:
        return own
    for code in account.layers:
        priced = [e for e in found.side(code, key, Side.DEBIT) if e.value is not None and e.unit == unit]
        if priced:
            return priced
    return []


def _sum(found: Sequence[Entry]) -> Decimal:
    amount = ZERO
    for entry in found:
        amount = EXACT.add(amount, entry.quantity or ZERO)
    return amount


def _amount(found: Sequence[Entry]) -> Decimal:
    amount = ZERO
    for entry in found:
        amount = EXACT.add(amount, entry.value or ZERO)
    return amount


def _side(residual: Decimal) -> Side:
    return Side.DEBIT if residual > 0 else Side.CREDIT


def _oldest_open(found: Sequence[Entry], covered: Decimal, *, by_value: bool = False) -> Age:
    """Rule 13: of the entries by due, then occurred, the first that the whole other side does not cover."""
    left = covered
    for entry in found:
        left = EXACT.subtract(left, (entry.value if by_value else entry.quantity) or ZERO)
        if left < 0:
            return Age(entry.occurred, entry.due, entry.day)
    last = found[-1]
    return Age(last.occurred, last.due, last.day)


def _both_stated(debits: Sequence[Entry], credits_: Sequence[Entry]) -> Age:
    """A price difference exists since both sides have spoken."""
    first = [min(found, key=_occurred) for found in (debits, credits_) if found]
    last = max(first, key=_occurred)
    return Age(last.occurred, None, last.day)


def _occurred(entry: Entry) -> datetime:
    return entry.occurred


def _item(
    found: View,
    account: ClearingAccount,
    key: str,
    side: Side,
    quantity: Decimal,
    unit: str,
    value: Decimal | None,
    price: Decimal,
    currency: str,
    age: Age,
    policy: Policy,
    watermarks: Watermarks,
    now: datetime,
) -> Item:
    expectation = policy.expectation(account, side, found.notes)
    own = age.due if account.own_due and side is Side.DEBIT else None
    due = own or policy.due(expectation.within, age.since, age.day, found.notes)
    item = Item(
        account.code, side, found.root, key, quantity, unit, value, price, currency, age.since, due, State.OPEN,
        expectation, _hint(found, account, key, side, quantity, policy), found.notes,
    )  # fmt: skip
    return msgspec.structs.replace(item, state=_state(found, account, item, policy, watermarks, now))


def _state(found: View, account: ClearingAccount, item: Item, policy: Policy, watermarks: Watermarks, now: datetime) -> State:
    decided = [d for d in found.decisions if d.notes["account"] == item.account and d.notes["key"] == item.key]
    if any(_covers(d, item) for d in decided):
        return State.WRITTEN_OFF
    if decided:
        return State.LAPSED
    if not watermarks.observed(account, item.side):
        return State.UNOBSERVED
    limits = policy.tolerance(account, item.side, found.notes)
    if limits is not None and within(limits, item, found):
        return State.TOLERATED
    due = item.due + policy.grace
    mark = watermarks.of(account, item.side)
    if mark is not None and due <= mark and due <= now:
        return State.OPEN
    return State.UNKNOWABLE if due <= now else State.PENDING


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
    base_quantity = abs(_sum([e for e in mine if e.unit == item.unit]))
    base_value = abs(_amount([e for e in mine if e.currency == item.currency]))
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


def _hint(found: View, account: ClearingAccount, key: str, side: Side, quantity: Decimal, policy: Policy) -> str:
    """A cause the ledger can name by itself; empty when it cannot."""
    pair = found.by_pair[account.code, key]
    debit = _sum([e for e in pair if e.side is Side.DEBIT])
    credit = _sum([e for e in pair if e.side is Side.CREDIT])
    if debit > 0 and credit > 0 and quantity:
        item = next((e.item for e in pair if e.item), "")
        ratio = Fraction(debit) / Fraction(credit)
        known = policy.pack_factors(item)
        if ratio in known or 1 / ratio in known:
            return "unit of measure"
    if account.code == "TSH" and side is Side.CREDIT:
        cancelled = _sum([e for e in pair if e.kind == "BookingCancelled"])
        if cancelled and cancelled == -quantity:
            return "cancellation crossed the shipment"
    if side is Side.CREDIT and quantity:
        stated = [e.quantity for e in pair if e.side is Side.CREDIT]
        if any(stated.count(q) > 1 and q == -quantity for q in stated):
            return "stated twice"
    if account.code == "TCO" and ("CSH", key) in found.by_pair and side is Side.DEBIT:
        paid = EXACT.subtract(_amount(found.side("CSH", key, Side.DEBIT)), _amount(found.side("CSH", key, Side.CREDIT)))
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
        elif state is State.OPEN and any(_same(i, item) for i in exceptions if i.account in account.upstream):
            state = State.UNDER
        related.append(msgspec.structs.replace(item, state=state))
    return related


def _same(upstream: Item, item: Item) -> bool:
    return (
        upstream.key == item.key
        and upstream.unit == item.unit
        and upstream.quantity == item.quantity
        and upstream.price == item.price
        and (upstream.value == item.value or bool(item.quantity))
    )
