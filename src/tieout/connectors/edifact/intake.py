"""Cut a stream into one document per interchange; bytes that are none are refused and kept."""

from collections.abc import Iterator
from typing import BinaryIO

from tieout.connectors import DOCUMENT_MAX, Document, Refused, System
from tieout.connectors.edi_documents import refusal
from tieout.core.values import SourceRef
from tieout.formats.edifact import cut

CONTRACT = "edifact"


def split(stream: BinaryIO, origin: str, system: System) -> Iterator[Document | Refused]:
    """One document per interchange, byte for byte; the content is its own key. Memory is bounded by `DOCUMENT_MAX`."""
    for piece in cut(stream, DOCUMENT_MAX):
        document = Document(piece.raw, origin, piece.line, piece.byte, CONTRACT)
        fault = piece.fault
        if fault is None:
            yield document
            continue
        source = SourceRef(origin, piece.line, piece.byte, fault.place)
        yield Refused(document, refusal(source, fault.rule, fault.reason, fault.next_step))
