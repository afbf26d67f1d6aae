"""Saved views: names for the queries of a page, personal, of a team, or of everybody."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from tieout.api.problem import Problem
from tieout.api.v1.ask import Acting, At, Changing, Reading, answer, etag
from tieout.api.v1.models import NUMBER_MAX, Done, NewView, View
from tieout.api.v1.page import Page
from tieout.api.v1.problems import missing, told
from tieout.cases import view as views
from tieout.people.person import Right

router = APIRouter(tags=["views"])
Where = Annotated[str, Query(pattern="^/[a-z0-9/-]{0,100}$", description="The page of the console, such as `/exceptions`.")]
Number = Annotated[int, Path(ge=1, le=NUMBER_MAX)]


class Name(BaseModel):
    """The new name of a view."""

    model_config = ConfigDict(extra="forbid")
    name: Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9][^\u0000]*$")]


class With(BaseModel):
    """Whom a view is shared with: a team; empty means everybody."""

    model_config = ConfigDict(extra="forbid")
    team: Annotated[str, Field(max_length=100, pattern=r"^[a-z0-9_ -]*$")] = ""


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


@router.delete("/views/default", response_model=Done, responses=told(409))
def open_all(ask: Acting, page: Where = "/exceptions") -> Response:
    """Open a page with no view from now on."""

    def drop(at: At) -> Response:
        views.set_default(at.session, at.person, page, None)
        return answer(Done(done=f"{page} opens with all that is open"))

    return ask.do(Right.READ, drop)


@router.delete("/views/{view}", response_model=Done, responses=told(404, 409))
def delete(ask: Acting, view: Annotated[int, Path(ge=1, le=NUMBER_MAX)], page: Where = "/exceptions") -> Response:
    """Remove a view that you may use: yours, or a shared one if you may share."""

    def remove(at: At) -> Response:
        if all(one.id != view for one in views.views(at.session, at.person, page)):
            raise missing("view with this number on this page")
        views.delete(at.session, at.person, view, at.now)
        return answer(Done(done=f"view {view} is removed"))

    return ask.do(Right.READ, remove)


@router.post("/views/{view}/rename", response_model=View, responses=told(404, 409))
def rename(ask: Acting, view: Number, said: Name, page: Where = "/exceptions") -> Response:
    """Give a view another name: yours, or a shared one if you may share."""

    def change(at: At) -> Response:
        _there(at, view, page)
        return answer(_view(views.rename(at.session, at.person, view, said.name, at.now)))

    return ask.do(Right.READ, change)


@router.post("/views/{view}/share", status_code=201, response_model=View, responses=told(404, 409))
def share(ask: Acting, view: Number, said: With, page: Where = "/exceptions") -> Response:
    """Give a view of yours to a team as well, or, with no team, to everybody."""

    def give(at: At) -> Response:
        _there(at, view, page)
        return answer(_view(views.share(at.session, at.person, view, at.now, team=said.team)), 201)

    return ask.do(Right.SHARE, give)


@router.post("/views/{view}/default", response_model=Done, responses=told(404, 409))
def open_first(ask: Acting, view: Number, page: Where = "/exceptions") -> Response:
    """Open a page with this view from now on."""

    def keep(at: At) -> Response:
        _there(at, view, page)
        views.set_default(at.session, at.person, page, view)
        return answer(Done(done=f"{page} opens with view {view}"))

    return ask.do(Right.READ, keep)


def _there(at: At, view: int, page: str) -> None:
    """Raises Problem when there is no such view for whoever asks."""
    if all(one.id != view for one in views.views(at.session, at.person, page)):
        raise missing("view with this number on this page")


def _view(one: views.View) -> View:
    return View(
        id=one.id, name=one.name, slug=one.slug, page=one.page, query=one.query, owner=one.owner, team=one.team, version=one.version,
        is_default=one.is_default,
    )  # fmt: skip
