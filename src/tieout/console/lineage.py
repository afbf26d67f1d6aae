"""Lineage: which bytes of a message say which field of a statement. Found by value, in the record the statement was read from; what is
found nowhere was worked out by the mapping, and is said to be. Pure."""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from tieout.core.values import plain

SHOWN_MAX = 128 * 1024
"""How many characters of a message are shown; the rest is in the download."""
FIELDS_MAX = 400
_NUMBER = re.compile(r"(?<![\w.:\-])-?\d+(?:,\d{3})*(?:\.\d+)?(?![\w:\-])")
HIDDEN = frozenset(("kind", "system", "type", "revision", "day", "void", "scope"))
"""Fields that say how a statement is filed, not what it says."""
NUMERIC = frozenset(("quantity", "value", "total"))


class Field(msgspec.Struct, frozen=True):
    """One canonical field: its id in the page, what it is called, its value as text, and the line it belongs to (empty: the document)."""

    id: str
    name: str
    value: str
    line: str = ""


class Piece(msgspec.Struct, frozen=True):
    """A piece of the raw text, in order; `fields` are the ids of the fields that it says."""

    text: str
    fields: tuple[str, ...] = ()


class Lineage(msgspec.Struct, frozen=True):
    """A statement beside its bytes: all fields, the raw text in pieces, where it was cut, and which fields no byte says."""

    fields: tuple[Field, ...]
    pieces: tuple[Piece, ...]
    before: int
    after: int
    silent: frozenset[str]


