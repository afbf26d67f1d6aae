"""Reading one message: its elements as our values, or the refusal that names segment and element."""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import cached_property
from typing import TypeVar

from tieout.connectors import edi_reading
from tieout.connectors.edi_documents import local_instant
from tieout.connectors.edi_reading import Cut, counts, first_of, preferred
from tieout.connectors.edi_reading import read as reading
from tieout.connectors.edifact.manifest import ITEM_QUALIFIERS
from tieout.core.values import day_end
from tieout.formats.edifact import Message, Segment, message_place, read_moment, read_number

T = TypeVar("T")
UNITS = {**dict.fromkeys(("", "PCE", "C62", "H87", "NAR", "EA"), "EA"), "DZN": "DZ", "KGM": "KG", "LBR": "LB", "PR": "PR"}
"""Units of Recommendation 20 to those the other connectors state; others stay as they are."""
REFERENCE = "2"
"""CUX: the currency that the document's amounts are in."""
DOCUMENT = ("137",)
"""DTM: the document's own date."""


class Unreadable(edi_reading.Unreadable):
    """A message cannot be read; caught in `translation`, where it becomes a refusal."""

    SYNTAX = "edifact"


class Frame(edi_reading.Frame, frozen=True):
    """What the interchange says about all its messages."""

    ITEM_QUALIFIERS = ITEM_QUALIFIERS

    @property
    def has_contrl(self) -> bool:
        """True when this partner and we acknowledge each other's interchanges."""
        without = {str(each).upper() for each in self.system.options.get("without_contrl") or ()}
        return not without & {"*", self.partner.upper()}

    def unit(self, code: str) -> str:
        """Our unit for a code of the partner's."""
        own = self.system.options.get("units")
        stated = own.get(code) if isinstance(own, Mapping) else None
        return str(stated or UNITS.get(code, code))


