"""The actions that can be done to many exceptions, as a table: what each needs, who may, and whether anything leaves the house."""

from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec

from tieout.cases import act, resolve
from tieout.cases.act import Snooze
from tieout.cases.clock import live_versions
from tieout.cases.item import Outcome, Target
from tieout.cases.resolve import Said
from tieout.errors import OperatorError
from tieout.people.person import Person, Right
from tieout.runtime.batch import Connection
from tieout.runtime.configuration import Configuration


class Assign(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """To a person (empty: nobody) or a team."""

    to: str | None = None
    team: str | None = None


class Nothing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An action that needs nothing more."""


class SnoozeUntil(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Until when; see `act.Snooze`."""

    kind: str = "time"
    until: datetime | None = None
    more: int = 0
    value: Decimal | None = None
    currency: str = ""
    system: str = ""
    version: str = ""
    why: str = ""

    @property
    def until_when(self) -> Snooze:
        """As it is kept."""
        return Snooze(self.kind, self.until, self.more, self.value, self.currency, self.system, self.version, why=self.why)


class Tag(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Tags to put on and to take off."""

    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()


class Prioritise(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """1 (most urgent) to 5."""

    priority: int


class Reasoned(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A reason code, and words."""

    reason: str
    why: str = ""


class Retry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """By the `current` mapping, or by the `original` one that a message came with."""

    reason: str
    why: str = ""
    mapping: str = "current"


class Ignore(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A reason and an end."""

    reason: str
    until: datetime
    why: str = ""


class Ask(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whom, what (in `why`), and until when it may rest."""

    reason: str
    whom: str
    why: str
    until: datetime | None = None


class Call(NamedTuple):
    """What an action is done with."""

    connection: Connection
    configuration: Configuration
    person: Person
    targets: Sequence[Target]
    now: datetime
    dry: bool


class Action(NamedTuple):
    """An action: its name and title, what it needs, who may, its effect in words, and whether it posts or tells a system something."""

    name: str
    title: str
    needs: type[msgspec.Struct]
    right: Right
    effect: str
    is_local: bool
    run: Callable[[Call, Any], list[Outcome]]


def _snooze(call: Call, a: SnoozeUntil) -> list[Outcome]:
    than = live_versions(call.configuration).get(a.system, "")
    return act.snooze(call.connection, call.person, call.targets, call.now, a.until_when, than=than, dry=call.dry)


ACTIONS: dict[str, Action] = {
    one.name: one
    for one in (
        Action("assign", "Assign", Assign, Right.WORK, "change whose it is", True, lambda c, a: act.assign(
            c.connection, c.person, c.targets, c.now, c.configuration.work, to=a.to, team=a.team, dry=c.dry)),
        Action("acknowledge", "Acknowledge", Nothing, Right.WORK, "stop escalation for a while", True, lambda c, a: act.acknowledge(
            c.connection, c.person, c.targets, c.now, c.configuration.work, dry=c.dry)),
        Action("snooze", "Snooze", SnoozeUntil, Right.WORK, "rest, still counted", True, _snooze),
        Action("wake", "Wake", Nothing, Right.WORK, "end the snooze", True, lambda c, a: act.wake(
            c.connection, c.person, c.targets, c.now, dry=c.dry)),
        Action("tag", "Tag", Tag, Right.WORK, "change the tags", True, lambda c, a: act.tag(
            c.connection, c.person, c.targets, c.now, add=a.add, remove=a.remove, dry=c.dry)),
        Action("prioritise", "Priority", Prioritise, Right.WORK, "change the priority", True, lambda c, a: act.prioritise(
            c.connection, c.person, c.targets, c.now, a.priority, dry=c.dry)),
        Action("undo", "Undo", Nothing, Right.WORK, "take the last own change back", True, lambda c, a: act.undo(
            c.connection, c.person, c.targets, c.now, dry=c.dry)),
        Action("retry", "Retry", Retry, Right.RESOLVE, "read messages again, or have refused commands decided again", False, lambda c, a: resolve.retry(
            c.connection, c.configuration, c.person, c.targets, c.now, Said(a.reason, a.why), mapping=a.mapping, dry=c.dry)),
        Action("accept", "Accept the difference", Reasoned, Right.RESOLVE, "post write-offs of exactly what stands open", False,
               lambda c, a: resolve.accept(c.connection, c.configuration, c.person, c.targets, c.now, Said(a.reason, a.why), dry=c.dry)),
        Action("correct", "Correct by a command", Reasoned, Right.RESOLVE, "have the owning system do what is owed", False,
               lambda c, a: resolve.correct(c.connection, c.configuration, c.person, c.targets, c.now, Said(a.reason, a.why), dry=c.dry)),
        Action("ask", "Request information", Ask, Right.RESOLVE, "ask somebody by e-mail", False, lambda c, a: resolve.ask(
            c.connection, c.configuration, c.person, c.targets, c.now, Said(a.reason, a.why), whom=a.whom, until=a.until, dry=c.dry)),
        Action("ignore", "Ignore", Ignore, Right.RESOLVE, "leave alone until a time, still counted", True, lambda c, a: resolve.ignore(
            c.connection, c.person, c.targets, c.now, Said(a.reason, a.why), a.until, dry=c.dry)),
    )
}  # fmt: skip


def arguments_of(action: str, said: Any) -> msgspec.Struct:
    """What is said to an action, checked. Raises OperatorError."""
    if action not in ACTIONS:
        raise OperatorError(f"There is no action {action!r}.", f"There are: {', '.join(ACTIONS)}.")
    try:
        return msgspec.convert(said, ACTIONS[action].needs, strict=False)
    except msgspec.ValidationError as bad:
        raise OperatorError(f"{action}: {bad}.", f"It needs: {', '.join(ACTIONS[action].needs.__struct_fields__) or 'nothing'}.") from None


def do(call: Call, action: str, said: Any) -> list[Outcome]:
    """Do an action (or, `dry`, say what would come of it); an outcome per target."""
    arguments = arguments_of(action, said)
    call.person.need(ACTIONS[action].right)
    return ACTIONS[action].run(call, arguments)
