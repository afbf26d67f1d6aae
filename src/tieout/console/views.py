"""Saved views: names for the URL of a list, of a person, of a team or of everybody."""

from urllib.parse import parse_qsl

import msgspec

from tieout.console import urls
from tieout.console.queries_exceptions import GRAMMAR
from tieout.console.urls import State
from tieout.console.visit import Visit

PAGE = "exceptions"


class View(msgspec.Struct, frozen=True):
    """A view as the menu shows it. `key` is how a URL names it: `v/late-mine` of a person, `t/late` of a team or everybody."""

    key: str
    name: str
    url: str
    whose: str
    is_default: bool
    current: bool
    id: int
    version: int
    query: str


class Views(msgspec.Struct, frozen=True):
    """All views of a page and the name of the one that is open."""

    all: list[View]
    name: str


def views_of(visit: Visit, state: State) -> Views:
    """The views that the visitor may open; the one of the state is current, and says so when its filters were changed since."""
    made = []
    for slug, name, query, owner, team, id_, version, is_default in visit.fetch("views_of", visit.person.login, PAGE, visit.person.login):
        key = f"{'v' if owner else 't'}/{slug}"
        shown = urls.changed(urls.read(GRAMMAR, parse_qsl(query)), view=key)
        whose = "" if owner else team or "everybody"
        made.append(View(key, name, urls.url(GRAMMAR, shown), whose, is_default, key == state.view, id_, version, query))
    current = next((view for view in made if view.current), None)
    if current is None:
        return Views(made, "View")
    same = urls.url(GRAMMAR, urls.changed(state, item="")) == current.url
    return Views(made, current.name if same else f"{current.name}, changed")
