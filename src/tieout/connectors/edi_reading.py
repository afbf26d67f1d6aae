"""What reading a trading partner's paper is in any syntax: whose it is, whose documents it names, a fact or the refusal that says where."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, ClassVar, Generic, Protocol, TypeVar

import msgspec

from tieout.connectors import System
from tieout.connectors.edi_documents import ADVICE, BY_LINE, refusal
from tieout.core.facts import Fact, FactType, Refusal
from tieout.core.values import Ref, SourceRef, normalise, ref

T = TypeVar("T")
CORRECT = "Ask the partner to correct this document and send it again."
ERP = "erp"


class Placed(Protocol):
    """A segment, as far as its place goes."""

    @property
    def name(self) -> str:
        """Its tag."""
        ...

    @property
    def byte(self) -> int:
        """Where it begins in its interchange."""
        ...


S = TypeVar("S", bound=Placed)


class Unreadable(Exception):
    """A paper cannot be read; caught in the `translation` of its syntax, where it becomes a refusal. `missing` names the segment it lacks."""

    SYNTAX: ClassVar[str] = ""

    def __init__(
        self, rule: str, reason: str, segment: Any = None, element: int = 0, next_step: str = "", missing: str = ""
    ) -> None:  # fmt: skip
        super().__init__(reason)
        self.rule = f"{self.SYNTAX}/{rule}"
        self.reason = reason
        self.segment = segment
        self.element = element
        self.next_step = next_step or CORRECT
        self.missing = missing


class Frame(msgspec.Struct, frozen=True):
    """What the interchange says about all its papers: whose it is, when it was made, where it was read."""

    ITEM_QUALIFIERS: ClassVar[tuple[str, ...]] = ()

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
        """Which kind of item number names the item, in order of preference."""
        wanted = self.system.options.get("item_qualifiers") or self.ITEM_QUALIFIERS
        return tuple(wanted.split()) if isinstance(wanted, str) else tuple(map(str, wanted))

    @property
    def has_line_changes(self) -> bool:
        """True when a change names only the lines that change, so that orders are kept line by line."""
        return self.system.options.get("order_changes") == BY_LINE

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


F = TypeVar("F", bound=Frame)


class Reading(ABC, Generic[F, S]):
    """One paper and the frame it stands in. A syntax says where its segments are (`place`) and how it refuses (`ERROR`)."""

    ERROR: ClassVar[type[Unreadable]] = Unreadable

    def __init__(self, frame: F, segments: list[S], title: str, byte: int) -> None:
        self.frame = frame
        self.segments = segments
        self._title = title
        self._byte = byte

    @abstractmethod
    def place(self, segment: S | None, element: int = 0) -> str:
        """Where in the interchange a segment stands, in words."""

    def all(self, name: str) -> list[S]:
        """All segments of that name, in order."""
        return [segment for segment in self.segments if segment.name == name]

    def need(self, name: str) -> S:
        """The first segment of that name, without which the paper means nothing."""
        for segment in self.segments:
            if segment.name == name:
                return segment
        reason = f"Segment {name} is missing: {self._title} cannot be read without it."
        raise self.ERROR("segment-missing", reason, missing=name)

    def ours(self, type_: str, number: str) -> Ref:
        """A document of our ERP."""
        return ref(self.frame.erp, type_, number)

    def partners(self, type_: str, number: str) -> Ref:
        """A document of the partner."""
        return ref(self.frame.system.name, type_, number)

    def order(self, number: str) -> Ref:
        """A customer's order: its number is the customer's own, so the customer's identifier stands before it."""
        return self.partners("order", f"{self.frame.partner}:{number}")

    def fact(self, kind: FactType, subject: Ref, at: S, *, amends: bool = False, **stated: Any) -> Fact:
        """The fact of that kind whose document `subject` names, read at segment `at`; `amends` where it says that it changes another."""
        system, type_, number = subject.split("/", 2)
        return Fact(
            kind=kind.name,
            system=system,
            type=type_,
            number=number,
            partner=normalise(self.frame.partner),
            revision=amending(self.frame.revision) if amends else self.frame.revision,
            entity=self.frame.system.entity,
            source=self.frame.source(at.byte, self.place(at)),
            **stated,
        )

    def named(self, pairs: Iterable[tuple[str, str]]) -> str:
        """The item that pairs of qualifier and number name; the first number where no wanted qualifier is there."""
        known = first_of(pairs)
        return normalise(preferred(known, self.frame.item_qualifiers) or next(iter(known.values()), ""))

    def refusal(self, unreadable: Unreadable) -> Refusal:
        """What was raised, as a value."""
        at = unreadable.segment
        place = self.place(at, unreadable.element)
        return self.frame.refusal(at.byte if at else self._byte, place, unreadable.rule, unreadable.reason, unreadable.next_step)


class Cut(msgspec.Struct, Generic[S], frozen=True):
    """A paper cut at its lines: what stands before them, each line with its segments, and what comes after."""

    head: list[S]
    lines: list[tuple[S, list[S]]]
    tail: list[S]


def amending(revision: str) -> str:
    """The revision key of a paper that says of itself that it changes, replaces or cancels another: it stands above every
    original, so that an original which is sent again later does not undo it."""
    return f"tc{revision.removeprefix('t')}"


def first_of(pairs: Iterable[tuple[str, T]]) -> dict[str, T]:
    """What each qualifier says first; what says nothing is left out."""
    found: dict[str, T] = {}
    for qualifier, said in pairs:
        if said:
            found.setdefault(qualifier, said)
    return found


def preferred(found: Mapping[str, T], wanted: Iterable[str]) -> T | None:
    """What the first qualifier that is wanted and there says."""
    return next((found[each] for each in wanted if each in found), None)


def counts(text: str, allowed: Iterable[int]) -> bool:
    """True when a text is one of some counts."""
    return text.isascii() and text.isdigit() and len(text) < 10 and int(text) in set(allowed)


def read(text: str, how: Callable[[str], T], error: Callable[[str], Unreadable]) -> T:
    """An element as a value; what cannot be read raises what `error` makes of the reason."""
    try:
        return how(text)
    except ValueError as bad:
        raise error(str(bad)) from bad
