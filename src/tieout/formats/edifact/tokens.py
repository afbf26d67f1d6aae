"""Bytes to segments, elements and components, by the interchange's own service characters and its release character."""

import re

import msgspec

from tieout.formats.edifact.charset import CODECS, decoded
from tieout.formats.fault import Fault, Weight, segment_place

SEGMENT_MAX = 100_000
"""Longest segment in bytes."""
ELEMENTS_MAX = 1_000
"""Most elements in a segment, and most components in an element."""
SEGMENTS_MAX = 1_000_000
"""Most segments in an interchange."""
BLANK = " \t\r\n\0\x1a"
NAME = re.compile(r"[A-Z][A-Z0-9]{2}\Z")
NO_CHARACTER = "\ufffd"


class Delimiters(msgspec.Struct, frozen=True):
    """The service characters. `release` (none if empty) takes their meaning from the next one; `repetition` exists since version 4."""

    component: str
    element: str
    decimal: str
    release: str
    terminator: str
    repetition: str = ""


class Segment(msgspec.Struct, frozen=True, gc=False):
    """One segment: its name, its elements as lists of components, its 1-based place in the message, its byte offset.

    `repeated` holds the further repetitions of an element, by its number (syntax version 4).
    """

    name: str
    elements: list[list[str]]
    index: int
    byte: int
    repeated: dict[int, list[list[str]]] = {}

    def get(self, element: int, component: int = 1) -> str:
        """Component 1, 2, … of element 1, 2, … without surrounding blanks; empty if it is absent."""
        if element > len(self.elements) or component > len(self.elements[element - 1]):
            return ""
        return self.elements[element - 1][component - 1].strip()

    def all(self, element: int) -> list[list[str]]:
        """All repetitions of an element."""
        return [*self.elements[element - 1 : element], *self.repeated.get(element, ())]


class Tokens(msgspec.Struct, frozen=True):
    """The segments of an interchange as text, for each its byte offset, and which of them are not in the declared repertoire."""

    texts: list[str]
    offsets: list[int]
    delimiters: Delimiters
    alien: frozenset[int]
    repertoire: str


def split(text: str, mark: str, release: str) -> list[str]:
    """Cut at every `mark` that is not released; the release characters stay in the parts."""
    parts = text.split(mark)
    if not release or len(parts) == 1 or release not in text:
        return parts
    found: list[str] = []
    held: list[str] = []
    for part in parts:
        held.append(part)
        if (len(part) - len(part.rstrip(release))) % 2 == 0:
            found.append(mark.join(held) if len(held) > 1 else part)
            held = []
    if held:
        found.append(mark.join(held))
    return found


def plain(text: str, release: str) -> str:
    """A component as it is meant: each release character takes itself away and leaves what follows."""
    if not release or release not in text:
        return text
    parts = text.split(release + release)
    return release.join(part.replace(release, "") for part in parts)


def tokenise(raw: bytes, start: int, delimiters: Delimiters, repertoire: str) -> Tokens | Fault:
    """Cut `raw` from `start`, where UNB stands, into segments; line ends around and inside segments are dropped."""
    if raw.count(delimiters.terminator.encode("latin-1")) > SEGMENTS_MAX:
        return _too_large(f"more than {SEGMENTS_MAX} segments", 0, 0)
    texts: list[str] = []
    offsets: list[int] = []
    alien: set[int] = set()
    at = start
    codec = CODECS[repertoire]
    is_plain = raw.isascii()
    for part in split(raw[start:].decode("latin-1"), delimiters.terminator, delimiters.release):
        bare = part.lstrip(BLANK)
        if len(bare) > SEGMENT_MAX:
            return _too_large(f"a segment of {len(bare)} bytes (at most {SEGMENT_MAX})", len(texts) + 1, at)
        if bare:
            offsets.append(at + len(part) - len(bare))
            text = _unwrapped(bare)
            if not (is_plain and text.isprintable()) and decoded(_without_separators(text, delimiters), codec) is None:
                alien.add(len(texts))
            elif not text.isascii():
                text = text.encode("latin-1").decode(codec)
            texts.append(text)
        at += len(part) + 1
    return Tokens(texts, offsets, delimiters, frozenset(alien), repertoire)


