"""Cut a report into documents at row boundaries: most reports are one, and what the rows need from elsewhere travels in `meta`."""

from collections.abc import Iterator
from hashlib import sha256
from typing import BinaryIO

import msgspec

from tieout.connectors import DOCUMENT_MAX, Document, Refused, System
from tieout.connectors.edi_documents import refusal
from tieout.connectors.settlement.rows import NEEDED, Cells, Header, Unreadable
from tieout.core.values import SourceRef
from tieout.formats.delimited import ENCODINGS, KEPT, Dialect, Fault, Row, begin, rows

CONTRACT = "settlement"
BYTES_MAX = DOCUMENT_MAX
COLUMNS_NEEDED = (*NEEDED, "total-amount", "currency")
DELIMITER = "\t"


class _Piece:
    """The rows of the document being filled, and the settlements whose head stood before it."""

    def __init__(self, part: int, known: dict[str, Header]) -> None:
        self.part = part
        self.known = dict(known)
        self.raws: list[bytes] = []
        self.line, self.byte, self.size = 0, 0, 0

    def add(self, row: Row | Fault) -> None:
        if not self.raws:
            self.line, self.byte = row.line, row.byte
        self.raws.append(row.raw)
        self.size += len(row.raw)


def split(stream: BinaryIO, origin: str, system: System) -> Iterator[Document | Refused]:
    """Documents of at most 16 MiB; a longer report continues in further parts."""
    declared = str(system.options.get("encoding") or "utf-8")
    dialect, head, byte = begin(stream, Dialect(declared if declared in ENCODINGS else "utf-8", DELIMITER, ""))
    source = rows(stream, dialect, byte=byte, head=head)
    first = next((row for row in source if isinstance(row, Fault) or row.cells), None)
    if first is None:
        return
    columns = _columns(first)
    if isinstance(columns, tuple) and isinstance(first, Row):
        header = first.raw.decode(dialect.encoding)
        yield from _cut(source, origin, system, columns, {"encoding": dialect.encoding, "header": header})
        return
    reason = f"{columns}".rstrip(".") + "."
    step = "Check that this is a settlement report as a flat file (version 2), with its first line."
    yield _refused(first, origin, "settlement/columns", reason, step)


def _columns(first: Row | Fault) -> tuple[str, ...] | str:
    """The names of the columns, or why they are not those of a report."""
    if isinstance(first, Fault):
        return first.reason
    names = tuple(cell.strip().lower().replace("_", "-").replace(" ", "-") for cell in first.cells)
    missing = [name for name in COLUMNS_NEEDED if name not in names]
    if missing:
        return f"The columns {', '.join(missing)} are missing."
    twice = next((name for name in COLUMNS_NEEDED if names.count(name) > 1), "")
    return f"The column {twice} stands twice." if twice else names


def _cut(
    source: Iterator[Row | Fault], origin: str, system: System, columns: tuple[str, ...], meta: dict[str, str]
) -> Iterator[Document | Refused]:
    known: dict[str, Header] = {}
    meta = {**meta, "columns": msgspec.json.encode(columns).decode()}
    piece = _Piece(1, known)
    for row in source:
        if isinstance(row, Fault) and row.size != len(row.raw):
            if piece.raws:
                yield _document(piece, origin, meta, is_last=False)
                piece = _Piece(piece.part + 1, known)
            yield _refused(row, origin, f"settlement/{row.rule.rsplit('/', 1)[-1]}", f"{row.reason}.", row.next_step)
            continue
        if piece.raws and piece.size + len(row.raw) > BYTES_MAX:
            yield _document(piece, origin, meta, is_last=False)
            piece = _Piece(piece.part + 1, known)
        piece.add(row)
        if isinstance(row, Row) and row.cells:
            _note(Cells(row, columns, system), known)
    if piece.raws:
        yield _document(piece, origin, meta, is_last=True)


def _note(cells: Cells, known: dict[str, Header]) -> None:
    """Keep the head of a settlement for the documents that follow; an unreadable one is told by `translate`."""
    if cells.get("total-amount"):
        try:
            head = cells.header()
        except Unreadable:
            return
        known.setdefault(head.settlement, head)


def _document(piece: _Piece, origin: str, meta: dict[str, str], *, is_last: bool) -> Document:
    raw = b"".join(piece.raws)
    stated = {**meta, "part": str(piece.part)}
    if piece.known:
        stated["heads"] = msgspec.json.encode(list(piece.known.values())).decode()
    if is_last and piece.part == 1:
        stated["whole"] = "yes"
    key = sha256(msgspec.json.encode(sorted(stated.items())) + b"\0" + raw).hexdigest()
    return Document(raw, origin, piece.line, piece.byte, contract=CONTRACT, key=key, meta=stated)


def _refused(row: Row | Fault, origin: str, rule: str, reason: str, next_step: str) -> Refused:
    document = Document(row.raw[:KEPT], origin, row.line, row.byte, CONTRACT)
    return Refused(document, refusal(SourceRef(origin, row.line, row.byte, "row"), rule, reason, next_step))
