"""Residuals: the two sides of an account set against each other, exactly; no deadline, no policy, no judgement."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

import msgspec

from tieout.core.account import Balance, ClearingAccount, Entry, Measure, Posting, entries
from tieout.core.price import layers_of, open_value, price_residual
from tieout.core.values import EXACT, ZERO, Side


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


class Residual(NamedTuple):
    """What one pair leaves open in one unit and one currency; quantity and value carry the sign of debits less credits."""

    side: Side
    quantity: Decimal
    unit: str
    value: Decimal | None
    price: Decimal
    currency: str
    age: Age


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
        for name in ("customer", "channel", "warehouse", "entity", "takes", "terms"):
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


def residuals(found: View, account: ClearingAccount, key: str, pair: Sequence[Entry]) -> list[Residual]:
    """What has not come to zero between the two sides of a pair; standing flows are `least_standing`."""
    made: list[Residual] = []
    by_unit = quantities(pair) if account.measure is not Measure.VALUE else []
    by_unit = [
        (unit, _uncovered(found, account, key, unit, EXACT.subtract(q, _explained(found, account, key, unit, pair)))) for unit, q in by_unit
    ]
    priced = account.measure in (Measure.BOTH, Measure.PRICE)
    for unit, quantity in by_unit:
        mine = [e for e in pair if e.quantity is not None and e.unit == unit]
        debits = sorted((e for e in mine if e.side is Side.DEBIT), key=_fifo_order)
        credits_ = sorted((e for e in mine if e.side is Side.CREDIT), key=_fifo_order)
        layers_from = _layer_entries(found, account, key, unit, debits)
        for n, currency in enumerate(_currencies(layers_from, credits_, priced=priced)):
            layers = layers_of(layers_from, currency)
            price = (price_residual(layers, credits_, currency) or ZERO) if priced else ZERO
            if priced and layers_from and not layers:
                price = -value_of([e for e in credits_ if e.currency == currency])
            shown = ZERO if n or account.measure is Measure.PRICE else quantity
            if not shown and not price:
                continue
            side = _side(shown or price)
            value = None
            if shown > 0:
                value = open_value(layers, quantity_of(credits_), shown, currency)
            elif shown < 0:
                over = layers_of(credits_, currency) or layers
                worth = open_value(over, ZERO if over is layers else quantity_of(debits), -shown, currency)
                value = None if worth is None else -worth
            oldest, covered = _sides(side, debits, credits_)
            both = not shown or account.compares_states
            age = _both_stated(debits, credits_) if both else _oldest_open(oldest, quantity_of(covered))
            made.append(Residual(side, shown, unit, value, price, currency, age))
    if account.measure is Measure.QUANTITY:
        return made
    return made + _values(account, pair)


def _values(account: ClearingAccount, pair: Sequence[Entry]) -> list[Residual]:
    """Residuals of value without quantity: invoices, fees, freight, tax, discount; per currency."""
    made: list[Residual] = []
    amounts = [e for e in pair if e.quantity is None and e.value is not None]
    for currency in sorted({e.currency for e in amounts}):
        mine = sorted((e for e in amounts if e.currency == currency), key=_fifo_order)
        debits = [e for e in mine if e.side is Side.DEBIT]
        credits_ = [e for e in mine if e.side is Side.CREDIT]
        residual = EXACT.subtract(value_of(debits), value_of(credits_))
        if not residual or (account.measure is Measure.PRICE and not (debits and credits_)):
            continue
        side = _side(residual)
        oldest, covered = _sides(side, debits, credits_)
        age = _oldest_open(oldest, value_of(covered), by_value=True)
        made.append(Residual(side, ZERO, "", residual, ZERO, currency, age))
    return made


def louder(mine: Sequence[Entry]) -> Side:
    """Movements carry their own sign, so the side that moved more in all is the one the other has not followed."""
    moved = dict.fromkeys(Side, ZERO)
    for entry in mine:
        moved[entry.side] = EXACT.add(moved[entry.side], abs(entry.quantity or ZERO))
    return Side.DEBIT if moved[Side.DEBIT] >= moved[Side.CREDIT] else Side.CREDIT


def least_standing(mine: list[Entry], start: datetime, until: datetime, positive: bool) -> tuple[Decimal, datetime]:
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


def quantities(pair: Sequence[Entry]) -> list[tuple[str, Decimal]]:
    """Debits less credits per unit."""
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
        amount = EXACT.add(amount, dict(quantities(moved)).get(unit, ZERO))
    return amount


def _uncovered(found: View, account: ClearingAccount, key: str, unit: str, quantity: Decimal) -> Decimal:
    """What is left of an open quantity beyond that for which another account's raised quantity stands."""
    for code in account.covered_by if quantity > 0 else ():
        raised = quantity_of([e for e in found.by_pair.get((code, key), ()) if e.side is Side.DEBIT and e.unit == unit])
        quantity = max(ZERO, EXACT.subtract(quantity, raised))
    return quantity


