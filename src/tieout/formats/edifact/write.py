"""Structure to bytes: an interchange with its messages, counted, referenced, released and checked character by character. Never reads a clock."""

import re
from collections.abc import Sequence
from datetime import datetime

import msgspec

from tieout.formats.edifact.charset import CODECS, CONTROL, LEVEL_A, decoded
from tieout.formats.edifact.header import STANDARD
from tieout.formats.edifact.numbers import written_moment
from tieout.formats.edifact.tokens import NAME, Delimiters
from tieout.formats.fault import Fault, segment_place

MESSAGES_MAX = 10_000
"""Most messages in an interchange."""
ROWS_MAX = 200_000
"""Most segments in a message."""
LENGTH_MAX = 512
"""Longest component; the longest free text of the standard has that many characters."""
CONTROL_MAX = 14
"""Longest control reference."""
IDENTIFIER_MAX = 35
OWN = frozenset(("UNA", "UNB", "UNG", "UNH", "UNT", "UNE", "UNZ"))
"""Segments that only the writer itself writes."""
REFERENCE = re.compile(r"[A-Za-z0-9\-]{1,14}\Z")
TYPE = re.compile(r"[A-Z]{6}\Z")
MARKS = frozenset("!\"#$%&'*+:;<=>?@[\\]^`{|}~\n")
CORRECT = "Correct this value where it comes from; nothing was sent."
SETTINGS = "Correct the partner's options in the settings; nothing was sent."

Row = Sequence[str | Sequence[str]]
"""One segment: its name, then its elements, each a text or a sequence of components."""


class Unwritable(ValueError):
    """Something cannot be written as EDIFACT; `fault` names message, segment and element, the rule and the next step."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(f"{fault.place}: {fault.reason}")
        self.fault = fault


class Envelope(msgspec.Struct, frozen=True):
    """Who writes to whom, and how. `syntax` and `version` are UNB's first element (`UNOC`, 3); `una` writes the service characters out."""

    sender: str
    receiver: str
    control: str
    sender_qualifier: str = ""
    receiver_qualifier: str = ""
    syntax: str = "UNOC"
    version: int = 3
    application: str = ""
    ack_requested: bool = False
    agreement: str = ""
    is_test: bool = False
    delimiters: Delimiters = STANDARD
    una: bool = True
    line_ends: bool = False


class MessageDraft(msgspec.Struct, frozen=True):
    """A message to write: `ORDERS`, its reference, its directory, and the segments between UNH and UNT."""

    type: str
    control: str
    rows: tuple[Row, ...]
    version: str = "D"
    release: str = "96A"
    agency: str = "UN"
    association: str = ""


def write(envelope: Envelope, messages: Sequence[MessageDraft], made: datetime) -> bytes:
    """One interchange, made at the local time `made`; our own reader finds in it just what was given.

    Raises Unwritable, which names the element.
    """
    pen = _Pen(envelope)
    if not 1 <= len(messages) <= MESSAGES_MAX:
        raise _unwritable("interchange", 0, "UNZ", 1, "size", f"An interchange has 1 to {MESSAGES_MAX:,} messages, not {len(messages):,}.")
    texts = [pen.una(), pen.line("interchange", 1, _unb(envelope, made))]
    seen: set[str] = set()
    for message in messages:
        if message.control in seen:
            raise _unwritable("interchange", 0, "UNH", 1, "reference", f"Two messages have the reference {message.control!r}.")
        seen.add(message.control)
        texts += _message(message, pen)
    texts.append(pen.line("interchange", 0, ("UNZ", str(len(messages)), envelope.control)))
    return pen.end.join(text for text in texts if text).encode(CODECS[envelope.syntax]) + pen.end.encode("ascii")


def _unb(envelope: Envelope, made: datetime) -> Row:
    for element, text, most in ((2, envelope.sender, IDENTIFIER_MAX), (3, envelope.receiver, IDENTIFIER_MAX), (10, envelope.agreement, 35)):
        if len(text) > most or (not text and element < 10):
            raise _unwritable("interchange", 1, "UNB", element, "element", f"UNB, element {element}, is {text!r}.", SETTINGS)
    if not REFERENCE.match(envelope.control):
        reason = f"The control reference is {envelope.control!r}: 1 to {CONTROL_MAX} letters and digits are needed."
        raise _unwritable("interchange", 1, "UNB", 5, "reference", reason)
    day, clock = written_moment(made)
    if envelope.version >= 4:
        day = made.strftime("%Y%m%d")
    return (
        "UNB",
        (envelope.syntax, str(envelope.version)),
        (envelope.sender, envelope.sender_qualifier),
        (envelope.receiver, envelope.receiver_qualifier),
        (day, clock),
        envelope.control,
        "",
        envelope.application,
        "",
        "1" if envelope.ack_requested else "",
        envelope.agreement,
        "1" if envelope.is_test else "",
    )


def _message(draft: MessageDraft, pen: "_Pen") -> list[str]:
    where = f"message {draft.type} {draft.control}"
    if not TYPE.match(draft.type) or not REFERENCE.match(draft.control):
        reason = f"A message has a type such as ORDERS and a reference of 1 to {CONTROL_MAX} letters and digits."
        raise _unwritable(where, 1, "UNH", 1, "reference", reason)
    if not 1 <= len(draft.rows) <= ROWS_MAX:
        raise _unwritable(where, 0, "UNT", 1, "size", f"A message has 1 to {ROWS_MAX:,} segments, not {len(draft.rows):,}.")
    identifier = (draft.type, draft.version, draft.release, draft.agency, draft.association)
    texts = [pen.line(where, 1, ("UNH", draft.control, identifier))]
    for index, row in enumerate(draft.rows, 2):
        if row[0] in OWN:
            raise _unwritable(where, index, str(row[0]), 0, "segment-name", f"{row[0]} belongs to the envelope.")
        texts.append(pen.line(where, index, row))
    return [*texts, pen.line(where, len(texts) + 1, ("UNT", str(len(texts) + 1), draft.control))]


