"""Posting: a fact and the reference versions it needs give entries. Pure; the same input gives the same entries, always (rule 7)."""

from collections.abc import Callable, Iterable, Mapping, Set
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Protocol

import msgspec

from tieout.core.account import ClearingAccount, Group, Posting, Row, Take
from tieout.core.facts import ARRIVAL, Fact, Line
from tieout.core.values import EXACT, ZERO, Ref, exact, largest_remainder, minor_unit, tidy

Sums = dict[str, dict[str, Decimal]]
"""The plain sums of a root: `key|unit` for quantity, `key|$currency` for value; then by account, debits less credits."""
DOCUMENT_UNIT = "DOC"
_add, _subtract = EXACT.add, EXACT.subtract
astuple = msgspec.structs.astuple


class Component(msgspec.Struct, frozen=True):
    """One component of a kit: how many per kit, and its share of the kit's price."""

    item: str
    quantity: Decimal
    unit: str
    share: Decimal


class Context(Protocol):
    """The versions of reference data that a posting may use. Every answer is by event time, never by arrival."""

    def resolve(self, reference: Ref) -> Ref | None:
        """The root a reference belongs to, or None while nobody has linked it."""
        ...

    def factor(self, item: str, unit: str, at: datetime) -> tuple[Fraction, str] | None:
        """(factor, base unit) of an item's unit; None when the item has units but not this one at this time."""
        ...

    @property
    def defined(self) -> Set[str]:
        """The items with units or a bill of materials; any other is kept in the unit as stated."""
        ...

    def is_kit(self, item: str) -> bool:
        """True when any bill of materials exists for the item."""
        ...

    def components(self, item: str, root: Ref, fact: Fact) -> tuple[Component, ...] | None:
        """The bill of materials in force when the root's order was placed; None while order or version is unknown."""
        ...


class Wait(msgspec.Struct, frozen=True):
    """A line that cannot post yet, and what it waits for."""

    line: str
    on: str
    reason: str


class Posted(msgspec.Struct):
    """The outcome of posting a fact: postings by root, and the lines that wait."""

    postings: dict[Ref, Posting]
    waits: list[Wait]


class Plan(msgspec.Struct, frozen=True):
    """What one fact type does: for each kind of taking, the moves, of charges too or of goods only, and by which key.

    `whole` takings speak of the document, the others of its lines; `plain` ones take goods as they are stated.
    """

    take: Take
    by_line: bool
    moves: tuple[str, ...]
    charges: bool
    whole: bool = False
    plain: bool = False

    def __post_init__(self) -> None:
        msgspec.structs.force_setattr(self, "whole", self.take in WHOLE)
        msgspec.structs.force_setattr(self, "plain", self.take in (Take.GOODS, Take.LINES))


SETTLED = frozenset(("Invoiced", "InvoiceVoided", "CreditIssued"))
"""What a marketplace owes us more or less of by, if it was sold there."""
WHOLE = frozenset((Take.ONCE, Take.DOCUMENT, Take.AGAINST, Take.AGAINST_MINUS, Take.PARCELS))


