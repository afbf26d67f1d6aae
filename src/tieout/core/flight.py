"""What is in flight: commanded, not yet stated by the target (rule 23). Attribution is by name; nothing here decides anything."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal

import msgspec

from tieout.core.account import Entry, Posting
from tieout.core.act import GRADUAL
from tieout.core.attempt import FLYING, Attempt
from tieout.core.command import Command, State
from tieout.core.residual import View
from tieout.core.values import EXACT, ZERO, Ref, Side

COMMAND = "command"
"""The `data` of a statement in which a target echoes the key of the command that it carries out, or the number it gave it."""

Slot = tuple[str, str]
Amounts = dict[Slot, Decimal]
"""By key inside the subject, and unit of a quantity or `$currency` of a value."""


class Sum(msgspec.Struct, frozen=True, array_like=True):
    """Debits and credits of one slot of an account; `stated` is the part of the clearing side that the told system stated."""

    key: str
    unit: str
    debit: Decimal
    credit: Decimal
    stated: Decimal = ZERO


class Issued(msgspec.Struct, frozen=True):
    """A command, the sums it was decided on, what became of it, which of its documents the target has withdrawn since, and
    with whose leave it goes, if approvers gave it."""

    command: Command
    because: tuple[Sum, ...] = ()
    attempt: Attempt = Attempt()
    gone: tuple[Ref, ...] = ()
    leave: str = ""

    @property
    def is_flying(self) -> bool:
        """True when it may have reached the target and has not been confirmed."""
        return self.attempt.state in FLYING


class Flight(msgspec.Struct):
    """What a command should bring, slot by slot, and what the target's statements have brought of it."""

    expected: Amounts
    seen: Amounts = {}
    is_final: bool = False

    @property
    def left(self) -> Amounts:
        """What is still in flight; nothing once the target's documents have had their last word."""
        return {} if self.is_final else self.short

    @property
    def short(self) -> Amounts:
        """What the statements that stand now lack of what was expected."""
        return {slot: rest for slot, amount in self.expected.items() if (rest := EXACT.subtract(amount, self.seen.get(slot, ZERO)))}

    def take(self, pool: Amounts) -> None:
        """Take from a statement's amounts what is still expected; what is left in the pool is for the next."""
        for slot, rest in self.short.items():
            more = _toward(pool.get(slot, ZERO), rest)
            taken = more if abs(more) < abs(rest) else rest
            if taken:
                self.seen[slot] = EXACT.add(self.seen.get(slot, ZERO), taken)
                pool[slot] = EXACT.subtract(pool[slot], taken)


def flights(found: View, book: Sequence[Posting], issued: Iterable[Issued], anonymous: Collection[str] = ()) -> dict[str, Flight]:
    """The flight of every command that is being sent, was accepted, is in doubt or was confirmed; by key.

    `anonymous` are systems whose statements name neither our key nor a document they told us. Of those alone, what the
    system has stated more than when the command was decided counts as its answer, whoever made it: so a clerk's document can
    stand for ours, but all that we command together never exceeds what was owed.
    """
    counted = sorted((i for i in issued if i.is_flying or i.attempt.state is State.CONFIRMED), key=lambda i: i.command.number)
    if not counted:
        return {}
    names = names_of(found, {one.command.account for one in counted})
    made = {one.command.key: Flight(_expected(one, names)) for one in counted}
    named: dict[str, list[Issued]] = defaultdict(list)
    for one in counted:
        for name in (one.command.key, *one.attempt.documents):
            named[name].append(one)
    stated: dict[tuple[str, Side], dict[str, Amounts]] = {}
    for one in counted:
        owed = one.command.account, one.command.side
        if owed not in stated:
            stated[owed] = _stated(found, *owed)
    arrived = set()
    for posting in sorted(book, key=lambda p: (p.occurred, p.identity)):
        document, echoed = document_of(posting.identity), posting.notes.get(COMMAND, "")
        arrived.add(document)
        for one in named.get(echoed) or named.get(document) or []:
            pool = stated[one.command.account, one.command.side].get(posting.identity, {})
            made[one.command.key].take(pool)
    for one in counted:
        flight, documents = made[one.command.key], one.attempt.documents
        if one.command.system in anonymous and not documents and one.attempt.state is not State.UNKNOWN:
            flight.take(_grown(one, stated[one.command.account, one.command.side], book))
        spoken = set(one.gone) if one.command.act in GRADUAL else arrived.union(one.gone)
        flight.is_final = bool(documents or one.gone) and spoken.issuperset(documents)
    return made