def decoded(raw: bytes) -> str:
    """The bytes as text: UTF-8 if they are, else one character for each byte."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def fields_of(body: Mapping[str, Any]) -> tuple[Field, ...]:
    """The fields of a statement as it is stored, lines after the document."""
    found = [Field(f"f{n}", name, text) for n, (name, text) in enumerate(_flat(body)) if name.partition(" ")[0] not in HIDDEN]
    for line in body.get("lines", []):
        own = str(line.get("line", ""))
        found += [Field(f"l{own}-{name}", name, text, own) for name, text in _flat(line)]
    return tuple(found[:FIELDS_MAX])


def lineage(raw: bytes, byte: int | None, body: Mapping[str, Any], zone: str, *, narrow: bool = False) -> Lineage:
    """The statement `body` beside the message it was read from, near `byte` when that is known; `narrow` shows nothing of the message
    but the part that says this statement, for people who may not see what else is in it."""
    text = decoded(raw)
    start = len(decoded(raw[:byte])) if byte else 0
    low, high = _window(len(text), start)
    shown = text[low:high]
    fields = fields_of(body)
    records = _records(shown)
    document = _document(shown, records, start - low, fields)
    spans: list[tuple[int, int, str]] = []
    for line, group in _by_line(fields).items():
        within = _of_line(shown, records, document, group) if line else document
        for field in group:
            spans += [(*span, field.id) for span in _found(shown, field, zone, within) or _found(shown, field, zone, document)]
    said = {id_ for _, _, id_ in spans}
    silent = frozenset(field.id for field in fields if field.id not in said)
    first, last = document if narrow else (0, len(shown))
    inside = [(a, b, id_) for a, b, id_ in spans if first <= a and b <= last]
    return Lineage(fields, tuple(_pieces(shown, inside, first, last)), low + first, len(text) - low - last, silent)


def _flat(values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in values.items():
        if name == "lines" or value in (None, "", [], {}):
            continue
        if isinstance(value, Mapping):
            yield from ((f"{name} {inner}", str(text)) for inner, text in value.items())
        elif isinstance(value, list):
            yield from ((f"{name} {n}", " = ".join(map(str, one)) if isinstance(one, list) else str(one)) for n, one in enumerate(value, 1))
        else:
            yield name, value if isinstance(value, str) else plain(Decimal(str(value))) if not isinstance(value, bool) else str(value)


def _by_line(fields: Iterable[Field]) -> dict[str, list[Field]]:
    found: dict[str, list[Field]] = {}
    for field in fields:
        found.setdefault(field.line, []).append(field)
    return found


def _window(size: int, start: int) -> tuple[int, int]:
    """What is shown of a text: all of it, or the part around the statement."""
    if size <= SHOWN_MAX:
        return 0, size
    low = max(0, min(start - SHOWN_MAX // 4, size - SHOWN_MAX))
    return low, low + SHOWN_MAX


# Records ---------------------------------------------------------------------------------------------------------------


def _records(text: str) -> list[tuple[int, int]]:
    """The records of a text: objects of a JSON document, segments of an interchange, elements of XML, else lines."""
    head = text.lstrip()[:3]
    if head[:1] in ("{", "["):
        return _objects(text)
    if head == "ISA" and len(text) > 106:
        return _split(text, text[105])
    if head in ("UNA", "UNB"):
        return _split(text, "'")
    if head[:1] == "<":
        return [(m.start(), m.end()) for m in re.finditer(r"<(Ntry|TxDtls)\b.*?</\1>", text, re.DOTALL)] or _split(text, "\n")
    return _split(text, "\n")


def _split(text: str, end: str) -> list[tuple[int, int]]:
    found, start = [], 0
    for part in text.split(end):
        found.append((start, start + len(part)))
        start += len(part) + len(end)
    return found


def _objects(text: str) -> list[tuple[int, int]]:
    """Every object of a JSON text, the inner ones before those around them; braces in strings do not count."""
    found, opened, quoted, skip = [], list[int](), False, False
    for place, letter in enumerate(text):
        if skip:
            skip = False
        elif quoted:
            skip, quoted = letter == "\\", letter != '"'
        elif letter == '"':
            quoted = True
        elif letter == "{":
            opened.append(place)
        elif letter == "}" and opened:
            found.append((opened.pop(), place + 1))
    return found


def _document(text: str, records: list[tuple[int, int]], start: int, fields: tuple[Field, ...]) -> tuple[int, int]:
    """The part of the text that a statement was read from: its set of an interchange, the rows that bear its number, else all of it."""
    if text.lstrip()[:3] == "ISA":
        heads = [a for a, b in records if text[a:b].strip().startswith("ST")]
        ends = [b for a, b in records if text[a:b].strip().startswith("SE")]
        head = max((a for a in heads if a <= max(start, 0)), default=heads[0] if heads else 0)
        return head, min((b for b in ends if b > head), default=len(text))
    number = next((f.value for f in fields if f.name == "number"), "")
    rows = [(a, b) for a, b in records if number and number in text[a:b]]
    if text.lstrip()[:1] not in ("{", "[", "<") and rows:
        return rows[0][0], rows[-1][1]
    return 0, len(text)


def _of_line(text: str, records: list[tuple[int, int]], document: tuple[int, int], group: list[Field]) -> tuple[int, int]:
    """The smallest record of the document that says the item of a line, and most else of it."""
    item = next((f.value for f in group if f.name == "item"), "")
    inside = [(a, b) for a, b in records if document[0] <= a and b <= document[1] and item and item in text[a:b]]
    if not inside:
        return document
    return max(inside, key=lambda span: (sum(bool(_found(text, f, "UTC", span)) for f in group), span[0] - span[1]))


# Values ----------------------------------------------------------------------------------------------------------------


def _found(text: str, field: Field, zone: str, within: tuple[int, int]) -> list[tuple[int, int]]:
    """Where a part of the text says the value of a field."""
    low, high = within
    if field.name in NUMERIC:
        return [(m.start(), m.end()) for m in _NUMBER.finditer(text, low, high) if _same(m.group(), field.value)]
    found: list[tuple[int, int]] = []
    for spelling in _spellings(field.value, zone):
        pattern = re.compile(rf"(?<![A-Za-z0-9_]){re.escape(spelling)}(?![A-Za-z0-9_])", re.IGNORECASE)
        found = [(m.start(), m.end()) for m in pattern.finditer(text, low, high)]
        if found:
            break
    return found


def _same(written: str, value: str) -> bool:
    try:
        return abs(Decimal(written.replace(",", ""))) == abs(Decimal(value))
    except InvalidOperation:
        return False


def _spellings(value: str, zone: str) -> Iterator[str]:
    """How a value may be written, the most telling first: itself, a time by the clock of its place, the number of a reference."""
    yield value
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        if value.count("/") >= 2:
            number = value.split("/", 2)[2]
            yield number
            yield number.rpartition(":")[2]
            yield number.rpartition("-")[2]
        elif ":" in value:
            yield value.rpartition(":")[2]
        return
    if at.tzinfo is not None:
        for local in (at.astimezone(ZoneInfo(zone)), at):
            for form in ("%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y%m%d", "%y%m%d", "%Y-%m-%d"):
                yield local.strftime(form)


def _pieces(text: str, spans: list[tuple[int, int, str]], first: int, last: int) -> Iterator[Piece]:
    """The text from `first` to `last`, cut wherever a span begins or ends."""
    cuts = sorted({first, last, *(a for a, _, _ in spans), *(b for _, b, _ in spans)})
    for low, high in pairwise(cuts):
        said = tuple(dict.fromkeys(id_ for a, b, id_ in spans if a <= low and high <= b))
        yield Piece(text[low:high], said)
