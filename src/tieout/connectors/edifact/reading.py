"""Reading one message: its elements as our values, or the refusal that names segment and element."""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import cached_property
from typing import Any, TypeVar

import msgspec

from tieout.connectors import System
from tieout.connectors.edi_documents import ADVICE, BY_LINE, local_instant, refusal
from tieout.connectors.edifact.manifest import ERP, ITEM_QUALIFIERS
from tieout.core.facts import Fact, FactType, Refusal
from tieout.core.values import Ref, SourceRef, day_end, normalise, ref
from tieout.formats.edifact import Message, Segment, message_place, read_moment, read_number

T = TypeVar("T")
CORRECT = "Ask the partner to correct this document and send it again."
UNITS = {**dict.fromkeys(("", "PCE", "C62", "H87", "NAR", "EA"), "EA"), "DZN": "DZ", "KGM": "KG", "LBR": "LB", "PR": "PR"}
"""Units of Recommendation 20 to those the other connectors state; others stay as they are."""
REFERENCE = "2"
"""CUX: the currency that the document's amounts are in."""
DOCUMENT = ("137",)
"""DTM: the document's own date."""


class Unreadable(Exception):
    """A message cannot be read; caught in `translation`, where it becomes a refusal."""

    def __init__(self, rule: str, reason: str, segment: Segment | None = None, element: int = 0, next_step: str = "") -> None:
        super().__init__(reason)
        self.rule = f"edifact/{rule}"
        self.reason = reason
        self.segment = segment
        self.element = element
        self.next_step = next_step or CORRECT


class Frame(msgspec.Struct, frozen=True):
    """What the interchange says about all its messages: whose it is, when it was made, where it was read."""

    system: System
    origin: str
    byte: int
    partner: str
    sent: bool
    moment: datetime
    revision: str

    @property
    def erp(self) -> str:
        """The system whose documents we name ourselves."""
        return str(self.system.options.get("erp_system") or ERP)

    @property
    def item_qualifiers(self) -> tuple[str, ...]:
        """Which item number type names the item, in order of preference."""
        wanted = self.system.options.get("item_qualifiers") or ITEM_QUALIFIERS
        return tuple(wanted.split()) if isinstance(wanted, str) else tuple(map(str, wanted))

    @property
    def has_line_changes(self) -> bool:
        """True when a change names only the lines that change, so that orders are kept line by line."""
        return self.system.options.get("order_changes") == BY_LINE

    @property
    def has_money_apart(self) -> bool:
        """True when the bank states what customers pay, so that their remittances only say what it is for."""
        return self.system.options.get("remittances") == ADVICE

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

    def source(self, byte: int, place: str) -> SourceRef:
        """Where a segment stands in the origin."""
        return SourceRef(self.origin, None, self.byte + byte, place)

    def refusal(self, byte: int, place: str, rule: str, reason: str, next_step: str) -> Refusal:
        """A refusal at a segment."""
        return refusal(self.source(byte, place), rule, reason, next_step)