def names_of(found: View, accounts: Collection[str]) -> dict[tuple[str, str], str]:
    """Account and key as stated -> the key under which the view keeps it (a merged group has one name)."""
    return {
        (account, member): name
        for (account, name), pair in found.by_pair.items()
        if account in accounts
        for entry in pair
        for member in entry.key.split("+")
    }


def sums(found: View, code: str, keys: Iterable[str], side: Side, system: str) -> tuple[Sum, ...]:
    """The sums that a decision about these keys rests on, quantities and values; `side` is the one that is owed."""
    made: dict[Slot, list[Decimal]] = defaultdict(lambda: [ZERO, ZERO, ZERO])
    for key in sorted(set(keys)):
        for entry in found.by_pair.get((code, key), ()):
            for slot, amount in _amounts(key, entry):
                columns = [0 if entry.side is Side.DEBIT else 1]
                if entry.side is not side and entry.identity.startswith(f"{system}/"):
                    columns.append(2)
                for n in columns:
                    made[slot][n] = EXACT.add(made[slot][n], amount)
    return tuple(Sum(*slot, *amounts) for slot, amounts in sorted(made.items()))


def slots(command: Command) -> Amounts:
    """What a command asks for; values that only ride along with quantities (freight, tax) are not waited for."""
    by_quantity = {(line.line, line.unit): line.quantity for line in command.lines if line.quantity is not None}
    if by_quantity:
        return by_quantity
    unit = f"${command.currency}"
    if command.lines:
        return {(line.line, unit): line.value for line in command.lines if line.value is not None}
    return {} if command.total is None else {("", unit): command.total}


def document_of(identity: str) -> Ref:
    """The reference of the document that an identity (`system/type/partner/number[/scope]`) is about."""
    system, type_, _, number = identity.split("/", 3)
    return Ref(f"{system}/{type_}/{number.rpartition('/')[0] or number}")


def _expected(one: Issued, names: Mapping[tuple[str, str], str]) -> Amounts:
    """Commanded, or the final quantity that the target named for the line."""
    made: Amounts = {}
    for (key, unit), amount in slots(one.command).items():
        slot = names.get((one.command.account, key), key), unit
        made[slot] = EXACT.add(made.get(slot, ZERO), one.attempt.final.get(key, amount))
    return made


def _stated(found: View, account: str, side: Side) -> dict[str, Amounts]:
    """What each statement says on the side that clears `side`, slot by slot."""
    made: dict[str, Amounts] = defaultdict(dict)
    for (code, key), pair in found.by_pair.items():
        if code == account:
            for entry in pair:
                if entry.side is not side:
                    amounts = made[entry.identity]
                    for slot, amount in _amounts(key, entry):
                        amounts[slot] = EXACT.add(amounts.get(slot, ZERO), amount)
    return made


def _grown(one: Issued, stated: Mapping[str, Amounts], book: Sequence[Posting]) -> Amounts:
    """What the system states more, without naming any command, than when this one was decided."""
    made = {(known.key, known.unit): -known.stated for known in one.because}
    for posting in book:
        if posting.identity.startswith(f"{one.command.system}/") and COMMAND not in posting.notes:
            for slot, amount in stated.get(posting.identity, {}).items():
                made[slot] = EXACT.add(made.get(slot, ZERO), amount)
    return made


def _toward(amount: Decimal, direction: Decimal) -> Decimal:
    """The amount if it has the sign of the direction, else zero: movements carry their own sign."""
    return amount if (amount > 0) is (direction > 0) and amount and direction else ZERO


def _amounts(key: str, entry: Entry) -> Iterator[tuple[Slot, Decimal]]:
    if entry.quantity is not None:
        yield (key, entry.unit), entry.quantity
    if entry.value is not None:
        yield (key, f"${entry.currency}"), entry.value
