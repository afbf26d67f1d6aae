"""Checkpoints: which commands and decisions of people wait for an approver, as a decision table. Pure.

The first row that fits decides; no row that fits means that the policy does not speak of it. What is not known is never
taken for good: a row that may hold, holds; a row that may let pass, does not. Amounts that do not add up are held whatever
the table says (`posting_checks`).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Literal, NamedTuple

import msgspec

from tieout.core.act import Act
from tieout.core.command import Command
from tieout.core.ground import Ruling
from tieout.core.residual import View
from tieout.core.values import EXACT, ZERO, Side
from tieout.flows import accounts
from tieout.policy.cell import Column, Kind, Measure, Value
from tieout.policy.posting_checks import amount_in, faults, tax_difference
from tieout.policy.table import Facts, Form, Found, Table, Versions

WRITE_OFF, CORRECTION = "write_off", "manual_correction"
"""What people decide and a checkpoint may hold; beside the acts that systems are told."""

NOUNS = {
    Act.BOOK_ORDER: "order", Act.POST_INVOICE: "invoice", Act.ISSUE_CREDIT: "credit", Act.ISSUE_REFUND: "refund",
    Act.APPLY_CASH: "payment", WRITE_OFF: "write-off", CORRECTION: "correction",
}  # fmt: skip

EXPIRES_MAX = 24 * 31


class Cost(msgspec.Struct, frozen=True):
    """What one base unit of an item costs from then on."""

    since: datetime
    amount: Decimal
    currency: str


class Hold(msgspec.Struct, frozen=True):
    """Who has to let it go: a role, the team that is asked, how many approvers, and after how many hours the request lapses."""

    role: str
    team: str = ""
    approvers: int = 1
    expires_hours: int = 24


UNNAMED = Hold("approver")
"""Where no policy names an approver."""


class Action(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The result columns: `pass`, or `hold` for a role (or team) with 1 or 2 approvers; a request lapses after `expires_hours`."""

    result: Literal["pass", "hold"]
    role: str = ""
    team: str = ""
    approvers: int = 1
    expires_hours: int = 24

    def __post_init__(self) -> None:
        if self.result == "hold" and not self.role:
            raise ValueError("what is held needs the `role` of its approver")
        if self.approvers not in (1, 2):
            raise ValueError("`approvers` is 1 or 2")
        if not 1 <= self.expires_hours <= EXPIRES_MAX:
            raise ValueError(f"`expires_hours` is 1 to {EXPIRES_MAX}")

    @property
    def hold(self) -> Hold:
        """Who has to let it go."""
        return Hold(self.role, self.team, self.approvers, self.expires_hours)


COLUMNS = (
    Column("act", Kind.WORD, "what is commanded, or `write_off`, `manual_correction`", (*(act.value for act in Act), WRITE_OFF, CORRECTION)),
    Column("account", Kind.WORD, "the clearing account, by code or name"),
    Column("side", Kind.WORD, "`debit`, or `credit` for a reversal", tuple(side.value for side in Side)),
    Column("system", Kind.WORD, "the system that would be told"),
    Column("customer", Kind.WORD, "the customer's number"),
    Column("channel", Kind.WORD, "the channel the order came by"),
    Column("warehouse", Kind.WORD, "the warehouse"),
    Column("entity", Kind.WORD, "our legal entity"),
    Column("terms", Kind.WORD, "the terms stated for it, such as `NET60`; empty when none are"),
    Column("currency", Kind.WORD, "the currency it is in"),
    Column("amount", Kind.MONEY, "what it is worth: the sum of its lines with charges, without sign"),
    Column("margin", Kind.PERCENT, "(goods less cost) / goods; known only if the cost of every item is stated"),
    Column("tax_difference", Kind.MONEY, "the stated tax against base x stated rate, else against the tax that was booked; without sign"),
    Column("new_customer", Kind.FLAG, "nothing of this customer was posted before"),
    Column("manual", Kind.FLAG, "a person proposed it, not a balance"),
)
FORM: Form[Action] = Form("checkpoints", "checkpoint", COLUMNS, Action, frozenset(("role", "team", "approvers", "expires_hours")))


