"""`/approvals/delegations`: who may approve in whose place, and until when; every delegation ends."""

from datetime import datetime, time
from zoneinfo import ZoneInfo

from starlette.responses import Response

from tieout.console.actions import denied
from tieout.console.app import act, page
from tieout.console.visit import Visit
from tieout.errors import OperatorError
from tieout.people import accounts, delegations
from tieout.people.approvers import approvers
from tieout.people.person import Right


def listed(visit: Visit) -> Response:
    """Those in force or to come, and the form for one more."""
    given = delegations.given(visit.connection, visit.now)
    others = [one.person for one in accounts.accounts(visit.connection)
              if one.disabled is None and one.person.may(Right.APPROVE) and one.person.login != visit.person.login]  # fmt: skip
    mine = sorted(approvers(visit.connection, visit.desk.configuration.work.people, visit.now).roles.get(visit.person.login, ()))
    return visit.show(
        "pages/delegations.html", title="Delegations", given=given, others=others, roles=mine, denied=denied(visit.person, Right.APPROVE),
        role=dict(visit.query).get("role", ""), longest=delegations.LONGEST.days, today=visit.now.astimezone(ZoneInfo(visit.zone)).date(),
    )  # fmt: skip


def give(visit: Visit) -> Response:
    """Let somebody approve in one's place, to the end of a day."""
    taker = accounts.account(visit.connection, visit.field("taker"))
    ends = _end(visit.field("ends"), visit.zone)
    delegations.give(visit.connection, visit.person, taker, visit.field("role"), visit.now, ends, visit.field("reason"), visit.now)
    return visit.go("/approvals/delegations", said=f"{taker.person.login} may approve in your place until {visit.field('ends')}.")


def withdraw(visit: Visit) -> Response:
    """Take one's own back."""
    text = visit.argument("id")
    delegations.withdraw(visit.connection, visit.person, int(text) if text.isdecimal() and len(text) < 19 else 0, visit.now)
    return visit.go("/approvals/delegations", said="The delegation is withdrawn.")


def _end(text: str, zone: str) -> datetime:
    try:
        day = datetime.fromisoformat(text).date()
    except ValueError as bad:
        raise OperatorError(f"{text[:40]!r} is no day.", "Choose the last day of the delegation.") from bad
    return datetime.combine(day, time(23, 59, 59), ZoneInfo(zone))


routes = [
    page("/approvals/delegations", listed), act("/approvals/delegations", give, needs=Right.APPROVE),
    act("/approvals/delegations/{id}/withdraw", withdraw, needs=Right.APPROVE),
]  # fmt: skip
