"""Long arrays as parameters: encoded in one pass. The driver's own list dumper looks at every element several times in Python."""

from collections.abc import Sequence
from struct import Struct
from typing import Any

import psycopg
from psycopg.adapt import Dumper
from psycopg.pq import Format

_TEXT, _TEXT_ARRAY = 25, 1009
_BYTEA, _BYTEA_ARRAY = 17, 1001
_head = Struct(">iiiii").pack
_length = Struct(">i").pack
_NULL = _length(-1)


class Texts(list[str | None]):
    """An array of texts."""


class Blobs(list[bytes]):
    """An array of byte strings."""


class _TextsDumper(Dumper):
    format = Format.BINARY
    oid = _TEXT_ARRAY

    def dump(self, obj: Texts) -> bytes:
        encoded = [None if text is None else text.encode() for text in obj]
        return _array(_TEXT, encoded)


class _BlobsDumper(Dumper):
    format = Format.BINARY
    oid = _BYTEA_ARRAY

    def dump(self, obj: Blobs) -> bytes:
        return _array(_BYTEA, obj)


def _array(oid: int, items: Sequence[bytes | None]) -> bytes:
    if not items:
        return _head(0, 0, oid, 0, 0)[:12]
    parts = [_head(1, 1, oid, len(items), 1)]
    for item in items:
        parts.append(_NULL if item is None else _length(len(item)) + item)
    return b"".join(parts)


def register(connection: "psycopg.Connection[Any]") -> None:
    """Let a session send these arrays."""
    connection.adapters.register_dumper(Texts, _TextsDumper)
    connection.adapters.register_dumper(Blobs, _BlobsDumper)


def sent(argument: Any) -> Any:
    """A list as the array type that encodes it fastest; anything else as it is."""
    if type(argument) is not list:
        return argument
    first = next((item for item in argument if item is not None), None)
    if isinstance(first, str):
        return Texts(argument)
    return Blobs(argument) if isinstance(first, bytes) else argument