class Known(msgspec.Struct, frozen=True):
    """What the asker knows besides the command; None is not known.

    `cost` is of the whole command and in its currency, `costs` what each item was stated to cost, one base unit of it.
    """

    new_customer: bool | None = None
    cost: Decimal | None = None
    costs: Mapping[str, Sequence[Cost]] = {}
    terms: str = ""
    manual: bool = False


NOTHING = Known()


class Judgement(NamedTuple):
    """What the checkpoints say: held or not, the sentence why, and for whom it is held."""

    holds: bool
    rule: str
    hold: Hold = UNNAMED

    @property
    def ruling(self) -> Ruling:
        """As `core.decide` wants it."""
        return Ruling(self.holds, self.rule, f"{self.hold.approvers} {self.hold.role}" if self.holds else "")


def judge(
    command: Command,
    found: View,
    checkpoints: Versions[Action],
    known: Known = NOTHING,
    *,
    tax_by_line: bool = False,
    at: datetime | None = None,
) -> Judgement | None:
    """What the policy in force when it came to be owed (or at `at`) says of a command; None when no row speaks of it."""
    at = at or event_time(command, found)
    facts = facts_of(command, found, known, tax_by_line=tax_by_line, at=at)
    said = judge_facts(facts, at, checkpoints)
    wrong = faults(command, tax_by_line=tax_by_line)
    if not wrong:
        return said
    hold = said.hold if said is not None and said.holds else defaults_of(checkpoints, at)
    also = (said.rule,) if said is not None and said.holds else ()
    return Judgement(True, "; ".join((*wrong, *also)), hold)


def judge_facts(facts: Facts, at: datetime | None, checkpoints: Versions[Action]) -> Judgement | None:
    """The same of anything that has the columns: a write-off, a correction."""
    if not checkpoints.tables:
        return None
    table = None if at is None else checkpoints.at(at)
    if table is None or at is None:
        when = "at an unknown time" if at is None else f"on {at:%Y-%m-%d}"
        return Judgement(True, f"no checkpoints are in force for what happened {when}", defaults_of(checkpoints, at))
    possible = table.possible(facts, at)
    holding = [one for one in possible if one.row.result.result == "hold"]
    if holding:
        strictest = max(holding, key=lambda one: one.row.result.approvers)
        return Judgement(True, str(strictest), strictest.row.result.hold)
    passing: Sequence[Found[Action]] = [one for one in possible if not one.unknown]
    return Judgement(False, str(passing[0])) if passing else None


def defaults_of(checkpoints: Versions[Action], at: datetime | None) -> Hold:
    """For whom something is held that no row names: what the file in force (or else the newest) says for all its rows."""
    table: Table[Action] | None = None if at is None else checkpoints.at(at)
    if table is None and checkpoints.tables:
        table = checkpoints.tables[-1]
    said = {} if table is None else {name: value for name, value in table.defaults.items() if name in Hold.__struct_fields__}
    return msgspec.convert({"role": UNNAMED.role, **said}, Hold, strict=False)


def facts_of(command: Command, found: View, known: Known = NOTHING, *, tax_by_line: bool = False, at: datetime | None = None) -> Facts:
    """The columns of a command that came to be owed at that time."""
    notes, data = found.notes, command.data
    worth = worth_of(command)
    cost, uncosted = cost_of(command, known, at)
    margin, unmargined = margin_of(command, cost)
    tax, untaxed = tax_difference(command, found, by_line=tax_by_line)
    values: dict[str, Value] = {
        "act": command.act.value,
        "account": (command.account, *account_names(command.account)),
        "side": command.side.value,
        "system": command.system,
        "customer": command.customer,
        "channel": command.channel,
        "warehouse": command.warehouse,
        "entity": command.entity,
        "terms": data.get("terms") or notes.get("terms") or known.terms,
        "currency": command.currency,
        "amount": None if worth is None else Measure(worth, command.currency),
        "margin": margin,
        "tax_difference": tax,
        "new_customer": None if known.new_customer is None else ("yes" if known.new_customer else "no"),
        "manual": "yes" if known.manual else "no",
    }
    labels = {"amount": NOUNS.get(command.act, "amount")}
    unpriced = [line.line for line in command.lines if line.value is None]
    unknown = {
        "amount": f"no price is stated of {', '.join(unpriced)}" if unpriced else "",
        "margin": unmargined or uncosted,
        "tax_difference": untaxed,
        "new_customer": "" if command.customer else "nobody stated the customer",
    }
    return Facts(values, labels, unknown)


