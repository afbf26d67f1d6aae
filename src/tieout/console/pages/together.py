"""`/approvals/together`: several requests of one policy, each below its ceiling, looked at as a list and then approved, each by its own hash."""

from starlette.responses import Response

from tieout.cases import request as requests
from tieout.cases import together
from tieout.cases.request import Waiting
from tieout.cases.together import Seen
from tieout.cases.verdict import policy_of
from tieout.console.app import act, page
from tieout.console.visit import Refusal, Visit
from tieout.people.approvers import approvers
from tieout.people.person import Right


def show(visit: Visit) -> Response:
    """The list: what can be approved together, and what is decided on its own and why."""
    policy = dict(visit.query).get("policy", "")
    mine = _mine(visit, policy)
    alone = [(one, why) for one in mine if (why := together.why_alone(visit.desk.configuration.work, one))]
    fit = [one for one in mine if not together.why_alone(visit.desk.configuration.work, one)][: together.MANY_MAX]
    return visit.show(
        "pages/together.html", title=f"Approve together: {policy}", policy=policy, fit=fit, alone=alone, sums=list(together.sums(fit).items())
    )


def approve(visit: Visit) -> Response:
    """Approve those that were ticked."""
    chosen = []
    for text in visit.fields("request"):
        number, _, hash_ = text.partition(":")
        if not (number.isdecimal() and len(number) < 19):
            raise Refusal(422, f"{text[:40]!r} is no request with its hash", "Nothing was approved. Open the list again.")
        chosen.append(Seen(int(number), hash_))
    with visit.desk.one_writer:
        came = together.approve(
            visit.connection, visit.desk.configuration, visit.person, visit.field("policy"), chosen, visit.now, visit.field("note")[:500]
        )
    good = sum(one.outcome == together.DONE for one in came)
    if good == len(came):
        return visit.go("/approvals", said=f"{good} approved and posted.")
    return visit.show("pages/together_done.html", 200, title="Approved together", came=came, good=good)


def _mine(visit: Visit, policy: str) -> list[Waiting]:
    known = approvers(visit.connection, visit.desk.configuration.work.people, visit.now)
    return [
        one for one in requests.waiting(visit.connection, visit.person, limit=1000)
        if policy_of(one.rule) == policy
        and not requests.why_not(visit.connection, visit.desk.configuration, visit.person, one, visit.now, known)
    ]  # fmt: skip


routes = [
    page("/approvals/together", show, needs=Right.APPROVE), act("/approvals/together", approve, needs=Right.APPROVE),
]  # fmt: skip
