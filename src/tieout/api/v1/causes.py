"""What people do with causes besides merging: let one rest with its items, split items off, say whose it is and in which version it is fixed."""

from decimal import Decimal
from typing import Annotated

from fastapi import APIRouter, Path
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from tieout.api.v1.ask import Acting, At, answer
from tieout.api.v1.models import NUMBER_MAX, Done, Snooze
from tieout.api.v1.problems import missing, told
from tieout.cases import act, grouping, resting
from tieout.cases.clock import live_versions
from tieout.cases.item import Target
from tieout.people.person import Right
from tieout.store.database import fetch

router = APIRouter(tags=["causes"])
Cause = Annotated[int, Path(ge=1, le=NUMBER_MAX)]
Words = Annotated[str, Field(max_length=300, pattern=r"^[^\u0000]*$")]


class Settle(BaseModel):
    """Whose a cause is (a team, or a person), and the mapping version in which it is fixed; empty leaves it to nobody, or unfixed."""

    model_config = ConfigDict(extra="forbid")
    team: Words = ""
    person: Words = ""
    fixed_in: Annotated[str, Field(max_length=100, pattern=r"^[ -~]*$")] = ""


class Split(BaseModel):
    """Items of one cause that get one of their own, for good."""

    model_config = ConfigDict(extra="forbid")
    cases: Annotated[list[Annotated[str, Field(pattern=r"^EX-[0-9]{1,18}$")]], Field(min_length=1, max_length=1000)]
    title: Words
    why: Annotated[str, Field(min_length=1, max_length=500, pattern=r"^[^\u0000]*\S[^\u0000]*$")]


@router.post("/causes/{cause}/snooze", response_model=Done, responses=told(404, 409))
def snooze(ask: Acting, cause: Cause, until: Snooze) -> Response:
    """Let a cause rest: all its items, and those that come meanwhile, until a time, n more, a value, a healthy system or a live version."""
    value = None if until.value is None else Decimal(until.value)
    wanted = act.Snooze(until.kind, until.until, until.more, value, until.currency, until.system, until.version, until.reason, until.why)

    def rest(at: At) -> Response:
        _there(at, cause)
        than = live_versions(at.project.configuration(at.session)).get(until.system, "")
        return answer(Done(done=f"{resting.snooze(at.session, at.person, cause, at.now, wanted, than=than)} rest"))

    return ask.do(Right.WORK, rest)


@router.post("/causes/{cause}/wake", response_model=Done, responses=told(404, 409))
def wake(ask: Acting, cause: Cause) -> Response:
    """End the rest of a cause, and of the items that rest with it."""

    def up(at: At) -> Response:
        _there(at, cause)
        return answer(Done(done=f"{resting.wake(at.session, at.person, cause, at.now)} are awake"))

    return ask.do(Right.WORK, up)


@router.post("/causes/{cause}/settle", response_model=Done, responses=told(404, 409))
def settle(ask: Acting, cause: Cause, said: Settle) -> Response:
    """Say whose a cause is, and in which mapping version it is fixed: what appears in that or a later one is regressed."""

    def keep(at: At) -> Response:
        _there(at, cause)
        grouping.settle_on(at.session, at.person, cause, at.now, team=said.team, owner=said.person, fixed_in=said.fixed_in.strip())
        return answer(Done(done=f"CA-{cause} is settled"))

    return ask.do(Right.WORK, keep)


@router.post("/causes/split", status_code=201, response_model=Done, responses=told(404, 409))
def split(ask: Acting, said: Split) -> Response:
    """Give some cases of one cause a cause of their own, for good; its number."""

    def apart(at: At) -> Response:
        targets = [Target(int(ref.removeprefix("EX-"))) for ref in dict.fromkeys(said.cases)]
        return answer(Done(done=f"CA-{grouping.split_off(at.session, at.person, targets, said.title, said.why, at.now)}"), 201)

    return ask.do(Right.WORK, apart)


def _there(at: At, cause: int) -> None:
    """Raises Problem when there is no such cause."""
    if not fetch(at.session, "causes_there", [cause]):
        raise missing("cause with this number")