class Plans:
    """The plans of all fact types, made once from the accounts and from which accounts are kept by order line (rule 20).

    `switches` are those of the policy, and what customers ask for: an account that nobody asks for is in no plan.
    """

    def __init__(
        self,
        accounts: Iterable[ClearingAccount],
        by_line: Callable[[ClearingAccount], bool],
        switches: frozenset[str] = frozenset(),
        marketplaces: frozenset[str] = frozenset(),
    ) -> None:
        self.marketplaces = marketplaces
        found: dict[str, dict[tuple[Take, bool], list[str]]] = {}
        for account in sorted((a for a in accounts if a.asked in ("", *switches)), key=lambda a: a.code):
            for moves, sign in ((account.debit, "+"), (account.credit, "-")):
                for kind, take in moves.items():
                    switch = account.only_if.get(kind)
                    if switch is None or switch in switches:
                        plan = found.setdefault(kind.name, {})
                        plan.setdefault((take, by_line(account)), []).append(account.code + sign)
        self.of: dict[str, tuple[Plan, ...]] = {
            kind: tuple(
                Plan(take, line, tuple(sorted(moves)), take in (Take.LINES, Take.AMOUNT, Take.LABELLED))
                for (take, line), moves in sorted(plans.items())
            )
            for kind, plans in found.items()
        }
        self._without_charges = {kind: _merged(plans) for kind, plans in self.of.items()}

    def for_fact(self, fact: Fact) -> tuple[Plan, ...]:
        """The plans of a fact's type."""
        for line in fact.lines:
            if line.charge:
                return self.of.get(fact.kind, ())
        return self._without_charges.get(fact.kind, ())

    def moves_for(self, plan: Plan, fact: Fact) -> tuple[str, ...]:
        """The moves of a plan that apply to this fact: marketplace sales are collected by settlement, others by cash."""
        if fact.kind not in SETTLED:
            return plan.moves
        drop = "TCO" if fact.channel in self.marketplaces else "MRV"
        return tuple(move for move in plan.moves if not move.startswith(drop))


def _merged(plans: tuple[Plan, ...]) -> tuple[Plan, ...]:
    """Without charges the lines are the goods: one plan with the moves of both, so that their rows are made and kept once."""
    made: list[Plan] = []
    for plan in plans:
        take = Take.GOODS if plan.take is Take.LINES else plan.take
        same = next((p for p in made if p.take is take and p.by_line == plan.by_line), None)
        if same is not None:
            made.remove(same)
        moves = plan.moves if same is None else (*same.moves, *plan.moves)
        made.append(Plan(take, plan.by_line, tuple(sorted(moves)), plan.charges))
    return tuple(made)


def post(fact: Fact, plans: Plans, context: Context) -> Posted:
    """Post a fact: its entries by root, and the lines that wait (rule 8). A void fact posts nothing."""
    done = Posted({}, [])
    if fact.void:
        return done
    found: dict[Ref, list[Group]] = {}
    for plan in plans.for_fact(fact):
        if plan.whole:
            moves = plans.moves_for(plan, fact)
            made = _of_document(fact, plan, context, done.waits) if moves else {}
        else:
            moves, made = plan.moves, _of_lines(fact, plan, context, done.waits)
        for root, rows in made.items():
            if rows:
                group = Group(moves, tuple(rows))
                if root in found:
                    found[root].append(group)
                else:
                    found[root] = [group]
    if found:
        identity, notes = fact.identity, _notes(fact)
        revision = ARRIVAL if fact.revision.startswith("a") else fact.revision
        for root, groups in found.items():
            done.postings[root] = Posting(identity, revision, fact.kind, fact.happened, fact.day, tuple(groups), notes)
    if done.waits:
        done.waits = list(dict.fromkeys(done.waits))
    return done


def _notes(fact: Fact) -> dict[str, str]:
    notes = dict(fact.data)
    if fact.customer:
        notes["customer"] = fact.customer
    if fact.channel:
        notes["channel"] = fact.channel
    if fact.warehouse:
        notes["warehouse"] = fact.warehouse
    if fact.entity:
        notes["entity"] = fact.entity
    return notes


def _of_document(fact: Fact, plan: Plan, context: Context, waits: list[Wait]) -> dict[Ref, list[Row]]:
    """The row of the document as a whole, or one for each of its parcels."""
    take = plan.take
    if take is Take.PARCELS:
        return {Ref(f"*/parcel/{number}"): [Row("", Decimal(1), "PCL", None, "", None, "")] for number in fact.parcels}
    if take is Take.ONCE:
        return _once(fact, context, waits)
    if take is Take.DOCUMENT:
        return _whole(fact, fact.ref, total(fact), context, waits)
    if "against" not in fact.data:
        return {}
    amount = total(fact)
    if amount is not None and take is Take.AGAINST_MINUS:
        amount = -amount
    return _whole(fact, Ref(fact.data["against"]), amount, context, waits)


