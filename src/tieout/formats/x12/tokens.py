"""Bytes to segments, by the interchange's own delimiters; one pass of C-speed splits, elements only when asked for."""

import re
from itertools import accumulate

import msgspec

from tieout.formats.fault import Fault, Weight, segment_place
from tieout.formats.x12.header import Delimiters

SEGMENT_MAX = 100_000
"""Longest segment in bytes."""
ELEMENTS_MAX = 1_000
"""Most elements in a segment."""
SEGMENTS_MAX = 1_000_000
"""Most segments in an interchange."""
BLANK = " \t\r\n\0\x1a"
NO_CHARACTER = "\ufffd"
NAME = re.compile(r"[A-Z][A-Z0-9]{1,2}\Z")


class Tokens(msgspec.Struct, frozen=True):
    """The segments of an interchange as text, and for each its 0-based byte offset."""

    texts: list[str]
    offsets: list[int]
    delimiters: Delimiters


class Segment(msgspec.Struct, frozen=True, gc=False):
    """One segment: `elements[0]` is its name, `index` its 1-based place in the transaction set, `byte` its offset."""

    elements: list[str]
    index: int
    byte: int

    @property
    def name(self) -> str:
        """The segment identifier, such as PO1."""
        return self.elements[0]

    def get(self, element: int) -> str:
        """Element 1, 2, … without surrounding blanks; empty if it is absent."""
        return self.elements[element].strip() if element < len(self.elements) else ""


def tokenise(raw: bytes, delimiters: Delimiters) -> Tokens | Fault:
    """Cut `raw`, which begins at ISA, into segments; line ends after a terminator or in wrapped lines are dropped."""
    if raw.count(delimiters.terminator) > SEGMENTS_MAX:
        return _too_large(f"more than {SEGMENTS_MAX} segments", 0, 0)
    line_end = _line_end(raw, delimiters.terminator)
    end = delimiters.terminator + line_end
    body = raw.removesuffix(line_end).removesuffix(delimiters.terminator)
    texts = body.decode("latin-1").split(end.decode("latin-1"))
    offsets = list(accumulate(map(len(end).__add__, map(len, texts)), initial=0))
    longest = max(map(len, texts))
    if longest > SEGMENT_MAX:
        at = next(i for i, text in enumerate(texts) if len(text) > SEGMENT_MAX)
        return _too_large(f"a segment of {longest} bytes (at most {SEGMENT_MAX})", at + 1, offsets[at])
    offsets.pop()
    if _has_layout(body, texts, end):
        texts, offsets = _without_layout(texts, offsets)
    if not raw.isascii():
        texts = [text if text.isascii() else _decoded(text) for text in texts]
    return Tokens(texts, offsets, delimiters)


def read_segments(tokens: Tokens, start: int, end: int) -> list[Segment] | Fault:
    """Segments `start` to `end` (exclusive) with their elements, or a fault: no valid name, or too many elements."""
    separator = tokens.delimiters.element.decode("latin-1")
    rows = [text.split(separator) for text in tokens.texts[start:end]]
    offsets = tokens.offsets[start:end]
    bad = {name for name in {row[0] for row in rows} if not NAME.match(name)}
    if bad:
        at = next(i for i, row in enumerate(rows) if row[0] in bad)
        return _bad_name(rows[at][0], at + 1, offsets[at])
    most = max(map(len, rows), default=0)
    if most > ELEMENTS_MAX:
        at = next(i for i, row in enumerate(rows) if len(row) == most)
        return _too_large(f"a segment of {most} elements (at most {ELEMENTS_MAX})", at + 1, offsets[at])
    return list(map(Segment, rows, range(1, len(rows) + 1), offsets))


def components(text: str, delimiters: Delimiters) -> list[str]:
    """The components of a composite element."""
    return text.split(delimiters.component.decode("latin-1"))


def repetitions(text: str, delimiters: Delimiters) -> list[str]:
    """The repetitions of an element; the element itself where the version knows none."""
    mark = delimiters.repetition.decode("latin-1")
    return text.split(mark) if mark else [text]


def _line_end(raw: bytes, terminator: bytes) -> bytes:
    """The line end that follows every terminator (but perhaps the last), so that one split removes both; else nothing."""
    for end in (b"\r\n", b"\n"):
        lone = raw.count(terminator) - raw.count(terminator + end)
        if terminator not in end and lone == int(raw.endswith(terminator)):
            return end
    return b""


def _has_layout(body: bytes, texts: list[str], end: bytes) -> bool:
    """True if blanks, line ends or NULs are left in the segments, or some are empty."""
    splits = len(texts) - 1
    if any(body.count(mark) > splits * end.count(mark) for mark in (b"\n", b"\r")):
        return True
    return any(mark in body for mark in (b"\t", b"\0", b"\x1a", end + b" ")) or "" in texts


def _without_layout(texts: list[str], offsets: list[int]) -> tuple[list[str], list[int]]:
    bare = [text.lstrip(BLANK) for text in texts]
    kept = [i for i, text in enumerate(bare) if text]
    starts = [offsets[i] + len(texts[i]) - len(bare[i]) for i in kept]
    return [_unwrapped(bare[i]) for i in kept], starts


def _unwrapped(text: str) -> str:
    """A segment without the line ends of an 80-column file; a NUL, which no database keeps, is shown as U+FFFD."""
    if "\n" in text or "\r" in text:
        text = text.replace("\r", "").replace("\n", "")
    return text.replace("\0", NO_CHARACTER) if "\0" in text else text


def _decoded(text: str) -> str:
    """UTF-8 where it is valid, else Latin-1; decided per segment so that offsets stay bytes."""
    try:
        return text.encode("latin-1").decode()
    except UnicodeError:
        return text


def _bad_name(name: str, index: int, byte: int) -> Fault:
    shown = name[:20]
    return Fault(
        segment_place(index, shown),
        "x12/segment-name",
        f"{shown!r} is not a segment name (two or three capital letters and digits).",
        "Ask the partner to correct this transaction set; often a terminator or a separator stands inside a text.",
        "AK5:5",
        Weight.FATAL,
        byte,
    )


def _too_large(what: str, index: int, byte: int) -> Fault:
    return Fault(
        segment_place(index, "?") if index else "interchange",
        "x12/too-large",
        f"The interchange has {what}.",
        "Ask the partner for smaller interchanges, or check that the segment terminator was not lost.",
        "TA1:024",
        Weight.FATAL,
        byte,
    )
