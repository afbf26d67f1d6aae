"""A document's rows to facts, by the mapping: every text, amount and condition is compiled once, then called per row.

The facts of one row stand alone: one that cannot be read is refused, the others go on. The same refusal is not
repeated for every fact of a row.
"""

import io
from collections.abc import Iterator
from hashlib import sha256

import msgspec

from tieout.connectors import Document, System
from tieout.connectors.delimited.cells import Cells, Unreadable, clip
from tieout.connectors.delimited.check import base_name, entry_for, parse
from tieout.connectors.delimited.listing import Gathering, lose
from tieout.connectors.delimited.mapping import FileMapping
from tieout.connectors.delimited.plan import Plan, Speaker, plan_for
from tieout.connectors.delimited.uses import columns_used, missing_columns
from tieout.core.facts import Refusal, Statement
from tieout.core.values import SourceRef
from tieout.errors import SettingsError
from tieout.formats.delimited import Dialect, Fault, Row, rows

WHOLE = "whole"
"""The mark in `meta` of a document that holds a whole file; only such a one can state a complete list."""
DELIMITERS = {"csv": ",", "tsv": "\t"}


def translate(document: Document, system: System) -> Iterator[Statement]:
    """Read one document into facts and refusals. Raises SettingsError only when the mapping itself is wrong."""
    mapping = parse(mapping_text(system), where=f"mapping of {system.name}")
    matched = document.meta.get("match")
    entry = next((e for e in mapping.file if e.match == matched), None) or entry_for(mapping, document.origin)
    if entry is None:
        yield refuse(SourceRef(document.origin), "mapping/no-file-entry", "No [[file]] entry matches this name", "Add one.")
    elif entry.format == "parquet":
        yield from _from_parquet(document, system, entry)
    else:
        yield from _from_text(document, system, entry)


def mapping_text(system: System) -> str:
    """The mapping's text from the system's options. Raises SettingsError when there is none."""
    text = system.options.get("mapping")
    if not isinstance(text, str):
        raise SettingsError(f"System {system.name} has no mapping.", "Name a mapping file for it in the settings.")
    return text


def refuse(source: SourceRef, rule: str, reason: str, next_step: str) -> Refusal:
    """A refusal, as the partner sees it; the reason becomes a sentence."""
    return Refusal(source, rule, f"{reason}.", next_step)


def dialect_of(entry: FileMapping, encoding: str) -> Dialect:
    """How the rows of an entry are written; `encoding` is the entry's own, the mapping's or the one `split` found."""
    return Dialect(encoding, entry.delimiter or DELIMITERS.get(entry.format, ","), entry.quote, entry.widths)


def row_digest(cells: Cells) -> str:
    """Identity of a row that has no number: 128 bits of its content, whatever the encoding and line ends were."""
    return sha256("\x1f".join(cells).encode()).hexdigest()[:32].upper()


def _plan(document: Document, system: System, entry: FileMapping, columns: tuple[str, ...]) -> tuple[Plan, list[Gathering]]:
    text = mapping_text(system)
    mapping = parse(text)
    speaker = Speaker(
        system.name,
        mapping.mapping.timezone or system.timezone,
        mapping.mapping.currency or system.currency,
        system.entity,
        base_name(document.origin),
    )
    lists = [Gathering(listed, entry, columns, speaker) for listed in entry.list]
    return plan_for(text, mapping.file.index(entry), columns, speaker), lists


def _lists(gathered: list[Gathering], source: SourceRef, *, whole: bool) -> Iterator[Statement]:
    for each in gathered:
        try:
            yield from each.statements(source, whole=whole)
        except Unreadable as bad:
            yield refuse(msgspec.structs.replace(source, place=bad.place), bad.rule, bad.reason, bad.next_step)


