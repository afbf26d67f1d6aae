"""`/views`: saving a list under a name, for oneself or for everybody in a team; the views of the settings page."""

from urllib.parse import parse_qsl

from starlette.responses import Response

from tieout.cases import view
from tieout.console import urls
from tieout.console.app import act, page
from tieout.console.queries_exceptions import GRAMMAR
from tieout.console.views import PAGE
from tieout.console.visit import Visit
from tieout.people.person import Right


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
    whose = visit.field("whose")
    state = urls.changed(urls.read(GRAMMAR, parse_qsl(visit.field("query"))), view="", item="")
    query = urls.link("", urls.write(GRAMMAR, state, ignored=False)).removeprefix("?")
    name = " ".join(visit.field("name").split())
    team = whose.removeprefix("team:") if whose.startswith("team:") else ""
    made = view.save(visit.connection, visit.person, name, PAGE, query, visit.now, team=team, everybody=whose == "all")
    if visit.field("first") == "1":
        view.set_default(visit.connection, visit.person, PAGE, made.id)
    url = urls.url(GRAMMAR, urls.changed(state, view=f"{'v' if made.owner else 't'}/{made.slug}"))
    return visit.done(f"The view {made.name} is saved.", url, next_=url)


def drop(visit: Visit) -> Response:
    """Remove a view: one's own, or a shared one by whoever may share."""
    view.delete(visit.connection, visit.person, _number(visit), visit.now)
    return visit.go("/settings/views", said="The view is removed.")


def rename(visit: Visit) -> Response:
    """Another name for it."""
    made = view.rename(visit.connection, visit.person, _number(visit), " ".join(visit.field("name").split()), visit.now)
    return visit.go("/settings/views", said=f"The view is called {made.name}.")


def share(visit: Visit) -> Response:
    """Give one's own to a team, or to everybody, as well."""
    whose = visit.field("whose")
    made = view.share(
        visit.connection, visit.person, _number(visit), visit.now, team=whose.removeprefix("team:") if whose.startswith("team:") else ""
    )
    return visit.go("/settings/views", said=f"The view {made.name} is shared with {made.team or 'everybody'}.")


def first(visit: Visit) -> Response:
    """Open a view whenever one comes to the exceptions; number 0 is none."""
    view.set_default(visit.connection, visit.person, PAGE, _number(visit) or None)
    return visit.go("/settings/views", said="That is what opens first.")


def _number(visit: Visit) -> int:
    text = visit.argument("id")
    return int(text) if text.isdecimal() and len(text) < 19 else 0


routes = [
    page("/views/new", new), act("/views", save, needs=Right.READ), act("/views/{id}/remove", drop), act("/views/{id}/first", first),
    act("/views/{id}/rename", rename), act("/views/{id}/share", share, needs=Right.SHARE),
]  # fmt: skip
