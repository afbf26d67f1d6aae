"""`/claim`: the most urgent exception of a list that nobody has becomes one's own, and is open beside the list."""

from urllib.parse import parse_qsl

from starlette.responses import Response

from tieout.cases.claim import claim
from tieout.console import urls
from tieout.console.app import act
from tieout.console.queries_exceptions import GRAMMAR, filter_of
from tieout.console.visit import Refusal, Visit
from tieout.people.person import Right


def take(visit: Visit) -> Response:
    """Claim the next of the list that the form names."""
    state = urls.read(GRAMMAR, parse_qsl(visit.field("query").removeprefix("?"), keep_blank_values=True))
    if state.ignored or state.as_of:
        raise Refusal(422, "This list cannot be claimed from", "It shows the past, or has a filter that means nothing. Nothing was changed.")
    here = urls.url(GRAMMAR, state)
    found = claim(visit.connection, visit.person, filter_of(state, visit.now, visit.zone), visit.now, visit.desk.configuration.work)
    if found is None:
        return visit.done("There is nothing on this list that nobody has.", here)
    return visit.go(urls.url(GRAMMAR, urls.changed(state, item=found.ref, group="item")), said=f"{found.ref} is yours.")


routes = [act("/claim", take, needs=Right.WORK)]
