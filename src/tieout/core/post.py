"""Posting: a fact and the reference versions it needs give entries. Pure; the same input gives the same entries, always (rule 7)."""

from collections.abc import Callable, Iterable
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Protocol

import msgspec

from tieout.core.account import ClearingAccount, Group, Posting, Row, Take
from tieout.core.facts import ARRIVAL, Fact, Line
from tieout.core.values import EXACT, ZERO, Ref, exact, largest_remainder, minor_unit, tidy


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

    def is_defined(self, item: str) -> bool:
        """True when units or a bill of materials exist for the item; any other is kept in the unit as stated."""
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
    """What one fact type does: for each kind of taking, the moves of goods, of charges, and by which key."""

    take: Take
    by_line: bool
    moves: tuple[str, ...]
    charges: bool


class Plans:
    """The plans of all fact types, made once from the accounts and from which accounts are kept by order line (rule 20)."""

    def __init__(
        self,
        accounts: Iterable[ClearingAccount],
        by_line: Callable[[ClearingAccount], bool],
        switches: frozenset[str] = frozenset(),
        marketplaces: frozenset[str] = frozenset(),
    ) -> None:
        self.marketplaces = marketplaces
        found: dict[str, dict[tuple[Take, bool], list[str]]] = {}
        for account in sorted(accounts, key=lambda a: a.code):
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
        if fact.kind != "Invoiced" or plan.take is not Take.DOCUMENT:
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
        moves = plans.moves_for(plan, fact)
        if not moves:
            continue
        for root, rows in _rows(fact, plan, context, done.waits).items():
            found.setdefault(root, []).append(Group(moves, tuple(rows)))
    notes = _notes(fact)
    revision = ARRIVAL if fact.revision.startswith("a") else fact.revision
    for root, groups in found.items():
        done.postings[root] = Posting(fact.identity, revision, fact.kind, fact.happened, fact.day, tuple(groups), notes)
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


def _rows(fact: Fact, plan: Plan, context: Context, waits: list[Wait]) -> dict[Ref, list[Row]]:
    take = plan.take
    if take is Take.DOCUMENT:
        return _whole(fact, fact.ref, total(fact), context, waits)
    if take is Take.AGAINST or take is Take.AGAINST_MINUS:
        amount = total(fact)
        if amount is not None and take is Take.AGAINST_MINUS:
            amount = -amount
        return _whole(fact, Ref(fact.data["against"]), amount, context, waits) if "against" in fact.data else {}
    if take is Take.PARCELS:
        return {Ref(f"*/parcel/{number}"): [Row("", Decimal(1), "PCL", None, "", None, "")] for number in fact.parcels}
    rows: dict[Ref, list[Row]] = {}
    last, root = "", None
    for line in fact.lines:
        if line.charge and not plan.charges:
            continue
        if line.subject != last:
            last, root = line.subject, context.resolve(line.subject)
        if root is None:
            waits.append(Wait(line.line, line.subject, "no link says which transaction this reference belongs to"))
            continue
        made = _line_rows(fact, line, plan, root, context, waits)
        if made:
            rows.setdefault(root, []).extend(made)
    return rows


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
    if context.is_defined(line.item):
        if line.item and context.is_kit(line.item):
            return _explode(fact, line, due, currency, root, context, waits)
        converted = _convert(fact, line, context, waits)
        if converted is None:
            return ()
        quantity, unit = converted
    if take is Take.EACH:
        key = ""
    elif plan.by_line:
        key = line.order_line or (line.line if line.subject == fact.ref else line.item)
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


def net(posting: Posting, measured: dict[str, tuple[bool, bool]], sums: dict[str, Decimal], sign: int = 1) -> None:
    """Add a posting to the plain sums of its root: `account|key|unit` for quantity, `account|key|$currency` for value.

    `measured` says for each account whether quantity and value have to come to zero. Sums that are zero vanish.
    """
    for group in posting.groups:
        steps = [(move[:-1], (move[-1] == "+") is (sign > 0), *measured[move[:-1]]) for move in group.moves]
        for row in group.rows:
            if row.quantity:
                name = f"|{row.key}|{row.unit}"
                for code, plus, by_quantity, _ in steps:
                    if by_quantity:
                        _bump(sums, code + name, row.quantity, plus)
            if row.value:
                name = f"|{row.key}|${row.currency}"
                for code, plus, _, by_value in steps:
                    if by_value:
                        _bump(sums, code + name, row.value, plus)


def _bump(sums: dict[str, Decimal], key: str, amount: Decimal, plus: bool) -> None:
    known = sums.get(key)
    if known is None:
        sums[key] = amount if plus else EXACT.minus(amount)
    elif after := EXACT.add(known, amount) if plus else EXACT.subtract(known, amount):
        sums[key] = after
    else:
        del sums[key]
