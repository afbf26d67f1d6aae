"""`/help/keys`: every key, from the key map."""

from starlette.responses import Response

from tieout.console.app import page
from tieout.console.visit import Visit


def keys(visit: Visit) -> Response:
    """The keys of this person."""
    return visit.show("pages/keys.html", title="Keys")


routes = [page("/help/keys", keys)]
