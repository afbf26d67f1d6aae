"""A stage: a scratch schema, and the configuration by which history is played on it again. Commands are taken as told; history answers them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from tieout.core.account import ClearingAccount, Posting, Within
from tieout.core.act import Act
from tieout.core.attempt import Attempt
from tieout.core.command import Command, State
from tieout.core.evaluate import Item, evaluate
from tieout.core.ground import Rules, Ruling, Stop
from tieout.core.residual import View, view
from tieout.core.values import Role, Side
from tieout.runtime.apply import apply
from tieout.runtime.batch import Batch, Connection, encode, standing
from tieout.runtime.configuration import Configuration, Driving
from tieout.runtime.looks import clock, marks_of, tick
from tieout.runtime.outbox import due, orchestrate
from tieout.runtime.statements import Arrival
from tieout.store.database import fetch, run

CONSIDER_MAX = 200
"""How many rounds of decisions one step takes at most; what is left comes with the next."""
_TAKEN = encode(Attempt(State.ACCEPTED)).decode()


class Answered:
    """The rules of a project, as a rehearsal decides by them.

    No system was told anything, so none can name a command: whatever a system has stated since a command was decided counts
    as its answer. That is what `anonymous` systems are, and here all of them are.
    """

    def __init__(self, rules: Rules, configuration: Configuration) -> None:
        self._rules = rules
        self.accounts: Mapping[str, ClearingAccount] = configuration.accounts
        self.stops: Mapping[str, Sequence[Stop]] = rules.stops
        self.anonymous = frozenset(configuration.systems)

    def system(self, role: Role, act: Act, notes: Mapping[str, str]) -> str:
        """The system that would be told."""
        return self._rules.system(role, act, notes)

    def after(self, account: ClearingAccount, side: Side, notes: Mapping[str, str]) -> Within:
        """How long to wait."""
        return self._rules.after(account, side, notes)

    def due(self, within: Within, occurred: datetime, day: bool, notes: Mapping[str, str]) -> datetime:
        """When the wait is over."""
        return self._rules.due(within, occurred, day, notes)

    def checkpoint(self, command: Command, found: View) -> Ruling | None:
        """Whether an approver would have to see it."""
        return self._rules.checkpoint(command, found)


class Stage(NamedTuple):
    """`replayed` are the systems whose messages are read by their present mapping, not by the one they came with."""

    connection: Connection
    configuration: Configuration
    schema: str
    replayed: frozenset[str] = frozenset()

    def prepare(self, history: Connection) -> None:
        """Take over the systems and mappings of the project, so that references mean the same here."""
        for id_, name, config in fetch(history, "systems"):
            run(self.connection, "insert_system", id_, name, config)
            self.configuration.system_ids[name] = id_
        for key, value in fetch(history, "carried_settings"):
            run(self.connection, "set_meta", key, value)
        driving, configuration = self.configuration.driving, self.configuration
        if driving is not None:
            rules_of = driving.rules_of
            configuration.driving = Driving(
                Answered(driving.rules, configuration), driving.targets,
                lambda names, known, diversions: Answered(rules_of(names, known, diversions), configuration), driving.policy,
            )  # fmt: skip

    def play(self, arrivals: Sequence[Arrival], now: datetime) -> None:
        """Apply some documents as they came then, decide what was owed then, and look at what was due."""
        apply(self.connection, self.configuration, arrivals, now, what="rehearse")
        self._decide(now)
        tick(self.connection, self.configuration, now)

    def end(self, history: Connection, until: datetime | None, now: datetime) -> None:
        """Bring the clock to the end of the history, with the watermarks that were declared by then."""
        for system, declared, last in fetch(history, "declared_feeds"):
            if until is None or declared <= until:
                run(self.connection, "set_declared", declared, last, system)
        self._decide(now)
        tick(self.connection, self.configuration, now, everything=True)

    def _decide(self, now: datetime) -> None:
        """Decide about what has waited long enough, and take every command that may go as told."""
        if self.configuration.driving is None:
            return
        for _ in range(CONSIDER_MAX):
            with self.connection.transaction():
                run(self.connection, "take_queued", _TAKEN)
                roots = list(due(self.connection, now))
                if not roots:
                    return
                orchestrate(Batch(self.connection, self.configuration, now, "rehearse", alone=False), roots)

    # Asking ----------------------------------------------------------------------------------------------------------

    def books(self, roots: Iterable[str]) -> dict[str, list[Posting]]:
        """The postings of some roots that stand at the end."""
        return standing(fetch(self.connection, "postings_of", sorted(set(roots))))

    @property
    def accepts(self) -> bool:
        """True when anything can be left open on purpose here: by a tolerance, or by a decision."""
        return bool(self.configuration.policy.tolerances) or bool(fetch(self.connection, "has_write_offs")[0][0])

    def items(self, roots: Iterable[str], now: datetime) -> dict[str, list[Item]]:
        """The open items of some roots at the end."""
        configuration = self.configuration
        marks = marks_of(self.connection, configuration)
        at = clock(configuration, marks, now)
        return {
            root: evaluate(view(root, book), configuration.accounts, configuration.policy, marks, at)
            for root, book in self.books(roots).items()
        }  # fmt: skip
