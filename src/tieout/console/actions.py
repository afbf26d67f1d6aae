"""What the buttons do: each action with its key, the right it needs, and how its form is read. The doing is in `tieout.cases`."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from tieout.cases import act
from tieout.cases.act import Snooze
from tieout.cases.item import Outcome, Target
from tieout.console.visit import Visit
from tieout.errors import OperatorError
from tieout.people.person import RIGHTS, Person, Right

Arguments = Mapping[str, Any]
Form = Mapping[str, list[str]]


class Action(msgspec.Struct, frozen=True):
    """One action. `says` is what was done, for the status line; `asks` when its form has something to fill in."""

    name: str
    label: str
    key: str
    says: str
    right: Right = Right.WORK
    asks: bool = True
    can_undo: bool = True


ACTIONS = (
    Action("assign", "Assign", "a", "assigned"),
    Action("mine", "To me", "Shift+A", "assigned to you", asks=False),
    Action("snooze", "Snooze", "s", "snoozed"),
    Action("tag", "Tag", "t", "tagged"),
    Action("acknowledge", "Acknowledge", "", "acknowledged", asks=False),
    Action("wake", "Wake", "", "woken", asks=False),
    Action("prioritise", "Priority", "", "given a priority"),
)
BY_NAME = {action.name: action for action in ACTIONS}


class Offer(msgspec.Struct, frozen=True):
    """An action as a page offers it; `denied` is why it cannot be used, empty when it can."""

    name: str
    label: str
    key: str
    denied: str = ""


def offers(person: Person, *names: str) -> list[Offer]:
    """The actions for a person; those that are not allowed stay visible and say who may."""
    return [Offer(one.name, one.label, one.key, denied(person, one.right)) for name in names for one in [BY_NAME[name]]]


def denied(person: Person, right: Right) -> str:
    """Why a person may not; empty when he may."""
    if person.may(right):
        return ""
    return f"needs the role {' or '.join(role.value for role, rights in RIGHTS.items() if right in rights)}"


def arguments_of(name: str, visit: Visit) -> dict[str, Any]:
    """What the form of an action says. Raises OperatorError."""
    return READ[name](visit) if name in READ else {}


def do(name: str, visit: Visit, targets: Sequence[Target], arguments: Arguments) -> list[Outcome]:
    """Do it to some exceptions; what became of each."""
    return DO[name](visit, targets, arguments)


# Forms -------------------------------------------------------------------------------------------------------------------


def _read_assign(visit: Visit) -> dict[str, Any]:
    kind, _, name = visit.field("to").partition(":")
    if kind not in ("person", "team", "nobody"):
        raise OperatorError("Nobody was chosen.", "Choose a person or a team.")
    return {"team": name} if kind == "team" else {"to": name}


def _read_snooze(visit: Visit) -> dict[str, Any]:
    kind = visit.field("kind")
    made: dict[str, Any] = {"kind": kind, "why": visit.field("why")[:500]}
    if kind == "time":
        made["until"] = until(visit.field("until"), visit.now, visit.zone).isoformat()
    elif kind == "more":
        made["more"] = _whole(visit.field("more"))
    elif kind == "value":
        made["value"], made["currency"] = str(_number(visit.field("value"))), visit.field("currency").upper()
    else:
        made |= {"system": visit.field("system"), "version": visit.field("version") if kind == "version" else ""}
    return {name: value for name, value in made.items() if value != ""}


def until(text: str, now: datetime, zone: str) -> datetime:
    """The end of a snooze: `4h`, `2d`, or a time as a browser's field writes it, in the person's zone."""
    if text[-1:] in ("h", "d") and text[:-1].isdecimal() and len(text) < 6:
        return now + (timedelta(hours=int(text[:-1])) if text[-1] == "h" else timedelta(days=int(text[:-1])))
    try:
        at = datetime.fromisoformat(text)
    except ValueError as bad:
        raise OperatorError(f"{text[:40]!r} is no time.", "Write 4h, 2d or a date and time.") from bad
    return (at if at.tzinfo else at.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)


def _read_tag(visit: Visit) -> dict[str, Any]:
    words = visit.field("tags").replace(",", " ").split()
    return {"add": [w for w in words if not w.startswith("-")], "remove": [w[1:] for w in words if w.startswith("-") and len(w) > 1]}


def _whole(text: str) -> int:
    if not text.isdecimal() or len(text) > 9:
        raise OperatorError(f"{text[:20]!r} is no whole number.", "Write digits.")
    return int(text)


def _number(text: str) -> Decimal:
    try:
        found = Decimal(text)
    except InvalidOperation:
        found = Decimal("NaN")
    if not found.is_finite():
        raise OperatorError(f"{text[:20]!r} is no number.", "Write digits, such as 500 or 0.50.")
    return found


READ: dict[str, Callable[[Visit], dict[str, Any]]] = {
    "assign": _read_assign,
    "mine": lambda visit: {"to": visit.person.login},
    "snooze": _read_snooze,
    "tag": _read_tag,
    "prioritise": lambda visit: {"priority": _whole(visit.field("priority"))},
}
"""Action -> what its form says, as an operation keeps it."""


# Doing -------------------------------------------------------------------------------------------------------------------


def _assign(visit: Visit, targets: Sequence[Target], said: Arguments) -> list[Outcome]:
    return act.assign(
        visit.connection, visit.person, targets, visit.now, visit.desk.configuration.work, to=said.get("to"), team=said.get("team")
    )


def _acknowledge(visit: Visit, targets: Sequence[Target], said: Arguments) -> list[Outcome]:
    return act.acknowledge(visit.connection, visit.person, targets, visit.now, visit.desk.configuration.work)


def _snooze(visit: Visit, targets: Sequence[Target], said: Arguments) -> list[Outcome]:
    return act.snooze(visit.connection, visit.person, targets, visit.now, msgspec.convert(dict(said), Snooze, strict=False))


def _tag(visit: Visit, targets: Sequence[Target], said: Arguments) -> list[Outcome]:
    return act.tag(visit.connection, visit.person, targets, visit.now, add=said["add"], remove=said["remove"])


DO: dict[str, Callable[[Visit, Sequence[Target], Arguments], list[Outcome]]] = {
    "assign": _assign,
    "mine": _assign,
    "acknowledge": _acknowledge,
    "snooze": _snooze,
    "tag": _tag,
    "wake": lambda visit, targets, _: act.wake(visit.connection, visit.person, targets, visit.now),
    "prioritise": lambda visit, targets, said: act.prioritise(visit.connection, visit.person, targets, visit.now, said["priority"]),
    "undo": lambda visit, targets, _: act.undo(visit.connection, visit.person, targets, visit.now),
}