def _currencies(layers: Sequence[Entry], credits_: Sequence[Entry], *, priced: bool) -> list[str]:
    """The currencies of the layers, then those only credits are in: an amount in a currency nobody agreed covers nothing.

    Without layers the credits say themselves what they are worth: something booked that nobody ordered has its price.
    """
    stated = {e.currency for e in credits_ if e.value is not None}
    known = sorted({e.currency for e in layers} or stated or {""})
    return known + sorted(stated - set(known) if priced else ())


def _layer_entries(found: View, account: ClearingAccount, key: str, unit: str, debits: list[Entry]) -> list[Entry]:
    own = [e for e in debits if e.value is not None]
    if own:
        return own
    for code in account.layers:
        priced = [e for e in found.side(code, key, Side.DEBIT) if e.value is not None and e.unit == unit]
        if priced:
            return priced
    return []


def _sides(side: Side, debits: Sequence[Entry], credits_: Sequence[Entry]) -> tuple[Sequence[Entry], Sequence[Entry]]:
    """The entries that a residual is made of, and those that cover it; a discount or a return alone stands on the side it lowers."""
    own, other = (debits, credits_) if side is Side.DEBIT else (credits_, debits)
    return (own, other) if own else (other, own)


def _oldest_open(found: Sequence[Entry], covered: Decimal, *, by_value: bool = False) -> Age:
    """Rule 13: of the entries by due, then occurred, the first that the whole other side does not cover.

    What an entry of the same side takes back (a reserve that is released, a receipt that is reversed) covers like the other side.
    """
    left = covered
    amounts = [(entry.value if by_value else entry.quantity) or ZERO for entry in found]
    for amount in amounts:
        if amount < 0:
            left = EXACT.subtract(left, amount)
    for entry, amount in zip(found, amounts, strict=True):
        left = EXACT.subtract(left, max(amount, ZERO))
        if left < 0:
            return Age(entry.occurred, entry.due, entry.day)
    last = found[-1]
    return Age(last.occurred, last.due, last.day)


def _both_stated(debits: Sequence[Entry], credits_: Sequence[Entry]) -> Age:
    """A difference in price, or between two statements of state, exists since both sides have spoken."""
    first = [min(found, key=_occurred) for found in (debits, credits_) if found]
    last = max(first, key=_occurred)
    return Age(last.occurred, None, last.day)


def _fifo_order(entry: Entry) -> tuple[float, float, str, str]:
    due = entry.due.timestamp() if entry.due else float("inf")
    return due, entry.occurred.timestamp(), entry.identity, entry.revision


def _occurred(entry: Entry) -> datetime:
    return entry.occurred


def _side(residual: Decimal) -> Side:
    return Side.DEBIT if residual > 0 else Side.CREDIT


def quantity_of(found: Sequence[Entry]) -> Decimal:
    """The sum of the quantities of some entries, whatever their unit."""
    amount = ZERO
    for entry in found:
        amount = EXACT.add(amount, entry.quantity or ZERO)
    return amount


def value_of(found: Sequence[Entry]) -> Decimal:
    """The sum of the stated values of some entries, whatever their currency."""
    amount = ZERO
    for entry in found:
        amount = EXACT.add(amount, entry.value or ZERO)
    return amount
