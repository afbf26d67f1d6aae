"""Reading one transaction set: its elements as our values, or the refusal that names segment and element."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, TypeVar

import msgspec

from tieout.connectors import System
from tieout.connectors.edi_documents import ADVICE, BY_LINE, local_instant, refusal
from tieout.connectors.x12.manifest import ERP, ITEM_QUALIFIERS
from tieout.core.facts import Fact, FactType, Refusal
from tieout.core.values import Ref, SourceRef, day_end, normalise, ref
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
CORRECT = "Ask the partner to correct this document and send it again."
NEW = "new"


class Unreadable(Exception):
    """A transaction set cannot be read; caught in `translation`, where it becomes a refusal."""

    def __init__(
        self, rule: str, reason: str, segment: Segment | None = None, element: int = 0, next_step: str = "", missing: str = ""
    ) -> None:
        super().__init__(reason)
        self.missing = missing
        self.rule = rule
        self.reason = reason
        self.segment = segment
        self.element = element
        self.next_step = next_step or CORRECT


class Frame(msgspec.Struct, frozen=True):
    """What the interchange says about all its sets: whose it is, its control number, when it was made, where it was read. Of one
    that we sent, the command it carries out and the document of ours it is about, if the runtime said so."""

    system: System
    origin: str
    byte: int
    partner: str
    sent: bool
    moment: datetime
    revision: str
    control: str = ""
    command: str = ""
    about: str = ""

    @property
    def erp(self) -> str:
        """The system whose documents we name ourselves."""
        return str(self.system.options.get("erp_system") or ERP)

    @property
    def item_qualifiers(self) -> tuple[str, ...]:
        """Which product qualifier names the item, in order of preference."""
        wanted = self.system.options.get("item_qualifiers") or ITEM_QUALIFIERS
        return tuple(wanted.split()) if isinstance(wanted, str) else tuple(map(str, wanted))

    @property
    def has_line_changes(self) -> bool:
        """True when a change names only the lines that change, so that orders are kept line by line."""
        return self.system.options.get("order_changes") == BY_LINE

    @property
    def has_new_quantities(self) -> bool:
        """True when a decrease or an increase states the new quantity."""
        return self.system.options.get("changed_quantity") == NEW

    @property
    def has_money_apart(self) -> bool:
        """True when the bank states what customers pay, so that their remittances only say what it is for."""
        return self.system.options.get("remittances") == ADVICE

    def source(self, byte: int, place: str) -> SourceRef:
        """Where a segment stands in the origin."""
        return SourceRef(self.origin, None, self.byte + byte, place)

    def refusal(self, byte: int, place: str, rule: str, reason: str, next_step: str) -> Refusal:
        """A refusal at a segment."""
        return refusal(self.source(byte, place), rule, reason, next_step)

    def instant(self, day: date, clock: time | None) -> datetime:
        """Local date and time of the partner's system in UTC; local midnight without a time."""
        return local_instant(day, clock, self.system.timezone)


class Reading:
    """One transaction set and the frame it stands in."""

    def __init__(self, frame: Frame, group: Group, transaction: TransactionSet, segments: list[Segment]) -> None:
        self.frame = frame
        self.group = group
        self.set = transaction
        self.segments = segments

    def all(self, name: str) -> list[Segment]:
        """All segments of that name, in order."""
        return [segment for segment in self.segments if segment.name == name]

    def need(self, name: str) -> Segment:
        """The first segment of that name, without which the set means nothing."""
        for segment in self.segments:
            if segment.name == name:
                return segment
        raise Unreadable("x12/segment-missing", f"Segment {name} is missing: a {self.set.code} cannot be read without it.", missing=name)

    def text(self, segment: Segment, element: int, meaning: str) -> str:
        """An element that must be there."""
        value = segment.get(element)
        if not value:
            raise Unreadable("x12/element-missing", _name(segment, element) + f", {meaning}, is missing.", segment, element)
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
            source=self.frame.source(at.byte, set_place(self.set, at)),
            **stated,
        )

    def currency(self) -> str:
        """CUR02, or the system's currency."""
        for segment in self.all("CUR"):
            code = segment.get(2).upper()
            if len(code) == 3 and code.isalpha():
                return code
            raise Unreadable("x12/currency", f"CUR02 is {code!r}, not an ISO 4217 code.", segment, 2)
        return self.frame.system.currency

    def party(self, segments: Iterable[Segment], codes: Iterable[str]) -> Segment | None:
        """The first N1 with one of those codes, by order of preference."""
        found: dict[str, Segment] = {}
        for segment in segments:
            if segment.name == "N1":
                found.setdefault(segment.get(1), segment)
        return next((found[code] for code in codes if code in found), None)

    def item(self, pairs: Iterable[tuple[str, str]]) -> str:
        """The item that product qualifier and id pairs name; empty if no wanted qualifier is there."""
        known: dict[str, str] = {}
        for qualifier, value in pairs:
            if value:
                known.setdefault(qualifier, value)
        for qualifier in self.frame.item_qualifiers:
            if qualifier in known:
                return normalise(known[qualifier])
        return normalise(next(iter(known.values()), ""))

    def reference(self, qualifiers: Iterable[str], segments: Iterable[Segment] | None = None) -> str:
        """REF02 or N902 of the first wanted qualifier; empty if there is none."""
        found: dict[str, str] = {}
        for segment in self.segments if segments is None else segments:
            if segment.name in ("REF", "N9"):
                found.setdefault(segment.get(1), segment.get(2))
        return next((found[each] for each in qualifiers if found.get(each)), "")

    def refusal(self, unreadable: Unreadable) -> Refusal:
        """What was raised, as a value."""
        at = unreadable.segment
        place = set_place(self.set, at, unreadable.element)
        byte = at.byte if at else self.set.byte
        return self.frame.refusal(byte, place, unreadable.rule, unreadable.reason, unreadable.next_step)

    def _read(self, segment: Segment, element: int, read: Callable[[str], T]) -> T:
        try:
            return read(segment.get(element))
        except ValueError as bad:
            raise Unreadable("x12/element", f"{_name(segment, element)}: {bad}.", segment, element) from bad


def pairs(segment: Segment, first: int) -> list[tuple[str, str]]:
    """Qualifier and id pairs from element `first` to the end of the segment."""
    last = len(segment.elements)
    return [(segment.get(at), segment.get(at + 1)) for at in range(first, last, 2)]


class Loops(msgspec.Struct, frozen=True):
    """A set cut at its line segments: what stands before them, each line with its segments, and what comes after."""

    head: list[Segment]
    lines: list[tuple[Segment, list[Segment]]]
    tail: list[Segment]


def loops(segments: list[Segment], start: str, ends: tuple[str, ...]) -> Loops:
    """Cut at every segment named `start`; the first of `ends` after that closes the last line."""
    found = Loops([], [], [])
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
        if said and not (said.isascii() and said.isdigit() and len(said) < 10 and int(said) in allowed):
            reason = f"CTT01 says {said!r} lines, {count} arrived."
            raise Unreadable("x12/line-count", reason, segment, 1)


def _name(segment: Segment, element: int) -> str:
    return f"{segment.name}{element:02d}"