class _Pen:
    """Writes segments in the service characters and the repertoire of one interchange."""

    def __init__(self, envelope: Envelope) -> None:
        self.marks = envelope.delimiters
        self.envelope = envelope
        self.end = "\n" if envelope.line_ends and self.marks.terminator != "\n" else ""
        if envelope.syntax not in CODECS or not 1 <= envelope.version <= 4:
            reason = f"The syntax {envelope.syntax}:{envelope.version} is not one of {', '.join(CODECS)} in version 1 to 4."
            raise _unwritable("interchange", 1, "UNB", 1, "syntax", reason, SETTINGS)
        repetition = (self.marks.repetition or "*") if envelope.version >= 4 else ""
        used = [self.marks.component, self.marks.element, self.marks.terminator, *self.marks.release, *repetition]
        odd = [mark for mark in used if mark not in MARKS or (mark == "\n" and mark is not self.marks.terminator)]
        if odd or len(set(used)) < len(used) or self.marks.decimal not in (".", ","):
            reason = f"The service characters {used} must differ and be of {''.join(sorted(MARKS - {chr(10)}))}."
            raise _unwritable("interchange", 1, "UNA", 0, "delimiters", reason, SETTINGS)
        if not envelope.una and msgspec.structs.replace(self.marks, repetition="") != STANDARD:
            raise _unwritable("interchange", 1, "UNA", 0, "delimiters", "These service characters need a UNA.", SETTINGS)
        self.repetition = repetition
        self.used = frozenset(used)

    def una(self) -> str:
        """The service string advice, if it is wanted."""
        marks = self.marks
        text = f"UNA{marks.component}{marks.element}{marks.decimal}{marks.release or ' '}{self.repetition or ' '}{marks.terminator}"
        return text if self.envelope.una else ""

    def line(self, where: str, index: int, row: Row) -> str:
        """One checked segment; empty components and elements at an end are dropped."""
        name = row[0]
        if not isinstance(name, str) or not NAME.match(name):
            raise _unwritable(where, index, str(name)[:3], 0, "segment-name", f"{name!r} is not a segment name.")
        elements = [self._element(where, index, name, number, each) for number, each in enumerate(row[1:], 1)]
        while elements and not elements[-1]:
            elements.pop()
        if not elements:
            raise _unwritable(where, index, name, 0, "segment", f"{name} has no elements.")
        text = self.marks.element.join([name, *elements])
        if not text.isascii() and self._is_misread(text):
            reason = f"{name} would be taken for UTF-8 by whoever reads {self.envelope.syntax}: {text[:60]!r}."
            raise _unwritable(where, index, name, 0, "character-set", reason)
        return text + self.marks.terminator

    def _is_misread(self, text: str) -> bool:
        codec = CODECS[self.envelope.syntax]
        return decoded(text.encode(codec).decode("latin-1"), codec) != text

    def _element(self, where: str, index: int, name: str, number: int, element: str | Sequence[str]) -> str:
        parts = [element] if isinstance(element, str) else list(element)
        texts = [self._text(where, index, name, number, part.strip(" ")) for part in parts]
        while texts and not texts[-1]:
            texts.pop()
        return self.marks.component.join(texts)

    def _text(self, where: str, index: int, name: str, number: int, text: str) -> str:
        if len(text) > LENGTH_MAX:
            reason = f"{name}, element {number}, has {len(text)} characters, {LENGTH_MAX} are allowed."
            raise _unwritable(where, index, name, number, "element", reason)
        self._check(where, index, name, number, text)
        released = []
        for mark in text:
            if mark in self.used:
                if not self.marks.release:
                    reason = f"{name}, element {number}, holds {mark!r}, which separates, and there is no release character."
                    raise _unwritable(where, index, name, number, "delimiter-in-data", reason)
                released.append(self.marks.release)
            released.append(mark)
        return "".join(released)

    def _check(self, where: str, index: int, name: str, number: int, text: str) -> None:
        """Refuse what the declared repertoire has no character for: the partner would read another one."""
        syntax = self.envelope.syntax
        try:
            text.encode(CODECS[syntax])
        except UnicodeEncodeError as bad:
            odd: str | None = text[bad.start]
        else:
            odd = next(iter(CONTROL.findall(text)), None)
            if odd is None and syntax == "UNOA" and not LEVEL_A.match(text):
                odd = next(mark for mark in text if not LEVEL_A.match(mark))
        if odd is not None:
            reason = f"{name}, element {number}, holds {odd!r}, which {syntax} has no character for: {text[:60]!r}."
            raise _unwritable(where, index, name, number, "character-set", reason)


def _unwritable(where: str, index: int, name: str, element: int, rule: str, reason: str, step: str = CORRECT) -> Unwritable:
    segment = segment_place(index, name, element) if index else f"{name}, element {element}"
    return Unwritable(Fault(f"{where}, {segment}", f"edifact/write-{rule}", reason, step))