def write_off_facts(account: str, side: Side, amount: Decimal, currency: str, notes: dict[str, str], *, act: str = WRITE_OFF) -> Facts:
    """The columns of a person's decision about a residual."""
    values: dict[str, Value] = {name: notes.get(name, "") for name in ("customer", "channel", "warehouse", "entity", "terms")}
    values |= {"act": act, "account": (account, *account_names(account)), "side": side.value, "system": "", "manual": "yes"}
    values["currency"] = currency
    values["amount"] = Measure(abs(amount), currency) if currency else None
    return Facts(values, {"amount": NOUNS[act]})


def account_names(code: str) -> tuple[str, ...]:
    """The name of an account besides its code."""
    known = accounts().get(code)
    return () if known is None else (known.name,)


def worth_of(command: Command) -> Decimal | None:
    """The sum of the lines with their charges, without sign; None when a line of goods has no value."""
    if not command.lines:
        return None if command.total is None else abs(command.total)
    amount = ZERO
    for line in command.lines:
        if line.value is None:
            return None
        amount = EXACT.add(amount, line.value)
    return abs(amount)


def cost_of(command: Command, known: Known, at: datetime | None) -> tuple[Decimal | None, str]:
    """The cost of the goods, or why it is not known: what the command states, else what the asker knows of it, else the sum of what
    the items were stated to cost at that time."""
    if command.data.get("cost"):
        stated = amount_in(command.data["cost"])
        return stated, "" if stated is not None else f"the cost {command.data['cost']!r} is not a number"
    if known.cost is not None:
        return known.cost, ""
    summed = ZERO
    for line in command.lines:
        if line.charge:
            continue
        valid = [one for one in known.costs.get(line.item, ()) if at is None or one.since <= at]
        if not valid:
            return None, f"no cost is stated of {line.item or line.line}"
        cost = max(valid, key=lambda one: one.since)
        if cost.currency != command.currency:
            return None, f"the cost of {line.item} is stated in {cost.currency}"
        if line.quantity is None:
            return None, f"{line.line} has no quantity"
        summed = EXACT.add(summed, EXACT.multiply(line.quantity, cost.amount))
    return summed, ""


def margin_of(command: Command, cost: Decimal | None) -> tuple[Measure | None, str]:
    """Margin in percent of the goods, charges left out (a discount counts), or why it is not known besides the cost."""
    worth = ZERO
    for line in command.lines:
        if line.charge in ("", "discount"):
            if line.value is None:
                return None, f"no price is stated of {line.line}"
            worth = EXACT.add(worth, line.value)
    if cost is None or not worth:
        return None, "" if worth else "the goods are worth nothing"
    return Measure((Fraction(worth) - Fraction(cost)) / Fraction(worth) * 100, "%"), ""


def event_time(command: Command, found: View) -> datetime | None:
    """When what is commanded came to be owed: the newest entry of its side, of its keys if they are found by name."""
    of_account = {key: pair for (code, key), pair in found.by_pair.items() if code == command.account}
    keys = {line.line for line in command.lines}
    pairs = [pair for key, pair in of_account.items() if key in keys] or list(of_account.values())
    times = [entry.occurred for pair in pairs for entry in pair if entry.side is command.side]
    return max(times, default=None)
