"""Structure to bytes: an interchange with its groups and sets, counted, numbered and checked element by element. Never reads a clock."""

import re
from collections.abc import Sequence
from datetime import datetime

import msgspec

from tieout.formats.fault import Fault, segment_place
from tieout.formats.x12.elements import elements, wrong
from tieout.formats.x12.header import CHECKS, REPETITION_SINCE, WIDTHS, Delimiters
from tieout.formats.x12.tokens import NAME

CONTROL_MAX = 999_999_999
"""Largest control number of an interchange, a group or a set; the next is 1 again."""
SETS_MAX = 10_000
"""Most transaction sets in a group."""
ROWS_MAX = 200_000
"""Most segments in a transaction set."""
LENGTH_MAX = 80
"""Longest element of a segment whose elements are not in `elements.SEGMENTS`."""
STANDARD = Delimiters(b"*", b">", b"~", b"^")
MARKS = frozenset("!#$%&*+:;<=>?@[\\]^`{|}~")
"""Characters that can separate: what numbers and names need is left out."""
NO_ELEMENT_MARK = "\\"
"""Separates components or ends segments with some partners; as the element separator our own reader takes it for no header."""
NO_REPETITION = "U"
"""ISA11 of versions that know no repetition: the letter the standard has there."""
VERSION = re.compile(r"[0-9]{6}[0-9A-Z]{0,6}")
OWN = frozenset(("ISA", "IEA", "GS", "GE", "ST", "SE", "TA1"))
"""Segments that only the writer itself writes."""
CORRECT = "Correct this value where it comes from; nothing was sent."
SETTINGS = "Correct the partner's options in the settings; nothing was sent."

Row = Sequence[str]
"""One segment: its name and its elements."""


