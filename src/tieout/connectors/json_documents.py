"""What every JSON connector shares: cutting a stream into documents, decoding one, wording a refusal."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, BinaryIO, TypeVar
from zoneinfo import ZoneInfo

import msgspec

from tieout.connectors import DOCUMENT_MAX, Document, Refused, System
from tieout.core.facts import Refusal
from tieout.core.values import SourceRef
from tieout.formats.json_stream import NO_JSON, cut, decode_exact, too_deep, why

T = TypeVar("T")

SEND_AGAIN = "Ask the sender to correct this record and send it again; the others are not affected."
NEXT_STEPS = {
    "json/too-long": "Ask the sender for smaller documents: one JSON value per record, at most 16 MiB each.",
    "json/cut-off": "Fetch the file again: the transfer ended early. What came before is kept.",
    "json/encoding": "Ask the sender for UTF-8.",
}


class Unreadable(Exception):
    """A part of a document breaks a rule; it ends as a `Refusal` of the document or of that part."""

    def __init__(self, rule: str, reason: str, place: str = "") -> None:
        super().__init__(reason)
        self.rule = rule
        self.reason = reason
        self.place = place


def split_json(stream: BinaryIO, origin: str, contract: str) -> Iterator[Document | Refused]:
    """One document per JSON value of the stream (see `formats.json_stream`)."""
    for piece in cut(stream, DOCUMENT_MAX):
        document = Document(piece.raw, origin, piece.line, piece.byte, contract)
        if piece.rule:
            yield Refused(document, refusal(document, Unreadable(piece.rule, f"{piece.fault}.")))
        else:
            yield document


def decode(raw: bytes, decoder: "msgspec.json.Decoder[T]") -> T:
    """The typed content of a document. Raises Unreadable."""
    try:
        if too_deep(raw):
            raise RecursionError
        value = decoder.decode(raw)
    except NO_JSON as error:
        raise _unreadable(error) from error
    if b"\\u0000" in raw:
        raise Unreadable("json/nul", "a text holds the character NUL, which no business document means.")
    return value


def decode_any(raw: bytes) -> Any:
    """Any JSON value with exact numbers. Raises Unreadable."""
    try:
        return decode_exact(raw)
    except NO_JSON as error:
        raise _unreadable(error) from error


def refusal(document: Document, fault: Unreadable) -> Refusal:
    """The refusal of a document, or of the part of it that `fault.place` names."""
    source = SourceRef(document.origin, document.line, document.byte, fault.place)
    return Refusal(source, fault.rule, fault.reason, NEXT_STEPS.get(fault.rule, SEND_AGAIN))


def utc(moment: datetime, system: System) -> datetime:
    """A time in UTC; one without an offset is local to the system."""
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=ZoneInfo(system.timezone))
    return moment.astimezone(UTC)


def _unreadable(error: BaseException) -> Unreadable:
    if isinstance(error, msgspec.ValidationError):
        return Unreadable("json/shape", f"The document does not have the agreed shape: {why(error)}.")
    return Unreadable("json/not-json", f"The document cannot be read as JSON: {why(error)}.")
