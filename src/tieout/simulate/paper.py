"""A paper: one thing a partner says, before it is written in that partner's wire format. Plain data, no behaviour of the ledger."""

from dataclasses import dataclass, field
from typing import Any

Cents = int
"""Money in whole minor units of the company's one currency; never a float."""


@dataclass(slots=True)
class Line:
    """One line: goods with a quantity, or a `charge` (`freight`, `tax`) with a value alone. `value` is extended; None says nothing."""

    item: str
    quantity: int | None = None
    value: Cents | None = None
    unit: str = "EA"
    charge: str = ""
    about: str = ""
    """What this line moves, where that is not what the paper is about: an invoice that is paid, say."""

    def copy(self, **changes: Any) -> "Line":
        """The same line with something else in it."""
        made = Line(self.item, self.quantity, self.value, self.unit, self.charge, self.about)
        for name, value in changes.items():
            setattr(made, name, value)
        return made


@dataclass(slots=True, eq=False)
class Paper:
    """What one system says about one thing.

    `kind` is the act (`order`, `booking`, `shipment`, …; the auditor's table says what each moves), `happened` the time it
    states, `delivered` when it reaches Tieout. `about` is the reference its lines move, as the partner names it;
    `links` pairs of references that it says are the same. `revision` counts the versions of one document. `spoil` names how its
    bytes are damaged on the way (see `wire`), which then say nothing. `more` is what only its partner's format needs.
    """

    kind: str
    system: str
    number: str
    happened: int
    delivered: int
    about: str
    lines: list[Line] = field(default_factory=list)
    links: tuple[tuple[str, str], ...] = ()
    revision: int = 0
    is_day: bool = False
    void: bool = False
    due: int | None = None
    spoil: str = ""
    origin: str = ""
    """The file that it came in, once it is written."""
    of: int = -1
    """The order whose story it belongs to; -1 for what belongs to none."""
    more: dict[str, Any] = field(default_factory=dict)

    def copy(self, **changes: Any) -> "Paper":
        """The same paper with something else in it; its lines are copied, so that they can be changed too."""
        made = Paper(
            self.kind, self.system, self.number, self.happened, self.delivered, self.about, [line.copy() for line in self.lines],
            self.links, self.revision, self.is_day, self.void, self.due, self.spoil, self.origin, self.of, dict(self.more),
        )  # fmt: skip
        for name, value in changes.items():
            setattr(made, name, value)
        return made

    def line(self, item: str) -> Line:
        """The line of an item or charge."""
        return next(line for line in self.lines if item in (line.item, line.charge))


def money(cents: Cents) -> str:
    """`-12.05`."""
    sign = "-" if cents < 0 else ""
    return f"{sign}{abs(cents) // 100}.{abs(cents) % 100:02d}"


def plain(cents: int) -> str:
    """Money as the ledger writes it, without needless zeros."""
    return plain_text(money(cents))


def plain_text(text: str) -> str:
    """A decimal number without needless zeros."""
    return text.rstrip("0").rstrip(".") if "." in text else text
