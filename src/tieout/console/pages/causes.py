"""`/causes/{id}`: one cause: by which rule its items are one, what was merged into it, and merging and splitting, which is for good."""

from starlette.responses import Response

from tieout.cases import grouping, resting
from tieout.cases.actions import SnoozeUntil, arguments_of
from tieout.cases.clock import live_versions
from tieout.cases.filter import parse
from tieout.cases.item import Target
from tieout.console import actions
from tieout.console.app import act, page
from tieout.console.choices import choices
from tieout.console.visit import Refusal, Visit
from tieout.people.person import Right

OTHERS_MAX = 200


def one(visit: Visit) -> Response:
    """The cause with its rule and what may be done."""
    id_ = _number(visit.argument("id"))
    found = visit.fetch("shown_cause", id_)
    if not found:
        raise Refusal(404, f"There is no cause {visit.argument('id')[:20]}", "See the causes under Exceptions.")
    names = ("id", "fingerprint", "class_", "systems", "field", "version", "party", "sku", "title", "state", "team", "person", "fixed_in", "first", "last",
             "seen", "merged_into", "snooze", "snooze_until", "fixed_at")  # fmt: skip
    cause = dict(zip(names, found[0], strict=True))
    listed = grouping.causes(visit.connection, parse([("class", cause["class_"])]), visit.person, visit.now, limit=OTHERS_MAX)
    return visit.show(
        "pages/cause.html", title=f"Cause CA-{id_}", cause=cause, merges=grouping.merges(visit.connection, id_), choices=choices(visit),
        others=[other for other in listed if other.id != id_], here=next((other for other in listed if other.id == id_), None),
        denied=actions.denied(visit.person, Right.WORK), versions=live_versions(visit.desk.configuration), events=visit.fetch("cause_events", id_),
    )  # fmt: skip


def merge(visit: Visit) -> Response:
    """Take others into this one."""
    id_ = _number(visit.argument("id"))
    others = [_number(text) for text in visit.fields("other")]
    grouping.merge(visit.connection, visit.person, id_, others, visit.field("why"), visit.now)
    return visit.go(f"/causes/{id_}", said=f"{len(others)} merged into CA-{id_}.")


def part(visit: Visit) -> Response:
    """Take a merged one out again, for good."""
    id_ = _number(visit.argument("id"))
    grouping.part(visit.connection, visit.person, _number(visit.field("cause")), visit.field("why"), visit.now)
    return visit.go(f"/causes/{id_}", said="It is a cause of its own again, for good.")


def split(visit: Visit) -> Response:
    """Give some items a cause of their own, for good."""
    targets = [Target(_number(text.upper().removeprefix("EX-"))) for text in visit.field("items").replace(",", " ").split()]
    made = grouping.split_off(visit.connection, visit.person, targets, visit.field("title"), visit.field("why"), visit.now)
    return visit.go(f"/causes/{made}", said=f"{len(targets)} have a cause of their own.")


def settle(visit: Visit) -> Response:
    """Whose matter it is, and in which version it is fixed."""
    id_ = _number(visit.argument("id"))
    kind, _, name = visit.field("to").partition(":")
    team, owner = (name, "") if kind == "team" else ("", name)
    grouping.settle_on(visit.connection, visit.person, id_, visit.now, team=team, owner=owner, fixed_in=visit.field("fixed_in").strip())
    return visit.go(f"/causes/{id_}", said="Kept.")


def snooze(visit: Visit) -> Response:
    """Let the cause rest with its items, and with those that come."""
    id_ = _number(visit.argument("id"))
    said = actions.said(actions.button("snooze"), visit)
    until = arguments_of("snooze", said)
    assert isinstance(until, SnoozeUntil)
    than = live_versions(visit.desk.configuration).get(until.system, "")
    many = resting.snooze(visit.connection, visit.person, id_, visit.now, until.until_when, than=than)
    return visit.go(f"/causes/{id_}", said=f"CA-{id_} rests, and {many} of its items with it.")


def wake(visit: Visit) -> Response:
    """End its rest."""
    id_ = _number(visit.argument("id"))
    many = resting.wake(visit.connection, visit.person, id_, visit.now)
    return visit.go(f"/causes/{id_}", said=f"CA-{id_} is awake, and {many} of its items with it.")


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 19 else 0


routes = [
    page("/causes/{id}", one), act("/causes/{id}/merge", merge, needs=Right.WORK), act("/causes/{id}/part", part, needs=Right.WORK),
    act("/causes/{id}/snooze", snooze, needs=Right.WORK), act("/causes/{id}/wake", wake, needs=Right.WORK),
    act("/causes/{id}/split", split, needs=Right.WORK), act("/causes/{id}/settle", settle, needs=Right.WORK),
]  # fmt: skip
