"""One walk over the envelope segments of an interchange: groups, sets and every way in which they disagree."""

from tieout.formats.fault import Fault, Weight, segment_place
from tieout.formats.x12.tokens import Segment, Tokens

RESEND = "Ask the partner to send it again, complete and with matching control numbers."
COUNT = "Ask the partner whether a part is missing; what arrived whole was read."
FAULTS_MAX = 50
"""Faults told of one envelope; who has seen fifty has seen enough."""
SERVICE = ("ISB", "ISE", "TA3")
"""Interchange segments that carry nothing we read."""

OpenSet = tuple[Segment, int, int, list[Fault]]
"""ST, first segment, end (exclusive), faults."""
OpenGroup = tuple[Segment, list[OpenSet], list[Fault]]
"""GS, its sets, faults of the group."""


class Walk:
    """The state of the walk: the open group, the open set and what was found so far."""

    def __init__(self, tokens: Tokens, control: str) -> None:
        self.tokens = tokens
        self.control = control
        self.separator = tokens.delimiters.element.decode("latin-1")
        self.groups: list[OpenGroup] = []
        self.acknowledgments: list[Segment] = []
        self.faults: list[Fault] = []
        self.group: OpenGroup | None = None
        self.opened: tuple[Segment, int] | None = None
        self.numbers: set[str] = set()
        self.ended = False

    def all(self) -> None:
        """Walk over the whole interchange."""
        expected = 1
        for at in self._marks():
            if at > expected and self.opened is None:
                self._stray(expected, at)
            self._step(at)
            expected = at + 1
        if self.opened is None and expected < len(self.tokens.texts):
            self._stray(expected, len(self.tokens.texts))
        self._finish(len(self.tokens.texts))

    def _marks(self) -> list[int]:
        names = {f"{name}{self.separator}"[:3] for name in ("ST", "SE", "GS", "GE", "IEA", "TA1")}
        texts = self.tokens.texts
        return [at for at in range(1, len(texts)) if texts[at][:3] in names]

    def _segment(self, at: int) -> Segment:
        return Segment(self.tokens.texts[at].split(self.separator), at + 1, self.tokens.offsets[at])

    def _step(self, at: int) -> None:
        segment = self._segment(at)
        match segment.name:
            case "GS":
                self._close_group(at)
                self.group = (segment, [], [])
                self.numbers = set()
            case "ST":
                self._open_set(segment, at)
            case "SE":
                self._close_set(segment, at)
            case "GE":
                self._end_group(segment, at)
            case "IEA":
                self._end(segment, at)
            case "TA1" if self.opened is None:
                self.acknowledgments.append(segment)

    def _open_set(self, segment: Segment, at: int) -> None:
        self._lost_trailer(at)
        if self.group is None:
            reason = "A transaction set begins outside any functional group (no GS before it)."
            self._interchange("set-outside-group", segment, 0, reason, "TA1:024", Weight.GAP)
            self.group = (Segment(["GS"], segment.index, segment.byte), [], [])
        self.opened = (Segment(segment.elements, 1, segment.byte), at)

    def _close_set(self, segment: Segment, at: int) -> None:
        if self.opened is None:
            if self.group is not None:
                reason = "SE ends a transaction set that never began: its ST is missing."
                _add(self.group[2], _fault("se-without-st", segment, 0, reason, COUNT, "AK5:6", Weight.GAP))
            return
        first, start = self.opened
        last = Segment(segment.elements, at - start + 1, segment.byte)
        faults = self._set_faults(first, last, last.index)
        self._add_set((first, start, at + 1, faults))

    def _set_faults(self, first: Segment, last: Segment, count: int) -> list[Fault]:
        faults = []
        if len(first.get(1)) != 3 or not first.get(1).isalnum():
            reason = f"ST01 is {first.get(1)!r}, not a transaction set such as 850."
            faults.append(_fault("st-code", first, 1, reason, RESEND, "AK5:6"))
        if not first.get(2):
            faults.append(_fault("st-control", first, 2, "ST02, the control number, is missing.", RESEND, "AK5:7"))
        if first.get(2) in self.numbers:
            reason = f"Control number {first.get(2)} stands twice in this group."
            faults.append(_fault("st-twice", first, 2, reason, RESEND, "AK5:23"))
        if not _same(first.get(2), last.get(2)):
            reason = f"ST02 is {first.get(2)!r} but SE02 is {last.get(2)!r}: head and tail are of different documents."
            faults.append(_fault("se-control", last, 2, reason, RESEND, "AK5:3"))
        if not _counts(last.get(1), count):
            reason = f"SE01 says {last.get(1)!r} segments, {count} arrived."
            faults.append(_fault("se-count", last, 1, reason, RESEND, "AK5:4"))
        return faults

    def _add_set(self, closed: OpenSet) -> None:
        self.opened = None
        self.numbers.add(closed[0].get(2))
        if self.group is not None:
            self.group[1].append(closed)

    def _lost_trailer(self, at: int) -> None:
        if self.opened is None:
            return
        first, start = self.opened
        cause = "the input ends" if at == len(self.tokens.texts) else "the next envelope begins"
        reason = f"Transaction set {first.get(1)}/{first.get(2)} has no SE: {cause} inside it."
        self._add_set((first, start, at, [_fault("se-missing", first, 0, reason, RESEND, "AK5:2")]))

    def _end_group(self, segment: Segment, at: int) -> None:
        self._lost_trailer(at)
        if self.group is None:
            reason = "GE ends a functional group that never began: its GS is missing."
            self._interchange("ge-without-gs", segment, 0, reason, "TA1:024", Weight.GAP)
            return
        first, sets, faults = self.group
        if not _same(first.get(6), segment.get(2)):
            reason = f"GS06 is {first.get(6)!r} but GE02 is {segment.get(2)!r}: head and tail are of different groups."
            _add(faults, _fault("ge-control", segment, 2, reason, RESEND, "AK9:4"))
        if not _counts(segment.get(1), len(sets)):
            reason = f"GE01 says {segment.get(1)!r} transaction sets, {len(sets)} arrived."
            _add(faults, _fault("ge-count", segment, 1, reason, COUNT, "AK9:5", Weight.GAP))
        self.groups.append(self.group)
        self.group = None

    def _close_group(self, at: int) -> None:
        """A group is open although the next envelope begins: its GE is missing, its whole sets stay readable."""
        self._lost_trailer(at)
        if self.group is None:
            return
        reason = f"Functional group {self.group[0].get(6)} has no GE."
        _add(self.group[2], _fault("ge-missing", self.group[0], 0, reason, COUNT, "AK9:3", Weight.GAP))
        self.groups.append(self.group)
        self.group = None

    def _end(self, segment: Segment, at: int) -> None:
        self._close_group(at)
        if self.ended:
            self._interchange("iea-twice", segment, 0, "IEA stands twice.", "TA1:022", Weight.NOTE)
            return
        self.ended = True
        if not _same(self.control, segment.get(2)):
            reason = f"ISA13 is {self.control!r} but IEA02 is {segment.get(2)!r}: head and tail are of different files."
            self._interchange("iea-control", segment, 2, reason, "TA1:001", Weight.FATAL)
        if not _counts(segment.get(1), len(self.groups)):
            reason = f"IEA01 says {segment.get(1)!r} functional groups, {len(self.groups)} arrived."
            weight = Weight.NOTE if self.acknowledgments and not self.groups else Weight.GAP
            self._interchange("iea-count", segment, 1, reason, "TA1:021", weight)

    def _finish(self, at: int) -> None:
        if self.ended:
            self._close_group(at)
            return
        reason = "The interchange has no IEA: the file was cut off."
        self._interchange("iea-missing", self._segment(0), 0, reason, "TA1:023", Weight.GAP)
        self._close_group(at)

    def _stray(self, start: int, end: int) -> None:
        """Segments between the envelopes that belong to no transaction set."""
        stray = [self._segment(at) for at in range(start, min(end, start + 3))]
        stray = [segment for segment in stray if segment.name not in SERVICE]
        if not stray:
            return
        reason = f"Segment {stray[0].name[:20]!r} stands outside any transaction set: a terminator or an ST is missing."
        fault = _fault("outside-set", stray[0], 0, reason, COUNT, "TA1:024", Weight.GAP)
        _add(self.group[2] if self.group is not None else self.faults, fault)

    def _interchange(self, rule: str, segment: Segment, element: int, reason: str, code: str, weight: Weight) -> None:
        step = COUNT if weight is Weight.GAP else RESEND
        _add(self.faults, _fault(rule, segment, element, reason, step, code, weight))


def _add(faults: list[Fault], fault: Fault) -> None:
    """Keep the first faults of an envelope; a fatal one always."""
    if len(faults) < FAULTS_MAX or fault.weight is Weight.FATAL:
        faults.append(fault)


def _same(a: str, b: str) -> bool:
    """Control numbers agree as numbers: 0005 is 5."""
    return bool(a) and a.lstrip("0") == b.lstrip("0")


def _counts(text: str, count: int) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 10 and int(text) == count


def _fault(rule: str, segment: Segment, element: int, reason: str, step: str, code: str, weight: Weight = Weight.FATAL) -> Fault:
    place = segment_place(segment.index, segment.name[:20], element)
    return Fault(place, f"x12/{rule}", reason, step, code, weight, segment.byte)
