"""The models a map can be drawn of: which documents are cases, which statements are steps, what is awaited after what and by when. Pure."""

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta

import msgspec

from tieout.core.account import ClearingAccount, Within
from tieout.core.values import Side

CHANGED, WITHDRAWN = ".changed", ".withdrawn"
START, END = "start", "end"
"""The two steps that no system states: before the first, after the last."""
WORDS_OF = {START: "Start", END: "End so far"}
Accounts = Mapping[str, ClearingAccount]


class Model(msgspec.Struct, frozen=True):
    """A model: its short name in addresses, its flow, the types of document that are cases, and of those that follow from them.

    What is said about a document beside the case (an invoice, a parcel) belongs to every case that shares a document with it.
    `worth` names the statements that say what a case is worth; the first that was made counts.
    """

    name: str
    flow: str
    title: str
    cases: tuple[str, ...]
    beside: tuple[str, ...] = ()
    worth: tuple[str, ...] = ()


MODELS = (
    Model("o2c", "order_to_cash", "Order to cash", ("order", "sales_order"), ("invoice", "parcel"), ("OrderPlaced", "OrderBooked")),
    Model("r2c", "return_to_credit", "Return to credit", ("order", "sales_order", "return"), (), ("ReturnAuthorised", "ReturnReceived", "CreditIssued")),
    Model("p2p", "purchase_to_pay", "Purchase to pay", ("purchase_order",), ("vendor_invoice",), ("PurchaseOrdered", "GoodsReceived")),
    Model("freight", "freight", "Freight", ("parcel", "freight"), (), ("FreightRated", "FreightInvoiced")),
    Model("settlement", "settlement", "Settlement", ("settlement", "payout"), (), ("PayoutSent",)),
    Model("edi", "edi", "EDI documents", ("group",)),
)  # fmt: skip


class Rule(msgspec.Struct, frozen=True):
    """What the clearing account `code` lays down: `then` clears what `first` raised, within a time. `most` is the longest that can be."""

    code: str
    first: str
    then: str
    within: Within

    @property
    def most(self) -> timedelta:
        """The deadline as elapsed time: business days with every weekend that they can run into."""
        days = self.within.business_days
        return timedelta(days=days + 2 * -(-days // 5)) if days else timedelta(hours=self.within.hours)


def model(name: str) -> Model | None:
    """The model of a short name."""
    return next((one for one in MODELS if one.name == name), None)


def words(step: str) -> str:
    """A step for people: `OrderPlaced.changed` is `Order placed, changed`."""
    kind, _, rest = step.partition(".")
    return WORDS_OF.get(step) or re.sub(r"(?<=[a-z])(?=[A-Z])", " ", kind).capitalize() + (f", {rest}" if rest else "")


def differs(steps: Sequence[str], usual: Sequence[str]) -> str:
    """How a way differs from the usual one, in words; empty when it does not."""
    if tuple(steps) == tuple(usual):
        return ""
    if tuple(steps) == tuple(usual[: len(steps)]):
        return f"as far as {words(steps[-1]).lower()}"
    more, less = [step for step in dict.fromkeys(steps) if step not in usual], [step for step in dict.fromkeys(usual) if step not in steps]
    said = [f"{word} {', '.join(words(step).lower() for step in found)}" for word, found in (("with", more), ("without", less)) if found]
    mine, theirs = ([step for step in dict.fromkeys(way) if step in steps and step in usual] for way in (steps, usual))
    if mine != theirs:
        said.append("in another order")
    if len(set(steps)) < len(steps):
        said.append("some step twice")
    return ", ".join(said)


def members(flow: str, accounts: Accounts) -> list[ClearingAccount]:
    """The clearing accounts of a flow."""
    return [account for account in accounts.values() if account.flow == flow]


def kinds(one: Model, accounts: Accounts) -> tuple[str, ...]:
    """The statements that are steps of a model, in the order in which they are meant to come."""
    found = members(one.flow, accounts)
    names = dict.fromkeys(kind.name for account in found for kind in (*account.debit, *account.credit))
    depth = dict.fromkeys(names, 0)
    pairs = [(rule.first, rule.then) for rule in rules(one, accounts)]
    for _ in names:
        for first, then in pairs:
            depth[then] = max(depth[then], min(depth[first] + 1, len(names)))
    return tuple(sorted(names, key=lambda name: (depth[name], list(names).index(name))))


def rules(one: Model, accounts: Accounts) -> tuple[Rule, ...]:
    """What the accounts of a model await: by each, the statement that clears after the one that raises."""
    found = []
    for account in members(one.flow, accounts):
        clearing = account.clearing(Side.DEBIT)
        raising = next(iter(account.debit), None)
        if clearing is not None and raising is not None and clearing != raising:
            found.append(Rule(account.code, raising.name, clearing.name, account.over.within))
    return tuple(found)


def target(found: tuple[Rule, ...], first: str, then: str) -> Rule | None:
    """The tightest deadline for a path from one step to the next; None where no account sets one."""
    fitting = [rule for rule in found if (rule.first, rule.then) == (first.partition(".")[0], then)]
    return min(fitting, key=lambda rule: rule.most, default=None)


def shape(accounts: Accounts) -> str:
    """What the log was filled by, as text: with other accounts there are other steps."""
    return ";".join(
        f"{one.name}:{','.join(one.cases)}:{','.join(one.beside)}:{','.join(one.worth)}:{','.join(kinds(one, accounts))}" for one in MODELS
    )
