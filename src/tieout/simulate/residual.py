"""What is left between the two sides of an account, worked out the long way: piece by piece and in fractions."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby

from tieout.simulate.paper import Cents
from tieout.simulate.rules import Account, Measure


@dataclass(slots=True)
class Entry:
    """A paper's share in one account, subject and key; `sign` is 1 where it raises, -1 where it clears."""

    sign: int
    quantity: int | None
    cents: Cents | None
    occurred: int
    is_day: bool
    due: int | None
    name: str


@dataclass(slots=True)
class Left:
    """What is left open, signed like the balance, and the entry (or moment) from which its age counts."""

    quantity: int
    cents: Cents | None
    since: int
    is_day: bool
    due: int | None
    is_raised: bool | None = None
    """Of a flow the side that moved more in all, since movements bear signs of their own."""

    @property
    def is_over(self) -> bool:
        """Whether the raised side is the greater."""
        return (self.quantity or self.cents or 0) > 0 if self.is_raised is None else self.is_raised


def order_of(entry: Entry) -> tuple[float, int, str]:
    """First due first; without a date of its own by when it happened."""
    return (float("inf") if entry.due is None else entry.due), entry.occurred, entry.name


def left(account: Account, entries: Sequence[Entry], prices: Sequence[Entry], moved: Sequence[Entry] = (), cover: int = 0) -> Left | None:
    """What one account, subject and key leaves; `prices` are entries of other accounts that say what a piece is worth, `moved` those
    that explain a difference, `cover` the pieces that need no clearing."""
    if account.explained_by:
        return _of_states(entries, moved)
    goods = [entry for entry in entries if entry.quantity is not None]
    if cover and (open_ := sum(e.sign * (e.quantity or 0) for e in goods)) > 0:
        goods.append(Entry(-1, min(cover, open_), None, 2**60, False, None, "~"))
    if goods and account.measure is not Measure.MONEY:
        return _of_goods(account, sorted(goods, key=order_of), sorted(prices, key=order_of))
    return _of_money(account, sorted((e for e in entries if e.quantity is None and e.cents is not None), key=order_of))


def flow(entries: Sequence[Entry], settled: int) -> Left | None:
    """What has stood on one side ever since it came to stand there: the least of it, and since when.

    Of movements that are newer than `settled` one of the two systems may not have told yet: they count only while nothing else is open.
    """
    if not sum(_signed(e) for e in entries):
        return None
    old = [e for e in entries if e.occurred <= settled]
    judged = old if sum(_signed(e) for e in old) else entries
    running, since, least = 0, 0, 0
    for at in sorted({entry.occurred for entry in judged}):
        before = running
        running += sum(_signed(e) for e in judged if e.occurred == at)
        if not before or (before > 0) != (running > 0):
            since, least = at, running
        elif abs(running) < abs(least):
            least = running
    moved = {sign: sum(abs(e.quantity or 0) for e in judged if e.sign == sign) for sign in (1, -1)}
    return Left(least, None, since, False, None, is_raised=moved[1] >= moved[-1])


def _signed(entry: Entry) -> int:
    return entry.sign * (entry.quantity or 0)


def _of_goods(account: Account, goods: list[Entry], prices: list[Entry]) -> Left | None:
    raised, cleared = [e for e in goods if e.sign > 0], [e for e in goods if e.sign < 0]
    quantity = _quantity(raised) - _quantity(cleared)
    layers = [e for e in raised if e.cents is not None] or [e for e in prices if e.sign > 0 and e.cents is not None]
    judged = account.measure in (Measure.BOTH, Measure.PRICE)
    wrong = _wrong_price(layers, cleared) if judged else 0
    shown = 0 if account.measure is Measure.PRICE else quantity
    if not shown and not wrong:
        return None
    worth: Cents | None = None
    if shown > 0:
        worth = _worth(layers, _quantity(cleared), shown)
    elif shown < 0:
        own = [e for e in cleared if e.cents is not None]
        found = _worth(own or layers, _quantity(raised) if own else 0, -shown)
        worth = None if found is None else -found
    cents = None if worth is None and not wrong else (worth or 0) + wrong
    if shown:
        age = _oldest(raised if shown > 0 else cleared, cleared if shown > 0 else raised, lambda e: e.quantity or 0)
    else:
        age = max(min(raised or layers, key=_occurred), min(cleared, key=_occurred), key=_occurred)
        age = Entry(0, None, None, age.occurred, age.is_day, None, "")
    return Left(shown, cents, age.occurred, age.is_day, age.due)