def read_segments(tokens: Tokens, start: int, end: int) -> list[Segment] | Fault:
    """Segments `start` to `end` (exclusive) with their elements, or a fault: no valid name, too many elements, a false repertoire."""
    found = []
    for at in range(start, end):
        segment = read_segment(tokens, at, at - start + 1)
        if not NAME.match(segment.name):
            return _bad_name(segment)
        if at in tokens.alien:
            return _alien(segment, tokens)
        if len(segment.elements) > ELEMENTS_MAX or any(len(each) > ELEMENTS_MAX for each in segment.elements):
            return _too_large(f"a segment of more than {ELEMENTS_MAX} elements or components", segment.index, segment.byte)
        found.append(segment)
    return found


def read_segment(tokens: Tokens, at: int, index: int) -> Segment:
    """One segment with its elements."""
    return _segment(tokens.texts[at], tokens.delimiters, index, tokens.offsets[at])


def first_segment(text: str, delimiters: Delimiters, index: int, byte: int) -> tuple[Segment, int] | None:
    """The segment at the start of `text` and its length with the terminator; None if it has no end."""
    parts = split(text, delimiters.terminator, delimiters.release)
    if len(parts) == 1:
        return None
    return _segment(_unwrapped(parts[0]), delimiters, index, byte), len(parts[0]) + 1


def _segment(text: str, delimiters: Delimiters, index: int, byte: int) -> Segment:
    rows = split(text, delimiters.element, delimiters.release)
    repeated: dict[int, list[list[str]]] = {}
    elements = []
    for number, row in enumerate(rows[1:], 1):
        first, *more = split(row, delimiters.repetition, delimiters.release) if delimiters.repetition else [row]
        elements.append(_components(first, delimiters))
        if more:
            repeated[number] = [_components(each, delimiters) for each in more]
    name = rows[0].split(delimiters.component, 1)[0].strip()
    return Segment(name, elements, index, byte, repeated)


def _components(text: str, delimiters: Delimiters) -> list[str]:
    return [plain(part, delimiters.release) for part in split(text, delimiters.component, delimiters.release)]


def _unwrapped(text: str) -> str:
    """A segment without the line ends of a wrapped file."""
    return text.replace("\r", "").replace("\n", "") if "\n" in text or "\r" in text else text


def _without_separators(text: str, delimiters: Delimiters) -> str:
    """The information separators of syntax level B are control characters, but here they are what they should be."""
    if delimiters.element != "\x1d":
        return text
    return text.replace("\x1d", "+").replace("\x1f", ":")


def _bad_name(segment: Segment) -> Fault:
    shown = segment.name[:20].replace("\0", NO_CHARACTER)
    return Fault(
        segment_place(segment.index, shown),
        "edifact/segment-name",
        f"{shown!r} is not a segment name (three capital letters and digits).",
        "Ask the partner to correct this message; often a terminator or a separator stands in a text without the release character.",
        "UCM:12",
        Weight.FATAL,
        segment.byte,
    )


def _alien(segment: Segment, tokens: Tokens) -> Fault:
    return Fault(
        segment_place(segment.index, segment.name),
        "edifact/character-set",
        f"Segment {segment.name} holds characters that {tokens.repertoire} has not: it was written in another repertoire than UNB declares.",
        "Ask the partner to declare in UNB what it writes (UNOC for Western Europe, UNOY for UTF-8), or name its repertoire in the settings.",
        "UCM:21",
        Weight.FATAL,
        segment.byte,
    )


def _too_large(what: str, index: int, byte: int) -> Fault:
    return Fault(
        segment_place(index, "?") if index else "interchange",
        "edifact/too-large",
        f"The interchange has {what}.",
        "Ask the partner for smaller interchanges, or check that the segment terminator was not lost.",
        "UCI:16",
        Weight.FATAL,
        byte,
    )
