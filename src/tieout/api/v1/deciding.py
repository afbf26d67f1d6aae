"""What approvers do besides deciding one request: ask about it, and approve several of one policy together."""

from typing import Annotated

from fastapi import APIRouter, Path
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from tieout.api.v1.ask import Acting, At, answer
from tieout.api.v1.models import NUMBER_MAX, Comment, Done
from tieout.api.v1.problems import missing, told
from tieout.cases import request, together
from tieout.cases.together import Seen
from tieout.people.person import Right

router = APIRouter(tags=["approvals"])


class Looked(BaseModel):
    """A request as it was looked at."""

    model_config = ConfigDict(extra="forbid")
    id: Annotated[int, Field(ge=1, le=NUMBER_MAX)]
    hash: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class Together(BaseModel):
    """Requests of one policy, as they were looked at."""

    model_config = ConfigDict(extra="forbid")
    policy: Annotated[str, Field(min_length=1, max_length=500, pattern=r"^[^\u0000]*$")]
    requests: Annotated[list[Looked], Field(min_length=1, max_length=together.MANY_MAX)]
    note: Annotated[str, Field(max_length=500, pattern=r"^[^\u0000]*$")] = ""


class Came(BaseModel):
    """What became of one of them."""

    ref: str
    outcome: str
    reason: str


class AllCame(BaseModel):
    """What became of each, in the order asked."""

    items: list[Came]


@router.post("/approvals/together", response_model=AllCame, responses=told(404, 409))
def approve_together(ask: Acting, said: Together) -> Response:
    """Approve several of one policy, each below the ceiling that the settings name, each by its own hash."""

    def decide(at: At) -> Response:
        chosen = [Seen(one.id, one.hash) for one in {one.id: one for one in said.requests}.values()]
        found = together.approve(at.session, at.project.configuration(at.session), at.person, said.policy, chosen, at.now, said.note)
        return answer(AllCame(items=[Came(ref=one.ref, outcome=one.outcome, reason=one.reason) for one in found]))

    return ask.do_in_steps(Right.APPROVE, decide)


@router.post("/approvals/{approval}/question", response_model=Done, responses=told(404, 409))
def question(ask: Acting, approval: Annotated[int, Path(ge=1, le=NUMBER_MAX)], said: Comment) -> Response:
    """Ask the proposer something before you decide: it stands at the case, and the request goes on waiting."""

    def put(at: At) -> Response:
        found = request.one(at.session, at.person, approval)
        if found is None or found.state != request.WAITING:
            raise missing("approval with this number that waits")
        return answer(Done(done=f"{request.ask_about(at.session, at.person, approval, said.text, at.now)} is asked"))

    return ask.do(Right.COMMENT, put)
