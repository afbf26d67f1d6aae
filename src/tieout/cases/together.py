"""Approving several together: of one policy and one kind only, each below the ceiling that the settings name, each by its own hash."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from tieout.cases import request as requests
from tieout.cases.item import Outcome
from tieout.cases.request import Waiting
from tieout.cases.verdict import policy_of
from tieout.errors import OperatorError, TieoutError
from tieout.people.person import Person, Right
from tieout.policy.work import Work
from tieout.runtime.batch import Connection
from tieout.runtime.configuration import Configuration

MANY_MAX = 100
DONE, REFUSED = "approved", "not approved"


class Seen(NamedTuple):
    """A request as it stood on the list: its number, and the hash of what would be posted."""

    id: int
    hash: str


def why_alone(work: Work, one: Waiting) -> str:
    """Why a request is decided on its own; empty when it may be approved together with others of its policy."""
    ceiling = work.table.ceiling(one.currency)
    if ceiling is None:
        return f"the settings name no `approve_together` in {one.currency}" if one.currency else "it has no currency"
    if one.amount > ceiling:
        return f"it is over {ceiling} {one.currency}"
    return "two people have to approve it" if one.approvers > 1 else ""


def approve(
    connection: Connection, configuration: Configuration, person: Person, policy: str, chosen: Sequence[Seen], now: datetime, note: str = ""
) -> list[Outcome]:
    """Approve what was on the list, one by one; what became of each. Raises OperatorError when they are not of one policy or over its ceiling."""
    person.need(Right.APPROVE)
    if not 1 <= len(chosen) <= MANY_MAX:
        raise OperatorError(f"1 to {MANY_MAX} requests are approved together.", "Choose fewer.")
    waiting = {one.id: one for one in requests.waiting(connection, person, limit=10_000)}
    known = [waiting[one.id] for one in chosen if one.id in waiting]
    if any(policy_of(one.rule) != policy for one in known) or len({one.action for one in known}) > 1:
        raise OperatorError("They are not all of one policy.", "Approve those of one policy together, the others on their own.")
    alone = [(one.ref, why) for one in known if (why := why_alone(configuration.work, one))]
    if alone:
        raise OperatorError(f"{alone[0][0]} is decided on its own: {alone[0][1]}.", "Leave it out.")
    return [_one(connection, configuration, person, one, waiting.get(one.id), now, note) for one in chosen]


def _one(
    connection: Connection, configuration: Configuration, person: Person, seen: Seen, known: Waiting | None, now: datetime, note: str
) -> Outcome:
    if known is None:
        return Outcome(seen.id, f"request {seen.id}", REFUSED, "it waits no longer")
    try:
        said = requests.answer(connection, configuration, person, seen.id, seen.hash, now, agrees=True, note=note)
    except TieoutError as bad:
        return Outcome(seen.id, known.ref, REFUSED, str(bad))
    good = said.endswith("approved and posted")
    return Outcome(seen.id, known.ref, DONE if good else REFUSED, "" if good else said.partition(": ")[2])


def sums(found: Sequence[Waiting]) -> dict[str, Decimal]:
    """What they are worth, by currency."""
    made: dict[str, Decimal] = {}
    for one in found:
        if one.currency:
            made[one.currency] = made.get(one.currency, Decimal(0)) + one.amount
    return dict(sorted(made.items()))
