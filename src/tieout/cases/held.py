"""Held commands as approvers see them: each with what it would tell a system, whose leave it needs, and the exception that it is."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

import msgspec

from tieout.core.attempt import Target
from tieout.core.command import Command
from tieout.core.values import plain
from tieout.errors import Forbidden, OperatorError
from tieout.people import accounts, audit
from tieout.people.approvers import approvers
from tieout.people.person import Person, Right
from tieout.policy.approval import AnotherNeeded, Answer, Approved, People, Request, decide
from tieout.policy.cell import amount_text
from tieout.policy.checkpoints import worth_of
from tieout.runtime import desk
from tieout.runtime.batch import Connection
from tieout.runtime.configuration import Configuration
from tieout.store.database import fetch_by

LINES_MAX = 200


class Held(msgspec.Struct, frozen=True):
    """A command that waits. `request` is None for one of an old release; `worth` None where nobody knows it."""

    key: str
    work: int
    ref: str
    command: Command
    rule: str
    proposer: str
    asked: datetime
    request: Request
    worth: Decimal | None
    summary: str
    class_: str

    @property
    def lines(self) -> list[str]:
        """What the system would be told, line by line."""
        said = [f"{one.line}: {_quantity(one.quantity, one.unit)}{one.item} {_amount(one.value, self.command.currency)}".strip()
                for one in self.command.lines[:LINES_MAX]]  # fmt: skip
        return said + [f"{name}: {value}" for name, value in sorted(self.command.data.items())]


def held(connection: Connection, person: Person, *, work: int | None = None, limit: int = 1000) -> list[Held]:
    """Commands that wait, oldest first, among what one may see."""
    made = []
    for key, _, _, body, rule, proposer, created, request, id_, ref, summary, class_, team, channel, warehouse in fetch_by(
        connection, "held_requests", work=work, limit=limit
    ):
        if request is None or not person.scopes.sees(team=team, channel=channel, warehouse=warehouse):
            continue
        command = msgspec.json.decode(body, type=Command)
        asked = msgspec.structs.replace(msgspec.json.decode(request, type=Request), proposer=proposer)
        made.append(Held(key, id_, ref, command, rule, proposer, created, asked, worth_of(command), summary, class_))
    return made


def why_not(found: Held, person: Person, people: People, now: datetime) -> str:
    """Why this person cannot let it go; empty when it would count."""
    if not person.may(Right.APPROVE):
        return f"{person.login} may not approve"
    if accounts.login_of(found.proposer) == person.login:
        return f"{person.login} proposed it: another person has to approve"
    done = decide(found.request, Answer(person.login, found.request.payload, agrees=True), people, now)
    return "" if isinstance(done, Approved | AnotherNeeded) else done.reason


def answer(
    connection: Connection, configuration: Configuration, person: Person, work: int, hash_: str, now: datetime, *, agrees: bool, note: str
) -> str:
    """Let a held command go or refuse it, about exactly what was shown; what came of it. Raises Forbidden, OperatorError."""
    person.need(Right.APPROVE)
    found = held(connection, person, work=work)
    if not found:
        raise OperatorError(f"EX-{work} is about no command that waits.", "See its history.")
    one, people = found[0], approvers(connection, configuration.work.people, now)
    if hash_ != one.request.payload:
        raise Forbidden("What was looked at is not what waits.", "Look at it again, then decide.")
    if agrees and (why := why_not(one, person, people, now)):
        raise Forbidden(f"{why[:1].upper()}{why[1:]}.", "Somebody else has to decide.")
    target = _target(configuration, one.command.system)
    with connection.transaction():
        if agrees:
            said = desk.approve(connection, one.key, person.login, people, target, now, one.request.payload)
        else:
            desk.reject(connection, one.key, person.login, note or "rejected", people, target, now)
            said = f"{one.ref}: rejected; the same sums do not bring it back"
        detail = {"command": one.key, "hash": one.request.payload, "note": note}
        audit.write(connection, person, "approve command" if agrees else "reject command", one.key, detail, now)
    return said.rstrip(".")


def _target(configuration: Configuration, system: str) -> Target:
    if configuration.driving is None or system not in configuration.driving.targets:
        raise OperatorError(f"The settings let {system} be told nothing any more.", "Describe it again in tieout.toml.")
    return configuration.driving.targets[system]


def _quantity(quantity: Decimal | None, unit: str) -> str:
    return "" if quantity is None else f"{plain(quantity)} {unit} ".replace("  ", " ")


def _amount(value: Decimal | None, currency: str) -> str:
    return "" if value is None else f"{amount_text(value, currency)} {currency}".strip()


def sums(found: Sequence[Held]) -> dict[str, Decimal]:
    """What they are worth, by currency."""
    made: dict[str, Decimal] = {}
    for one in found:
        if one.worth is not None and one.command.currency:
            made[one.command.currency] = made.get(one.command.currency, Decimal(0)) + one.worth
    return made
