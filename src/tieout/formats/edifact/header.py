"""The head of an interchange: UNA, which says what separates, and UNB, which says who sent what to whom."""

import re
from collections.abc import Mapping

import msgspec

from tieout.formats.days import read_date
from tieout.formats.edifact.charset import CODECS, decoded
from tieout.formats.edifact.numbers import read_clock
from tieout.formats.edifact.tokens import Delimiters, Segment, first_segment
from tieout.formats.fault import Fault, Weight, segment_place

UNA_LENGTH = 9
GAP_MAX = 40
"""Blanks and line ends that may stand between UNA and UNB."""
UNB_MAX = 700
HEADER_MAX = UNA_LENGTH + GAP_MAX + UNB_MAX
STANDARD = Delimiters(":", "+", ".", "?", "'")
"""What separates where no UNA says otherwise."""
LEVEL_B = Delimiters("\x1f", "\x1d", ".", "", "\x1c")
"""The information separators of syntax level B, which need no release character."""
REPETITION_SINCE = "4"
SYNTAX = re.compile(r"[1-4]\Z")
ASK_RESEND = "Ask the partner to send the interchange again with UNA and UNB as the standard writes them."
NO_CHARACTERS: Mapping[str, str] = {}


class Header(msgspec.Struct, frozen=True):
    """UNB: who sent what to whom, when, under which control reference.

    `start` is the offset of UNB behind UNA, `length` counts the bytes up to the end of UNB. `repertoire` is what the texts are
    written in: what is declared, unless somebody knows better.
    """

    syntax: str
    version: str
    sender: str
    sender_qualifier: str
    receiver: str
    receiver_qualifier: str
    date: str
    time: str
    control: str
    application: str
    ack_requested: bool
    agreement: str
    is_test: bool
    delimiters: Delimiters
    repertoire: str
    start: int
    length: int


def read_header(raw: bytes, characters: Mapping[str, str] = NO_CHARACTERS) -> Header | Fault:
    """Read UNA and UNB at the start of `raw` (at least `HEADER_MAX` bytes of it, or all there is).

    `characters` names the repertoire of senders who declare another than they write: identifier to `UNOC` and the like.
    """
    opened = _delimiters(raw)
    if isinstance(opened, Fault):
        return opened
    stated, start = opened
    delimiters = msgspec.structs.replace(stated, repetition="")
    text = raw[start : start + UNB_MAX].decode("latin-1")
    if text[:3] != "UNB":
        return _fault("una-alone", "UNA", 0, "UNA is not followed by UNB, so nobody is named as sender or receiver.", "UCI:13")
    found = first_segment(text, delimiters, 1, start)
    if found is None:
        reason = f"UNB has no end {delimiters.terminator!r} within {UNB_MAX} bytes."
        return _fault("unb-end", "UNB", 0, reason, "UCI:16")
    segment, length = found
    return _checked(segment, stated, start, start + length, characters)


def _delimiters(raw: bytes) -> tuple[Delimiters, int] | Fault:
    """What separates, and where UNB begins."""
    if raw[:3] == b"UNB":
        known = {b"+": STANDARD, b"\x1d": LEVEL_B}
        mark = raw[3:4]
        if mark in known:
            return known[mark], 0
        reason = f"UNB is followed by {mark.decode('latin-1')!r}: no UNA says that this separates."
        return _fault("unb-separator", "UNB", 0, reason, "UCI:20")
    marks = raw[3:UNA_LENGTH].decode("latin-1")
    if raw[:3] != b"UNA" or len(marks) < UNA_LENGTH - 3:
        return _fault("una", "UNA", 0, "This does not begin with UNA and six characters, nor with UNB.", "UCI:22")
    component, element, decimal, release, repetition, terminator = tuple(marks)
    delimiters = Delimiters(component, element, decimal, release.strip(), terminator, repetition.strip())
    used = [mark for mark in (component, element, release.strip(), terminator) if mark]
    odd = [mark for mark in used if mark.isalnum() or not mark.isascii() or (mark.isspace() and mark is not terminator)]
    if odd or len(set(used)) < len(used) or decimal not in ".," or terminator in " \t\r":
        reason = f"UNA says {marks!r}: what separates must differ, be no letter, digit or blank, and decimals need a point or comma."
        return _fault("una", "UNA", 0, reason, "UCI:20")
    rest = raw[UNA_LENGTH : UNA_LENGTH + GAP_MAX]
    return delimiters, UNA_LENGTH + len(rest) - len(rest.lstrip(b" \t\r\n"))


def _checked(segment: Segment, delimiters: Delimiters, start: int, end: int, characters: Mapping[str, str]) -> Header | Fault:
    syntax, version = segment.get(1), segment.get(1, 2)
    if syntax not in CODECS or not SYNTAX.match(version):
        reason = f"UNB says the syntax {syntax}:{version}; UNOA to UNOL, UNOW and UNOY in the versions 1 to 4 are read."
        return _fault("syntax", "UNB", 1, reason, "UCI:2")
    for element, meaning in ((2, "the sender's identifier"), (3, "the recipient's identifier"), (5, "the control reference")):
        value = segment.get(element)
        if not value or decoded(value, CODECS[syntax]) is None:
            reason = f"UNB, element {element}: {meaning} is {value!r}." if value else f"UNB, element {element}, {meaning}, is missing."
            return _fault("unb-element", "UNB", element, reason, "UCI:13")
    try:
        read_date(segment.get(4))
        read_clock(segment.get(4, 2))
    except ValueError as bad:
        return _fault("unb-element", "UNB", 4, f"UNB, element 4: {bad}.", "UCI:12")
    repetition = (delimiters.repetition or "*") if version >= REPETITION_SINCE else ""
    marks = msgspec.structs.replace(delimiters, repetition="" if repetition in _others(delimiters) else repetition)
    stated = characters.get(segment.get(2), syntax)
    return Header(
        syntax=syntax,
        version=version,
        sender=segment.get(2),
        sender_qualifier=segment.get(2, 2),
        receiver=segment.get(3),
        receiver_qualifier=segment.get(3, 2),
        date=segment.get(4),
        time=segment.get(4, 2),
        control=segment.get(5),
        application=segment.get(7),
        ack_requested=segment.get(9) in ("1", "2"),
        agreement=segment.get(10),
        is_test=segment.get(11) not in ("", "0"),
        delimiters=marks,
        repertoire=stated if stated in CODECS else syntax,
        start=start,
        length=end,
    )


def _others(delimiters: Delimiters) -> str:
    """The characters that separate already; one of them in the place of the repetition mark means that there is none."""
    return delimiters.component + delimiters.element + delimiters.release + delimiters.terminator


def _fault(rule: str, name: str, element: int, reason: str, code: str) -> Fault:
    return Fault(segment_place(1, name, element), f"edifact/{rule}", reason, ASK_RESEND, code, Weight.FATAL)
