"""The three envelopes ISA/IEA, GS/GE and ST/SE: what is inside which, and whether control numbers and counts agree."""

import msgspec

from tieout.formats.fault import Fault, Weight, segment_place
from tieout.formats.x12.header import HEADER_MAX, Header, read_header
from tieout.formats.x12.tokens import Segment, Tokens, read_segments, tokenise
from tieout.formats.x12.walk import Walk


class TransactionSet(msgspec.Struct, frozen=True):
    """ST to SE: `code` such as 850, control number, the segments `start` to `end` (exclusive) of the interchange."""

    code: str
    control: str
    start: int
    end: int
    byte: int
    faults: tuple[Fault, ...] = ()


class Group(msgspec.Struct, frozen=True):
    """GS to GE: `code` such as PO, its control number (GS06) and the transaction sets in it."""

    code: str
    sender: str
    receiver: str
    date: str
    time: str
    control: str
    version: str
    index: int
    byte: int
    sets: tuple[TransactionSet, ...] = ()
    faults: tuple[Fault, ...] = ()


class Interchange(msgspec.Struct, frozen=True):
    """ISA to IEA: header, groups, interchange acknowledgments (TA1), and what is wrong with the envelope itself."""

    header: Header
    tokens: Tokens
    groups: tuple[Group, ...]
    acknowledgments: tuple[Segment, ...]
    faults: tuple[Fault, ...]


def parse(raw: bytes) -> Interchange | Fault:
    """Read one interchange, which begins at ISA. A fault is returned only if nothing of it can be read.

    A broken transaction set has its faults and leaves its siblings readable.
    """
    header = read_header(raw[: HEADER_MAX + 1000])
    if isinstance(header, Fault):
        return header
    tokens = tokenise(raw, header.delimiters)
    if isinstance(tokens, Fault):
        return tokens
    walk = Walk(tokens, header.control)
    walk.all()
    return Interchange(
        header=header,
        tokens=tokens,
        groups=tuple(_group(tokens, group, sets, faults) for group, sets, faults in walk.groups),
        acknowledgments=tuple(walk.acknowledgments),
        faults=header.faults + tuple(walk.faults),
    )


def read_set(interchange: Interchange, transaction: TransactionSet) -> list[Segment] | Fault:
    """The segments of a transaction set from ST to SE, or the first fatal fault."""
    for fault in transaction.faults:
        if fault.weight is Weight.FATAL:
            return fault
    return read_segments(interchange.tokens, transaction.start, transaction.end)


def set_place(transaction: TransactionSet, segment: Segment | None = None, element: int = 0) -> str:
    """`set 850/0001, segment 12 (PO1), element 4`."""
    text = f"set {transaction.code}/{transaction.control}"
    return text if segment is None else f"{text}, {segment_place(segment.index, segment.name, element)}"


def _group(tokens: Tokens, segment: Segment, sets: list[tuple[Segment, int, int, list[Fault]]], faults: list[Fault]) -> Group:
    return Group(
        code=segment.get(1),
        sender=segment.get(2),
        receiver=segment.get(3),
        date=segment.get(4),
        time=segment.get(5),
        control=segment.get(6),
        version=segment.get(8),
        index=segment.index,
        byte=segment.byte,
        sets=tuple(TransactionSet(first.get(1), first.get(2), start, end, first.byte, tuple(wrong)) for first, start, end, wrong in sets),
        faults=tuple(faults),
    )