def _from_text(document: Document, system: System, entry: FileMapping) -> Iterator[Statement]:
    meta = document.meta
    columns = tuple(msgspec.json.decode(meta["columns"], type=list[str])) if "columns" in meta else entry.columns
    if missing := missing_columns(entry, columns):
        yield refuse(SourceRef(document.origin, document.line, document.byte), *missing_reason(missing[0].column, columns))
        return
    plan, lists = _plan(document, system, entry, columns)
    again = msgspec.json.decode(meta.get("again", "{}"), type=dict[str, int])
    width, open_ended = len(columns), bool(entry.read_to)
    dialect = dialect_of(entry, meta.get("encoding", "utf-8"))
    number = 0
    for row in rows(io.BytesIO(document.raw), dialect, line=document.line, byte=document.byte):
        source = SourceRef(document.origin, row.line, row.byte)
        if isinstance(row, Fault):
            yield refuse(source, row.rule, row.reason, row.next_step)
            lose(lists)
            continue
        cells = row.cells
        if not cells:
            continue
        number += 1
        if len(cells) != width and not (open_ended and len(cells) > width):
            yield refuse(source, *_wrong_width(row, width))
            lose(lists)
            continue
        key = f"{row_digest(cells)}-{again.get(str(number), 1)}" if plan.needs_key else ""
        yield from _statements(plan, lists, cells, key, source, "")
    yield from _lists(lists, SourceRef(document.origin, document.line, document.byte), whole=WHOLE in meta)


def _from_parquet(document: Document, system: System, entry: FileMapping) -> Iterator[Statement]:
    from tieout.formats import parquet  # costs a third of a second and most mappings read text

    try:
        columns = parquet.columns(document.raw)
        if missing := missing_columns(entry, columns):
            yield refuse(SourceRef(document.origin), *missing_reason(missing[0].column, columns))
            return
        if all(fact.number for fact in entry.fact):
            columns = tuple(dict.fromkeys(use.column for use in columns_used(entry)))
        plan, lists = _plan(document, system, entry, columns)
        seen: dict[str, int] = {}
        for number, cells in enumerate(parquet.rows(document.raw, columns), start=1):
            key = ""
            if plan.needs_key:
                digest = row_digest(cells)
                seen[digest] = seen.get(digest, 0) + 1
                key = f"{digest}-{seen[digest]}"
            source = SourceRef(document.origin, place=f"row {number}")
            if any("\x00" in cell for cell in cells):
                yield refuse(source, "parquet/control-character", "The row holds a NUL character", "Correct the row.")
                lose(lists)
            else:
                yield from _statements(plan, lists, cells, key, source, f"row {number}, ")
        yield from _lists(lists, SourceRef(document.origin), whole=True)
    except parquet.NotParquet as bad:
        reason = f"This is no Parquet file we can read: {bad}"
        yield refuse(SourceRef(document.origin), "parquet/unreadable", reason, "Export it again, or as CSV.")


def _statements(plan: Plan, lists: list[Gathering], cells: Cells, key: str, source: SourceRef, prefix: str) -> Iterator[Statement]:
    if plan.nulls:
        cells = ["" if cell in plan.nulls else cell for cell in cells]
    for gathering in lists:
        gathering.take(cells)
    refused: set[tuple[str, str, str]] = set()
    for build in plan.builders:
        try:
            fact = build(cells, key, source)
        except Unreadable as bad:
            what = (bad.place, bad.rule, bad.reason)
            if what not in refused:
                refused.add(what)
                yield refuse(msgspec.structs.replace(source, place=prefix + bad.place), bad.rule, bad.reason, bad.next_step)
        else:
            if fact is not None:
                yield fact


def missing_reason(column: str, columns: tuple[str, ...]) -> tuple[str, str, str]:
    """Rule, reason and next step when a file lacks a column that the mapping reads."""
    shown = ", ".join(name[:40] for name in columns[:30])
    return (
        "mapping/missing-column",
        f"The file has no column {column!r}; it has {shown}",
        "Correct the mapping, or ask the sender what changed.",
    )


def _wrong_width(row: Row, width: int) -> tuple[str, str, str]:
    return (
        "delimited/columns",
        f"The row has {len(row.cells)} cells, the file {width} columns; it starts {clip(row.cells[0])}",
        "Quote cells that hold the delimiter; or set `read_to` if the cells up to there can be trusted.",
    )
