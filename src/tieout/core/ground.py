"""The ground a decision stands on: what is known of one root, and what the policy answers. Data and questions; nothing is decided here."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from tieout.core.account import ClearingAccount, Posting, Within
from tieout.core.act import Act
from tieout.core.command import Command, State
from tieout.core.evaluate import Item
from tieout.core.flight import Flight, Issued
from tieout.core.residual import View
from tieout.core.values import Ref, Role, Side


class Standing(NamedTuple):
    """Where a root stands: its postings, expanded and as they are; its open items; every command ever issued for it, under
    whatever name the root had; and all references that systems have for it."""

    found: View
    book: Sequence[Posting]
    items: Sequence[Item]
    issued: Sequence[Issued] = ()
    references: tuple[Ref, ...] = ()


class Stop(NamedTuple):
    """A finding that stops commands: open quantity on a side of an account, or its price (on either side)."""

    account: str
    side: Side | None = None
    by_price: bool = False


class Ruling(NamedTuple):
    """What a checkpoint says of a command, which rule made it say so, and whose leave it needs (empty: any approver's)."""

    holds: bool
    rule: str
    needs: str = ""


class Rules(Protocol):
    """What a decision asks of the policy."""

    @property
    def accounts(self) -> Mapping[str, ClearingAccount]:
        """All accounts by code."""
        ...

    @property
    def stops(self) -> Mapping[str, Sequence[Stop]]:
        """`account+` or `account-` -> the findings that stop its commands."""
        ...

    @property
    def anonymous(self) -> Collection[str]:
        """Systems whose statements name neither our key nor a document that they told us."""
        ...

    def system(self, role: Role, act: Act, notes: Mapping[str, str]) -> str:
        """The system to tell; empty when none can be told."""
        ...

    def after(self, account: ClearingAccount, side: Side, notes: Mapping[str, str]) -> Within:
        """How long to wait after what is owed came about; zero hours: issue at once."""
        ...

    def due(self, within: Within, occurred: datetime, day: bool, notes: Mapping[str, str]) -> datetime:
        """When such a wait is over."""
        ...

    def checkpoint(self, command: Command, found: View) -> Ruling | None:
        """Whether an approver has to see it; None when no row of the policy speaks of it."""
        ...


class Ground(NamedTuple):
    """All that one decision looks at: `flights` by key of the command, `names` of keys as stated -> as the view keeps them."""

    standing: Standing
    rules: Rules
    now: datetime
    flights: Mapping[str, Flight]
    names: Mapping[tuple[str, str], str]

    def keys(self, one: Issued) -> frozenset[str]:
        """The keys that a command covers, by the names they have now."""
        command = one.command
        stated = {line.line for line in command.lines if not line.charge} if command.lines else {""}
        return frozenset(self.names.get((command.account, key), key) for key in stated)

    def on(self, account: str, side: Side | None = None) -> list[Issued]:
        """The commands of an account, or of one side of it, in the order of their numbers."""
        mine = [i for i in self.standing.issued if i.command.account == account and side in (None, i.command.side)]
        return sorted(mine, key=lambda i: (i.command.number, i.command.group))

    def is_done(self, one: Issued) -> bool:
        """True when the target has answered, or left us in doubt, and its own statements have brought all that was in flight."""
        answered = one.attempt.state in (State.ACCEPTED, State.UNKNOWN)
        return answered and not self.flights[one.command.key].left
