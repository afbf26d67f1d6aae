"""`/selections`: what was chosen, frozen and held here; each action on it is shown whole before it is done."""

from decimal import Decimal
from urllib.parse import parse_qsl

import msgspec
from starlette.responses import RedirectResponse, Response

from tieout.cases import selection as selections
from tieout.cases.item import Target
from tieout.cases.selection import Selection
from tieout.console import urls
from tieout.console.app import act
from tieout.console.queries_exceptions import GRAMMAR, filter_of
from tieout.console.render import grouped
from tieout.console.visit import Refusal, Visit
from tieout.people.person import Right


def choose(visit: Visit) -> Response:
    """Freeze what is chosen: some items as they were seen, or everything that the filter means."""
    chosen = _everything(visit) if visit.field("all") else _some(visit)
    if visit.fragment == "count":
        body = {"id": chosen.id, "many": chosen.many, "said": said(chosen)}
        return Response(msgspec.json.encode(body), media_type="application/json")
    action = visit.field("action")
    return RedirectResponse(f"/selections/{chosen.id}/{action}" if action.isalpha() else f"/selections/{chosen.id}", 303)


def said(chosen: Selection) -> str:
    """A selection in a line: how many, what they are worth, how many classes."""
    classes = f"{len(chosen.classes)} class{'es' if len(chosen.classes) != 1 else ''}"
    return " · ".join([f"{chosen.many:,} selected", *(worth(chosen.sums)), classes])


def worth(sums: dict[str, Decimal]) -> list[str]:
    """Sums with their currency."""
    return [f"{currency} {grouped(amount, currency)}" for currency, amount in sums.items()]


def _everything(visit: Visit) -> Selection:
    state = urls.read(GRAMMAR, parse_qsl(visit.field("query").removeprefix("?"), keep_blank_values=True))
    if state.ignored:
        name, value = state.ignored[0]
        raise Refusal(422, f"The filter {name}={value} means nothing here", "Nothing was selected. Remove it, then select again.")
    if state.as_of:
        raise Refusal(422, "What was open in the past cannot be acted on", "Go back to now, then select again.")
    return selections.select(visit.connection, visit.person, filter_of(state, visit.now, visit.zone), visit.now)


def _some(visit: Visit) -> Selection:
    targets = []
    for text in visit.fields("item"):
        id_, _, version = text.partition(":")
        if not (id_.isdecimal() and version.isdecimal() and len(id_) < 19 and len(version) < 10):
            raise Refusal(422, f"{text[:40]!r} is no exception with its version", "Nothing was selected. Refresh the list and select again.")
        targets.append(Target(int(id_), int(version)))
    return selections.choose(visit.connection, visit.person, targets, visit.now)


routes = [act("/selections", choose, needs=Right.READ)]
