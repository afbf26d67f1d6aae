"""What the policy says of a decision of a person: allowed, or to be approved by somebody else, and who that is. Pure but for reading."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

import msgspec

from tieout.core.evaluate import Item as OpenItem
from tieout.people.accounts import accounts
from tieout.people.delegations import for_policy
from tieout.people.person import Person, Right
from tieout.policy.approval import People
from tieout.policy.checkpoints import UNNAMED, Hold, judge_facts, write_off_facts
from tieout.policy.work import Work
from tieout.runtime.batch import Connection

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


def within_limit(person: Person, amount: Decimal | None, currency: str, rule: str = "") -> Verdict:
    """The part of the verdict that is the person's own limit."""
    if amount is None:
        return Verdict(False, UNKNOWN, UNNAMED, None, currency)
    if person.may_accept(amount, currency):
        return Verdict(True, rule or f"within your limit of {person.limit[currency]} {currency}", UNNAMED, amount, currency)
    limit = f"{person.limit[currency]} {currency}" if currency in person.limit else f"none in {currency}"
    return Verdict(False, f"{amount} {currency} is over the limit of {person.login} ({limit})", UNNAMED, amount, currency)


def people(connection: Connection, work: Work, now: datetime) -> People:
    """Who has which role of the policy: what the settings say, and `approver` for whoever may approve; with all delegations."""
    roles: dict[str, set[str]] = {name: set(given) for name, given in work.people.roles.items()}
    for account in accounts(connection):
        if account.disabled is None and account.person.may(Right.APPROVE):
            roles.setdefault(account.person.login, set()).update({APPROVER, *(role.value for role in account.person.roles)})
        else:
            roles.pop(account.person.login, None)
    return msgspec.structs.replace(work.people, roles=roles, delegations=(*work.people.delegations, *for_policy(connection, now)))
