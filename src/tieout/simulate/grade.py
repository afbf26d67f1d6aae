"""The grader: what the ledger showed, held against the truth and against the auditor, kind by kind, with no opinion of its own."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tieout.simulate.auditor import Event, Stand
from tieout.simulate.paper import plain
from tieout.simulate.truth import Expected, Outcome, Truth


@dataclass(slots=True)
class Shown:
    """An exception as the ledger shows it: who owes it, quantities by unit and money by currency, as texts."""

    owner: str
    quantity: dict[str, str]
    value: dict[str, str]

    def __str__(self) -> str:
        amounts = [f"{amount} {unit}" for unit, amount in (*self.quantity.items(), *self.value.items())]
        return ", ".join([*amounts, f"owed by {self.owner}"])


@dataclass(slots=True)
class History:
    """When an exception was shown, and how: the moments of the world at which it opened, changed and closed."""

    opened: list[int] = field(default_factory=list)
    closed: list[int] = field(default_factory=list)
    shown: list[Shown] = field(default_factory=list)

    @property
    def is_open(self) -> bool:
        """Whether it still stands."""
        return len(self.opened) > len(self.closed)


@dataclass(frozen=True, slots=True)
class Difference:
    """Where the ledger and the auditor differ: the exception or balance, and what each says."""

    name: str
    told: str

    def __str__(self) -> str:
        return f"{self.name}: {self.told}"


@dataclass(slots=True)
class Kind:
    """The grade of one kind of fault."""

    injected: int = 0
    expected: int = 0
    found: int = 0
    right_class: int = 0
    right_owner: int = 0
    right_amount: int = 0
    waits: list[int] = field(default_factory=list)
    corrected: int = 0
    cleared: int = 0

    def written(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return {
            "injected": self.injected, "expected": self.expected, "found": self.found, "right_class": self.right_class,
            "right_owner": self.right_owner, "right_amount": self.right_amount, "p95_visible_s": p95(self.waits),
            "corrected": self.corrected, "cleared": self.cleared,
        }  # fmt: skip

    @property
    def is_right(self) -> bool:
        """Whether nothing was missed and nothing was wrong."""
        return {self.found, self.right_class, self.right_owner, self.right_amount} == {self.expected} and self.cleared == self.corrected


@dataclass(slots=True)
class Grade:
    """The grade of a drill."""

    kinds: dict[str, Kind]
    false_alarms: list[Difference]
    double_claims: list[Difference]
    missed: list[Difference]
    """Exceptions that the auditor saw stand and the ledger did not, beside those of the faults themselves."""
    unbalanced: list[Difference]
    """Balances that the auditor and the ledger see differently."""
    ledger_hash: str
    expected_misses: dict[str, str]
    documents: dict[str, int] = field(default_factory=dict)
    """What the simulated systems have made because Tieout told them to, by kind; empty where nothing was driven."""
    not_once: list[Difference] = field(default_factory=list)
    """Originating documents of which not exactly one document was made, or not all of their goods."""

    wrong_documents: list[Difference] = field(default_factory=list)
    """Documents to EDI partners that do not say what is so, or that were sent twice."""

    @property
    def differences(self) -> list[Difference]:
        """Everything in which ledger and auditor differ."""
        return [*self.false_alarms, *self.missed, *self.double_claims, *self.unbalanced, *self.not_once, *self.wrong_documents]

    @property
    def is_clean(self) -> bool:
        """Whether everything was found, and nothing else."""
        return not self.differences and all(kind.is_right for name, kind in self.kinds.items() if name not in self.expected_misses)

    def written(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return {
            "kinds": {name: kind.written() for name, kind in sorted(self.kinds.items())},
            "false_alarms": len(self.false_alarms),
            "double_claims": len(self.double_claims),
            "missed": len(self.missed),
            "unbalanced": len(self.unbalanced),
            "is_clean": self.is_clean,
            "ledger_hash": self.ledger_hash,
            "expected_misses": self.expected_misses,
            **(
                {"documents": self.documents, "not_once": len(self.not_once), "wrong_documents": len(self.wrong_documents)}
                if self.documents
                else {}
            ),
        }


def p95(waits: Iterable[int]) -> int | None:
    """The wait that 95 of 100 do not exceed; None without any."""
    found = sorted(waits)
    return found[max(0, -(-len(found) * 95 // 100) - 1)] if found else None


def grade_kinds(truths: Iterable[Truth], histories: Mapping[str, History], predicted: Iterable[Event], end: int) -> dict[str, Kind]:
    """Every fault against what was shown of it; sets `knowable` in each truth."""
    first: dict[str, int] = {}
    for event in predicted:
        if event.stand is not None:
            first.setdefault(event.case, event.at)
    kinds: dict[str, Kind] = defaultdict(Kind)
    for truth in truths:
        kind = kinds[truth.kind]
        kind.injected += 1
        if truth.miss or truth.outcome is Outcome.HEALED:
            continue
        kind.expected += 1
        known = [first[each.case] for each in truth.expected if each.case in first]
        truth.knowable = max(known, default=None)
        _grade(kind, truth, histories, first, end)
    return dict(kinds)


def _grade(kind: Kind, truth: Truth, histories: Mapping[str, History], first: Mapping[str, int], end: int) -> None:
    mine = [histories.get(each.case) for each in truth.expected]
    subjects = [name.split(" ", 1)[1] for name in histories]
    kind.found += any(history is not None for history in mine) or any(subject.startswith(truth.subject) for subject in subjects)
    kind.right_class += all(history is not None for history in mine)
    kind.right_owner += all(h is not None and h.shown[-1].owner == e.owner for h, e in zip(mine, truth.expected, strict=True))
    kind.right_amount += all(h is not None and any(agrees(shown, e) for shown in h.shown) for h, e in zip(mine, truth.expected, strict=True))
    kind.waits += [
        max(0, h.opened[0] - first[e.case]) for h, e in zip(mine, truth.expected, strict=True) if h is not None and e.case in first
    ]  # fmt: skip
    if truth.corrected is not None and truth.corrected < end:
        kind.corrected += 1
        kind.cleared += all(history is not None and not history.is_open for history in mine)


def agrees(shown: Shown, expected: Expected) -> bool:
    """Whether an exception is shown with the quantity and the money that the truth states, to the cent."""
    wanted = {unit: str(count) for unit, count in expected.quantity.items() if count}
    if shown.quantity != wanted:
        return False
    return expected.cents is None or shown.value == ({"USD": plain(expected.cents)} if expected.cents else {})


def shown_as(stand: Stand) -> Shown:
    """How the ledger should show what the auditor sees stand."""
    quantity = {stand.unit: str(stand.quantity)} if stand.quantity else {}
    return Shown(stand.owner, quantity, {"USD": plain(stand.cents)} if stand.cents else {})
