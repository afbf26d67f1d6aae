"""`/exceptions/{ref}/{action}`: one action on one exception, as a form of its own and as a dialog; comments, watching."""

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from tieout.cases import talk
from tieout.cases.act import look
from tieout.cases.claim import owners
from tieout.cases.differing import differences
from tieout.cases.item import CHANGED, DONE, Outcome, Target
from tieout.console import actions
from tieout.console.actions import Button
from tieout.console.app import act, page
from tieout.console.choices import choices
from tieout.console.pages.exceptions import row_of
from tieout.console.queries_exceptions import Row
from tieout.console.visit import Refusal, Visit
from tieout.people.person import Right

TYPED = ("to", "kind", "until", "more", "value", "currency", "system", "live_version", "why", "tags", "priority", "reason", "whom", "mapping")
"""The fields that forms ask for, to be kept when they have to be shown again."""


def ask(visit: Visit) -> Response:
    """The form of an action."""
    row, button = _row(visit), actions.button(visit.argument("action"))
    visit.person.need(button.right)
    return _form(visit, row, button)


def do(visit: Visit) -> Response:
    """Do it, if nobody else was quicker."""
    row = _row(visit)
    if visit.argument("action") == "undo":
        return _told(visit, actions.do("undo", visit, [Target(row.id)], {})[0], "taken back", can_undo=False)
    button = actions.button(visit.argument("action"))
    stated = visit.field("version")
    target = Target(row.id, int(stated) if stated.isdecimal() and len(stated) < 10 else None)
    (outcome,) = actions.do(button.action, visit, [target], actions.said(button, visit))
    if outcome.outcome == CHANGED:
        return _conflict(visit, row, button, int(stated))
    return _told(visit, outcome, button.says, can_undo=button.is_local)


def comment(visit: Visit) -> Response:
    """Say something about it."""
    row = _row(visit)
    talk.comment(visit.connection, visit.person, row.id, visit.field("text"), visit.now)
    return visit.done(f"Your comment stands at {row.ref}.", f"/exceptions/{row.ref}", changed=[row.id])


def watch(visit: Visit) -> Response:
    """Be told what others do with it, or no longer."""
    row = _row(visit)
    stop = visit.field("stop") == "1"
    talk.watch(visit.connection, visit.person, [row.id], visit.now, stop=stop)
    return visit.done(f"You {'no longer watch' if stop else 'watch'} {row.ref}.", f"/exceptions/{row.ref}", changed=[row.id])


def _row(visit: Visit) -> Row:
    row = row_of(visit, visit.argument("ref"))
    if row is None:
        raise Refusal(404, f"There is no exception {visit.argument('ref')[:40]}", "It may be outside of what you may see.")
    return row


def _form(visit: Visit, row: Row, button: Button, mine: Mapping[str, str] | None = None, **conflict: Any) -> Response:
    """The form of an action, with what somebody has typed already; where another was quicker, under both versions side by side."""
    return visit.show(
        "pages/act.html", 409 if conflict else 200, title=f"{button.label} {row.ref}", button=button, row=row, choices=choices(visit), post=visit.path,
        version=row.version, owners=owners(visit.connection, row.id, visit.now) if button.name == "assign" else [], mine=mine or {},
        back=f"/exceptions/{row.ref}", block="dialog" if visit.fragment == "dialog" else "", **conflict,
    )  # fmt: skip


def _conflict(visit: Visit, row: Row, button: Button, seen: int) -> Response:
    """Somebody else was quicker: both versions, and mine still in the form."""
    fresh = _row(visit)
    locked = look(visit.connection, visit.person, [Target(row.id)])[row.id]
    mine = {name: visit.field(name) for name in TYPED if visit.field(name)}
    return _form(visit, fresh, button, mine, differences=differences(visit.connection, locked, seen), seen=seen)


def _told(visit: Visit, outcome: Outcome, says: str, *, can_undo: bool) -> Response:
    """What became of it, in the three honest words: done, requested, waiting for approval."""
    ref = outcome.ref or visit.argument("ref")
    if not outcome.is_good:
        raise Refusal(409, f"{ref}: {outcome.outcome}", f"Nothing was done: {outcome.reason}.")
    told = f"{ref} {says}." if outcome.outcome == DONE else f"{ref}: {outcome.outcome}, {outcome.reason}."
    back = f"/exceptions/{ref}/undo" if can_undo else ""
    return visit.done(told, f"/exceptions/{ref}", changed=[outcome.id], undo=back, advances=says != "taken back")


routes = [
    act("/exceptions/{ref}/comment", comment, needs=Right.COMMENT),
    act("/exceptions/{ref}/watch", watch, needs=Right.COMMENT),
    page("/exceptions/{ref}/{action}", ask),
    act("/exceptions/{ref}/{action}", do, needs=Right.WORK),
]
