"""`/audit`: who did what, newest first."""

from typing import Annotated

from fastapi import APIRouter, Query

from tieout.api.v1.ask import Reading
from tieout.api.v1.models import Action
from tieout.api.v1.page import Cursor, Limit, Page, page_of, place_of
from tieout.api.v1.problems import told
from tieout.people import accounts, audit
from tieout.people.person import Right

router = APIRouter(tags=["audit"])
Filter = Annotated[str | None, Query(min_length=1, max_length=400)]


@router.get("/audit", responses=told(404))
def actions(
    ask: Reading, who: Filter = None, action: Filter = None, object: Filter = None, limit: Limit = 100, cursor: Cursor = None
) -> Page[Action]:
    """What people did, and what of masked data they looked at. `who` is a login."""
    before = place_of(cursor, tuple[int]) or (None,)
    with ask.reading(Right.AUDIT) as at:
        person = None
        if who is not None:
            person = next((one.person.id for one in accounts.accounts(at.session) if one.person.login == accounts.login_of(who)), -1)
        found = audit.actions(at.session, before=before[0], person=person, object_=object, action=action, limit=limit + 1)
    items, following = page_of(found, limit, lambda one: (one.id,))
    made = [Action(id=one.id, at=one.at, who=one.who, action=one.action, object=one.object, detail=dict(one.detail)) for one in items]
    return Page(items=made, next=following)
