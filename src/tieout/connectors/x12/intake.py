"""Cut a stream into one document per interchange; bytes that are none are refused and kept."""

from collections.abc import Iterator
from typing import BinaryIO

from tieout.connectors import DOCUMENT_MAX, Document, Refused, System
from tieout.connectors.edi_documents import documents
from tieout.formats.x12 import cut

CONTRACT = "x12"


def split(stream: BinaryIO, origin: str, system: System) -> Iterator[Document | Refused]:
    """One document per interchange, byte for byte; the content is its own key. Memory is bounded by `DOCUMENT_MAX`."""
    return documents(cut(stream, DOCUMENT_MAX), origin, CONTRACT)
