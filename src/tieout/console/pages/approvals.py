"""`/approvals`: what waits for a second person, with what exactly will happen; nobody decides the own request, and nothing approves itself."""

from decimal import Decimal
from typing import Any

import msgspec
from starlette.responses import Response

from tieout.cases import request as requests
from tieout.cases.request import Waiting
from tieout.console.app import act, page
from tieout.console.visit import Refusal, Visit
from tieout.errors import Forbidden
from tieout.people.person import Right

TABS = {"": "Waiting", "mine": "I requested", "done": "Done"}
LOOKED = 100_000
ENDED = ("approved", "denied", "returned", "withdrawn", "void")


class Card(msgspec.Struct, frozen=True):
    """A request with why this person cannot approve it (empty: can), and what the payload says in pairs."""

    asked: Waiting
    why_not: str
    effect: str
    said: list[tuple[str, str]]

    @property
    def is_over(self) -> bool:
        """True when it was decided, or returned."""
        return self.asked.state != requests.WAITING


def listed(visit: Visit) -> Response:
    """What waits, what I asked for, what is done."""
    tab = dict(visit.query).get("show", "")
    states = ENDED if tab == "done" else (requests.WAITING,)
    found = [one for state in states for one in requests.waiting(visit.connection, visit.person, state=state)]
    if tab == "mine":
        found = [one for one in found if one.proposer == visit.person.login]
    found.sort(key=lambda one: one.ended or one.asked, reverse=tab == "done")
    return visit.show(
        "pages/approvals.html", title="Approvals", cards=[card(visit, one) for one in found], tab=tab if tab in TABS else "", tabs=TABS,
        sums=sums(found), oldest=min((one.asked for one in found), default=None),
    )  # fmt: skip


def one(visit: Visit) -> Response:
    """One request as a page of its own."""
    return visit.show("pages/approval.html", title=f"Request {visit.argument('id')}", card=card(visit, _asked(visit)))


def card(visit: Visit, asked: Waiting) -> Card:
    """A request as it is shown."""
    over = asked.state != requests.WAITING
    why = f"it is {asked.state}" if over else requests.why_not(visit.connection, visit.desk.configuration, visit.person, asked, visit.now)
    data: dict[str, Any] = dict(asked.payload.get("data", {}))
    effect = f"{data.get('residual', '?')} {data.get('unit', '')} on account {data.get('account', '?')} is written off; nothing else."
    said = [(name, str(data[name])) for name in ("account", "key", "residual", "unit", "reason", "why") if data.get(name)]
    return Card(asked, why, effect if asked.action == "accept" else f"{asked.action}: exactly the payload below.", said)


def sums(found: list[Waiting]) -> list[tuple[str, Decimal]]:
    """What they are about, by currency."""
    made: dict[str, Decimal] = {}
    for asked in found:
        if asked.currency:
            made[asked.currency] = made.get(asked.currency, Decimal(0)) + asked.amount
    return sorted(made.items())


def ask(visit: Visit) -> Response:
    """The confirmation: what will happen once more, with Cancel under the fingers."""
    asked, agrees = _asked(visit), visit.argument("decision") == "approve"
    shown = card(visit, asked)
    if agrees and shown.why_not:
        raise Forbidden(f"You cannot approve this: {shown.why_not}.", "Somebody else has to decide.")
    return visit.show(
        "pages/decide.html", title=f"{'Approve' if agrees else 'Reject'} {asked.ref}", card=shown, agrees=agrees,
        block="dialog" if visit.fragment == "dialog" else "",
    )  # fmt: skip


def decide(visit: Visit) -> Response:
    """The decision. It binds to the hash of what was shown."""
    agrees = visit.argument("decision") == "approve"
    if not agrees and visit.argument("decision") != "reject":
        raise Refusal(404, "There is no such decision", "A request is approved or rejected.")
    with visit.desk.one_writer:
        told = requests.answer(
            visit.connection, visit.desk.configuration, visit.person, _number(visit), visit.field("hash"), visit.now, agrees=agrees,
            note=visit.field("note")[:500],
        )  # fmt: skip
    return visit.done(f"{told}.", "/approvals", next_="/approvals")


def _number(visit: Visit) -> int:
    text = visit.argument("id")
    return int(text) if text.isdecimal() and len(text) < 19 else 0


def _asked(visit: Visit) -> Waiting:
    number = _number(visit)
    for (state,) in visit.fetch("request_state", number):
        for asked in requests.waiting(visit.connection, visit.person, state=state, limit=LOOKED):
            if asked.id == number:
                return asked
    raise Refusal(404, f"There is no request {visit.argument('id')[:20]}", "It may be outside of what you may see.")


routes = [
    page("/approvals", listed), page("/approvals/{id}", one), page("/approvals/{id}/{decision}", ask),
    act("/approvals/{id}/{decision}", decide, needs=Right.READ),
]  # fmt: skip
