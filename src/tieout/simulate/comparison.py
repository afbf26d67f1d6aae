"""The ledger's open exceptions and the auditor's, held against each other at every look; what was shown when is kept for the grade."""

from collections.abc import Iterable, Mapping

from tieout.simulate.auditor import Event, Stand
from tieout.simulate.clock import iso
from tieout.simulate.grade import Difference, History, Shown, shown_as


class Comparison:
    """What stands by the auditor, what was shown by the ledger, and where they differed."""

    def __init__(self) -> None:
        self.histories: dict[str, History] = {}
        self.predicted: list[Event] = []
        self.false_alarms: list[Difference] = []
        self.missed: list[Difference] = []
        self._right: dict[str, Stand] = {}
        self._open: set[str] = set()
        self._next = 0
        self._noted: set[str] = set()

    def expect(self, events: Iterable[Event]) -> None:
        """What the auditor says of the time to come, in order."""
        self.predicted += events

    def look(self, at: int, shown: Mapping[str, Shown]) -> None:
        """What the ledger shows at a moment, after everything that arrived by then."""
        self._advance(at)
        self._remember(at, shown)
        for name, now in shown.items():
            if name not in self._right:
                self._note(self.false_alarms, at, name, f"{now}; nothing by the auditor")
            elif now != shown_as(self._right[name]):
                self._note(self.false_alarms, at, name, f"{now}; but {self._right[name]} by the auditor")
        for name, stand in self._right.items():
            if name not in shown:
                self._note(self.missed, at, name, f"nothing; but {stand} by the auditor")

    def right(self, at: int) -> dict[str, Shown]:
        """What the ledger should show at a moment."""
        self._advance(at)
        return self.expected()

    def _advance(self, at: int) -> None:
        while self._next < len(self.predicted) and self.predicted[self._next].at <= at:
            event = self.predicted[self._next]
            self._next += 1
            if event.stand is None:
                self._right.pop(event.case, None)
            else:
                self._right[event.case] = event.stand

    def expected(self) -> dict[str, Shown]:
        """What stands by the auditor at the last look, as the ledger should show it."""
        return {name: shown_as(stand) for name, stand in self._right.items()}

    def _remember(self, at: int, shown: Mapping[str, Shown]) -> None:
        for name in self._open - shown.keys():
            self.histories[name].closed.append(at)
        for name in shown.keys() - self._open:
            self.histories.setdefault(name, History()).opened.append(at)
        for name, now in shown.items():
            history = self.histories[name]
            if not history.shown or history.shown[-1] != now:
                history.shown.append(now)
        self._open = set(shown)

    def _note(self, list_: list[Difference], at: int, name: str, told: str) -> None:
        """Each difference once, however long it stands."""
        if (key := f"{id(list_)} {name}") not in self._noted:
            self._noted.add(key)
            list_.append(Difference(name, f"at {iso(at)} {told}"))
