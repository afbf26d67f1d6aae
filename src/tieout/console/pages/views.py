"""`/views`: saving a list under a name, for oneself or for everybody in a team; the views of the settings page."""

import re
from urllib.parse import parse_qsl

from starlette.responses import Response

from tieout.console import urls
from tieout.console.app import act, page
from tieout.console.queries_exceptions import GRAMMAR
from tieout.console.views import PAGE, views_of
from tieout.console.visit import Refusal, Visit
from tieout.errors import OperatorError
from tieout.people import audit
from tieout.people.person import Right
from tieout.store.database import fetch, run


def new(visit: Visit) -> Response:
    """The form for the filters that the query holds."""
    state = urls.changed(urls.read(GRAMMAR, visit.query), view="", item="")
    return visit.show(
        "pages/view_new.html", title="Save this view", query=urls.link("", urls.write(GRAMMAR, state, ignored=False)).removeprefix("?"),
        may_share=visit.person.may(Right.SHARE), teams=sorted(visit.desk.configuration.work.table.teams),
        block="dialog" if visit.fragment == "dialog" else "",
    )  # fmt: skip


def save(visit: Visit) -> Response:
    """Keep it; a view of the same name is replaced."""
    name = " ".join(visit.field("name").split())[:100]
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:60]
    if not slug:
        raise OperatorError("The view has no name.", "Write one with letters or digits.")
    whose = visit.field("whose")
    if whose != "me":
        visit.person.need(Right.SHARE)
    state = urls.changed(urls.read(GRAMMAR, parse_qsl(visit.field("query"))), view="", item="")
    query = urls.link("", urls.write(GRAMMAR, state, ignored=False)).removeprefix("?")
    owner, team = (visit.person.login, "") if whose == "me" else ("", whose.removeprefix("team:") if whose.startswith("team:") else "")
    with visit.connection.transaction():
        ((id_,),) = fetch(visit.connection, "save_view", slug, name, PAGE, query, owner, team, visit.now)
        if visit.field("first") == "1":
            run(visit.connection, "set_default_view", visit.person.login, PAGE, id_)
        audit.write(visit.connection, visit.person, "save view", slug, {"query": query, "team": team, "owner": owner}, visit.now)
    shown = urls.changed(state, view=f"{'v' if owner else 't'}/{slug}")
    url = urls.url(GRAMMAR, shown)
    return visit.done(f"The view {name} is saved.", url, next_=url)


def drop(visit: Visit) -> Response:
    """Remove a view: one's own, or a shared one by whoever may share."""
    found = next((view for view in views_of(visit, urls.State()).all if str(view.id) == visit.argument("id")), None)
    if found is None:
        raise Refusal(404, "There is no such view", "It may be removed already.")
    if found.whose:
        visit.person.need(Right.SHARE)
    with visit.connection.transaction():
        run(visit.connection, "drop_view", found.id)
        audit.write(visit.connection, visit.person, "remove view", found.key, {"query": found.query}, visit.now)
    return visit.done(f"The view {found.name} is removed.", "/settings/views", next_="/settings/views")


def first(visit: Visit) -> Response:
    """Open a view whenever one comes to the exceptions, or none."""
    chosen = visit.argument("id")
    known = {str(view.id): view for view in views_of(visit, urls.State()).all}
    run(visit.connection, "drop_default_view", visit.person.login, PAGE)
    if chosen in known:
        run(visit.connection, "set_default_view", visit.person.login, PAGE, known[chosen].id)
    name = known[chosen].name if chosen in known else "All that is open"
    return visit.done(f"{name} is what opens first.", "/settings/views", next_="/settings/views")


routes = [
    page("/views/new", new), act("/views", save, needs=Right.READ), act("/views/{id}/remove", drop), act("/views/{id}/first", first),
]  # fmt: skip
