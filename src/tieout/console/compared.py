"""What the systems say of one transaction, set against each other, and what is still owed. Pure: it counts what the T-accounts hold."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

import msgspec

from tieout.core.account import ClearingAccount, Entry, Measure
from tieout.core.evaluate import Item, State
from tieout.core.residual import balances
from tieout.core.values import EXACT, ZERO, Side
from tieout.report.explain import TAccount
from tieout.report.picture import words

DIFFERS, WAITS, ALLOWED = "differs", "waits", "allowed"
KINDS = {
    State.OPEN: DIFFERS, State.LAPSED: DIFFERS, State.UNDER: DIFFERS, State.BLOCKED: DIFFERS, State.PENDING: WAITS, State.UNKNOWABLE: WAITS,
    State.UNOBSERVED: WAITS, State.TOLERATED: ALLOWED, State.WRITTEN_OFF: ALLOWED,
}  # fmt: skip


class Voice(msgspec.Struct, frozen=True):
    """A column: what one system says by one kind of statement."""

    kind: str
    system: str

    @property
    def act(self) -> str:
        """`Order booked`."""
        return words(self.kind)


class Cell(msgspec.Struct, frozen=True):
    """What a voice says of a field; None: it says nothing. `mark` is empty, or one of DIFFERS, WAITS, ALLOWED with the reason in `why`."""

    value: Decimal | None
    mark: str = ""
    why: str = ""


class Row(msgspec.Struct, frozen=True):
    """A field of a line: quantity in a unit or value in a currency, by every voice. `truth` is what the owner of the field says."""

    key: str
    field: str
    measure: str
    cells: tuple[Cell, ...]
    truth: Decimal | None
    owner: str

    @property
    def is_different(self) -> bool:
        """True when any voice says something else than it should."""
        return any(cell.mark == DIFFERS for cell in self.cells)


class Obligation(msgspec.Struct, frozen=True):
    """One account of one subject in one measure: what came due by statements, what was done, what is open. `due - done = open`, always."""

    subject: str
    code: str
    means: str
    key: str
    measure: str
    due: Decimal
    done: Decimal
    open: Decimal
    item: Item | None


def compared(accounts: Sequence[TAccount], of: Mapping[str, ClearingAccount]) -> tuple[tuple[Voice, ...], tuple[Row, ...]]:
    """Voices in the order of life, and a row for every line, field and unit."""
    sums = _sums(accounts)
    blamed = [(item, _blamed(account, of[account.code])) for account in accounts for item in account.items]
    voices = _voices(sums, [kind for _, kind in blamed if kind], of)
    keys = sorted({(key, field, measure) for key, field, measure, _ in sums})
    return voices, tuple(_row(key, field, measure, voices, sums, blamed, of) for key, field, measure in keys)


Said = dict[tuple[str, str, str, Voice], Decimal]


def _sums(accounts: Sequence[TAccount]) -> Said:
    """By key, field and measure what each voice has stated; a statement that posts on several accounts counts once."""
    found: Said = {}
    counted: dict[tuple[Voice, str], str] = {}
    for account in accounts:
        for line in (*account.debits, *account.credits):
            entry = line.entry
            voice = Voice(entry.kind, entry.identity.partition("/")[0])
            if counted.setdefault((voice, account.key), account.code) != account.code:
                continue
            for field, measure, value in (("quantity", entry.unit, entry.quantity), ("value", entry.currency, entry.value)):
                if value is not None:
                    place = (account.key, field, measure, voice)
                    found[place] = EXACT.add(found.get(place, ZERO), value)
    return found


def _voices(sums: Said, expected: Iterable[str], of: Mapping[str, ClearingAccount]) -> tuple[Voice, ...]:
    """In the order in which the accounts name their kinds; one that is owed and has not spoken yet has a column too."""
    order = list(dict.fromkeys(kind.name for account in of.values() for kind in (*list(account.debit)[:1], *account.debit, *account.credit)))
    found = {voice for *_, voice in sums}
    spoken = {voice.kind for voice in found}
    found |= {Voice(kind, "") for kind in expected if kind not in spoken}
    rank = {name: n for n, name in enumerate(_by_life(order, of))}
    return tuple(sorted(found, key=lambda v: (rank.get(v.kind, 999), v.system)))


def _by_life(kinds: Sequence[str], of: Mapping[str, ClearingAccount]) -> list[str]:
    """Kinds so that what raises an account comes before what clears it, as far as that goes round."""
    after = {kind.name: {k.name for k in list(account.debit)[:1]} for account in of.values() for kind in list(account.credit)[:1]}
    placed: list[str] = []

    def place(kind: str, way: tuple[str, ...]) -> None:
        for before in sorted(after.get(kind, ())):
            if before not in way:
                place(before, (*way, before))
        if kind not in placed:
            placed.append(kind)

    for kind in kinds:
        place(kind, (kind,))
    return placed


def _blamed(account: TAccount, of: ClearingAccount) -> str:
    """The kind of statement that is not as it should be: the one that follows, or the one before it when that was never made."""
    kind = next(iter(of.credit if account.debits else of.debit), None)
    return kind.name if kind is not None else ""


def _row(
    key: str, field: str, measure: str, voices: Sequence[Voice], sums: Said, blamed: Sequence[tuple[Item, str]], of: Mapping[str, ClearingAccount]
) -> Row:  # fmt: skip
    marks: dict[str, Item] = {}
    for item, kind in blamed:
        if kind and item.key == key and _touches(item, of[item.account].measure, field, measure):
            known = marks.get(kind)
            if known is None or (KINDS[item.state] == DIFFERS and KINDS[known.state] != DIFFERS):
                marks[kind] = item
    cells = tuple(_cell(sums.get((key, field, measure, voice)), marks.get(voice.kind)) for voice in voices)
    owner = next((voice for voice in voices if (key, field, measure, voice) in sums), None)
    truth = sums[key, field, measure, owner] if owner is not None else None
    return Row(key, field, measure, cells, truth, owner.system if owner is not None else "")


def _touches(item: Item, kept: Measure, field: str, measure: str) -> bool:
    """Whether an open item is about this field in this unit or currency; of an account that is kept by quantity, money is only its worth."""
    if field == "quantity":
        return bool(item.quantity) and item.unit == measure
    return kept is not Measure.QUANTITY and bool(item.price or item.value) and item.currency == measure


def _cell(value: Decimal | None, item: Item | None) -> Cell:
    if item is None:
        return Cell(value)
    return Cell(value, KINDS[item.state], f"{item.account}: {item.expectation.meaning}, {item.state.value}")


def obligations(subject: str, accounts: Sequence[TAccount], of: Mapping[str, ClearingAccount]) -> tuple[Obligation, ...]:
    """What a subject owed and owes, account by account, in each unit and currency that the account is kept in."""
    made: list[Obligation] = []
    for account in accounts:
        lines = [line.entry for line in (*account.debits, *account.credits)]
        for is_value in _measures(of[account.code].measure):
            made += _of(subject, account, lines, of[account.code], is_value=is_value)
    return tuple(made)


def _measures(measure: Measure) -> tuple[bool, ...]:
    return {Measure.QUANTITY: (False,), Measure.VALUE: (True,), Measure.BOTH: (False, True), Measure.PRICE: ()}[measure]


def _of(subject: str, account: TAccount, lines: Sequence[Entry], of: ClearingAccount, *, is_value: bool) -> list[Obligation]:
    sums: dict[str, tuple[Decimal, Decimal]] = {}
    for balance in balances(lines):
        measure = balance.currency if is_value else balance.unit
        if (is_value and not (balance.debit.value or balance.credit.value)) or not measure:
            continue
        due, done = sums.get(measure, (ZERO, ZERO))
        sides = (balance.debit.value, balance.credit.value) if is_value else (balance.debit.quantity, balance.credit.quantity)
        sums[measure] = (EXACT.add(due, sides[0]), EXACT.add(done, sides[1]))
    made = []
    for measure, (due, done) in sorted(sums.items()):
        open_ = EXACT.subtract(due, done)
        item = next((i for i in account.items if (i.currency if is_value else i.unit) == measure), None)
        means = of.expectation(Side.DEBIT if open_ >= 0 else Side.CREDIT).meaning
        made.append(Obligation(subject, account.code, means, account.key, measure, due, done, open_, item))
    return made


def totals(found: Iterable[Obligation]) -> list[tuple[str, Decimal, Decimal, Decimal]]:
    """Due, done and open of some obligations, by unit and currency."""
    sums: dict[str, tuple[Decimal, Decimal, Decimal]] = {}
    for one in found:
        due, done, open_ = sums.get(one.measure, (ZERO, ZERO, ZERO))
        sums[one.measure] = (EXACT.add(due, one.due), EXACT.add(done, one.done), EXACT.add(open_, one.open))
    return [(measure, *values) for measure, values in sorted(sums.items())]
