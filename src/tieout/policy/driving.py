"""Driving: what a project lets be commanded, of which system, when, and what waits for approval; the `Rules` of `core.decide`. Pure.

Nothing is ever sent unless a system's settings name the act. Where several systems could be told the same, the one whose
`serves` names most of the order's dimensions is; if that leaves more than one, the one that has spoken of the order, and
if that leaves more than one too, none: a command to the wrong system is worse than one that waits.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from itertools import combinations

import msgspec

from tieout.core.account import ClearingAccount, Within
from tieout.core.act import GIVES_BACK, Act
from tieout.core.attempt import Attempt
from tieout.core.circuit import Circuit
from tieout.core.command import Command
from tieout.core.ground import Ruling, Stop
from tieout.core.residual import View
from tieout.core.values import Role, Side
from tieout.flows import accounts
from tieout.flows.stops import STOPS
from tieout.policy import CompanyPolicy, Match
from tieout.policy.approval import People, Request, request
from tieout.policy.cell import Words
from tieout.policy.checkpoints import NOTHING, Action, Judgement, Known, defaults_of, event_time, judge, worth_of
from tieout.policy.fallback import Diversion, Fallback, Instead, Wait, fallback
from tieout.policy.reach import unreachable
from tieout.policy.table import Versions

AT_ONCE = Within()
DIMENSIONS = ("customer", "channel", "warehouse", "entity")


class Driven(msgspec.Struct, frozen=True):
    """A system as far as it is told things: the acts of its own, those it takes over as a fallback, and which part of the
    business it `serves`: dimension -> values (`*` is a wildcard); all of it if it names none."""

    name: str
    role: Role
    acts: frozenset[Act] = frozenset()
    stand_in: frozenset[Act] = frozenset()
    serves: dict[str, Words] = {}
    anonymous: bool = False

    def fits(self, notes: Mapping[str, str]) -> bool:
        """True when it serves an order with these dimensions."""
        return all(words.judge(notes.get(dimension, "")) for dimension, words in self.serves.items())


class WaitRow(msgspec.Struct, frozen=True):
    """How long to wait after something came to be owed before a command is issued for it."""

    match: Match
    within: Within


class Driving(msgspec.Struct, frozen=True):
    """The rules of a project. For one root, `knowing` adds what is known of it beside its ledger."""

    policy: CompanyPolicy
    systems: tuple[Driven, ...] = ()
    waits: tuple[WaitRow, ...] = ()
    checkpoints: Versions[Action] = Versions()
    fallbacks: Versions[Instead] = Versions()
    people: People = People({})
    tax_by_line: bool = False
    known: Known = NOTHING
    diversions: tuple[Diversion, ...] = ()
    speaking: tuple[str, ...] = ()

    def knowing(self, known: Known = NOTHING, diversions: Sequence[Diversion] = (), speaking: Sequence[str] = ()) -> "Driving":
        """The rules for one root: what is known of it, the fallbacks taken for it, the systems that have a reference for it."""
        return msgspec.structs.replace(self, known=known, diversions=tuple(diversions), speaking=tuple(speaking))

    # What `core.decide` asks -----------------------------------------------------------------------------------------

    @property
    def accounts(self) -> Mapping[str, ClearingAccount]:
        """All accounts by code."""
        return accounts()

    @property
    def stops(self) -> Mapping[str, Sequence[Stop]]:
        """`account+` or `account-` -> the findings that stop its commands; an account's own `blocked_by` is added to them by the bars."""
        return STOPS

    @property
    def anonymous(self) -> frozenset[str]:
        """Systems whose statements name neither our key nor a document that they told us."""
        return frozenset(one.name for one in self.systems if one.anonymous)

    def system(self, role: Role, act: Act, notes: Mapping[str, str]) -> str:
        """The system to tell; empty when none can be told, or it is not clear which."""
        latest = next((one for one in reversed(self.diversions) if one.act is act and (one.use_system or one.use_warehouse)), None)
        diverted = "" if latest is None else latest.use_system
        if diverted:
            able = any(one.name == diverted and act in one.acts | one.stand_in for one in self.systems)
            return diverted if able else ""
        fitting = [one for one in self.systems if one.role is role and act in one.acts and one.fits(notes)]
        most = max((len(one.serves) for one in fitting), default=0)
        found = [one.name for one in fitting if len(one.serves) == most]
        if len(found) > 1:
            found = [name for name in found if name in self.speaking]
        return found[0] if len(found) == 1 else ""

    def after(self, account: ClearingAccount, side: Side, notes: Mapping[str, str]) -> Within:
        """The first row's wait that matches; at once if none does."""
        return next((row.within for row in self.waits if row.match.fits(account, side, notes)), AT_ONCE)

    def due(self, within: Within, occurred: datetime, day: bool, notes: Mapping[str, str]) -> datetime:
        """When such a wait is over: no time at all is no wait, whatever the calendar says of the day."""
        return occurred if within == AT_ONCE else self.policy.due(within, occurred, day, notes)

    def checkpoint(self, command: Command, found: View) -> Ruling | None:
        """Whether an approver has to see it; None when no row of the policy speaks of it."""
        judged = self.judged(command, found)
        return None if judged is None else judged.ruling

    # What the outbox and the dispatcher ask -----------------------------------------------------------------------------

    def judged(self, command: Command, found: View, at: datetime | None = None) -> Judgement | None:
        """The checkpoint's answer with who has to approve."""
        return judge(command, found, self.checkpoints, self.known, tax_by_line=self.tax_by_line, at=at)

    def request(self, command: Command, found: View, rule: str, proposer: str, now: datetime) -> Request:
        """The request for a command that is held by `rule`, a row's or the ledger's own (a reversal is never automatic)."""
        judged = self.judged(command, found)
        named = judged is not None and judged.holds
        hold = judged.hold if judged is not None and named else defaults_of(self.checkpoints, event_time(command, found))
        return request(command, hold, rule, proposer, now, worth_of(command), command.currency)

    def instead(
        self,
        command: Command,
        attempt: Attempt,
        circuit: Circuit | None,
        now: datetime,
        *,
        issued_at: datetime | None = None,
        asked: Collection[str] = (),
    ) -> Fallback | Wait | None:
        """What to do about a command that does not go through; no way that its act has gone for the root is gone twice, and nobody
        who was asked about it is asked again."""
        tried = {name for one in self.diversions if one.act is command.act for name in one.names}
        return fallback(command, attempt, circuit, self.fallbacks, now, issued_at=issued_at, tried=tried, asked=asked)

    @property
    def digest(self) -> str:
        """What the decision tables say, as one text: another text judges the same balances differently."""
        return " ".join([one.digest for one in self.checkpoints.tables] + [one.digest for one in self.fallbacks.tables])

    def asks(self, column: str) -> bool:
        """True when a checkpoint looks at that column, so that somebody has to find it out."""
        return any(column in row.cells for table in self.checkpoints.tables for row in table.rows)

    # What is doubtful about it ------------------------------------------------------------------------------------------

    @property
    def warnings(self) -> list[str]:
        """What is allowed but hardly meant, as sentences with a next step."""
        made = [sentence for table in self.checkpoints.tables for sentence in unreachable(table)]
        made += [sentence for table in self.fallbacks.tables for sentence in unreachable(table)]
        made += [f"{gap}." for gap in (*self.checkpoints.gaps, *self.fallbacks.gaps)]
        return made + self._roles() + self._unclear() + self._always_held()

    def _roles(self) -> list[str]:
        made = []
        for table in self.checkpoints.tables:
            for row in table.rows:
                action = row.result
                able = sum(1 for roles in self.people.roles.values() if action.role in roles)
                if action.result == "hold" and able < action.approvers:
                    made.append(
                        f"{table.place}: row {row.number} needs {action.approvers} with the role {action.role}, {able or 'nobody'} "
                        f"in `[people]` {'have' if able > 1 else 'has'} it: what it holds can only expire."
                    )
        return made

    def _unclear(self) -> list[str]:
        made = []
        for one, other in combinations(self.systems, 2):
            both = sorted(one.acts & other.acts)
            if both and one.role is other.role and one.serves.keys() == other.serves.keys() and not _apart(one, other):
                acts = ", ".join(both)
                made.append(f"{one.name} and {other.name} can both be told {acts} for one order: give them different `serves`.")
        return made

    def _always_held(self) -> list[str]:
        if self.checkpoints.tables:
            return []
        held = sorted({act for one in self.systems for act in one.acts & GIVES_BACK})
        return [f"{', '.join(held)} always waits for an approver: no checkpoint lets it pass."] if held else []


def _apart(one: Driven, other: Driven) -> bool:
    """True when in some dimension no value that one names is served by the other."""
    for dimension, words in one.serves.items():
        against = other.serves[dimension]
        mine, theirs = ([pattern.replace("*", "\0") for pattern in said.patterns] for said in (words, against))
        if not words.judge(tuple(theirs)) and not against.judge(tuple(mine)):
            return True
    return False