class Unwritable(ValueError):
    """Something cannot be written as X12; `fault` names set, segment and element, the rule and the next step."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(f"{fault.place}: {fault.reason}")
        self.fault = fault


class Envelope(msgspec.Struct, frozen=True):
    """Who writes to whom, and how: ISA, and the identifiers and the version of GS.

    `version` is GS08 (`004010`), its first five digits are ISA12. `usage` is P (production), T (test) or I (information).
    GS02 and GS03 are the interchange identifiers unless `group_sender` and `group_receiver` say otherwise.
    """

    sender_qualifier: str
    sender: str
    receiver_qualifier: str
    receiver: str
    control: int
    version: str = "004010"
    usage: str = "P"
    ack_requested: bool = False
    group_sender: str = ""
    group_receiver: str = ""
    delimiters: Delimiters = STANDARD


class SetDraft(msgspec.Struct, frozen=True):
    """A transaction set to write: `850`, its control number, and the segments between ST and SE."""

    code: str
    control: int
    rows: tuple[Row, ...]


class GroupDraft(msgspec.Struct, frozen=True):
    """A functional group to write: `PO`, its control number and its sets."""

    code: str
    control: int
    sets: tuple[SetDraft, ...]


def write(envelope: Envelope, groups: Sequence[GroupDraft], made: datetime) -> bytes:
    """One interchange, made at the local time `made`; our own reader finds in it just what was given.

    Raises Unwritable, which names the element.
    """
    pen = _Pen(envelope)
    texts = [_isa(envelope, pen, made)]
    for group in groups:
        texts += _group(envelope, group, pen, made)
    texts.append(pen.line("interchange", 0, ("IEA", str(len(groups)), _control("IEA", 2, envelope.control, 9))))
    return "".join(texts).encode("ascii")


def _isa(envelope: Envelope, pen: "_Pen", made: datetime) -> str:
    sides = (envelope.sender_qualifier, envelope.sender, envelope.receiver_qualifier, envelope.receiver)
    control = _control("ISA", 13, envelope.control, 9)
    wanted = "1" if envelope.ack_requested else "0"
    day, clock = made.strftime("%y%m%d"), made.strftime("%H%M")
    version = envelope.version[:5]
    texts = ["00", "", "00", "", *sides, day, clock, pen.repetition, version, control, wanted, envelope.usage, pen.component]
    if not VERSION.fullmatch(envelope.version):
        raise _unwritable("interchange", 1, "ISA", 12, "element", f"The version is {envelope.version!r}, not one such as 004010.", SETTINGS)
    for check in CHECKS:
        text = texts[check.element - 1]
        pen.characters("interchange", 1, "ISA", check.element, text, SETTINGS)
        too_long = len(text) > WIDTHS[check.element - 1]
        if too_long or text.strip() != text or not re.fullmatch(check.pattern, text):
            reason = f"ISA{check.element:02d} is {text!r}: {check.meaning}, at most {WIDTHS[check.element - 1]} characters, is needed."
            raise _unwritable("interchange", 1, "ISA", check.element, "element", reason, SETTINGS)
    return pen.separator.join(["ISA", *(text.ljust(width) for text, width in zip(texts, WIDTHS, strict=True))]) + pen.terminator


def _group(envelope: Envelope, group: GroupDraft, pen: "_Pen", made: datetime) -> list[str]:
    if not 1 <= len(group.sets) <= SETS_MAX:
        raise _unwritable("interchange", 0, "GE", 1, "group-size", f"A group has 1 to {SETS_MAX:,} transaction sets, not {len(group.sets):,}.")
    sender, receiver = envelope.group_sender or envelope.sender, envelope.group_receiver or envelope.receiver
    control = _control("GS", 6, group.control)
    head = ("GS", group.code, sender, receiver, made.strftime("%Y%m%d"), made.strftime("%H%M"), control, "X", envelope.version)
    texts = [pen.line(f"group {group.code}", 1, head)]
    for each in group.sets:
        texts += _set(each, pen)
    return [*texts, pen.line(f"group {group.code}", 0, ("GE", str(len(group.sets)), control))]


def _set(draft: SetDraft, pen: "_Pen") -> list[str]:
    where = f"set {draft.code}"
    control = _control("ST", 2, draft.control, 4)
    if not 1 <= len(draft.rows) <= ROWS_MAX:
        raise _unwritable(where, 0, "SE", 1, "set-size", f"A transaction set has 1 to {ROWS_MAX:,} segments, not {len(draft.rows):,}.")
    texts = [pen.line(where, 1, ("ST", draft.code, control))]
    for index, row in enumerate(draft.rows, 2):
        if row[0] in OWN:
            raise _unwritable(where, index, row[0], 0, "segment-name", f"{row[0]} belongs to the envelope.")
        texts.append(pen.line(where, index, row))
    return [*texts, pen.line(where, len(texts) + 1, ("SE", str(len(texts) + 1), control))]


class _Pen:
    """Writes segments in the delimiters of one interchange."""

    def __init__(self, envelope: Envelope) -> None:
        delimiters = envelope.delimiters
        self.separator, self.component, self.terminator = (
            mark.decode("latin-1") for mark in (delimiters.element, delimiters.component, delimiters.terminator)
        )
        has_repetition = envelope.version[:5] >= REPETITION_SINCE
        self.repetition = delimiters.repetition.decode("latin-1") if has_repetition else NO_REPETITION
        self.marks = [self.separator, self.component, self.terminator, *([self.repetition] if has_repetition else [])]
        odd = [mark for mark in self.marks if mark not in MARKS and (mark != "\n" or mark != self.terminator)]
        if odd or len(set(self.marks)) < len(self.marks) or self.separator == NO_ELEMENT_MARK:
            reason = f"The delimiters {self.marks} must differ and be of {''.join(sorted(MARKS))} (segments may end with a line end)."
            raise _unwritable("interchange", 1, "ISA", 16, "delimiters", reason, SETTINGS)

    def line(self, where: str, index: int, row: Row) -> str:
        """One checked segment; blanks at the end of elements and empty elements at the end of the segment are dropped."""
        name, texts = row[0], [text.rstrip(" ") for text in row[1:]]
        while texts and not texts[-1]:
            texts.pop()
        if not NAME.match(name) or not texts:
            raise _unwritable(where, index, name[:3], 0, "segment", f"{name[:20]!r} is no segment name, or has no elements.")
        known = elements(name)
        if known is not None and len(texts) > len(known):
            reason = f"{name} has {len(texts)} elements, {len(known)} are known."
            raise _unwritable(where, index, name, len(known) + 1, "element", reason)
        for number, text in enumerate(texts, 1):
            self.characters(where, index, name, number, text)
            if known is None and len(text) > LENGTH_MAX:
                reason = f"{name}{number:02d} has {len(text)} characters, {LENGTH_MAX} are allowed."
                raise _unwritable(where, index, name, number, "element", reason)
        for number, element in enumerate(known or (), 1):
            why = wrong(element, texts[number - 1] if number <= len(texts) else "")
            if why:
                raise _unwritable(where, index, name, number, "element", f"{name}{number:02d} {why}.")
        return self.separator.join([name, *texts]) + self.terminator

    def characters(self, where: str, index: int, name: str, number: int, text: str, step: str = CORRECT) -> None:
        """Refuse what is not printable ASCII, and the delimiters: the partner's reader would cut there."""
        for mark in text:
            if mark in self.marks:
                reason = f"{name}{number:02d} holds {mark!r}, which separates in this partner's documents: {text[:60]!r}."
                raise _unwritable(where, index, name, number, "delimiter-in-data", reason, step)
            if not " " <= mark <= "~":
                reason = f"{name}{number:02d} holds {mark!r}, which X12 has no character for: {text[:60]!r}."
                raise _unwritable(where, index, name, number, "character-set", reason, step)


def _control(name: str, element: int, number: int, width: int = 1) -> str:
    if not 1 <= number <= CONTROL_MAX:
        reason = f"{name}{element:02d}, a control number, is {number}: 1 to {CONTROL_MAX:,} is needed."
        raise _unwritable("interchange", 0, name, element, "control", reason)
    return f"{number:0{width}d}"


def _unwritable(where: str, index: int, name: str, element: int, rule: str, reason: str, step: str = CORRECT) -> Unwritable:
    segment = segment_place(index, name, element) if index else f"{name}, element {element}"
    return Unwritable(Fault(f"{where}, {segment}", f"x12/write-{rule}", reason, step))
