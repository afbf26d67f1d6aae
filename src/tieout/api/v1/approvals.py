"""Approvals: decisions about cases that wait for somebody else than who proposed them, each about exactly one payload."""

from decimal import Decimal
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query
from fastapi.responses import Response

from tieout.api.v1.ask import Asked, At, Changing, Reading, answer
from tieout.api.v1.models import NUMBER_MAX, Approval, Decision, Done, amount
from tieout.api.v1.page import Page
from tieout.api.v1.problems import missing, told
from tieout.cases import request
from tieout.cases.request import Waiting
from tieout.cases.verdict import policy_of
from tieout.people.person import Right

router = APIRouter(tags=["approvals"])
Number = Annotated[int, Path(ge=1, le=NUMBER_MAX)]
State = Literal["waiting", "approved", "denied", "returned", "withdrawn", "void"]


@router.get("/approvals", responses=told())
def approvals(
    ask: Reading,
    state: State = "waiting",
    limit: Annotated[int, Query(ge=1, le=200)] = 100,
    mine: Annotated[bool, Query(description="Only what you asked for.")] = False,
    policy: Annotated[str | None, Query(max_length=500, pattern=r"^[^\u0000]*$", description="Only of this policy.")] = None,
    over: Annotated[str | None, Query(pattern=r"^[0-9]{1,12}(\.[0-9]{1,4})?$", description="Only of at least this amount.")] = None,
    under: Annotated[str | None, Query(pattern=r"^[0-9]{1,12}(\.[0-9]{1,4})?$", description="Only up to this amount.")] = None,
) -> Page[Approval]:
    """What waits for an approver, oldest first, with why you cannot approve it if so. Commands that are held stand in `/commands`."""
    with ask.reading() as at:
        found = [
            one for one in request.waiting(at.session, at.person, state=state, limit=limit)
            if (not mine or one.proposer == at.person.login) and (policy is None or policy_of(one.rule) == policy)
            and (over is None or one.amount >= Decimal(over)) and (under is None or one.amount <= Decimal(under))
        ]  # fmt: skip
        return Page(items=[_approval(at, one) for one in found])


@router.post("/approvals/{approval}/approve", response_model=Done, responses=told(404, 409, 412, 428))
def approve(ask: Changing, approval: Number, said: Decision) -> Response:
    """Say yes to exactly what was shown: `If-Match` is the `hash` of the approval, in quotes."""
    return _decide(ask, approval, said, agrees=True)


@router.post("/approvals/{approval}/reject", response_model=Done, responses=told(404, 409, 412, 428))
def reject(ask: Changing, approval: Number, said: Decision) -> Response:
    """Say no, or take the own request back."""
    return _decide(ask, approval, said, agrees=False)


def _decide(ask: Asked, id_: int, said: Decision, *, agrees: bool) -> Response:
    def decided(at: At) -> Response:
        found = next((one for one in request.waiting(at.session, at.person) if one.id == id_), None)
        if found is None:
            raise missing("approval with this number that waits")
        ask.version(found.hash, what="the approval")
        configuration = at.project.configuration(at.session)
        done = request.answer(at.session, configuration, at.person, id_, found.hash, at.now, agrees=agrees, note=said.note)
        return answer(Done(done=done))

    return ask.do_in_steps(Right.READ if not agrees else Right.APPROVE, decided)


def _approval(at: At, one: Waiting) -> Approval:
    cannot = request.why_not(at.session, at.project.configuration(at.session), at.person, one, at.now)
    return Approval(
        id=one.id, ref=one.ref, action=one.action, payload=dict(one.payload), hash=one.hash, amount=amount(one.amount) or "0", currency=one.currency,
        rule=one.rule, proposer=one.proposer, why=one.why, role=one.role, approvers=one.approvers, given=[consent.who for consent in one.given],
        asked=one.asked, expires=one.expires, state=one.state, note=one.note, summary=one.summary, cannot=cannot,
    )  # fmt: skip
