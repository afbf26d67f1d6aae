"""What the policy says of a decision of a person: allowed, or to be approved by somebody else, and who that is. Pure."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from tieout.core.evaluate import Item as OpenItem
from tieout.core.facts import Fact
from tieout.core.post import Plans, total
from tieout.people.approvers import has_no_limit
from tieout.people.person import Person
from tieout.policy.cell import Measure, Value
from tieout.policy.checkpoints import CORRECTION, NOUNS, UNNAMED, Hold, account_names, judge_facts, write_off_facts
from tieout.policy.table import Facts
from tieout.policy.work import Work
from tieout.runtime.configuration import Configuration

APPROVER = UNNAMED.role
EXPIRES = timedelta(hours=UNNAMED.expires_hours)


UNKNOWN = "nobody knows what it is worth"
OVER_LIMIT, UNPRICED = "over the person's limit", "value not known"


class Verdict(NamedTuple):
    """Allowed, or held for somebody with a role: the rule says why. `amount` is what it is about; None when nobody knows."""

    allowed: bool
    rule: str
    hold: Hold
    amount: Decimal | None
    currency: str

    @property
    def said(self) -> str:
        """`allowed: within your limit`, or `needs approval by finance_lead: …`."""
        if self.allowed:
            return f"allowed: {self.rule}"
        many = "two people with the role " if self.hold.approvers == 2 else ""
        return f"needs approval by {many}{self.hold.role}: {self.rule}"


def of_write_off(work: Work, person: Person, item: OpenItem, notes: Mapping[str, str], now: datetime) -> Verdict:
    """Whether somebody may accept a difference alone: the checkpoints first, then the own limit."""
    known = item.value is not None or bool(item.price)
    amount = item.amount if known and item.currency else None
    facts = write_off_facts(item.account, item.side, amount or Decimal(0), item.currency if amount is not None else "", dict(notes))
    said = judge_facts(facts, now, work.checkpoints)
    if said is not None and said.holds:
        return Verdict(False, said.rule, said.hold, amount, item.currency)
    return within_limit(person, amount, item.currency, said.rule if said is not None else "")


def policy_of(rule: str) -> str:
    """The policy behind a rule as it was written down: a checkpoint's row by its title, or the limit of persons, whatever the amount."""
    if " is over the limit of " in rule:
        return OVER_LIMIT
    return UNPRICED if rule == UNKNOWN else rule


def of_statement(configuration: Configuration, fact: Fact, now: datetime) -> Verdict:
    """Whether somebody may state alone what no system has stated: a link, a match, a correction. Only a checkpoint holds it."""
    worth = total(fact)
    said = judge_facts(correction_facts(fact, configuration.plans), now, configuration.work.checkpoints)
    held = said is not None and said.holds
    return Verdict(not held, said.rule if said is not None else "", said.hold if said is not None and held else UNNAMED, worth, fact.currency)


def correction_facts(fact: Fact, plans: Plans) -> Facts:
    """The columns of a statement that a person makes in the place of a system: its accounts are those on which it posts."""
    codes = sorted({move[:-1] for plan in plans.for_fact(fact) for move in plan.moves})
    worth = total(fact)
    values: dict[str, Value] = {
        "act": CORRECTION, "account": tuple(name for code in codes for name in (code, *account_names(code))), "side": "", "system": "",
        "manual": "yes", "currency": fact.currency, "terms": fact.data.get("terms", ""),
        "amount": None if worth is None else Measure(abs(worth), fact.currency),
        **{name: getattr(fact, name) for name in ("customer", "channel", "warehouse", "entity")},
    }  # fmt: skip
    return Facts(values, {"amount": NOUNS[CORRECTION]}, {"amount": "it states no value"})


def within_limit(person: Person, amount: Decimal | None, currency: str, rule: str = "") -> Verdict:
    """The part of the verdict that is the person's own limit."""
    if has_no_limit(person):
        return Verdict(True, rule or f"{person.login} has no limit", UNNAMED, amount, currency)
    if amount is None:
        return Verdict(False, UNKNOWN, UNNAMED, None, currency)
    if person.may_accept(amount, currency):
        return Verdict(True, rule or f"within your limit of {person.limit[currency]} {currency}", UNNAMED, amount, currency)
    limit = f"{person.limit[currency]} {currency}" if currency in person.limit else f"none in {currency}"
    return Verdict(False, f"{amount} {currency} is over the limit of {person.login} ({limit})", UNNAMED, amount, currency)
