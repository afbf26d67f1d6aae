"""Rows as PostgreSQL's binary COPY wants them; the same bytes are what the audit chain digests."""

from datetime import UTC, date, datetime
from functools import lru_cache
from struct import Struct

HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER = b"\xff\xff"
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_EPOCH_DAY = date(2000, 1, 1).toordinal()
_length = Struct(">i").pack
_message_head = Struct(">hiqiqihi").pack
_position = Struct(">iqiqiii").pack
_fact_head = Struct(">hiqiqi").pack
_three = Struct(">iii").pack
_bigint = Struct(">iq").pack
_bigint_and = Struct(">iqi").pack
_posting_head = Struct(">hiqiqi").pack
_posting_mid = Struct(">ihiqiii").pack
_subject_tail = Struct(">iiii").pack
_NULL = _length(-1)


def micros(moment: datetime) -> int:
    """Microseconds since 2000-01-01 UTC, PostgreSQL's own count."""
    delta = moment - _EPOCH
    return (delta.days * 86400 + delta.seconds) * 1_000_000 + delta.microseconds


def field(value: bytes) -> bytes:
    """A variable-length field."""
    return _length(len(value)) + value


@lru_cache(maxsize=4096)
def _text(value: str) -> bytes:
    """A field of a text that comes again and again: a kind, a contract, a file name."""
    return field(value.encode())


def message_row(
    batch: int, id_: int, system: int, key: bytes, hash_: bytes, received: int, contract: str, origin: str,
    line: int, byte: int, statements: int, meta: bytes, raw: bytes,
) -> bytes:  # fmt: skip
    """A row of `message`; `received` in microseconds, see `micros`."""
    return b"".join((
        _message_head(13, 8, batch, 8, id_, 2, system, len(key)), key, _length(len(hash_)), hash_, _bigint(8, received),
        _text(contract), _text(origin), _position(8, line, 8, byte, 4, statements, len(meta)), meta, _length(len(raw)), raw,
    ))  # fmt: skip


def fact_row(
    batch: int, id_: int, identity: bytes, ordinal: int, revision: bytes, generation: int, content: bytes,
    message: int, place: bytes, kind: str, happened: int, body: bytes,
) -> bytes:  # fmt: skip
    """A row of `fact`."""
    return b"".join((
        _fact_head(12, 8, batch, 8, id_, len(identity)), identity, _three(4, ordinal, len(revision)), revision,
        _three(4, generation, len(content)), content, _bigint_and(8, message, len(place)), place, _text(kind),
        _bigint_and(8, happened, len(body)), body,
    ))  # fmt: skip


def posting_row(batch: int, id_: int, root: bytes, sign: int, occurred: int, booked: date, entries: bytes) -> bytes:
    """A row of `posting`."""
    return b"".join((
        _posting_head(7, 8, batch, 8, id_, len(root)), root,
        _posting_mid(2, sign, 8, occurred, 4, booked.toordinal() - _EPOCH_DAY, len(entries)), entries,
    ))  # fmt: skip


def subject_row(ref: bytes, alias: bytes | None, net: bytes, wake: bytes, links: int, cases: int) -> bytes:
    """A row of `subject`."""
    return b"".join((
        b"\0\6", field(ref), _NULL if alias is None else field(alias), field(net), field(wake),
        _subject_tail(4, links, 4, cases),
    ))  # fmt: skip


def wake_row(feed: bytes, at: int, root: bytes) -> bytes:
    """A row of `wake`."""
    return b"".join((b"\0\3", field(feed), _bigint(8, at), field(root)))


def link_row(identity: bytes, a: bytes, b: bytes) -> bytes:
    """A row of `link`."""
    return b"".join((b"\0\3", field(identity), field(a), field(b)))