class Reading:
    """One message and the frame it stands in."""

    def __init__(self, frame: Frame, message: Message, segments: list[Segment]) -> None:
        self.frame = frame
        self.message = message
        self.segments = segments

    def need(self, name: str) -> Segment:
        """The first segment of that name, without which the message means nothing."""
        for segment in self.segments:
            if segment.name == name:
                return segment
        raise Unreadable("segment-missing", f"Segment {name} is missing: {self.message.type[:20]} cannot be read without it.")

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
        found: dict[str, Segment] = {}
        for segment in segments:
            if segment.name == "DTM" and segment.get(1, 2):
                found.setdefault(segment.get(1), segment)
        return next((found[each] for each in qualifiers if each in found), None)

    def _moment(self, segment: Segment) -> tuple[datetime, bool]:
        try:
            day, clock, offset = read_moment(segment.get(1, 2), segment.get(1, 3))
            if clock is not None and offset is not None:
                return datetime.combine(day, clock, UTC) - offset, False
            return local_instant(day, clock, self.frame.system.timezone), clock is None
        except (ValueError, OverflowError) as bad:
            raise Unreadable("element", f"{_name(segment, 1)}: {bad}.", segment, 1) from bad

    def ours(self, type_: str, number: str) -> Ref:
        """A document of our ERP."""
        return ref(self.frame.erp, type_, number)

    def partners(self, type_: str, number: str) -> Ref:
        """A document of the partner."""
        return ref(self.frame.system.name, type_, number)

    def order(self, number: str) -> Ref:
        """A customer's order: its number is the customer's own, so the customer's identifier stands before it."""
        return self.partners("order", f"{self.frame.partner}:{number}")

    def fact(self, kind: FactType, subject: Ref, at: Segment, **stated: Any) -> Fact:
        """The fact of that kind whose document `subject` names, read at segment `at`."""
        system, type_, number = subject.split("/", 2)
        return Fact(
            kind=kind.name,
            system=system,
            type=type_,
            number=number,
            partner=normalise(self.frame.partner),
            revision=self.frame.revision,
            entity=self.frame.system.entity,
            source=self.frame.source(at.byte, message_place(self.message, at)),
            **stated,
        )

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
        found: dict[str, Segment] = {}
        for segment in segments:
            if segment.name == "NAD":
                found.setdefault(segment.get(1), segment)
        return next((found[code] for code in codes if code in found), None)

    def reference(self, qualifiers: Iterable[str], segments: Iterable[Segment]) -> str:
        """The number in the first RFF that is wanted, by order of preference; empty if there is none."""
        found: dict[str, str] = {}
        for segment in segments:
            if segment.name == "RFF" and segment.get(1, 2):
                found.setdefault(segment.get(1), segment.get(1, 2))
        return next((found[each] for each in qualifiers if each in found), "")

    def references(self, qualifier: str, segments: Iterable[Segment]) -> list[str]:
        """All different numbers in the RFF of a qualifier."""
        numbers = (each.get(1, 2) for each in segments if each.name == "RFF" and each.get(1) == qualifier)
        return list(dict.fromkeys(number for number in numbers if number))

    def item(self, line: Segment, body: Iterable[Segment]) -> str:
        """The item that LIN and PIA name; empty if neither does."""
        known: dict[str, str] = {}
        named = [line.elements[2:3]] + [segment.elements[1:] for segment in body if segment.name == "PIA"]
        for number, qualifier in (_pair(each) for elements in named for each in elements):
            if number:
                known.setdefault(qualifier, number)
        for qualifier in self.frame.item_qualifiers:
            if qualifier in known:
                return normalise(known[qualifier])
        return normalise(next(iter(known.values()), ""))

    def quantity(self, body: Iterable[Segment], qualifiers: Iterable[str]) -> tuple[Decimal, str, Segment] | None:
        """Quantity and unit of the first QTY that is wanted, by order of preference."""
        found: dict[str, Segment] = {}
        for segment in body:
            if segment.name == "QTY":
                found.setdefault(segment.get(1), segment)
        for qualifier in qualifiers:
            if qualifier in found:
                segment = found[qualifier]
                self.text(segment, 1, "the quantity", 2)
                number = self._read(segment, 1, 2, read_number)
                return number, self.frame.unit(segment.get(1, 3)), segment
        return None

    def need_quantity(self, line: Segment, body: Iterable[Segment], qualifiers: tuple[str, ...]) -> tuple[Decimal, str]:
        """The same, where a line means nothing without."""
        found = self.quantity(body, qualifiers)
        if found is None:
            raise Unreadable("quantity-missing", f"Line {line.get(1)} has no QTY+{qualifiers[0]}.", line)
        return found[0], found[1]

    def refusal(self, unreadable: Unreadable) -> Refusal:
        """What was raised, as a value."""
        at = unreadable.segment
        place = message_place(self.message, at, unreadable.element)
        byte = at.byte if at else self.message.byte
        return self.frame.refusal(byte, place, unreadable.rule, unreadable.reason, unreadable.next_step)

    def _read(self, segment: Segment, element: int, component: int, read: Callable[[str], T]) -> T:
        try:
            return read(segment.get(element, component))
        except ValueError as bad:
            raise Unreadable("element", f"{_name(segment, element)}: {bad}.", segment, element) from bad


class Parts(msgspec.Struct, frozen=True):
    """A message cut at its lines: what stands before them, each line with its segments, and the summary after UNS or CNT."""

    head: list[Segment]
    lines: list[tuple[Segment, list[Segment]]]
    tail: list[Segment]


def parts(reading: Reading, start: str, breaks: tuple[str, ...] = ()) -> Parts:
    """Cut at every segment named `start`; a segment named in `breaks` ends the line before it and belongs to none.

    Raises Unreadable when CNT+2 counts other lines.
    """
    found = Parts([], [], [])
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
        if segment.name == "CNT" and segment.get(1) == "2" and not _counts(said, len(found.lines)):
            raise Unreadable("line-count", f"CNT says {said!r} lines, {len(found.lines)} arrived.", segment, 1)
    return found


def _code(segment: Segment, code: str) -> str:
    if len(code) == 3 and code.isascii() and code.isalpha():
        return code
    raise Unreadable("currency", f"{segment.name} says the currency {code!r}, which is no ISO 4217 code.", segment, 1)


def _counts(text: str, count: int) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10 and int(text) == count


def _pair(element: list[str]) -> tuple[str, str]:
    number, qualifier, *_ = [*element, "", ""]
    return number.strip(), qualifier.strip()


def _name(segment: Segment, element: int) -> str:
    return f"{segment.name}, element {element}"
