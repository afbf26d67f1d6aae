"""The envelopes UNB/UNZ, UNG/UNE and UNH/UNT: what is inside which, and whether references and counts agree."""

from collections.abc import Mapping

import msgspec

from tieout.formats.edifact.header import HEADER_MAX, NO_CHARACTERS, Header, read_header
from tieout.formats.edifact.tokens import Segment, Tokens, read_segments, tokenise
from tieout.formats.edifact.walk import OpenGroup, OpenMessage, Walk
from tieout.formats.fault import Fault, Weight, segment_place


class Message(msgspec.Struct, frozen=True):
    """UNH to UNT: `type` such as ORDERS, its directory (`D`, `96A`), the segments `start` to `end` (exclusive) of the interchange."""

    type: str
    version: str
    release: str
    agency: str
    association: str
    control: str
    start: int
    end: int
    byte: int
    faults: tuple[Fault, ...] = ()
    group: int | None = None


class Group(msgspec.Struct, frozen=True):
    """UNG to UNE: the type of the messages in it, its reference, how many they are."""

    type: str
    control: str
    count: int
    byte: int
    faults: tuple[Fault, ...] = ()


class Interchange(msgspec.Struct, frozen=True):
    """UNB to UNZ: header, groups (most interchanges have none), messages, and what is wrong with the envelope itself."""

    header: Header
    tokens: Tokens
    groups: tuple[Group, ...]
    messages: tuple[Message, ...]
    faults: tuple[Fault, ...]


def parse(raw: bytes, characters: Mapping[str, str] = NO_CHARACTERS) -> Interchange | Fault:
    """Read one interchange, which begins at UNA or UNB. A fault is returned only if nothing of it can be read.

    A broken message has its faults and leaves its siblings readable. `characters` as in `read_header`.
    """
    header = read_header(raw[:HEADER_MAX], characters)
    if isinstance(header, Fault):
        return header
    tokens = tokenise(raw, header.start, header.delimiters, header.repertoire)
    if isinstance(tokens, Fault):
        return tokens
    walk = Walk(tokens, header.control)
    walk.all()
    return Interchange(
        header=header,
        tokens=tokens,
        groups=tuple(_group(group) for group in walk.groups),
        messages=tuple(_message(message, walk.groups) for message in walk.messages),
        faults=tuple(walk.faults),
    )


def read_message(interchange: Interchange, message: Message) -> list[Segment] | Fault:
    """The segments of a message from UNH to UNT, or the first fatal fault."""
    for fault in message.faults:
        if fault.weight is Weight.FATAL:
            return fault
    return read_segments(interchange.tokens, message.start, message.end)


def message_place(message: Message, segment: Segment | None = None, element: int = 0) -> str:
    """`message ORDERS 1, segment 12 (LIN), element 4`."""
    text = f"message {message.type[:20]} {message.control[:20]}"
    return text if segment is None else f"{text}, {segment_place(segment.index, segment.name, element)}"


def _group(found: OpenGroup) -> Group:
    return Group(found.head.get(1), found.head.get(5), found.count, found.head.byte, tuple(found.faults))


def _message(found: OpenMessage, groups: list[OpenGroup]) -> Message:
    """A message of a group that is broken is broken too."""
    head = found.head
    own = tuple(found.faults)
    outer = () if found.group is None else tuple(f for f in groups[found.group].faults if f.weight is Weight.FATAL)
    return Message(
        type=head.get(2),
        version=head.get(2, 2),
        release=head.get(2, 3),
        agency=head.get(2, 4),
        association=head.get(2, 5),
        control=head.get(1),
        start=found.start,
        end=found.end,
        byte=head.byte,
        faults=own + outer,
        group=found.group,
    )
