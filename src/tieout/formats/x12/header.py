"""The interchange header ISA: sixteen elements and, in them, the delimiters of everything that follows."""

import re

import msgspec

from tieout.formats.days import read_date
from tieout.formats.fault import Fault, Weight, segment_place
from tieout.formats.x12.numbers import read_time

ELEMENTS = 16
FIXED_LENGTH = 106
ELEMENT_MAX = 40
HEADER_MAX = 4 + ELEMENTS * (ELEMENT_MAX + 1) + 8
"""No header is longer, however badly its elements are padded."""
WIDTHS = (2, 10, 2, 10, 2, 15, 2, 15, 6, 4, 1, 5, 9, 1, 1, 1)
REPETITION_SINCE = "00402"
NEWLINES = b"\r\n"
ASK_RESEND = "Ask the partner to send the interchange again with a header as the standard writes it."


class Delimiters(msgspec.Struct, frozen=True):
    """The characters that cut an interchange, as bytes; `repetition` is empty where the version has none."""

    element: bytes
    component: bytes
    terminator: bytes
    repetition: bytes = b""


class Header(msgspec.Struct, frozen=True):
    """ISA: who sent what to whom, when, under which control number. `length` counts its bytes with the terminator."""

    sender_qualifier: str
    sender: str
    receiver_qualifier: str
    receiver: str
    date: str
    time: str
    version: str
    control: str
    ack_requested: bool
    usage: str
    delimiters: Delimiters
    length: int
    faults: tuple[Fault, ...] = ()


class Check(msgspec.Struct, frozen=True):
    """What one element of ISA must look like, the TA1 note code if it does not, and whether we can go on without it."""

    element: int
    pattern: str
    meaning: str
    code: str
    weight: Weight = Weight.NOTE


CHECKS = (
    Check(6, r"[^\x00-\x1f\x7f]+", "the sender's identifier", "TA1:006", Weight.FATAL),
    Check(8, r"[^\x00-\x1f\x7f]+", "the receiver's identifier", "TA1:008", Weight.FATAL),
    Check(5, r"[0-9A-Z]{2}", "the qualifier of the sender's identifier", "TA1:005"),
    Check(7, r"[0-9A-Z]{2}", "the qualifier of the receiver's identifier", "TA1:007"),
    Check(12, r"[0-9]{5}", "a version such as 00401", "TA1:017"),
    Check(13, r"[0-9]{1,9}", "a control number of 9 digits", "TA1:018", Weight.FATAL),
    Check(14, r"[01]", "0 or 1 (is a TA1 wanted?)", "TA1:019"),
    Check(15, r"[PTI]", "P, T or I (production, test, information)", "TA1:020"),
)


def read_header(raw: bytes) -> Header | Fault:
    """Read ISA at the start of `raw` (at least `HEADER_MAX` bytes of it, or all there is)."""
    separator = raw[3:4]
    if raw[:3] != b"ISA" or not _delimits(separator):
        return _fault("isa", 0, "This does not begin with ISA and an element separator.", "TA1:026")
    elements: list[bytes] = []
    start = 4
    for number in range(1, ELEMENTS):
        end = raw.find(separator, start, start + ELEMENT_MAX + 1)
        if end < 0:
            reason = f"ISA has {ELEMENTS} elements; after element {number} no separator {_show(separator)} follows."
            return _fault("isa-elements", number, reason, "TA1:022")
        elements.append(raw[start:end])
        start = end + 1
    return _with_delimiters(raw, separator, elements, start)


