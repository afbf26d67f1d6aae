"""What a rehearsal says: outcomes under two configurations, how they differ, what that is worth, and the first examples. Data only."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

import msgspec

from tieout.core.values import EXACT, plain

Money = dict[str, Decimal]
"""By currency; never negative where it says what something is worth."""


class Sum(msgspec.Struct):
    """How many, and what they are worth by currency; absolute amounts, as exact decimals in text."""

    count: int = 0
    value: dict[str, str] = {}

    def add(self, value: Mapping[str, Decimal]) -> None:
        """Count one more."""
        self.count += 1
        for currency, amount in value.items():
            self.value[currency] = plain(EXACT.add(Decimal(self.value.get(currency, "0")), amount))


class Example(msgspec.Struct, frozen=True):
    """One difference: its class and subject, what it is before and after the change (empty: it is not there), why it is not on
    the other side or what differs, and the first entries that it rests on."""

    class_: str = msgspec.field(name="class")
    subject: str
    before: str
    after: str
    why: str
    entries: tuple[str, ...] = ()


class Difference(Sum):
    """All differences of one kind. For what changed, `value` is what it is worth after the change less before, by currency."""

    classes: dict[str, Sum] = {}
    examples: list[Example] = []

    def put(self, class_: str, value: Mapping[str, Decimal]) -> None:
        """Count one more of a class."""
        self.add(value)
        self.classes.setdefault(class_, Sum()).add(value)


class Comparison(msgspec.Struct):
    """One kind of outcome under both configurations: all there are before and after, and how they differ."""

    before: Sum = msgspec.field(default_factory=Sum)
    after: Sum = msgspec.field(default_factory=Sum)
    appear: Difference = msgspec.field(default_factory=Difference)
    vanish: Difference = msgspec.field(default_factory=Difference)
    change: Difference = msgspec.field(default_factory=Difference)


class Rehearsal(msgspec.Struct):
    """What a change would have made of the history.

    `exceptions` stood open at some time since `since`; `commands` were decided since then; `write_offs` are decisions of people
    that hold at the end; `tolerated` are differences that nobody is shown because they are within tolerance.
    """

    since: datetime
    until: datetime
    flow: str
    messages: int
    exceptions: Comparison
    commands: Comparison
    write_offs: Comparison
    tolerated: Comparison

    @property
    def is_same(self) -> bool:
        """True when nothing at all would differ."""
        found = (self.exceptions, self.commands, self.write_offs, self.tolerated)
        return not any(d.count for c in found for d in (c.appear, c.vanish, c.change))
