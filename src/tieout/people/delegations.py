"""Delegations: somebody lets another approve for him, for a time that ends. In the form in which the policy reads them."""

from datetime import datetime, timedelta

import msgspec

from tieout.errors import Forbidden, OperatorError
from tieout.people import audit
from tieout.people.accounts import Account
from tieout.people.person import Person, Right
from tieout.policy.approval import Delegation
from tieout.store.database import Connection, fetch, run

LONGEST = timedelta(days=92)
TEXT_MAX = 500


class Given(msgspec.Struct, frozen=True):
    """A delegation that is not over; `giver` and `taker` are logins, `role` one that the policy names, such as `finance_lead`."""

    id: int
    giver: str
    taker: str
    role: str
    begins: datetime
    ends: datetime
    reason: str


def give(connection: Connection, giver: Person, taker: Account, role: str, begins: datetime, ends: datetime, reason: str, now: datetime) -> int:
    """Let somebody approve in one's place; its number. Raises OperatorError or Forbidden."""
    giver.need(Right.APPROVE)
    if taker.person.id == giver.id:
        raise Forbidden("Nobody delegates to himself.", "Name somebody else.")
    if taker.disabled is not None or not taker.person.may(Right.APPROVE):
        raise OperatorError(f"{taker.person.login} may not approve.", "Name somebody with the role approver.")
    if not (max(begins, now) < ends <= now + LONGEST):
        raise OperatorError(f"A delegation ends, at most {LONGEST.days} days from now.", "Give an end that is later than its begin.")
    if not role.strip() or not reason.strip() or max(len(role), len(reason)) > TEXT_MAX:
        raise OperatorError("A delegation names a role of the policy and a reason.", "Write both.")
    with connection.transaction():
        ((id_,),) = fetch(connection, "insert_delegation", giver.id, taker.person.id, role.strip(), begins, ends, reason.strip())
        detail = {
            "to": taker.person.login,
            "role": role.strip(),
            "begins": begins.isoformat(),
            "ends": ends.isoformat(),
            "reason": reason.strip(),
        }
        audit.write(connection, giver, "delegate", str(id_), detail, now)
    return int(id_)


def given(connection: Connection, now: datetime) -> list[Given]:
    """All delegations that are in force or will be."""
    return [Given(*row) for row in fetch(connection, "delegations", now)]


def withdraw(connection: Connection, giver: Person, id_: int, now: datetime, *, by: Person | None = None) -> None:
    """Take a delegation back: one's own, or an admin anybody's. Raises OperatorError when `giver` has given none of this number."""
    if by is not None and by.id != giver.id:
        by.need(Right.ADMINISTER)
    with connection.transaction():
        if run(connection, "withdraw_delegation", now, id_, giver.id) != 1:
            raise OperatorError(f"There is no delegation {id_} of {giver.login}.", "Only who gave it, or an admin, takes it back.")
        audit.write(connection, by or giver, "withdraw delegation", str(id_), {"of": giver.login}, now)


def for_policy(connection: Connection, now: datetime) -> tuple[Delegation, ...]:
    """The delegations as `policy.approval` judges them; people are named by their logins."""
    return tuple(Delegation(one.giver, one.taker, one.role, one.begins, one.ends) for one in given(connection, now))
