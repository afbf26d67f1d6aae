"""`/audit`: who did what, newest first."""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response
from pydantic import AwareDatetime

from tieout.api.v1.ask import Acting, At, Reading, answer
from tieout.api.v1.models import Action, Verified
from tieout.api.v1.page import Cursor, Limit, Page, page_of, place_of
from tieout.api.v1.problems import told
from tieout.people import accounts, audit
from tieout.people.person import Right
from tieout.runtime import audit as chain

router = APIRouter(tags=["audit"])
When = Annotated[AwareDatetime | None, Query(description="A moment, such as 2026-11-01T00:00:00Z.")]
Filter = Annotated[str | None, Query(min_length=1, max_length=400)]


@router.get("/audit", responses=told(404))
def actions(
    ask: Reading,
    who: Filter = None,
    action: Filter = None,
    object: Filter = None,
    since: When = None,
    until: When = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[Action]:
    """What people did, and what of masked data they looked at. `who` is a login; from `since` until before `until`."""
    before = place_of(cursor, tuple[int]) or (None,)
    with ask.reading(Right.AUDIT) as at:
        person = None
        if who is not None:
            person = next((one.person.id for one in accounts.accounts(at.session) if one.person.login == accounts.login_of(who)), -1)
        found = audit.actions(
            at.session, before=before[0], person=person, object_=object, action=action, since=since, until=until, limit=limit + 1
        )
    items, following = page_of(found, limit, lambda one: (one.id,))
    made = [Action(id=one.id, at=one.at, who=one.who, action=one.action, object=one.object, detail=dict(one.detail)) for one in items]
    return Page(items=made, next=following)


@router.post("/audit/verify", response_model=Verified, responses=told())
def verify(ask: Acting) -> Response:
    """Work the chain of the ledger and the chain of the actions out again from the stored rows. It reads everything once, so it takes its time."""

    def work(at: At) -> Response:
        found, wrong = chain.verify(at.session), audit.verify(at.session)
        findings = [f"commit {one.commit}: {one.what}" if one.commit else one.what for one in found.findings]
        at.wrote("audit verified", "ledger")
        return answer(Verified(commits=found.batches, messages=found.messages, newest=found.newest, findings=[*findings, *wrong]))

    return ask.do_in_steps(Right.AUDIT, work)
