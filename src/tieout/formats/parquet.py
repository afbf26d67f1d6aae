"""Rows of a Parquet file as text by column name; nothing here knows what a column means.

A Parquet file cannot be cut without changing it (its index stands at the end), so it is read from whole bytes,
in batches of `BATCH` rows.
"""

import io
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal

import pyarrow
import pyarrow.parquet

BATCH = 1_000
ROWS_MAX = 5_000_000
EXPANDED_MAX = 1024 * 1024 * 1024
"""Most bytes the columns may have uncompressed, as the file itself declares them."""


class NotParquet(ValueError):
    """The bytes are no Parquet file that can be read, or hold more than is accepted; the text says which."""


def columns(raw: bytes) -> tuple[str, ...]:
    """Names of the top-level columns. Raises NotParquet."""
    return tuple(_open(raw).schema_arrow.names)


def rows(raw: bytes, names: Sequence[str]) -> Iterator[list[str]]:
    """The cells of the named columns, row by row, as text. Raises NotParquet, also after some rows.

    Missing values are empty; decimals keep their digits; dates and times are ISO 8601; a binary float is the shortest
    decimal that names it. A nested or binary column that is asked for is NotParquet.
    """
    file = _open(raw)
    try:
        for batch in file.iter_batches(batch_size=BATCH, columns=list(names)):
            held = {name: [_text(value) for value in batch.column(name).to_pylist()] for name in names}
            yield from ([held[name][i] for name in names] for i in range(batch.num_rows))
    except (pyarrow.ArrowException, OSError, ValueError, KeyError, OverflowError) as bad:
        raise NotParquet(_short(bad)) from bad


def _open(raw: bytes) -> pyarrow.parquet.ParquetFile:
    try:
        file = pyarrow.parquet.ParquetFile(io.BytesIO(raw))
        metadata = file.metadata
        expanded = sum(metadata.row_group(i).total_byte_size for i in range(metadata.num_row_groups))
    except (pyarrow.ArrowException, OSError, ValueError, OverflowError) as bad:
        raise NotParquet(_short(bad)) from bad
    if metadata.num_rows > ROWS_MAX or expanded > EXPANDED_MAX:
        raise NotParquet(f"it declares {metadata.num_rows} rows and {expanded} bytes; we read {ROWS_MAX} and {EXPANDED_MAX}")
    return file


def _short(bad: Exception) -> str:
    return " ".join(str(bad).split())[:200]


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime):
        return value.isoformat(" ")
    if isinstance(value, int | float | date):
        return value.isoformat() if isinstance(value, date) else repr(value)
    raise ValueError(f"a {type(value).__name__} is no text, number or time")
