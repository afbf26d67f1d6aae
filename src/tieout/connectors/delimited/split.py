"""A file to documents: cut at row boundaries, and always at the same places.

So an import that was interrupted meets the same messages again. A document holds at most `ROWS_MAX` rows or `BYTES_MAX`
bytes. What its rows need from elsewhere in the file travels in `meta`: the columns, the codec and, for rows without a
number, which occurrence in the whole file they are. A file that states a complete list stays in one piece, as it is one statement.
"""

import io
import sys
from collections.abc import Iterator
from hashlib import sha256
from typing import BinaryIO, cast

import msgspec

from tieout.connectors import DOCUMENT_MAX, Document, Refused, System
from tieout.connectors.delimited.check import base_name, entry_for, entry_like, parse
from tieout.connectors.delimited.mapping import FileMapping, Mapping, NamedTime, has_header
from tieout.connectors.delimited.translate import WHOLE, dialect_of, mapping_text, missing_reason, refuse, row_digest
from tieout.connectors.delimited.uses import columns_used, missing_columns
from tieout.core.values import SourceRef
from tieout.formats.delimited import KEPT, Dialect, Fault, Row, begin, rows

ROWS_MAX = 2_000
HEAD = 64 * 1024
BYTES_MAX = 1024 * 1024
DISTINCT_MAX = 2_000_000
"""Most different rows without a number in one file; each costs about 150 bytes while the file is cut."""


def split(stream: BinaryIO, origin: str, system: System) -> Iterator[Document | Refused]:
    """Cut a file into documents. Raises SettingsError only when the mapping itself is wrong."""
    mapping = parse(mapping_text(system), where=f"mapping of {system.name}")
    entry = entry_for(mapping, origin)
    if entry is None:
        head = stream.read(HEAD)
        stream = cast(BinaryIO, io.BufferedReader(_Again(head, stream)))
        entry = entry_like(mapping, head)
    if entry is None:
        yield _unknown_file(stream, origin, mapping)
    elif entry.format == "parquet":
        yield _whole(stream, origin, entry)
    else:
        yield from _cut(stream, origin, entry, dialect_of(entry, entry.encoding or mapping.mapping.encoding))


def _unknown_file(stream: BinaryIO, origin: str, mapping: Mapping) -> Refused:
    patterns = ", ".join(entry.match for entry in mapping.file)
    reason = f"{base_name(origin)!r} matches no [[file]] entry of the mapping; there are {patterns}"
    document = Document(stream.read(KEPT), origin)
    return Refused(document, refuse(SourceRef(origin), "mapping/no-file-entry", reason, "Rename the file or add an entry."))


def _whole(stream: BinaryIO, origin: str, entry: FileMapping) -> Document | Refused:
    raw = stream.read(DOCUMENT_MAX + 1)
    contract = f"delimited/{entry.match}"
    if len(raw) <= DOCUMENT_MAX:
        return Document(raw, origin, contract=contract, key=_key(entry, origin, raw, {}))
    reason = f"A Parquet file is kept whole and this one has more than {DOCUMENT_MAX} bytes"
    refusal = refuse(SourceRef(origin), "parquet/too-large", reason, "Export smaller files, or CSV, which is cut.")
    return Refused(Document(raw[:KEPT], origin, contract=contract), refusal)


class _Again(io.RawIOBase):
    """A stream whose first bytes were looked at already."""

    def __init__(self, head: bytes, rest: BinaryIO) -> None:
        self._head = io.BytesIO(head)
        self._rest = rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "memoryview") -> int:  # type: ignore[override]
        data = self._head.read(len(buffer)) or self._rest.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


class _Piece:
    """The rows of the document being filled."""

    def __init__(self) -> None:
        self.raws: list[bytes] = []
        self.line, self.byte, self.rows, self.size = 0, 0, 0, 0
        self.again: dict[str, int] = {}

    def add(self, row: Row | Fault) -> None:
        if not self.raws:
            self.line, self.byte = row.line, row.byte
        self.raws.append(row.raw)
        self.size += len(row.raw)

    def count(self, row: Row, seen: dict[bytes, int]) -> None:
        """Note which occurrence in the whole file this row is, unless it is the first."""
        digest = bytes.fromhex(row_digest(row.cells))
        nth = seen[digest] = seen.get(digest, 0) + 1
        if nth > 1:
            self.again[str(self.rows)] = nth


