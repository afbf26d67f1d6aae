"""`/selections`: what was chosen, frozen and held here; each action on it is shown whole before it is done, and then is an operation."""

import secrets
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from starlette.responses import RedirectResponse, Response

from tieout.cases import operation as operations
from tieout.cases import selection as selections
from tieout.cases.item import Target
from tieout.cases.operation import Operation
from tieout.cases.selection import Selection
from tieout.console import actions, urls
from tieout.console.actions import Button
from tieout.console.app import act, page
from tieout.console.choices import choices
from tieout.console.queries_exceptions import GRAMMAR, filter_of
from tieout.console.render import grouped
from tieout.console.visit import Refusal, Visit
from tieout.people.person import Right

AT_ONCE = 200
"""Up to so many items an operation is done before the answer; larger ones are for the background."""


def choose(visit: Visit) -> Response:
    """Freeze what is chosen: some items as they were seen, or everything that the filter means."""
    chosen = _everything(visit) if visit.field("all") else _some(visit)
    if visit.fragment == "count":
        body = {"id": chosen.id, "many": chosen.many, "said": said(chosen)}
        return Response(msgspec.json.encode(body), media_type="application/json")
    name = visit.field("action")
    if name in ELSEWHERE:
        return RedirectResponse(ELSEWHERE[name](visit, chosen), 303)
    return RedirectResponse(f"/selections/{chosen.id}/{name}" if name in actions.BUTTONS else f"/selections/{chosen.id}/assign", 303)


def _edit(visit: Visit, chosen: Selection) -> str:
    """Where one message is edited."""
    if chosen.many != 1:
        raise Refusal(422, "Messages are edited one at a time", f"{chosen.many:,} are selected. Select one, or none and press e on its row.")
    ((ref,),) = visit.fetch("refs_of_selection", chosen.id)
    return f"/exceptions/{ref}/edit"


def _replay(visit: Visit, chosen: Selection) -> str:
    """Where the messages behind a selection are replayed: at the one system that sent them."""
    visit.person.need(Right.CONNECT)
    systems = [name for (name,) in visit.fetch("systems_of_selection", chosen.id)]
    if not systems:
        raise Refusal(
            422, "Nothing that is selected is about a message", "Nothing was begun. Select what could not be read: filter kind quarantine."
        )
    if len(systems) > 1:
        raise Refusal(
            422, f"The messages came from {', '.join(systems)}", "Nothing was begun. A replay is of one system; filter by system first."
        )
    return f"/connectors/{systems[0]}/replay?selection={chosen.id}"


ELSEWHERE = {"edit": _edit, "replay": _replay}
"""What is done about messages has pages of its own."""


def said(chosen: Selection) -> str:
    """A selection in a line: how many, what they are worth, how many classes."""
    classes = f"{len(chosen.classes)} class{'es' if len(chosen.classes) != 1 else ''}"
    return " · ".join([f"{chosen.many:,} selected", *worth(chosen.sums), classes])


def worth(sums: dict[str, Decimal]) -> list[str]:
    """Sums with their currency."""
    return [f"{currency} {grouped(amount, currency)}" for currency, amount in sums.items()]


def ask(visit: Visit) -> Response:
    """The form of an action on a selection, or its preview at once when there is nothing to fill in."""
    chosen = selections.selection(visit.connection, visit.person, visit.argument("id"), visit.now)
    if (name := visit.argument("action")) in ELSEWHERE:
        return RedirectResponse(ELSEWHERE[name](visit, chosen), 303)
    button = actions.button(name)
    visit.person.need(button.right)
    if not button.asks:
        return _preview(visit, button, chosen, actions.said(button, visit))
    return visit.show(
        "pages/act.html", title=f"{button.label}: {chosen.many:,} selected", button=button, row=None, chosen=said(chosen), choices=choices(visit),
        owners=[], mine={},
        post=visit.path, version="", back="/exceptions", block="dialog" if visit.fragment == "dialog" else "",
    )  # fmt: skip


def do(visit: Visit) -> Response:
    """Show what it would do; or, when that was seen and confirmed, begin."""
    button = actions.button(visit.argument("action"))
    visit.person.need(button.right)
    chosen = selections.selection(visit.connection, visit.person, visit.argument("id"), visit.now)
    if visit.field("step") != "go":
        return _preview(visit, button, chosen, actions.said(button, visit))
    typed = visit.field("typed").replace(",", "").strip()
    made = operations.start(
        visit.connection, visit.person, chosen.id, button.action, msgspec.json.decode(visit.field("said")), visit.field("key"), visit.now,
        hash_=bytes.fromhex(visit.field("hash")), typed=int(typed) if typed.isdecimal() else 0,
    )  # fmt: skip
    if made.many <= AT_ONCE:
        made = _at_once(visit, made)
    return _begun(visit, button, made)


def _preview(visit: Visit, button: Button, chosen: Selection, arguments: dict[str, Any]) -> Response:
    with visit.desk.one_writer:
        shown = operations.preview(visit.connection, visit.desk.configuration, visit.person, chosen.id, button.action, arguments, visit.now)
    return visit.show(
        "pages/preview.html", title=f"{button.label}: {chosen.many:,} selected", button=button, preview=shown, chosen=said(chosen), post=visit.path,
        said=msgspec.json.encode(arguments).decode(), key=secrets.token_urlsafe(18), hash=chosen.hash.hex(), sums=worth(shown.sums),
        block="dialog" if visit.fragment == "dialog" else "",
    )  # fmt: skip


def _at_once(visit: Visit, made: Operation) -> Operation:
    with visit.desk.one_writer:
        for _ in range(3):
            if made.state not in ("queued", "running"):
                break
            operations.step(visit.connection, visit.desk.configuration, visit.now)
            made = operations.operation(visit.connection, visit.person, made.id)
    return made


def _begun(visit: Visit, button: Button, made: Operation) -> Response:
    """When it is done, what became of it; while it runs, how far it is."""
    url = f"/exceptions?operation={made.ref}"
    outcomes = [f"{many:,} {name}" for name, many in made.outcomes.items() if name]
    if made.state == "done" and set(made.outcomes) <= {"done"}:
        found = operations.items(visit.connection, visit.person, made.id, limit=AT_ONCE)
        return visit.done(f"{made.many:,} {button.says} ({made.ref}).", url, changed=[one.work for one in found], advances=True)
    return visit.show(
        "pages/begun.html", title=f"{button.label}: {made.ref}", made=made, outcomes=outcomes, url=url,
        reasons=[one for one in operations.items(visit.connection, visit.person, made.id, limit=AT_ONCE) if one.outcome not in ("", "done")][:10],
        block="dialog" if visit.fragment == "dialog" else "",
    )  # fmt: skip


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


routes = [
    act("/selections", choose, needs=Right.READ),
    page("/selections/{id}/{action}", ask, tries=True),
    act("/selections/{id}/{action}", do),
]
