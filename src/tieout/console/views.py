"""Saved views: names for the URL of a list, of a person, of a team or of everybody."""

from urllib.parse import parse_qsl

import msgspec

from tieout.cases import view
from tieout.console import urls
from tieout.console.queries_exceptions import GRAMMAR
from tieout.console.urls import State
from tieout.console.visit import Visit

PAGE = "/exceptions"


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
    for one in view.views(visit.connection, visit.person, PAGE):
        key = f"{'v' if one.owner else 't'}/{one.slug}"
        shown = urls.changed(urls.read(GRAMMAR, parse_qsl(one.query)), view=key)
        whose = "" if one.owner else one.team or "everybody"
        made.append(View(key, one.name, urls.url(GRAMMAR, shown), whose, one.is_default, key == state.view, one.id, one.version, one.query))
    current = next((one for one in made if one.current), None)
    if current is None:
        return Views(made, "View")
    same = urls.url(GRAMMAR, urls.changed(state, item="")) == current.url
    return Views(made, current.name if same else f"{current.name}, changed")
