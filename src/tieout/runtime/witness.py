"""Witness: what is said of one difference, in words: how it is on either side, why it is not there on the other, what it rests on."""

from datetime import datetime
from decimal import Decimal

import msgspec

from tieout.core.account import Entry, Posting
from tieout.core.command import Command
from tieout.core.evaluate import Item, State
from tieout.core.owed import amounts
from tieout.core.residual import view
from tieout.core.values import plain
from tieout.runtime.outcome import Example
from tieout.runtime.stage import Stage
from tieout.store.database import fetch

ENTRIES_MAX = 8
Where = tuple[str, str, str, str]
"""Account, side, root and key."""
STATES = {
    State.TOLERATED: "it is within tolerance",
    State.WRITTEN_OFF: "a write-off covers it",
    State.UNOBSERVED: "no connected system could clear it",
    State.UNDER: "the same difference stands on another account",
    State.BLOCKED: "an open blocking account holds it back",
    State.LAPSED: "its write-off has lapsed",
    State.OPEN: "it is an exception",
}
_decode_amounts = msgspec.json.Decoder(dict[str, Decimal]).decode
_decode_detail = msgspec.json.Decoder(dict[str, str]).decode


def case_words(quantity: str, value: str, due: datetime, owed_by: str, team: str, state: str, hint: str) -> str:
    """A case in one line."""
    parts = [f"{plain(amount)} {unit}" for text in (quantity, value) for unit, amount in _decode_amounts(text).items()]
    parts += [f"due {due:%Y-%m-%d %H:%M}", f"{owed_by} / {team}", "closed again by itself" if state == "closed" else state]
    return ", ".join(part for part in (*parts, hint) if part)


def command_words(command: Command, rule: str) -> str:
    """A command in one line."""
    quantities = {(line.line, line.unit): line.quantity for line in command.lines if line.quantity is not None}
    values = {(line.line, command.currency): line.value for line in command.lines if line.value is not None}
    asked = amounts(quantities | values)
    if command.total is not None:
        asked = f"{plain(command.total)} {command.currency}"
    return f"{command.act} at {command.system}: {asked}" + (f"; held: {rule}" if rule else "")


def item_words(item: Item) -> str:
    """An open item in one line."""
    amount = f"{plain(item.quantity)} {item.unit}" if item.quantity else ""
    worth = f"{plain(item.amount)} {item.currency}" if item.amount else ""
    return ", ".join(part for part in (amount, worth, item.state.value, item.hint) if part)


class Witness:
    """Explains single differences from both stages as they are at the end."""

    def __init__(self, before: Stage, after: Stage, now: datetime) -> None:
        self._stages = before, after
        self._now = now

    def case(self, class_: str, subject: str, words: tuple[str, ...], where: Where | None) -> Example:
        """An exception or something accepted; `where` is None for what is no balance."""
        why = "" if where is None else self._why(words, where)
        return Example(class_, subject, words[0], words[1], why, () if where is None else self._entries(words, where))

    def command(self, command: Command, key: str, words: tuple[str, ...]) -> Example:
        """A command, with the reason that was written down when it was decided."""
        where = (command.account, command.side.value, command.group, command.lines[0].line if command.lines else "")
        here = self._stages[1 if words[1] else 0]
        detail = _decode_detail(fetch(here.connection, "first_words_of", key)[0][1])
        there = self._stages[0 if words[1] else 1]
        reasons = [detail["reason"]]
        if not all(words):
            is_driven = there.configuration.driving is not None
            reasons.append(self._why(words, where) if is_driven else f"{self._name(there)} no system is told anything")
        return Example(command.act.value, key, words[0], words[1], "; ".join(filter(None, reasons)), self._entries(words, where))

    def _why(self, words: tuple[str, ...], where: Where) -> str:
        """Why it is not on the other side."""
        if all(words):
            return ""
        code, side, root, key = where
        stage = self._stages[1 if words[0] else 0]
        mine = [i for i in stage.items([root], self._now).get(root, ()) if i.account == code and i.key == key]
        item = next((i for i in mine if i.side.value == side), mine[0] if mine else None)
        name = self._name(stage)
        if item is None:
            return f"{name} nothing stands open at the end"
        if item.state in (State.PENDING, State.UNKNOWABLE):
            return f"{name} it is {item.state.value}: due {item.due:%Y-%m-%d %H:%M}"
        return f"{name} {STATES[item.state]}: {item_words(item)}"

    def _name(self, stage: Stage) -> str:
        return "after the change" if stage is self._stages[1] else "as it is now"

    def _entries(self, words: tuple[str, ...], where: Where) -> tuple[str, ...]:
        """The first entries that it rests on, where it is there."""
        code, _, root, key = where
        books = self._stages[1 if words[1] else 0].books([root])
        found = _of(root, books.get(root, []), code, key)
        told = [_told(entry) for entry in found[:ENTRIES_MAX]]
        return (*told, f"and {len(found) - ENTRIES_MAX} more") if len(found) > ENTRIES_MAX else tuple(told)


def _of(root: str, book: list[Posting], code: str, key: str) -> list[Entry]:
    found = view(root, book).by_pair.get((code, key), [])
    return sorted(found, key=lambda entry: (entry.occurred, entry.identity))


def _told(entry: Entry) -> str:
    amount = "" if entry.quantity is None else f"{plain(entry.quantity)} {entry.unit}"
    value = "" if entry.value is None else f"{plain(entry.value)} {entry.currency}"
    said = ", ".join(part for part in (amount, value) if part)
    return f"{entry.side.value} {said}: {entry.kind} {entry.identity}, {entry.occurred:%Y-%m-%d %H:%M}"
