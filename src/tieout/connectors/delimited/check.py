"""Mapping text to a checked Mapping, or a SettingsError with key, rule and next step; no file is opened here."""

import fnmatch
import re
from collections.abc import Iterable
from datetime import UTC, date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

import msgspec

from tieout.connectors.delimited.mapping import (
    About,
    Condition,
    FactMapping,
    FileMapping,
    FixedDay,
    ListMapping,
    Mapping,
    NamedTime,
    RevisionColumn,
    conditions,
    has_header,
    line_texts,
)
from tieout.connectors.delimited.uses import columns_used, missing_columns, texts_of
from tieout.core.facts.kinds import KINDS
from tieout.declared import Wrong, nearest, read
from tieout.errors import SettingsError

FACTS_MAX = 50
DECISIONS = ("WrittenOff", "Matched", "Listed")
"""Kinds a row may not state: decisions are taken in Tieout, and a complete list is stated by a whole file, by `[[file.list]]`."""

GUIDE = "docs/how-to/write-a-mapping.md lists every key."
SYSTEM = re.compile(r"[a-z0-9][a-z0-9_.-]*")


@lru_cache(maxsize=64)
def parse(text: str, where: str = "mapping") -> Mapping:
    """Read and check a mapping; `where` is the file's name in messages. Raises SettingsError."""
    mapping = read(text, where, Mapping, GUIDE)
    try:
        _check_about(mapping.mapping)
        if not mapping.file:
            raise Wrong("file", "there is no [[file]] entry, so no file would be read")
        for number, entry in enumerate(mapping.file, start=1):
            check_file(entry, f"file {number} ({entry.match!r})")
    except Wrong as wrong:
        raise SettingsError(f"{where}: {wrong.key}: {wrong.rule}.", wrong.next_step or GUIDE) from None
    return mapping


def entry_for(mapping: Mapping, origin: str) -> FileMapping | None:
    """The first `[[file]]` entry whose `match` fits the base name of `origin`, in any letter case."""
    name = base_name(origin).lower()
    return next((entry for entry in mapping.file if fnmatch.fnmatchcase(name, entry.match.lower())), None)


def entry_like(mapping: Mapping, head: bytes) -> FileMapping | None:
    """The only entry whose columns fit a file's first line, for files that bear another name; None if several or none do."""
    line = head.removeprefix(b"\xef\xbb\xbf").split(b"\n", 1)[0].rstrip(b"\r").decode("utf-8", "replace")
    fitting = [entry for entry in mapping.file if _fits(entry, line)]
    return fitting[0] if len(fitting) == 1 else None


def _fits(entry: FileMapping, line: str) -> bool:
    """Without a header the number of columns decides, with one every column that the mapping names must stand there."""
    if entry.format not in ("csv", "tsv"):
        return False
    delimiter = entry.delimiter or ("\t" if entry.format == "tsv" else ",")
    cells = [cell.strip().strip(entry.quote) for cell in line.split(delimiter)]
    if not has_header(entry):
        return len(cells) == len(entry.columns)
    return len(cells) > 1 and not missing_columns(entry, tuple(cells))


def base_name(origin: str) -> str:
    """The last part of a path or address."""
    return origin.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1]


def _check_about(about: About) -> None:
    if not SYSTEM.fullmatch(about.system):
        raise Wrong(
            "mapping: system",
            f"{about.system!r} is no system name",
            "Use lower-case letters, digits, '-', '_' and '.'.",
        )
    if about.timezone:
        try:
            ZoneInfo(about.timezone)
        except (OSError, ValueError, KeyError):
            raise Wrong("mapping: timezone", f"{about.timezone!r} is no IANA zone", "Write it like 'Europe/Berlin'.") from None
    if about.currency and not re.fullmatch("[A-Z]{3}", about.currency):
        raise Wrong("mapping: currency", f"{about.currency!r} is no ISO 4217 code", "Write it like 'USD'.")


