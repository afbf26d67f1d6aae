"""One walk over the service segments of an interchange: groups, messages and every way in which they disagree."""

import msgspec

from tieout.formats.edifact.tokens import Segment, Tokens, read_segment
from tieout.formats.fault import Fault, Weight, segment_place

RESEND = "Ask the partner to send it again, complete and with matching references."
COUNT = "Ask the partner whether a part is missing; what arrived whole was read."
FAULTS_MAX = 50
"""Faults told of one envelope; who has seen fifty has seen enough."""
SERVICE = frozenset(("UNB", "UNG", "UNH", "UNT", "UNE", "UNZ"))


class OpenMessage(msgspec.Struct):
    """UNH, the place of its first segment and the one after its last, and what is wrong with it. `group` is None outside groups."""

    head: Segment
    start: int
    end: int
    faults: list[Fault]
    group: int | None


class OpenGroup(msgspec.Struct):
    """UNG, the number of messages in it, what is wrong with it."""

    head: Segment
    count: int
    faults: list[Fault]


class Walk:
    """The state of the walk: the open group, the open message and what was found so far."""

    def __init__(self, tokens: Tokens, control: str) -> None:
        self.tokens = tokens
        self.control = control
        self.groups: list[OpenGroup] = []
        self.messages: list[OpenMessage] = []
        self.faults: list[Fault] = []
        self.group: OpenGroup | None = None
        self.opened: OpenMessage | None = None
        self.references: set[str] = set()
        self.ended = False

    def all(self) -> None:
        """Walk over the whole interchange."""
        size = len(self.tokens.texts)
        for at in range(1, size):
            if self.tokens.texts[at][:3] in SERVICE:
                self._step(read_segment(self.tokens, at, at + 1), at)
            elif self.opened is None:
                self._stray(at)
        self._finish(size)

    def _step(self, segment: Segment, at: int) -> None:
        match segment.name:
            case "UNG":
                self._close_group(at)
                self.group = OpenGroup(segment, 0, [])
                self.groups.append(self.group)
            case "UNH":
                self._open(segment, at)
            case "UNT":
                self._close(segment, at)
            case "UNE":
                self._end_group(segment, at)
            case "UNZ":
                self._end(segment, at)
            case _:
                if self.opened is None:
                    self._stray(at)

    def _open(self, segment: Segment, at: int) -> None:
        self._lost_trailer(at)
        number = None if self.group is None else len(self.groups) - 1
        self.opened = OpenMessage(_numbered(segment, 1), at, at, [], number)

    def _close(self, segment: Segment, at: int) -> None:
        if self.opened is None:
            reason = "UNT ends a message that never began: its UNH is missing."
            self._interchange("unt-without-unh", segment, 0, reason, "UCI:13", Weight.GAP)
            return
        last = _numbered(segment, at - self.opened.start + 1)
        self._add(at + 1, self._message_faults(self.opened.head, last))

    def _message_faults(self, first: Segment, last: Segment) -> list[Fault]:
        faults = []
        reference = first.get(1)
        if not reference:
            faults.append(_fault("unh-reference", first, 1, "UNH, element 1, the message reference, is missing.", RESEND, "UCM:13"))
        elif reference in self.references:
            reason = f"Message reference {reference} stands twice in this interchange."
            faults.append(_fault("unh-twice", first, 1, reason, RESEND, "UCM:26"))
        if not first.get(2).isalnum():
            reason = f"UNH, element 2, is {first.get(2)[:20]!r}, not a message type such as ORDERS."
            faults.append(_fault("unh-type", first, 2, reason, RESEND, "UCM:12"))
        if not _same(reference, last.get(2)):
            reason = f"UNH has the reference {reference!r} but UNT {last.get(2)!r}: head and tail are of different messages."
            faults.append(_fault("unt-reference", last, 2, reason, RESEND, "UCM:28"))
        if not _counts(last.get(1), last.index):
            reason = f"UNT says {last.get(1)!r} segments, {last.index} arrived."
            faults.append(_fault("unt-count", last, 1, reason, RESEND, "UCM:29"))
        return faults

    def _add(self, end: int, faults: list[Fault]) -> None:
        if self.opened is None:
            return
        self.opened.end = end
        self.opened.faults += faults
        self.references.add(self.opened.head.get(1))
        self.messages.append(self.opened)
        if self.group is not None:
            self.group.count += 1
        self.opened = None

    def _lost_trailer(self, at: int) -> None:
        if self.opened is None:
            return
        first = self.opened.head
        cause = "the input ends" if at == len(self.tokens.texts) else "the next envelope begins"
        reason = f"Message {first.get(2)[:20]} {first.get(1)} has no UNT: {cause} inside it."
        self._add(at, [_fault("unt-missing", first, 0, reason, RESEND, "UCM:13")])

    def _end_group(self, segment: Segment, at: int) -> None:
        self._lost_trailer(at)
        if self.group is None:
            reason = "UNE ends a group that never began: its UNG is missing."
            self._interchange("une-without-ung", segment, 0, reason, "UCI:13", Weight.GAP)
            return
        said, count = self.group.head.get(5), self.group.count
        if not _same(said, segment.get(2)):
            reason = f"UNG has the reference {said!r} but UNE {segment.get(2)!r}: head and tail are of different groups."
            _keep(self.group.faults, _fault("une-reference", segment, 2, reason, RESEND, "UCF:28"))
        if not _counts(segment.get(1), count):
            reason = f"UNE says {segment.get(1)!r} messages, {count} arrived."
            _keep(self.group.faults, _fault("une-count", segment, 1, reason, COUNT, "UCF:29", Weight.GAP))
        self.group = None

    def _close_group(self, at: int) -> None:
        """A group is open although the next envelope begins: its UNE is missing, its whole messages stay readable."""
        self._lost_trailer(at)
        if self.group is None:
            return
        reason = f"Group {self.group.head.get(5)} has no UNE."
        _keep(self.group.faults, _fault("une-missing", self.group.head, 0, reason, COUNT, "UCF:13", Weight.GAP))
        self.group = None

    def _end(self, segment: Segment, at: int) -> None:
        self._close_group(at)
        if self.ended:
            self._interchange("unz-twice", segment, 0, "UNZ stands twice.", "UCI:35", Weight.NOTE)
            return
        self.ended = True
        if not _same(self.control, segment.get(2)):
            reason = f"UNB has the reference {self.control!r} but UNZ {segment.get(2)!r}: head and tail are of different files."
            self._interchange("unz-reference", segment, 2, reason, "UCI:28", Weight.FATAL)
        count = len(self.groups) or len(self.messages)
        if not _counts(segment.get(1), count):
            what = "groups" if self.groups else "messages"
            reason = f"UNZ says {segment.get(1)!r} {what}, {count} arrived."
            self._interchange("unz-count", segment, 1, reason, "UCI:29", Weight.GAP)

    def _finish(self, at: int) -> None:
        self._close_group(at)
        if not self.ended:
            reason = "The interchange has no UNZ: the file was cut off."
            self._interchange("unz-missing", read_segment(self.tokens, 0, 1), 0, reason, "UCI:13", Weight.GAP)

    def _stray(self, at: int) -> None:
        """A segment between the envelopes that belongs to no message; the first one of a run is told."""
        if at > 1 and self.tokens.texts[at - 1][:3] not in SERVICE:
            return
        segment = read_segment(self.tokens, at, at + 1)
        reason = f"Segment {segment.name[:20]!r} stands outside any message: a terminator or a UNH is missing."
        self._interchange("outside-message", segment, 0, reason, "UCI:33", Weight.GAP)

    def _interchange(self, rule: str, segment: Segment, element: int, reason: str, code: str, weight: Weight) -> None:
        step = COUNT if weight is Weight.GAP else RESEND
        _keep(self.faults, _fault(rule, segment, element, reason, step, code, weight))


def _numbered(segment: Segment, index: int) -> Segment:
    return msgspec.structs.replace(segment, index=index)


def _keep(faults: list[Fault], fault: Fault) -> None:
    """Keep the first faults of an envelope; a fatal one always."""
    if len(faults) < FAULTS_MAX or fault.weight is Weight.FATAL:
        faults.append(fault)


def _same(a: str, b: str) -> bool:
    """References agree as texts, or as numbers: 0005 is 5."""
    if a.isdigit() and b.isdigit():
        return a.lstrip("0") == b.lstrip("0")
    return bool(a) and a == b


def _counts(text: str, count: int) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 10 and int(text) == count


def _fault(rule: str, segment: Segment, element: int, reason: str, step: str, code: str, weight: Weight = Weight.FATAL) -> Fault:
    place = segment_place(segment.index, segment.name[:20], element)
    return Fault(place, f"edifact/{rule}", reason, step, code, weight, segment.byte)