def _once(fact: Fact, context: Context, waits: list[Wait]) -> dict[Ref, list[Row]]:
    """One document, by its number, where its first line belongs."""
    if not fact.lines:
        return {}
    first = fact.lines[0]
    root = context.resolve(first.subject)
    if root is None:
        waits.append(Wait(first.line, first.subject, "no link says which transaction this reference belongs to"))
        return {}
    return {root: [Row(fact.data.get("about") or fact.number, Decimal(1), DOCUMENT_UNIT, None, "", None, "")]}


def _of_lines(fact: Fact, plan: Plan, context: Context, waits: list[Wait]) -> dict[Ref, list[Row]]:
    """The rows of every line on the root of its subject. Most lines are goods in the unit as stated: those are made here."""
    rows: dict[Ref, list[Row]] = {}
    last, root, mine = "", None, []
    plain, by_line, charges, defined = plan.plain, plan.by_line, plan.charges, context.defined
    document_currency, document_due = fact.currency, fact.due
    for line in fact.lines:
        number, subject, item, order_line, quantity, unit, value, due, charge = astuple(line)
        if charge and not charges:
            continue
        if subject != last:
            last, root = subject, context.resolve(subject)
            if root is not None:
                mine = rows.setdefault(root, [])
        if root is None:
            waits.append(Wait(number, subject, "no link says which transaction this reference belongs to"))
        elif not plain or charge or item in defined:
            mine.extend(_line_rows(fact, line, plan, root, context, waits))
        elif quantity is not None or value is not None:
            key = _line_key(fact, line) if by_line else item or order_line or number
            mine.append(Row(
                key, quantity, "" if quantity is None else unit, value, "" if value is None else document_currency,
                due or document_due, item,
            ))  # fmt: skip
    return rows


def _line_key(fact: Fact, line: Line) -> str:
    return line.order_line or (line.line if line.subject == fact.ref else line.item)


def _whole(fact: Fact, subject: Ref, amount: Decimal | None, context: Context, waits: list[Wait]) -> dict[Ref, list[Row]]:
    if amount is None:
        return {}
    root = context.resolve(subject)
    if root is None:
        waits.append(Wait("", subject, "no link says which transaction this reference belongs to"))
        return {}
    return {root: [Row("", None, "", amount, fact.currency, fact.due, "")]}


def total(fact: Fact) -> Decimal | None:
    """The document's amount: as stated, else the sum of its stated line values, else unknown."""
    if fact.total is not None:
        return fact.total
    stated = [line.value for line in fact.lines if line.value is not None]
    if not stated:
        return None
    amount = ZERO
    for value in stated:
        amount = EXACT.add(amount, value)
    return tidy(amount)


def _line_rows(fact: Fact, line: Line, plan: Plan, root: Ref, context: Context, waits: list[Wait]) -> list[Row] | tuple[Row, ...]:
    take = plan.take
    due = line.due or fact.due
    currency = fact.currency if line.value is not None else ""
    if take is Take.AMOUNT or take is Take.LABELLED:
        if line.value is None:
            return ()
        return (Row(line.charge if take is Take.LABELLED else "", None, "", line.value, currency, due, ""),)
    if line.charge:
        return () if line.value is None else (Row(line.charge, None, "", line.value, currency, due, ""),)
    if line.quantity is None and line.value is None:
        return ()
    quantity, unit = line.quantity, line.unit
    if take is Take.BELOW_ZERO and (quantity is None or quantity >= 0):
        return ()
    if line.item in context.defined:
        if line.item and context.is_kit(line.item):
            return _explode(fact, line, due, currency, root, context, waits)
        converted = _convert(fact, line, context, waits)
        if converted is None:
            return ()
        quantity, unit = converted
    if take is Take.BELOW_ZERO and quantity is not None:
        key, quantity = "", -quantity
    elif take is Take.EACH:
        key = ""
    elif plan.by_line:
        key = _line_key(fact, line)
    else:
        key = line.item or line.order_line or line.line
    return (Row(key, quantity, unit if quantity is not None else "", line.value, currency, due, line.item),)