def check_file(entry: FileMapping, key: str) -> None:
    """All rules of one entry; `key` names it in messages. Raises Wrong."""
    for rule, broken in _file_rules(entry):
        if broken:
            raise Wrong(key, rule)
    for layout in entry.dates:
        _check_date_format(layout, f"{key}: dates")
    try:
        uses = list(columns_used(entry))
    except Wrong as wrong:
        raise Wrong(f"{key}: {wrong.key}", wrong.rule, wrong.next_step) from None
    for number, fact in enumerate(entry.fact, start=1):
        _check_fact(fact, f"{key}: fact {number} ({fact.kind})")
    for number, listed in enumerate(entry.list, start=1):
        _check_list(listed, entry.fact, f"{key}: list {number} ({listed.type})")
    _check_identities(entry, key)
    _check_literals(entry, {use.column for use in uses} | set(entry.columns), key)
    if entry.columns:
        present = entry.columns[: entry.columns.index(entry.read_to) + 1] if entry.read_to else entry.columns
        for use in uses:
            if use.column not in present:
                raise Wrong(
                    f"{key}: {use.key}",
                    f"there is no column {use.column!r}",
                    nearest(use.column, present) or f"Columns: {', '.join(present)}.",
                )


def _file_rules(entry: FileMapping) -> tuple[tuple[str, bool], ...]:
    text = entry.format in ("csv", "tsv")
    delimiter = entry.delimiter
    return (
        ("a file needs 1 to 50 [[file.fact]] or [[file.list]] entries", not 1 <= len(entry.fact) + len(entry.list) <= FACTS_MAX),
        ("`columns` names the columns where `header = false`", text and entry.header is False and not entry.columns),
        (
            "a fixed-width file needs `columns` and as many `widths`",
            entry.format == "fixed" and not 0 < len(entry.columns) == len(entry.widths),
        ),
        ("a width is 1 to 10000 characters", any(not 0 < width <= 10_000 for width in entry.widths)),
        ('`widths` belong to format = "fixed"', bool(entry.widths) and entry.format != "fixed"),
        ("two columns have the same name", len(set(entry.columns)) != len(entry.columns)),
        ("a Parquet file names its own columns", entry.format == "parquet" and bool(entry.columns or entry.read_to)),
        ("`read_to` is for csv and tsv", bool(entry.read_to) and not text),
        (
            "`read_to` is not among `columns`",
            bool(entry.read_to and entry.columns) and entry.read_to not in entry.columns,
        ),
        (
            "`delimiter` is one character, no quote or line end",
            bool(delimiter) and (len(delimiter) != 1 or delimiter in '\r\n\0"' + entry.quote),
        ),
        ("`quote` is one character or nothing", len(entry.quote) > 1 or entry.quote in ("\r", "\n", "\0", " ")),
        ("`decimal` and `thousands` are the same mark", entry.decimal == entry.thousands),
    )


def _check_date_format(layout: str, key: str) -> None:
    sample = datetime(2001, 2, 3, 4, 5, 6, tzinfo=UTC)
    try:
        back = datetime.strptime(sample.strftime(layout), layout)  # noqa: DTZ007  only the day is looked at
    except ValueError:
        raise Wrong(key, f"{layout!r} is no strptime format", "Write it like '%d.%m.%Y %H:%M'.") from None
    if back.date() != sample.date():
        raise Wrong(key, f"{layout!r} does not say year, month and day", "Write it like '%d.%m.%Y'.")


