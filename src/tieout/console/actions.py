"""What the buttons do: each action with its key and how its form is read. What an action is, and the doing, is in `tieout.cases.actions`."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from tieout.cases import actions as cases
from tieout.cases.actions import ACTIONS, Call
from tieout.cases.item import Outcome, Target
from tieout.cases.reasons import REASONS
from tieout.cases.resolve import stopped_systems
from tieout.console.queries_exceptions import Row
from tieout.console.visit import Visit
from tieout.core.command import State
from tieout.errors import OperatorError
from tieout.people.person import RIGHTS, Person, Right


class Button(msgspec.Struct, frozen=True):
    """How an action is offered: its label, its key, what was done in the status line, whether its form asks for something."""

    name: str
    label: str
    key: str
    says: str
    asks: bool = True

    @property
    def action(self) -> str:
        """The action behind it: to me is to assign."""
        return "assign" if self.name == "mine" else self.name

    @property
    def right(self) -> Right:
        """What it needs."""
        return ACTIONS[self.action].right

    @property
    def is_local(self) -> bool:
        """True when nothing is posted and no system is told."""
        return ACTIONS[self.action].is_local

    @property
    def reasons(self) -> dict[str, str]:
        """The reason codes to choose from."""
        return REASONS.get(self.name, {})


BUTTONS = {
    one.name: one
    for one in (
        Button("assign", "Assign", "a", "assigned"),
        Button("mine", "To me", "Shift+A", "assigned to you", asks=False),
        Button("snooze", "Snooze", "s", "snoozed"),
        Button("tag", "Tag", "t", "tagged"),
        Button("retry", "Retry", "r", "to be tried again"),
        Button("accept", "Accept", "", "accepted"),
        Button("correct", "Correct", "", "to be corrected by a command"),
        Button("acknowledge", "Acknowledge", "", "acknowledged", asks=False),
        Button("prioritise", "Priority", "", "given a priority"),
        Button("ask", "Ask", "", "asked about"),
        Button("ignore", "Ignore", "", "ignored until then"),
        Button("wake", "Wake", "", "woken", asks=False),
    )
}
RETRY = list(BUTTONS).index("retry")
ON_LISTS = ("assign", "mine", "snooze", "tag", "retry", "accept", "acknowledge")


class Offer(msgspec.Struct, frozen=True):
    """A button as a page shows it; `denied` is why it cannot be used, empty when it can."""

    name: str
    label: str
    key: str
    denied: str = ""


def on_lists(person: Person) -> list[Offer]:
    """The buttons above a list; the last two are about messages that could not be read."""
    made = [Offer(one.name, one.label, one.key, denied(person, one.right)) for one in map(BUTTONS.__getitem__, ON_LISTS)]
    return [*made, Offer("edit", "Edit", "e", denied(person, Right.RESOLVE)), Offer("replay", "Replay", "", denied(person, Right.CONNECT))]


def on_item(visit: Visit, row: Row) -> list[Offer]:
    """The buttons of one exception: what cannot be done now is visible, and says why."""
    stopped = stopped_systems(visit.connection, visit.now)
    made = [Offer(one.name, one.label, one.key, denied(visit.person, one.right) or _unfit(one, row, stopped)) for one in BUTTONS.values()]
    if row.kind in ("command", "balance") and not made[RETRY].denied and (why := _no_refusal(visit, row)):
        made[RETRY] = msgspec.structs.replace(made[RETRY], denied=why)
    may = denied(visit.person, Right.RESOLVE) or ("it is resolved" if row.state == "resolved" else "")
    made.append(
        Offer(
            "edit", "Edit and replay", "e", may or ("" if row.kind in ("quarantine", "command", "balance") else "there is no message to edit")
        )
    )
    made.append(Offer("link", "Link", "", may or ("" if row.kind in ("waiting", "balance") else "there is no transaction to link")))
    return made


def past(offers: Sequence[Offer]) -> list[Offer]:
    """The same buttons where the past is shown: none of them can be used."""
    return [msgspec.structs.replace(one, denied=one.denied or "the past cannot be changed") for one in offers]


def denied(person: Person, right: Right) -> str:
    """Why a person may not; empty when he may."""
    if person.may(right):
        return ""
    return f"needs the role {' or '.join(role.value for role, rights in RIGHTS.items() if right in rights)}"


def _unfit(one: Button, row: Row, stopped: dict[str, str]) -> str:
    if row.state == "resolved":
        return "it is resolved"
    if (one.name == "wake") == (row.state != "snoozed") and one.name in ("wake", "snooze"):
        return "it is not snoozed" if one.name == "wake" else "it is snoozed already"
    if one.name == "retry":
        if row.kind not in ("quarantine", "command", "balance"):
            return "there is nothing to send or read again; it clears by itself when what it waits for comes"
        return stopped.get(row.system, "") if row.kind != "quarantine" else ""
    if one.name == "accept" and row.kind != "balance":
        return "there is no difference to accept"
    if one.name == "correct":
        return "only what stands open on an account is owed" if row.kind != "balance" else stopped.get(row.system, "")
    return ""


def _no_refusal(visit: Visit, row: Row) -> str:
    """Why there is no command to try again; empty when the newest one was refused."""
    ((account, side),) = visit.fetch("account_of", row.id)
    for _, key, state, _ in visit.fetch("newest_commands", [row.id], [row.root], [account], [side]):
        return "" if state == State.REFUSED else f"{key} is {state}"
    return "no command was sent about it"


def button(name: str) -> Button:
    """The button of a name. Raises OperatorError."""
    if name not in BUTTONS:
        raise OperatorError("There is no such action.", "Go back and choose one of the buttons.")
    return BUTTONS[name]


def said(one: Button, visit: Visit) -> dict[str, Any]:
    """What the form of an action says. Raises OperatorError."""
    return FORMS[one.name](visit) if one.name in FORMS else {}


def do(name: str, visit: Visit, targets: Sequence[Target], arguments: dict[str, Any]) -> list[Outcome]:
    """Do it to some exceptions; what became of each."""
    with visit.desk.one_writer:
        return cases.do(Call(visit.connection, visit.desk.configuration, visit.person, targets, visit.now, dry=False), name, arguments)


# Forms -------------------------------------------------------------------------------------------------------------------


def _assign(visit: Visit) -> dict[str, Any]:
    kind, _, name = visit.field("to").partition(":")
    if kind not in ("person", "team", "nobody"):
        raise OperatorError("Nobody was chosen.", "Choose a person or a team.")
    return {"team": name} if kind == "team" else {"to": name}


def _snooze(visit: Visit) -> dict[str, Any]:
    made: dict[str, Any] = {"kind": visit.field("kind"), "why": visit.field("why")}
    if made["kind"] == "time":
        made["until"] = until(visit.field("until"), visit.now, visit.zone).isoformat()
    names = {"more": ("more",), "value": ("value", "currency"), "system": ("system",), "version": ("system",)}.get(made["kind"], ())
    said = made | {name: visit.field(name) for name in names}
    return said | {"version": visit.field("live_version") or "next"} if made["kind"] == "version" else said


def until(text: str, now: datetime, zone: str) -> datetime:
    """The end of a snooze: `4h`, `2d`, or a time as a browser's field writes it, in the person's zone."""
    if text[-1:] in ("h", "d") and text[:-1].isdecimal() and len(text) < 6:
        return now + (timedelta(hours=int(text[:-1])) if text[-1] == "h" else timedelta(days=int(text[:-1])))
    try:
        at = datetime.fromisoformat(text)
    except ValueError as bad:
        raise OperatorError(f"{text[:40]!r} is no time.", "Write 4h, 2d or a date and time.") from bad
    return (at if at.tzinfo else at.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)


def _tag(visit: Visit) -> dict[str, Any]:
    words = visit.field("tags").replace(",", " ").split()
    return {"add": [w for w in words if not w.startswith("-")], "remove": [w[1:] for w in words if w.startswith("-") and len(w) > 1]}


def _reasoned(visit: Visit) -> dict[str, Any]:
    return {"reason": visit.field("reason"), "why": visit.field("why")}


def _ask(visit: Visit) -> dict[str, Any]:
    return {**_reasoned(visit), "whom": visit.field("whom")}


FORMS: dict[str, Callable[[Visit], dict[str, Any]]] = {
    "assign": _assign,
    "mine": lambda visit: {"to": visit.person.login},
    "snooze": _snooze,
    "tag": _tag,
    "prioritise": lambda visit: {"priority": visit.field("priority")},
    "retry": lambda visit: {**_reasoned(visit), "mapping": visit.field("mapping") or "current"},
    "accept": _reasoned,
    "correct": _reasoned,
    "ask": _ask,
    "ignore": lambda visit: {**_reasoned(visit), "until": until(visit.field("until"), visit.now, visit.zone).isoformat()},
}
"""Button -> what its form says, as an operation keeps it."""
