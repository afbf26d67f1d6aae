"""What is in some bytes of X12, told to a person: envelopes, faults and the acknowledgments they call for."""

from io import BytesIO

import msgspec

from tieout.formats.fault import Fault, Weight
from tieout.formats.pieces import Piece
from tieout.formats.x12.cut import cut
from tieout.formats.x12.envelope import Group, Interchange, TransactionSet, parse, read_set
from tieout.formats.x12.names import SETS

ACKNOWLEDGMENT_GROUP = "FA"


class SetDescription(msgspec.Struct, frozen=True):
    """A transaction set: `segments` counts ST and SE too; `valid` says that envelope and segment names are sound."""

    code: str
    name: str
    control: str
    segments: int
    valid: bool
    faults: tuple[Fault, ...]


class GroupDescription(msgspec.Struct, frozen=True):
    """A functional group; `expects` names the acknowledgment its sender may wait for."""

    code: str
    sender: str
    receiver: str
    control: str
    date: str
    version: str
    sets: tuple[SetDescription, ...]
    faults: tuple[Fault, ...]
    expects: str


class InterchangeDescription(msgspec.Struct, frozen=True):
    """An interchange as its envelope says; identifiers are `qualifier:id`; delimiters are shown as text."""

    sender: str
    receiver: str
    date: str
    time: str
    version: str
    control: str
    usage: str
    byte: int
    line: int
    element_separator: str
    component_separator: str
    repetition_separator: str
    segment_terminator: str
    groups: tuple[GroupDescription, ...]
    acknowledges: tuple[str, ...]
    faults: tuple[Fault, ...]
    expects: tuple[str, ...]
    valid: bool


class Unreadable(msgspec.Struct, frozen=True):
    """Bytes that are no interchange, and why."""

    byte: int
    line: int
    length: int
    fault: Fault


class Description(msgspec.Struct, frozen=True):
    """All that was found, in the order of the input; `valid` if there is something and nothing is wrong with it."""

    interchanges: tuple[InterchangeDescription, ...]
    unreadable: tuple[Unreadable, ...]
    valid: bool


def describe(raw: bytes) -> Description:
    """Describe bytes that are believed to be X12. Never raises."""
    interchanges: list[InterchangeDescription] = []
    unreadable: list[Unreadable] = []
    for piece in cut(BytesIO(raw), max(len(raw), 1)):
        found = piece.fault or parse(piece.raw)
        if isinstance(found, Fault):
            unreadable.append(Unreadable(piece.byte, piece.line, piece.length, found))
        else:
            interchanges.append(_interchange(found, piece))
    valid = bool(interchanges) and not unreadable and all(each.valid for each in interchanges)
    return Description(tuple(interchanges), tuple(unreadable), valid)


def _interchange(found: Interchange, piece: Piece) -> InterchangeDescription:
    header = found.header
    groups = tuple(_group(found, group) for group in found.groups)
    expects = [f"TA1 for interchange {header.control}"] if header.ack_requested else []
    expects += [group.expects for group in groups if group.expects]
    return InterchangeDescription(
        sender=f"{header.sender_qualifier}:{header.sender}",
        receiver=f"{header.receiver_qualifier}:{header.receiver}",
        date=header.date,
        time=header.time,
        version=header.version,
        control=header.control,
        usage=header.usage,
        byte=piece.byte,
        line=piece.line,
        element_separator=header.delimiters.element.decode("latin-1"),
        component_separator=header.delimiters.component.decode("latin-1"),
        repetition_separator=header.delimiters.repetition.decode("latin-1"),
        segment_terminator=header.delimiters.terminator.decode("utf-8", "replace"),
        groups=groups,
        acknowledges=tuple(f"{ta1.get(1)} {ta1.get(4)} {ta1.get(5)}".strip() for ta1 in found.acknowledgments),
        faults=found.faults,
        expects=tuple(expects),
        valid=_sound(found.faults) and all(_sound(g.faults) and all(s.valid for s in g.sets) for g in groups),
    )


def _group(found: Interchange, group: Group) -> GroupDescription:
    return GroupDescription(
        code=group.code,
        sender=group.sender,
        receiver=group.receiver,
        control=group.control,
        date=group.date,
        version=group.version,
        sets=tuple(_set(found, each) for each in group.sets),
        faults=group.faults,
        expects="" if group.code == ACKNOWLEDGMENT_GROUP else f"997 or 999 for group {group.control} ({group.code})",
    )


def _set(found: Interchange, transaction: TransactionSet) -> SetDescription:
    faults = transaction.faults
    if _sound(faults):
        segments = read_set(found, transaction)
        faults += (segments,) if isinstance(segments, Fault) else ()
    return SetDescription(
        code=transaction.code,
        name=SETS.get(transaction.code, ""),
        control=transaction.control,
        segments=transaction.end - transaction.start,
        valid=_sound(faults),
        faults=faults,
    )


def _sound(faults: tuple[Fault, ...]) -> bool:
    return all(fault.weight is Weight.NOTE for fault in faults)