def _check_fact(fact: FactMapping, key: str) -> None:
    if fact.kind not in KINDS:
        raise Wrong(f"{key}: kind", f"there is no fact type {fact.kind!r}", nearest(fact.kind, KINDS) or GUIDE)
    if fact.kind in DECISIONS:
        raise Wrong(
            f"{key}: kind",
            f"a mapping cannot state {fact.kind}",
            "Declare a complete list by [[file.list]]." if fact.kind == "Listed" else "It is decided in Tieout.",
        )
    if not SYSTEM.fullmatch(fact.type):
        raise Wrong(f"{key}: type", f"{fact.type!r} is no document type", "Write it like 'purchase_order'.")
    if isinstance(fact.revision, RevisionColumn) and (fact.revision.number is None) == (fact.revision.time is None):
        raise Wrong(f"{key}: revision", "give one of `number` and `time`")
    if fact.number and fact.revision is None:
        raise Wrong(
            f"{key}: revision",
            "say what makes a version the later one",
            'Name its column: { time = "…" } or { number = "…" }; or "arrival".',
        )
    if isinstance(fact.happened, FixedDay):
        _check_day(fact.happened.on, f"{key}: happened")
    _check_conditions((*conditions(fact.when), *conditions(fact.void), *(c for line in fact.line for c in conditions(line.when))), key)
    for reference in (
        *(line.subject for line in fact.line),
        *(side for pair in (*fact.links, *fact.relates) for side in pair),
    ):
        _check_reference(reference, key)
    if len(set(line_texts(fact))) < len(fact.line):
        raise Wrong(f"{key}: line", "two lines of one fact have the same number", "Give each its own `line`.")


def _check_conditions(given: Iterable[Condition], key: str) -> None:
    for condition in given:
        if sum(test is not None for test in msgspec.structs.astuple(condition)[1:]) != 1:
            raise Wrong(
                f"{key}: when",
                f"the condition on {condition.column!r} needs exactly one test",
                "Tests: " + ", ".join(Condition.__struct_encode_fields__[1:]) + ".",
            )


def _check_list(listed: ListMapping, facts: Iterable[FactMapping], key: str) -> None:
    """A list names documents as the facts of the same file do, or it would void them all."""
    if not SYSTEM.fullmatch(listed.type):
        raise Wrong(f"{key}: type", f"{listed.type!r} is no document type", "Write it like 'purchase_order'.")
    if "{" not in listed.number:
        raise Wrong(f"{key}: number", "say which document a row names", "Write it like '{PurchaseOrderID}'.")
    if isinstance(listed.as_of, NamedTime):
        _check_date_format(listed.as_of.file, f"{key}: as_of")
    _check_conditions(conditions(listed.when), key)
    for fact in facts:
        for name in ("number", "partner"):
            given, wanted = getattr(listed, name), getattr(fact, name)
            if fact.type == listed.type and given != wanted:
                raise Wrong(f"{key}: {name}", f"it is {given!r} here and {wanted!r} in {fact.kind}", "Name the document as the fact does.")


def _check_day(text: str, key: str) -> None:
    try:
        date.fromisoformat(text)
    except ValueError:
        raise Wrong(key, f"{text!r} is no day", "Write it like '1998-05-06'.") from None


def _check_reference(text: str, key: str) -> None:
    parts = text.split("/", 2)
    if (
        len(parts) < 3
        or not all(part in ("{system}", "*")[: 2 - n] or SYSTEM.fullmatch(part) for n, part in enumerate(parts[:2]))
        or not parts[2]
    ):
        raise Wrong(
            key,
            f"{text!r} is no reference",
            "Write it like '{system}/purchase_order/{PurchaseOrderID}'; system and type hold no columns.",
        )


def _check_identities(entry: FileMapping, key: str) -> None:
    """Two facts of every row may not claim the same identity: one would be taken for another version of the other."""
    seen: dict[tuple[str, ...], str] = {}
    for fact in entry.fact:
        identity = (fact.type, fact.partner, fact.number, fact.scope)
        if not conditions(fact.when) and seen.setdefault(identity, fact.kind) is not fact.kind:
            raise Wrong(
                key,
                f"{seen[identity]} and {fact.kind} have the same identity",
                "Give them different `type`, `number` or `scope`.",
            )


def _check_literals(entry: FileMapping, columns: set[str], key: str) -> None:
    """A text that is exactly a column's name was meant as that column."""
    texts = [(f"fact {n} ({fact.kind}): {name}", text) for n, fact in enumerate(entry.fact, start=1) for name, text in texts_of(fact)]
    texts += [(f"list {n} ({listed.type}): partner", listed.partner) for n, listed in enumerate(entry.list, start=1)]
    for name, text in texts:
        if text in columns:
            raise Wrong(f"{key}: {name}", f"{text!r} is a fixed text here", f"Write '{{{text}}}' for the column.")
