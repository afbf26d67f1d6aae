"""Differences: two rehearsed ledgers set against each other; what appears, vanishes and changes, with money per currency and per class."""

from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any, NamedTuple

import msgspec
from psycopg import sql as compose

from tieout.core.command import Command
from tieout.core.evaluate import Item, State
from tieout.core.values import EXACT, ZERO
from tieout.runtime.outcome import Comparison, Example, Money, Rehearsal
from tieout.runtime.stage import Stage
from tieout.runtime.witness import Witness, case_words, command_words, item_words
from tieout.store.sql import sql

ROWS_AT_ONCE = 1000
SIGNS = {"debit": "+", "credit": "-", "": ""}
CASE_COLUMNS = 12
_decode_value = msgspec.json.Decoder(dict[str, Decimal]).decode
_decode_command = msgspec.json.Decoder(Command).decode


class Scope(NamedTuple):
    """What is compared: both stages at the end of the history, what has been open or decided since then, and which accounts."""

    before: Stage
    after: Stage
    now: datetime
    since: datetime
    flow: str = ""
    examples: int = 10

    @property
    def codes(self) -> Collection[str]:
        """The accounts of the flow, or all of them; `""` stands for what is no balance, such as a statement in quarantine."""
        found = {code for stage in self[:2] for code, a in stage.configuration.accounts.items() if self.flow in ("", a.flow)}
        return found if self.flow else {*found, ""}

    def rows(self, name: str) -> Iterator[tuple[Any, ...]]:
        """The rows of a named statement over both schemas; as many at a time as memory should hold."""
        names = {"before": compose.Identifier(self.before.schema), "after": compose.Identifier(self.after.schema)}
        text = compose.SQL(sql(name)).format(**names)
        with self.after.connection.transaction(), self.after.connection.cursor(name=name) as cursor:
            cursor.itersize = ROWS_AT_ONCE
            cursor.execute(text, {"since": self.since})
            yield from cursor

    def roots(self) -> Iterator[list[str]]:
        """Every root with something open on either stage, some at a time."""
        names = {"before": compose.Identifier(self.before.schema), "after": compose.Identifier(self.after.schema)}
        text = compose.SQL(sql("roots_apart")).format(**names)
        last = ""
        while found := [ref for (ref,) in self.after.connection.execute(text, {"after": last, "limit": ROWS_AT_ONCE})]:
            yield found
            last = found[-1]


class Tally:
    """Counts one kind of outcome, and asks for an explanation of the first of each difference only."""

    def __init__(self, examples: int) -> None:
        self.found = Comparison()
        self._examples = examples

    def put(self, class_: str, worth: tuple[Money | None, Money | None], *, differs: bool, tell: Callable[[], Example]) -> None:
        """One outcome, as it is before and after the change (None: it is not there)."""
        before, after = worth
        for amount, total in ((before, self.found.before), (after, self.found.after)):
            if amount is not None:
                total.add(amount)
        if before is not None and after is not None:
            if not differs:
                return
            difference, value = self.found.change, _less(after, before)
        elif after is not None:
            difference, value = self.found.appear, after
        else:
            difference, value = self.found.vanish, before or {}
        difference.put(class_, value)
        if len(difference.examples) < self._examples:
            difference.examples.append(tell())


def _less(after: Money, before: Money) -> Money:
    names = sorted(before.keys() | after.keys())
    return {name: left for name in names if (left := EXACT.subtract(after.get(name, ZERO), before.get(name, ZERO)))}


def compare(scope: Scope, until: datetime, messages: int) -> Rehearsal:
    """Set the two stages against each other; memory does not grow with the history."""
    witness = Witness(scope.before, scope.after, scope.now)
    exceptions, commands = _exceptions(scope, witness), _commands(scope, witness)
    write_offs, tolerated = _accepted(scope, witness)
    return Rehearsal(scope.since, until, scope.flow, messages, exceptions, commands, write_offs, tolerated)


def _exceptions(scope: Scope, witness: Witness) -> Comparison:
    tally, codes = Tally(scope.examples), scope.codes
    for name, *columns in scope.rows("cases_apart"):
        parts = [part if part[0] is not None else None for part in (columns[:CASE_COLUMNS], columns[CASE_COLUMNS:])]
        known = next(part for part in parts if part is not None)
        code, account, side, root, key = known[:5]
        if (code if account else "") not in codes:
            continue
        words = tuple("" if part is None else case_words(*part[5:]) for part in parts)
        class_, subject = code + SIGNS[side], (f"{root}#{key}" if key else root) if account else name.partition(" ")[2]
        tell = partial(witness.case, class_, subject, words, (code, side, root, key) if account else None)
        tally.put(class_, (_worth(parts[0]), _worth(parts[1])), differs=words[0] != words[1], tell=tell)
    return tally.found


def _worth(case: Sequence[Any] | None) -> Money | None:
    return None if case is None else {currency: abs(amount) for currency, amount in _decode_value(case[6]).items()}


def _commands(scope: Scope, witness: Witness) -> Comparison:
    tally, codes = Tally(scope.examples), scope.codes
    for key, *columns in scope.rows("commands_apart"):
        made = [(_decode_command(body), rule) if body is not None else None for body, rule in (columns[:2], columns[2:])]
        command = next(one[0] for one in made if one is not None)
        if command.account not in codes:
            continue
        words = tuple("" if one is None else command_words(*one) for one in made)
        money = [None if one is None else _asked(one[0]) for one in made]
        tell = partial(witness.command, command, key, words)
        tally.put(command.act.value, (money[0], money[1]), differs=words[0] != words[1], tell=tell)
    return tally.found


def _asked(command: Command) -> Money:
    """The money that a command speaks of."""
    amount = command.total or ZERO
    for line in command.lines:
        amount = EXACT.add(amount, line.value or ZERO)
    return {command.currency: abs(amount)} if amount else {}


def _accepted(scope: Scope, witness: Witness) -> tuple[Comparison, Comparison]:
    """What is left open on purpose: by a decision, and by a tolerance."""
    tallies = {State.WRITTEN_OFF: Tally(scope.examples), State.TOLERATED: Tally(scope.examples)}
    codes = scope.codes
    able = [stage if stage.accepts else None for stage in scope[:2]]
    for roots in scope.roots() if any(able) else ():
        items = [stage.items(roots, scope.now) if stage is not None else {} for stage in able]
        for state, tally in tallies.items():
            found = [_in_state(some, state, codes) for some in items]
            for slot in sorted(found[0].keys() | found[1].keys()):
                pair = (found[0].get(slot), found[1].get(slot))
                item = next(one for one in pair if one is not None)
                words = tuple("" if one is None else item_words(one) for one in pair)
                money = [None if one is None else ({one.currency: one.amount} if one.amount else {}) for one in pair]
                class_ = item.account + SIGNS[item.side.value]
                where = (item.account, item.side.value, item.root, item.key)
                tell = partial(witness.case, class_, item.subject, words, where)
                tally.put(class_, (money[0], money[1]), differs=words[0] != words[1], tell=tell)
    return tallies[State.WRITTEN_OFF].found, tallies[State.TOLERATED].found


def _in_state(items: dict[str, list[Item]], state: State, codes: Collection[str]) -> dict[tuple[str, ...], Item]:
    found = [item for some in items.values() for item in some if item.state is state and item.account in codes]
    return {(item.account, item.side.value, item.subject, item.unit, item.currency): item for item in found}