def _with_delimiters(raw: bytes, separator: bytes, elements: list[bytes], start: int) -> Header | Fault:
    component = raw[start : start + 1]
    terminator = _character(raw, start + 1)
    if not component or not terminator:
        return _fault("isa-truncated", 16, "The input ends inside the header.", "TA1:023")
    if not _delimits(component) or component == separator:
        reason = f"ISA16, the component separator, is {_show(component)}: an element of ISA is missing or too many."
        return _fault("isa-component", 16, reason, "TA1:027")
    if terminator in (separator, component):
        reason = f"The character after ISA16, {_show(terminator)}, separates already: it cannot end segments too."
        return _fault("isa-terminator", 16, reason, "TA1:004")
    if not _delimits(terminator) and terminator not in (b"\r", b"\n"):
        reason = f"The segment terminator, the character after ISA16, is {_show(terminator)}: it was lost on the way."
        return _fault("isa-terminator", 16, reason, "TA1:004")
    if terminator in (b"\r", b"\n") and _ends_lines(raw, start + 2, component):
        reason = f"ISA16 is missing: {_show(component)} ends the segments, it cannot be the component separator too."
        return _fault("isa-component", 16, reason, "TA1:027")
    texts = [element.translate(None, NEWLINES).decode("latin-1") for element in elements]
    delimiters = Delimiters(separator, component, terminator, _repetition(texts))
    return _checked(texts, delimiters, start + 1 + len(terminator))


def _checked(texts: list[str], delimiters: Delimiters, length: int) -> Header | Fault:
    notes = []
    values = [text.strip() for text in texts]
    for check in CHECKS:
        value = values[check.element - 1]
        if re.fullmatch(check.pattern, value):
            continue
        reason = f"ISA{check.element:02d} is {value!r}, not {check.meaning}."
        fault = _fault("isa-element", check.element, reason, check.code, check.weight)
        if check.weight is Weight.FATAL:
            return fault
        notes.append(fault)
    for element, read, code in ((9, read_date, "TA1:014"), (10, read_time, "TA1:015")):
        try:
            read(values[element - 1])
        except ValueError as bad:
            return _fault("isa-element", element, f"ISA{element:02d}: {bad}.", code)
    odd = [number for number, width in enumerate(WIDTHS[:-1], 1) if len(texts[number - 1]) != width]
    if odd:
        names = ", ".join(f"ISA{number:02d}" for number in odd)
        reason = f"The header is not fixed-width: {names} should be padded with blanks."
        notes.append(_fault("isa-width", odd[0], reason, "TA1:022", Weight.NOTE))
    return _header(values, delimiters, length, tuple(notes))


def _header(values: list[str], delimiters: Delimiters, length: int, faults: tuple[Fault, ...]) -> Header:
    return Header(
        sender_qualifier=values[4],
        sender=values[5],
        receiver_qualifier=values[6],
        receiver=values[7],
        date=values[8],
        time=values[9],
        version=values[11],
        control=values[12],
        ack_requested=values[13] == "1",
        usage=values[14],
        delimiters=delimiters,
        length=length,
        faults=faults,
    )


def _repetition(texts: list[str]) -> bytes:
    mark = texts[10].encode("latin-1")
    return mark if texts[11].strip() >= REPETITION_SINCE and len(mark) == 1 and _delimits(mark) else b""


def _delimits(mark: bytes) -> bool:
    """Letters, digits, blanks and line ends cannot separate elements."""
    return bool(mark) and not mark.isalnum() and not mark.isspace()


def _character(raw: bytes, at: int) -> bytes:
    """The character at `at`: one byte, or one character in UTF-8 (some partners end segments with an ellipsis)."""
    first = raw[at : at + 1]
    if first >= b"\xc2":
        for length in (2, 3, 4):
            try:
                raw[at : at + length].decode()
            except UnicodeDecodeError:
                continue
            return raw[at : at + length]
    return first


def _ends_lines(raw: bytes, start: int, mark: bytes) -> bool:
    line = raw[start:].lstrip(NEWLINES).split(b"\n", 1)[0].rstrip()
    return len(line) > 1 and line.endswith(mark)


def _show(mark: bytes) -> str:
    return repr(mark.decode("latin-1"))


def _fault(rule: str, element: int, reason: str, code: str, weight: Weight = Weight.FATAL) -> Fault:
    return Fault(segment_place(1, "ISA", element), f"x12/{rule}", reason, ASK_RESEND, code, weight)