def _cut(stream: BinaryIO, origin: str, entry: FileMapping, declared: Dialect) -> Iterator[Document | Refused]:
    dialect, head, byte = begin(stream, declared)
    source = rows(stream, dialect, byte=byte, head=head)
    found = _columns(source, origin, entry, dialect.encoding)
    if isinstance(found, Refused):
        yield found
        return
    columns, header = found
    meta = {"encoding": dialect.encoding, "columns": msgspec.json.encode(columns).decode(), "header": header, "match": entry.match}
    seen: dict[bytes, int] | None = {} if any(not fact.number for fact in entry.fact) else None
    whole = bool(entry.list)
    rows_max, bytes_max = (sys.maxsize, DOCUMENT_MAX) if whole else (ROWS_MAX, BYTES_MAX)
    piece = _Piece()
    for row in source:
        too_long = isinstance(row, Fault) and row.size != len(row.raw)
        if piece.raws and (too_long or piece.rows == rows_max or piece.size + len(row.raw) > bytes_max):
            whole = False
            yield _document(piece, origin, entry, meta)
            piece = _Piece()
        if isinstance(row, Fault):
            if too_long:
                whole = False
                yield _refused(row, origin, entry, row.rule, row.reason, row.next_step)
            else:
                piece.add(row)
            continue
        if seen is not None and len(seen) >= DISTINCT_MAX:
            whole = False
            yield _refused(row, origin, entry, *TOO_MANY)
            break
        piece.add(row)
        if row.cells:
            piece.rows += 1
            if seen is not None:
                piece.count(row, seen)
    if piece.raws:
        yield _document(piece, origin, entry, {**meta, WHOLE: "yes"} if whole else meta)


def _columns(source: Iterator[Row | Fault], origin: str, entry: FileMapping, codec: str) -> tuple[tuple[str, ...], str] | Refused:
    """The names of the columns that are read, from the mapping or the header, and the header as it stands."""
    columns, text = entry.columns, ""
    if has_header(entry):
        head = next((row for row in source if isinstance(row, Fault) or row.cells), None)
        if isinstance(head, Fault):
            return _refused(head, origin, entry, head.rule, head.reason, head.next_step)
        if head is None:
            return columns, text
        found = tuple(cell.strip() for cell in head.cells)
        if wrong := _wrong_header(entry, found):
            return _refused(head, origin, entry, *wrong)
        columns, text = columns or found, head.raw.decode(codec)
    return columns[: columns.index(entry.read_to) + 1] if entry.read_to else columns, text


def _wrong_header(entry: FileMapping, found: tuple[str, ...]) -> tuple[str, str, str] | None:
    if entry.columns:
        if len(found) == len(entry.columns):
            return None
        reason = f"The header has {len(found)} columns, the mapping names {len(entry.columns)}"
        return "mapping/header", reason, "Compare `columns` with the header."
    if entry.read_to and entry.read_to not in found:
        return missing_reason(entry.read_to, found)
    trusted = found[: found.index(entry.read_to) + 1] if entry.read_to else found
    if missing := missing_columns(entry, trusted):
        return missing_reason(missing[0].column, trusted)
    twice = next((use.column for use in columns_used(entry) if trusted.count(use.column) > 1), None)
    if twice is None:
        return None
    return (
        "mapping/header",
        f"The header has two columns {twice!r}",
        "Name all columns in `columns`, with `header = true`.",
    )


TOO_MANY = (
    "mapping/too-many-rows",
    f"Rows without a number are counted, and the file has more than {DISTINCT_MAX} different ones",
    "The rest is not read: split the file, or map a `number`.",
)


def _refused(row: Row | Fault, origin: str, entry: FileMapping, rule: str, reason: str, next_step: str) -> Refused:
    document = Document(row.raw[:KEPT], origin, row.line, row.byte, contract=f"delimited/{entry.match}")
    return Refused(document, refuse(SourceRef(origin, row.line, row.byte), rule, reason, next_step))


def _document(piece: "_Piece", origin: str, entry: FileMapping, meta: dict[str, str]) -> Document:
    if piece.again:
        meta = {**meta, "again": msgspec.json.encode(piece.again).decode()}
    raw = b"".join(piece.raws)
    key = _key(entry, origin, raw, meta)
    return Document(raw, origin, piece.line, piece.byte, contract=f"delimited/{entry.match}", key=key, meta=meta)


def _key(entry: FileMapping, origin: str, raw: bytes, meta: dict[str, str]) -> str:
    """The same bytes under other columns or as later occurrences are another message; a file's name counts if read."""
    named = "{file}" in repr(entry.fact) or any(isinstance(listed.as_of, NamedTime) for listed in entry.list)
    name = base_name(origin) if named else ""
    return sha256(msgspec.json.encode([entry.match, name, sorted(meta.items())]) + b"\0" + raw).hexdigest()
