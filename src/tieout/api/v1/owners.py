"""Who takes a case: the most urgent that nobody has for whoever asks, and whom a case might be given to."""

from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from tieout.api.v1.ask import Acting, At, Reading, answer
from tieout.api.v1.cases import Ref, item_of
from tieout.api.v1.models import Outcome
from tieout.api.v1.page import Page
from tieout.api.v1.problems import missing, told
from tieout.cases import claim as claims
from tieout.cases.filter import parse
from tieout.people.person import Right

router = APIRouter(tags=["work"])


class Claim(BaseModel):
    """From which list to claim: the query of a filter, as the address of the console has it; empty means all that is open."""

    model_config = ConfigDict(extra="forbid")
    query: Annotated[str, Field(max_length=2000, pattern=r"^[!-~]*$")] = ""


class Owner(BaseModel):
    """Somebody who can be given a case; `load` is how many are open with that person, `why` says so of the one that is suggested."""

    login: str
    name: str
    load: int
    why: str


@router.post("/cases/claim", response_model=Outcome, responses=told(404, 409))
def claim(ask: Acting, wanted: Claim) -> Response:
    """Take the most urgent case that nobody has: by priority, then by what is due first. Two people never get the same."""

    def take(at: At) -> Response:
        terms = parse(parse_qsl(wanted.query, keep_blank_values=True))
        found = claims.claim(at.session, at.person, terms, at.now, at.project.configuration(at.session).work)
        if found is None:
            raise missing("case on this list that nobody has")
        return answer(Outcome(ref=found.ref, outcome=found.outcome, reason=found.reason, version=found.version))

    return ask.do(Right.WORK, take)


@router.get("/cases/{ref}/owners", responses=told(404))
def owners(ask: Reading, ref: Ref) -> Page[Owner]:
    """Who can be given it, with how much each has; first whom we would give it to, and why."""
    with ask.reading() as at:
        found = claims.owners(at.session, item_of(at, ref).id, at.now)
    return Page(items=[Owner(login=one.login, name=one.name, load=one.load, why=one.why) for one in found])
