"""What is owed on one side of an account, key by key, and the command that would ask for it. Nothing here says whether it may go."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from tieout.core.account import Ageing, ClearingAccount, Entry, Measure
from tieout.core.act import Act
from tieout.core.command import Command, State
from tieout.core.evaluate import Item
from tieout.core.evaluate import State as ItemState
from tieout.core.facts import Line
from tieout.core.flight import Slot
from tieout.core.ground import Ground
from tieout.core.residual import View, quantities, value_of
from tieout.core.stated import data_of
from tieout.core.values import EXACT, ZERO, Ref, Side, plain

SETTLED = frozenset((ItemState.TOLERATED, ItemState.WRITTEN_OFF, ItemState.UNOBSERVED))
"""Items that neither owe a step nor stop one: accepted as they are, or nobody could ever state what would clear them."""


class Owed(NamedTuple):
    """An amount that a key owes: quantity in its unit, or value in `$currency`; `value` is what a quantity is worth, if known."""

    key: str
    unit: str
    amount: Decimal
    value: Decimal | None
    currency: str
    item: Item

    @property
    def slot(self) -> Slot:
        """Key and unit."""
        return self.key, self.unit


def owed_on(items: Sequence[Item], found: View, account: ClearingAccount, side: Side) -> list[Owed]:
    """What the open items of one side ask for, without price differences: no command corrects a price."""
    made: list[Owed] = []
    for item in items:
        if item.account != account.code or item.side is not side:
            continue
        if account.measure is Measure.VALUE:
            if item.value:
                made.append(Owed(item.key, f"${item.currency}", abs(item.value), None, item.currency, item))
        elif item.quantity:
            amount = _stood(item, found) if account.ageing is Ageing.STANDING else _at_hand(item, found, account)
            if account.supplied_by and not amount:
                continue
            value = None if item.value is None or amount != abs(item.quantity) else abs(item.value)
            made.append(Owed(item.key, item.unit, amount, value, item.currency if value is not None else "", item))
    return sorted(made, key=lambda o: (o.key, o.unit, o.currency))


def _at_hand(item: Item, found: View, account: ClearingAccount) -> Decimal:
    """What is open less what is still to come from elsewhere: a vendor who ships to the customer, or to our own dock first."""
    amount = abs(item.quantity or ZERO)
    for code in account.supplied_by if item.side is Side.DEBIT else ():
        coming = dict(quantities(found.by_pair.get((code, item.key), ()))).get(item.unit, ZERO)
        amount = max(ZERO, EXACT.subtract(amount, max(ZERO, coming)))
    return amount


def _stood(item: Item, found: View) -> Decimal:
    """Of a flow, what has stood all through the window and still stands: a watermark that lags must not ask for it again."""
    now = dict(quantities(found.by_pair[item.account, item.key])).get(item.unit, ZERO)
    if (now > 0) is not (item.quantity > 0) or not now:
        return ZERO
    return now if abs(now) < abs(item.quantity) else item.quantity


def compose(ground: Ground, account: ClearingAccount, side: Side, act: Act, owed: Sequence[Owed], number: int, system: str) -> Command:
    """The command that asks for these amounts, all of one currency."""
    found, notes = ground.standing.found, ground.standing.found.notes
    charges = _charges(ground, account) if account.measure is Measure.BOTH and side is Side.DEBIT else {}
    currency = next((o.currency for o in owed if o.currency), "") or min((e.currency for pair in charges.values() for e in pair), default="")
    root = Ref(found.root)
    lines = [_line(found, account, root, o) for o in owed if o.key or o.unit[:1] != "$"]
    lines += _riders(charges, root, currency)
    return Command(
        act, system, account.code, side, root, number,
        lines=tuple(lines),
        total=None if lines else owed[0].amount,
        currency=currency,
        customer=notes.get("customer", ""),
        channel=notes.get("channel", ""),
        warehouse=notes.get("warehouse", ""),
        entity=notes.get("entity", ""),
        references=tuple(sorted(ground.standing.references)),
        data=data_of(act, lines, ground.standing.book, notes),
    )  # fmt: skip


def _line(found: View, account: ClearingAccount, root: Ref, owed: Owed) -> Line:
    item = next((e.item for e in found.by_pair[account.code, owed.key] if e.item), "")
    order_line = "" if owed.key == item else owed.key
    if owed.unit[:1] == "$":
        return Line(owed.key, root, item=item, order_line=order_line, value=owed.amount)
    return Line(owed.key, root, item=item, order_line=order_line, quantity=owed.amount, unit=owed.unit, value=owed.value)


def _charges(ground: Ground, account: ClearingAccount) -> dict[str, list[Entry]]:
    """Freight, tax and discount that nobody on the other side has spoken of and no command has carried there."""
    carried = {
        line.line
        for one in ground.on(account.code, Side.DEBIT)
        if (one.attempt.state is State.CONFIRMED or ground.is_done(one)) and not ground.flights[one.command.key].short
        for line in one.command.lines
        if line.charge
    }
    return {
        key: pair
        for (code, key), pair in sorted(ground.standing.found.by_pair.items())
        if code == account.code and key not in carried and all(e.quantity is None and e.side is Side.DEBIT for e in pair)
    }


def _riders(charges: Mapping[str, Sequence[Entry]], root: Ref, currency: str) -> list[Line]:
    """Charges go with the goods that they came with, never by themselves."""
    made = []
    for key, pair in charges.items():
        value = value_of([entry for entry in pair if entry.currency == currency])
        if value:
            item = next((e.item for e in pair if e.item), "")
            made.append(Line(key, root, item=item, value=value, charge=key))
    return made


def amounts(found: Mapping[Slot, Decimal]) -> str:
    """Amounts as text: `6 EA of 1, 24.50 USD`."""
    parts = []
    for (key, unit), amount in sorted(found.items()):
        parts.append(f"{plain(amount)} {unit.removeprefix('$')}" + (f" of {key}" if key else ""))
    return ", ".join(parts)