def _of_states(entries: Sequence[Entry], moved: Sequence[Entry]) -> Left | None:
    """By how much two statements differ beyond what was moved until the later one and is known to one of the two systems only."""
    last = max(entries, key=_occurred)
    differs = sum(e.sign * (e.quantity or 0) for e in entries)
    differs -= sum(e.sign * (e.quantity or 0) for e in moved if e.occurred <= last.occurred)
    return Left(differs, None, last.occurred, last.is_day, None) if differs else None


def _of_money(account: Account, found: list[Entry]) -> Left | None:
    raised, cleared = [e for e in found if e.sign > 0], [e for e in found if e.sign < 0]
    open_ = sum(e.cents or 0 for e in raised) - sum(e.cents or 0 for e in cleared)
    if not open_ or (account.measure is Measure.PRICE and not (raised and cleared)):
        return None
    mine, others = (raised, cleared) if open_ > 0 else (cleared, raised)
    age = _oldest(mine or others, others if mine else mine, lambda e: e.cents or 0)
    return Left(0, open_, age.occurred, age.is_day, age.due)


def _occurred(entry: Entry) -> int:
    return entry.occurred


def _quantity(entries: Sequence[Entry]) -> int:
    return sum(e.quantity or 0 for e in entries)


def _oldest(mine: Sequence[Entry], others: Sequence[Entry], size: Callable[[Entry], int]) -> Entry:
    """The first that neither the whole other side covers nor what this side has taken back."""
    covered = sum(size(e) for e in others) - sum(min(0, size(e)) for e in mine)
    for entry in mine:
        covered -= max(0, size(entry))
        if covered < 0:
            return entry
    return mine[-1]


def _pieces(layers: Sequence[Entry]) -> list[Fraction]:
    """The price of every piece, in the order in which the layers fall due."""
    found: list[Fraction] = []
    for entry in layers:
        found += [Fraction(entry.cents or 0, entry.quantity or 1)] * (entry.quantity or 0)
    return found


def _sum(pieces: Sequence[Fraction]) -> Fraction:
    """What pieces come to; those of one layer stand together and are one price."""
    return sum((price * len(list(same)) for price, same in groupby(pieces)), Fraction(0))


def _worth(layers: Sequence[Entry], covered: int, count: int) -> Cents | None:
    """What `count` pieces are worth after `covered` were taken; beyond the layers at the last price."""
    pieces = _pieces([e for e in layers if (e.quantity or 0) > 0])
    if not pieces:
        return None
    taken = pieces[covered : covered + count]
    return _cents(_sum(taken) + (count - len(taken)) * pieces[-1])


def _wrong_price(layers: Sequence[Entry], cleared: Sequence[Entry]) -> Cents:
    """By how much the cleared money misses every way to take its pieces from the layers."""
    priced = [e for e in cleared if e.cents is not None]
    pieces = _pieces(sorted((e for e in layers if (e.quantity or 0) > 0), key=lambda e: Fraction(e.cents or 0, e.quantity or 1)))
    count = _quantity(priced)
    if not pieces or not priced or count < 0:
        return 0
    low = _sum(pieces[:count]) + max(0, count - len(pieces)) * pieces[0]
    high = _sum(pieces[::-1][:count]) + max(0, count - len(pieces)) * pieces[-1]
    stated = Fraction(sum(e.cents or 0 for e in priced))
    slack = Fraction(len(priced), 2)
    if low - slack <= stated <= high + slack:
        return 0
    return _cents(low - stated if stated < low else high - stated)


def _cents(amount: Fraction) -> Cents:
    """Whole cents; the catalogue's prices are whole, so that nothing is rounded here."""
    if amount.denominator != 1:
        raise ValueError(f"{amount} cents is no whole amount: the fault must choose amounts that divide")
    return int(amount)
