"""Players: who lets Tieout take in what the world delivers, and reads what it shows. Here the one that works on an open project."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from tieout.app import Tieout
from tieout.runtime.looks import tick
from tieout.simulate import scenario
from tieout.simulate.clock import utc
from tieout.simulate.driving import Sending
from tieout.simulate.grade import Difference, Shown
from tieout.simulate.observed import Balances, double_claims, open_cases, unbalanced
from tieout.simulate.scenario import Step


class Player(Protocol):
    """Tieout as a drill meets it."""

    def play(self, steps: Sequence[Step], at: int) -> bool:
        """Take in deliveries at a moment, and send what is owed then; whether something is left to be sent later."""
        ...

    def cases(self, damaged: Mapping[str, str], wanted: Mapping[str, Shown]) -> dict[str, Shown]:
        """The exceptions that stand, by name; `damaged` names those of files that cannot be read. Who hears of changes only after a
        while may wait until it is as `wanted`."""
        ...

    def double_claims(self) -> list[Difference]:
        """Money that was counted twice."""
        ...

    def unbalanced(self, right: Balances) -> list[Difference]:
        """Balances that are not the auditor's."""
        ...

    def ledger_hash(self) -> str:
        """The hash of what stands."""
        ...


@dataclass(slots=True)
class Within:
    """An open project in this process; `sending` where it drives."""

    project: Tieout
    root: Path
    sending: Sending | None = None

    def play(self, steps: Sequence[Step], at: int) -> bool:
        """Import, one delivery after the other; then send. Who sends also looks at the time, as one who is served does all the while: a
        delivery that he was killed at and that is handed over again may be one that he has taken in and not looked at yet."""
        scenario.do_all(self.project, self.root, steps, by_their_time=self.sending is not None)
        if self.sending is None:
            return False
        tick(self.project.connection, self.project.configuration, utc(at))
        return self.sending.send(utc(at))

    def cases(self, damaged: Mapping[str, str], wanted: Mapping[str, Shown]) -> dict[str, Shown]:
        """See Player."""
        return open_cases(self.project.connection, damaged)

    def double_claims(self) -> list[Difference]:
        """See Player."""
        with self.project.database.session() as reader:
            return double_claims(reader)

    def unbalanced(self, right: Balances) -> list[Difference]:
        """See Player."""
        with self.project.database.session() as reader:
            return unbalanced(reader, right)

    def ledger_hash(self) -> str:
        """See Player."""
        return str(self.project.status()["ledger_hash"])
