"""Saved views: names for the queries of a page, personal, of a team, or of everybody."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from fastapi.responses import Response

from tieout.api.problem import Problem
from tieout.api.v1.ask import Acting, At, Changing, Reading, answer, etag
from tieout.api.v1.models import NUMBER_MAX, Done, NewView, View
from tieout.api.v1.page import Page
from tieout.api.v1.problems import missing, told
from tieout.cases import view as views
from tieout.people.person import Right

router = APIRouter(tags=["views"])
Where = Annotated[str, Query(pattern="^/[a-z0-9/-]{0,100}$", description="The page of the console, such as `/exceptions`.")]


@router.get("/views", responses=told())
def list_views(ask: Reading, page: Where = "/exceptions") -> Page[View]:
    """The views you may use on a page: yours, then those of your teams, then those of everybody."""
    with ask.reading() as at:
        return Page(items=[_view(one) for one in views.views(at.session, at.person, page)])


@router.post("/views", status_code=201, response_model=View, responses=told(409, 412, 428))
def save(ask: Changing, new: NewView) -> Response:
    """Save a view under a name; to change the one of that name, send its ETag."""

    def keep(at: At) -> Response:
        owner = "" if new.team or new.everybody else at.person.login
        known = next(
            (
                one
                for one in views.views(at.session, at.person, new.page)
                if (one.name, one.owner, one.team) == (new.name, owner, new.team or "")
            ),
            None,
        )
        if known is not None:
            ask.version(str(known.version), what="the view of that name")
        made = views.save(
            at.session, at.person, new.name, new.page, new.query, at.now, team=new.team or "", everybody=new.everybody,
            version=None if known is None else known.version,
        )  # fmt: skip
        return answer(_view(made), 201, {"etag": etag(str(made.version))})

    if new.team and new.everybody:
        raise Problem(409, "view/whose", "A view is of a team or of everybody.", "Say one of them.")
    return ask.do(Right.READ, keep)


@router.delete("/views/{view}", response_model=Done, responses=told(404, 409))
def delete(ask: Acting, view: Annotated[int, Path(ge=1, le=NUMBER_MAX)], page: Where = "/exceptions") -> Response:
    """Remove a view that you may use: yours, or a shared one if you may share."""

    def remove(at: At) -> Response:
        if all(one.id != view for one in views.views(at.session, at.person, page)):
            raise missing("view with this number on this page")
        views.delete(at.session, at.person, view, at.now)
        return answer(Done(done=f"view {view} is removed"))

    return ask.do(Right.READ, remove)


def _view(one: views.View) -> View:
    return View(
        id=one.id, name=one.name, slug=one.slug, page=one.page, query=one.query, owner=one.owner, team=one.team, version=one.version,
        is_default=one.is_default,
    )  # fmt: skip