class Reading(edi_reading.Reading[Frame, Segment]):
    """One message and the frame it stands in."""

    ERROR = Unreadable

    def __init__(self, frame: Frame, message: Message, segments: list[Segment]) -> None:
        super().__init__(frame, segments, message.type[:20], message.byte)
        self.message = message

    def place(self, segment: Segment | None, element: int = 0) -> str:
        """Message, segment and element."""
        return message_place(self.message, segment, element)

    def text(self, segment: Segment, element: int, meaning: str, component: int = 1) -> str:
        """A component that must be there."""
        value = segment.get(element, component)
        if not value:
            raise Unreadable("element-missing", f"{_name(segment, element)}, {meaning}, is missing.", segment, element)
        return value

    def number(self, segment: Segment, element: int, component: int) -> Decimal | None:
        """A number, or None if it is absent."""
        return self._read(segment, element, component, read_number) if segment.get(element, component) else None

    def happened(self, qualifiers: Iterable[str] = DOCUMENT, segments: Iterable[Segment] | None = None) -> tuple[datetime, bool]:
        """The instant of the first DTM that is wanted, by order of preference, and whether only the day is known."""
        wanted = tuple(qualifiers)
        found = self.dated(wanted, self.segments if segments is None else segments)
        if found is None:
            raise Unreadable("date-missing", f"No DTM+{wanted[0]} says when this was.")
        return self._moment(found)

    def deadline(self, qualifiers: Iterable[str], segments: Iterable[Segment]) -> datetime | None:
        """The end of the day, or the instant, in the first DTM that is wanted; None if there is none."""
        found = self.dated(qualifiers, segments)
        if found is None:
            return None
        moment, is_day = self._moment(found)
        if not is_day:
            return moment
        day, _, _ = read_moment(found.get(1, 2), found.get(1, 3))
        return day_end(day, self.frame.system.timezone)

    def dated(self, qualifiers: Iterable[str], segments: Iterable[Segment]) -> Segment | None:
        """The first DTM that is wanted, by order of preference."""
        return preferred(first_of((each.get(1), each) for each in segments if each.name == "DTM" and each.get(1, 2)), qualifiers)

    def _moment(self, segment: Segment) -> tuple[datetime, bool]:
        try:
            day, clock, offset = read_moment(segment.get(1, 2), segment.get(1, 3))
            if clock is not None and offset is not None:
                return datetime.combine(day, clock, UTC) - offset, False
            return local_instant(day, clock, self.frame.system.timezone), clock is None
        except (ValueError, OverflowError) as bad:
            raise Unreadable("element", f"{_name(segment, 1)}: {bad}.", segment, 1) from bad

    @cached_property
    def currency(self) -> str:
        """The reference currency of CUX, else the one an amount names, else the system's."""
        for segment in self.segments:
            if segment.name == "CUX":
                named = [each for each in segment.elements if len(each) > 1 and each[1].strip()]
                stated = next((each for each in named if each[0] == REFERENCE), named[0] if named else None)
                if stated is not None:
                    return _code(segment, stated[1].strip().upper())
        for segment in self.segments:
            if segment.name == "MOA" and segment.get(1, 3):
                return _code(segment, segment.get(1, 3).upper())
        return self.frame.system.currency

    def party(self, codes: Iterable[str], segments: Iterable[Segment]) -> Segment | None:
        """The first NAD with one of those qualifiers, by order of preference."""
        return preferred(first_of((each.get(1), each) for each in segments if each.name == "NAD"), codes)

    def reference(self, qualifiers: Iterable[str], segments: Iterable[Segment]) -> str:
        """The number in the first RFF that is wanted, by order of preference; empty if there is none."""
        return preferred(first_of((each.get(1), each.get(1, 2)) for each in segments if each.name == "RFF"), qualifiers) or ""

    def references(self, qualifier: str, segments: Iterable[Segment]) -> list[str]:
        """All different numbers in the RFF of a qualifier."""
        numbers = (each.get(1, 2) for each in segments if each.name == "RFF" and each.get(1) == qualifier)
        return list(dict.fromkeys(number for number in numbers if number))

    def item(self, line: Segment, body: Iterable[Segment]) -> str:
        """The item that LIN and PIA name; empty if neither does."""
        named = [line.elements[2:3]] + [segment.elements[1:] for segment in body if segment.name == "PIA"]
        pairs = (_pair(each) for elements in named for each in elements)
        return self.named((qualifier, number) for number, qualifier in pairs)

    def quantity(self, body: Iterable[Segment], qualifiers: Iterable[str]) -> tuple[Decimal, str, Segment] | None:
        """Quantity and unit of the first QTY that is wanted, by order of preference."""
        segment = preferred(first_of((each.get(1), each) for each in body if each.name == "QTY"), qualifiers)
        if segment is None:
            return None
        self.text(segment, 1, "the quantity", 2)
        return self._read(segment, 1, 2, read_number), self.frame.unit(segment.get(1, 3)), segment

    def need_quantity(self, line: Segment, body: Iterable[Segment], qualifiers: tuple[str, ...]) -> tuple[Decimal, str]:
        """The same, where a line means nothing without."""
        found = self.quantity(body, qualifiers)
        if found is None:
            raise Unreadable("quantity-missing", f"Line {line.get(1)} has no QTY+{qualifiers[0]}.", line)
        return found[0], found[1]

    def _read(self, segment: Segment, element: int, component: int, read: Callable[[str], T]) -> T:
        def error(bad: str) -> Unreadable:
            return Unreadable("element", f"{_name(segment, element)}: {bad}.", segment, element)

        return reading(segment.get(element, component), read, error)


Parts = Cut[Segment]


def parts(reading: Reading, start: str, breaks: tuple[str, ...] = ()) -> Parts:
    """Cut at every segment named `start`; a segment named in `breaks` ends the line before it and belongs to none.

    Raises Unreadable when CNT+2 counts other lines.
    """
    found: Parts = Cut([], [], [])
    in_line = False
    for segment in reading.segments:
        if found.tail or segment.name in ("CNT", "UNT") or (segment.name == "UNS" and segment.get(1) != "D"):
            found.tail.append(segment)
        elif segment.name == start:
            found.lines.append((segment, []))
            in_line = True
        elif in_line and segment.name not in breaks:
            found.lines[-1][1].append(segment)
        else:
            in_line = False
            found.head.append(segment)
    for segment in found.tail:
        said = segment.get(1, 2)
        if segment.name == "CNT" and segment.get(1) == "2" and not counts(said, (len(found.lines),)):
            raise Unreadable("line-count", f"CNT says {said!r} lines, {len(found.lines)} arrived.", segment, 1)
    return found


def _code(segment: Segment, code: str) -> str:
    if len(code) == 3 and code.isascii() and code.isalpha():
        return code
    raise Unreadable("currency", f"{segment.name} says the currency {code!r}, which is no ISO 4217 code.", segment, 1)


def _pair(element: list[str]) -> tuple[str, str]:
    number, qualifier, *_ = [*element, "", ""]
    return number.strip(), qualifier.strip()


def _name(segment: Segment, element: int) -> str:
    return f"{segment.name}, element {element}"