def _convert(fact: Fact, line: Line, context: Context, waits: list[Wait]) -> tuple[Decimal | None, str] | None:
    """The line's quantity in the item's base unit; None while that is unknown or has no exact number."""
    found = context.factor(line.item, line.unit, fact.happened)
    if found is None:
        waits.append(Wait(line.line, f"unit {line.item} {line.unit}", f"no factor for {line.unit} of {line.item}"))
        return None
    factor, unit = found
    if line.quantity is None or factor == 1:
        return line.quantity, unit
    quantity = _whole_number(Fraction(line.quantity) * factor)
    if quantity is None:
        waits.append(Wait(line.line, f"unit {line.item} {line.unit}", f"{line.quantity} {line.unit} is no exact {unit}"))
        return None
    return quantity, unit


def _whole_number(number: Fraction) -> Decimal | None:
    """A rational as a decimal, if it has one within our bound of decimals."""
    try:
        return exact(EXACT.divide(Decimal(number.numerator), Decimal(number.denominator)))
    except (ValueError, ArithmeticError):
        return None


def _explode(fact: Fact, line: Line, due: datetime | None, currency: str, root: Ref, context: Context, waits: list[Wait]) -> list[Row]:
    """A kit as its components (rule 21): quantities by the bill of materials, value by the price shares, nothing lost."""
    parts = context.components(line.item, root, fact)
    if parts is None:
        waits.append(Wait(line.line, f"kit {line.item}", f"no bill of materials of {line.item} at the order's date"))
        return []
    values: list[Decimal | None] = [None] * len(parts)
    if line.value is not None:
        step = minor_unit(currency)
        values = list(map(tidy, largest_remainder(line.value, [part.share for part in parts], step)))
    count = line.quantity
    return [
        Row(
            part.item,
            None if count is None else tidy(EXACT.multiply(count, part.quantity)),
            part.unit,
            value,
            currency,
            due,
            part.item,
        )
        for part, value in zip(parts, values, strict=True)
    ]


class Steps(dict[tuple[tuple[str, ...], int], tuple[tuple[tuple[str, bool], ...], tuple[tuple[str, bool], ...]]]):
    """For some moves and a sign: the accounts whose quantity, and those whose value, has to come to zero; each with whether it rises.

    Worked out once for each combination, from what is `measured` of each account: quantity, value.
    """

    def __init__(self, measured: Mapping[str, tuple[bool, bool]]) -> None:
        self.measured = measured

    def __missing__(self, key: tuple[tuple[str, ...], int]) -> tuple[tuple[tuple[str, bool], ...], tuple[tuple[str, bool], ...]]:
        moves, sign = key
        steps = [(move[:-1], (move[-1] == "+") is (sign > 0)) for move in moves]
        if len({code for code, _ in steps}) < len(steps):
            raise ValueError(f"{', '.join(moves)} moves one account on both sides")
        quantities = tuple(step for step in steps if self.measured[step[0]][0])
        values = tuple(step for step in steps if self.measured[step[0]][1])
        self[key] = quantities, values
        return quantities, values


def net(posting: Posting, steps: Steps, sums: Sums, sign: int = 1) -> None:
    """Add a posting to the plain sums of its root. Sums that are zero vanish."""
    for group in posting.groups:
        by_quantity, by_value = steps[group.moves, sign]
        for key, quantity, unit, value, currency, _, _ in map(astuple, group.rows):
            if quantity and by_quantity:
                _bump(sums, f"{key}|{unit}", quantity, by_quantity)
            if value and by_value:
                _bump(sums, f"{key}|${currency}", value, by_value)


def _bump(sums: Sums, name: str, amount: Decimal, steps: tuple[tuple[str, bool], ...]) -> None:
    codes = sums.get(name)
    if codes is None:
        sums[name] = {code: amount if rises else amount.copy_negate() for code, rises in steps}
        return
    for code, rises in steps:
        known = codes.get(code)
        if known is None:
            codes[code] = amount if rises else amount.copy_negate()
        elif after := _add(known, amount) if rises else _subtract(known, amount):
            codes[code] = after
        else:
            del codes[code]
    if not codes:
        del sums[name]
