"""Saved views: names for the queries of a page, of a person, of a team, or of everybody; one may be a person's default."""

import re
from datetime import datetime

import msgspec

from tieout.errors import Forbidden, OperatorError
from tieout.people import audit
from tieout.people.person import Person, Right
from tieout.runtime.batch import Connection
from tieout.store.database import fetch, fetch_by, run, run_by

QUERY_MAX = 4000
VIEWS_MAX = 200
SLUG = re.compile(r"[^a-z0-9]+")
PAGE = re.compile(r"/[a-z0-9/-]{0,100}")


class View(msgspec.Struct, frozen=True):
    """A view: `page` with its canonical `query`; of a person (`owner`), of a `team`, or of everybody."""

    id: int
    slug: str
    name: str
    page: str
    query: str
    owner: str
    team: str
    changed: datetime
    version: int
    is_default: bool


def views(connection: Connection, person: Person, page: str) -> list[View]:
    """The views somebody may use on a page: the own ones, then those of the teams, then those of everybody."""
    rows = fetch_by(connection, "views_of", person=person.login, page=page)
    return [one for one in (View(*row) for row in rows) if not one.team or not person.scopes.teams or one.team in person.scopes.teams]


def find(connection: Connection, person: Person, page: str, slug: str) -> View | None:
    """The view of that name in a URL (`view=v/late-mine`); the own one before the team's."""
    return next((one for one in views(connection, person, page) if one.slug == slug.removeprefix("v/")), None)


def default(connection: Connection, person: Person, page: str) -> View | None:
    """The view with which a page opens for somebody."""
    return next((one for one in views(connection, person, page) if one.is_default), None)


def save(
    connection: Connection,
    person: Person,
    name: str,
    page: str,
    query: str,
    now: datetime,
    *,
    team: str = "",
    everybody: bool = False,
    version: int | None = None,
) -> View:
    """Save a view under a name, or change the one of that name; `version` guards against a second editor."""
    slug = slug_of(name)
    if not slug or len(name) > 100 or PAGE.fullmatch(page) is None or len(query) > QUERY_MAX:
        raise OperatorError("A view has a name of letters or digits, a page and a query.", "Choose another name.")
    shared = bool(team) or everybody
    if shared:
        _may_share(person, team)
    owner = "" if shared else person.login
    with connection.transaction():
        ((many,),) = fetch(connection, "count_views", owner, team)
        known = fetch(connection, "view_named", page, owner, team, slug)
        if not known and many >= VIEWS_MAX:
            raise OperatorError(f"There are {many} views already.", "Delete one first.")
        if known and version is not None and known[0][1] != version:
            raise OperatorError(f"Somebody has changed the view {name!r} meanwhile.", "Look at it again.")
        ((id_,),) = fetch_by(connection, "save_view", slug=slug, name=name.strip(), page=page, query=query, owner=owner, team=team, now=now)
        if shared:
            audit.write(connection, person, "save view", f"view {id_}", {"name": name, "page": page, "query": query, "team": team}, now)
    return next(one for one in views(connection, person, page) if one.id == id_)


def rename(connection: Connection, person: Person, id_: int, name: str, now: datetime) -> View:
    """Give a view another name: one's own, or a shared one if one may share. Links by its old name show all that is open."""
    slug = slug_of(name)
    if not slug or len(name.strip()) > 100:
        raise OperatorError("A view has a name of letters or digits.", "Choose another name.")
    with connection.transaction():
        owner, team, old, page, _ = _changeable(connection, person, id_)
        taken = fetch(connection, "view_named", page, owner, team, slug)
        if taken and taken[0][0] != id_:
            raise OperatorError(f"There is a view {name.strip()!r} already.", "Choose another name.")
        run_by(connection, "rename_view", id=id_, slug=slug, name=name.strip(), now=now)
        if not owner:
            audit.write(connection, person, "rename view", f"view {id_}", {"from": old, "to": name.strip()}, now)
    return next(one for one in views(connection, person, page) if one.id == id_)


def share(connection: Connection, person: Person, id_: int, now: datetime, *, team: str = "") -> View:
    """Give a view of one's own to a team (empty: to everybody) as well; one's own stays."""
    owner, _, name, page, query = _changeable(connection, person, id_)
    if not owner:
        raise OperatorError(f"The view {name!r} is shared already.", "Open it, and save it under another name.")
    return save(connection, person, name, page, query, now, team=team, everybody=not team)


def slug_of(name: str) -> str:
    """The name of a view in a URL."""
    return SLUG.sub("-", name.casefold()).strip("-")[:60]


def _changeable(connection: Connection, person: Person, id_: int) -> tuple[str, str, str, str, str]:
    """Owner, team, name, page and query of a view that one may change. Raises OperatorError, Forbidden."""
    found = fetch(connection, "one_view", id_)
    if not found or (found[0][0] and found[0][0] != person.login):
        raise OperatorError("There is no such view of yours.", "See the list of views.")
    if not found[0][0]:
        _may_share(person, found[0][1])
    return found[0]


def delete(connection: Connection, person: Person, id_: int, now: datetime) -> None:
    """Remove a view: one's own, or a shared one if one may share."""
    with connection.transaction():
        owner, _, name, *_ = _changeable(connection, person, id_)
        if not owner:
            audit.write(connection, person, "delete view", f"view {id_}", {"name": name}, now)
        run(connection, "delete_view", id_)


def set_default(connection: Connection, person: Person, page: str, id_: int | None) -> None:
    """Open a page with a view from now on, or with none."""
    if id_ is None:
        run(connection, "clear_default_view", person.login, page)
        return
    if all(one.id != id_ for one in views(connection, person, page)):
        raise OperatorError("There is no such view.", "See the list of views.")
    run(connection, "set_default_view", person.login, page, id_)


def _may_share(person: Person, team: str) -> None:
    """Raises Forbidden: a team's views are of those who see the team, those of everybody (no team) of whoever may share."""
    person.need(Right.SHARE)
    if team and person.scopes.teams and team not in person.scopes.teams:
        raise Forbidden(f"You are not of the team {team}.", "Keep views of your own.")
