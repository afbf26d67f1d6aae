"""Reading one transaction set: its elements as our values, or the refusal that names segment and element."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import TypeVar

from tieout.connectors import edi_reading
from tieout.connectors.edi_documents import local_instant
from tieout.connectors.edi_reading import Cut, counts, first_of, preferred
from tieout.connectors.edi_reading import read as reading
from tieout.connectors.x12.manifest import ITEM_QUALIFIERS
from tieout.core.values import day_end
from tieout.formats.x12 import (
    Group,
    Segment,
    TransactionSet,
    n_decimal,
    r_decimal,
    read_date,
    read_time,
    set_place,
)

T = TypeVar("T")
NEW = "new"


class Unreadable(edi_reading.Unreadable):
    """A transaction set cannot be read; caught in `translation`, where it becomes a refusal."""

    SYNTAX = "x12"


class Frame(edi_reading.Frame, frozen=True):
    """What the interchange says about all its sets, with its control number; of one that we sent, the command it carries out and the
    document of ours it is about, if the runtime said so."""

    ITEM_QUALIFIERS = ITEM_QUALIFIERS

    control: str = ""
    command: str = ""
    about: str = ""

    @property
    def has_new_quantities(self) -> bool:
        """True when a decrease or an increase states the new quantity."""
        return self.system.options.get("changed_quantity") == NEW

    def instant(self, day: date, clock: time | None) -> datetime:
        """Local date and time of the partner's system in UTC; local midnight without a time."""
        return local_instant(day, clock, self.system.timezone)


class Reading(edi_reading.Reading[Frame, Segment]):
    """One transaction set and the frame it stands in."""

    ERROR = Unreadable

    def __init__(self, frame: Frame, group: Group, transaction: TransactionSet, segments: list[Segment]) -> None:
        super().__init__(frame, segments, f"a {transaction.code}", transaction.byte)
        self.group = group
        self.set = transaction

    def place(self, segment: Segment | None, element: int = 0) -> str:
        """Set, segment and element."""
        return set_place(self.set, segment, element)

    def text(self, segment: Segment, element: int, meaning: str) -> str:
        """An element that must be there."""
        value = segment.get(element)
        if not value:
            raise Unreadable("element-missing", _name(segment, element) + f", {meaning}, is missing.", segment, element)
        return value

    def number(self, segment: Segment, element: int) -> Decimal | None:
        """An element of type R, or None if it is absent."""
        return self._read(segment, element, r_decimal) if segment.get(element) else None

    def quantity(self, segment: Segment, element: int, meaning: str) -> Decimal:
        """An element of type R that must be there."""
        self.text(segment, element, meaning)
        return self._read(segment, element, r_decimal)

    def cents(self, segment: Segment, element: int) -> Decimal | None:
        """An element of type N2 (`12345` is 123.45), or None if it is absent."""
        return self._read(segment, element, lambda text: n_decimal(text, 2)) if segment.get(element) else None

    def happened(self, segment: Segment, day: int, clock: int = 0) -> tuple[datetime, bool]:
        """The instant in a date and a time element, and whether only the day is known."""
        self.text(segment, day, "the document's date")
        on = self._read(segment, day, read_date)
        at = self._read(segment, clock, read_time) if clock and segment.get(clock) else None
        return self.frame.instant(on, at), at is None

    def deadline(self, segment: Segment, element: int) -> datetime:
        """The end of the local day in a date element."""
        return day_end(self._read(segment, element, read_date), self.frame.system.timezone)

    def date_of(self, segments: Iterable[Segment], qualifiers: Iterable[str]) -> datetime | None:
        """The end of the day in the first DTM whose qualifier is wanted, by order of preference."""
        found = {segment.get(1): segment for segment in segments if segment.name == "DTM" and segment.get(2)}
        for qualifier in qualifiers:
            if qualifier in found:
                return self.deadline(found[qualifier], 2)
        return None

    def currency(self) -> str:
        """CUR02, or the system's currency."""
        for segment in self.all("CUR"):
            code = segment.get(2).upper()
            if len(code) == 3 and code.isalpha():
                return code
            raise Unreadable("currency", f"CUR02 is {code!r}, not an ISO 4217 code.", segment, 2)
        return self.frame.system.currency

    def party(self, segments: Iterable[Segment], codes: Iterable[str]) -> Segment | None:
        """The first N1 with one of those codes, by order of preference."""
        return preferred(first_of((each.get(1), each) for each in segments if each.name == "N1"), codes)

    def item(self, pairs: Iterable[tuple[str, str]]) -> str:
        """The item that product qualifier and id pairs name; empty if no wanted qualifier is there."""
        return self.named(pairs)

    def reference(self, qualifiers: Iterable[str], segments: Iterable[Segment] | None = None) -> str:
        """REF02 or N902 of the first wanted qualifier; empty if there is none."""
        among = self.segments if segments is None else segments
        return preferred(first_of((each.get(1), each.get(2)) for each in among if each.name in ("REF", "N9")), qualifiers) or ""

    def _read(self, segment: Segment, element: int, read: Callable[[str], T]) -> T:
        return reading(segment.get(element), read, lambda bad: Unreadable("element", f"{_name(segment, element)}: {bad}.", segment, element))


def pairs(segment: Segment, first: int) -> list[tuple[str, str]]:
    """Qualifier and id pairs from element `first` to the end of the segment."""
    last = len(segment.elements)
    return [(segment.get(at), segment.get(at + 1)) for at in range(first, last, 2)]


Loops = Cut[Segment]


def loops(segments: list[Segment], start: str, ends: tuple[str, ...]) -> Loops:
    """Cut at every segment named `start`; the first of `ends` after that closes the last line."""
    found: Loops = Cut([], [], [])
    for segment in segments:
        if found.tail or (found.lines and segment.name in ends):
            found.tail.append(segment)
        elif segment.name == start:
            found.lines.append((segment, []))
        elif found.lines:
            found.lines[-1][1].append(segment)
        else:
            found.head.append(segment)
    return found


def check_count(reading: Reading, count: int, others: Mapping[str, int] | None = None) -> None:
    """CTT01 must be the number of lines (or another count that partners use)."""
    for segment in reading.all("CTT"):
        said = segment.get(1)
        allowed = {count, *(others or {}).values()}
        if said and not counts(said, allowed):
            reason = f"CTT01 says {said!r} lines, {count} arrived."
            raise Unreadable("line-count", reason, segment, 1)


def _name(segment: Segment, element: int) -> str:
    return f"{segment.name}{element:02d}"
