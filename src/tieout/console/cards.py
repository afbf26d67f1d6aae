"""Requests as approvers see them: decisions of people and held commands on one kind of card, with why somebody cannot decide it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from tieout.cases import decertify
from tieout.cases import held as helds
from tieout.cases import request as requests
from tieout.cases.decertify import Lost
from tieout.cases.held import Held
from tieout.cases.request import Waiting
from tieout.cases.verdict import policy_of
from tieout.console.render import grouped
from tieout.console.visit import Visit
from tieout.core.act import Act
from tieout.people.approvers import approvers
from tieout.people.person import Right
from tieout.policy.approval import Consent, People

DECISIONS = {"accept": "Accept the difference"}


class Card(msgspec.Struct, frozen=True):
    """A request. `key` is how its page is named: a number, or the reference of the exception for a command. `why_not` empty: may be decided."""

    key: str
    work: int | None
    ref: str
    what: str
    amount: Decimal | None
    currency: str
    proposer: str
    asked: datetime
    expires: datetime
    rule: str
    policy: str
    role: str
    approvers: int
    given: tuple[Consent, ...]
    why: str
    summary: str
    class_: str
    effect: str
    is_command: bool
    said: list[tuple[str, str]]
    lines: list[str]
    hash: str
    state: str
    ended: datetime | None
    note: str
    why_not: str
    files: int = 0
    comments: int = 0
    like: int = 0
    lost: Lost | None = None
    is_write_off: bool = False

    @property
    def is_over(self) -> bool:
        """True when it was decided, or returned."""
        return self.state != requests.WAITING


def waiting(visit: Visit) -> list[Card]:
    """Everything that waits and may be seen, oldest first."""
    configuration, connection = visit.desk.configuration, visit.connection
    known = approvers(connection, configuration.work.people, visit.now)
    found = [_of_decision(visit, one, known) for one in requests.waiting(connection, visit.person, limit=1000)]
    found += [_of_command(visit, one, known) for one in helds.held(connection, visit.person)]
    return sorted(_beside(visit, found), key=lambda card: (card.asked, card.key))


def over(visit: Visit) -> list[Card]:
    """What was decided, newest first."""
    found = [_of_decision(visit, one, People({})) for one in requests.over(visit.connection, visit.person)]
    lost = decertify.of(visit.connection, [int(card.key) for card in found])
    return [msgspec.structs.replace(card, lost=lost.get(int(card.key))) for card in _beside(visit, found)]


def one(visit: Visit, key: str) -> Card | None:
    """The card of a key, whatever its state."""
    if key.startswith("EX-") and key[3:].isdecimal() and len(key) < 19:
        held = helds.held(visit.connection, visit.person, work=int(key[3:]))
        leave = approvers(visit.connection, visit.desk.configuration.work.people, visit.now)
        return _beside(visit, [_of_command(visit, held[0], leave)])[0] if held else None
    number = int(key) if key.isdecimal() and len(key) < 19 else 0
    asked = requests.one(visit.connection, visit.person, number)
    if asked is None:
        return None
    able = approvers(visit.connection, visit.desk.configuration.work.people, visit.now)
    card = _beside(visit, [_of_decision(visit, asked, able)])[0]
    return msgspec.structs.replace(card, lost=decertify.of(visit.connection, [number]).get(number))


def waiting_for(visit: Visit) -> int:
    """How many wait for whoever visits: what the list *Waiting for me* shows."""
    return sum(not card.why_not for card in waiting(visit)) if visit.person.may(Right.APPROVE) else 0


def sums(found: Sequence[Card]) -> list[tuple[str, Decimal]]:
    """What they are about, by currency."""
    made: dict[str, Decimal] = {}
    for card in found:
        if card.currency and card.amount is not None:
            made[card.currency] = made.get(card.currency, Decimal(0)) + card.amount
    return sorted(made.items())


def _of_decision(visit: Visit, asked: Waiting, known: People) -> Card:
    is_over = asked.state != requests.WAITING
    why = (
        f"it is {asked.state}"
        if is_over
        else requests.why_not(visit.connection, visit.desk.configuration, visit.person, asked, visit.now, known)
    )
    data: dict[str, Any] = dict(asked.payload.get("data", {}))
    effect = f"{data.get('residual', '?')} {data.get('unit', '')} on account {data.get('account', '?')} is written off; nothing else."
    said = [(name, str(data[name])) for name in ("account", "key", "residual", "unit", "reason", "why") if data.get(name)]
    what = DECISIONS.get(asked.action, asked.action.capitalize())
    return Card(
        str(asked.id), asked.work, asked.ref, what, asked.amount, asked.currency, asked.proposer, asked.asked, asked.expires, asked.rule,
        policy_of(asked.rule), asked.role, asked.approvers, asked.given, asked.why, asked.summary, asked.class_,
        effect if asked.action == "accept" else f"{asked.action}: exactly the payload below.", False, said, [], asked.hash, asked.state, asked.ended,
        asked.note, why, is_write_off=asked.action == "accept",
    )  # fmt: skip


def _of_command(visit: Visit, one: Held, leave: People) -> Card:
    command, asked = one.command, one.request
    verb = words(command.act)
    worth = f" worth {grouped(one.worth, command.currency)} {command.currency}" if one.worth is not None else ""
    said = [(name, str(value)) for name, value in (
        ("key", one.key), ("system", command.system), ("customer", command.customer), ("channel", command.channel), ("warehouse", command.warehouse),
        ("names of it", ", ".join(command.references))) if value]  # fmt: skip
    return Card(
        one.ref, one.work, one.ref, verb.capitalize(), one.worth, command.currency, one.proposer, asked.asked_at, asked.expires_at, one.rule,
        one.rule, asked.role, asked.approvers, asked.given, "", one.summary, one.class_,
        f"{command.system} is told to {verb}{worth}: {len(command.lines)} {'line' if len(command.lines) == 1 else 'lines'}; nothing else.",
        True, said, one.lines, asked.payload, requests.WAITING, None, "", helds.why_not(one, visit.person, leave, visit.now),
    )  # fmt: skip


def words(act: Act) -> str:
    """An act as a person says it."""
    return act.value.replace("_", " ")


def _beside(visit: Visit, found: Sequence[Card]) -> list[Card]:
    """The cards with what lies beside their exceptions, and how many like them one has approved."""
    beside: Mapping[int, tuple[int, int]] = {
        id_: (files, comments) for id_, files, comments in visit.fetch("beside_requests", [c.work for c in found if c.work is not None])
    }
    like = dict(visit.fetch("approved_before", visit.person.login)) if found else {}
    made = []
    for card in found:
        files, comments = beside.get(card.work or 0, (0, 0))
        made.append(msgspec.structs.replace(card, files=files, comments=comments, like=like.get(card.class_, 0)))
    return made
