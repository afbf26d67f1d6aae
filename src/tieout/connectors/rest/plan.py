"""The compiled form of one `[[record]]`: a record's values as cells, and per fact what builds it, by the engine of file mappings.

A path into the record is what a column is in a file. A fact with lines for each entry of a list is built once for the
record and, for its lines, once per entry: there `lines.sku` means the entry's own, and `lines.#` its position.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from tieout.connectors.delimited.cells import Cells, Unreadable
from tieout.connectors.delimited.mapping import FactMapping, FileMapping
from tieout.connectors.delimited.plan import Builder, Speaker, compiled
from tieout.connectors.delimited.uses import columns_used
from tieout.connectors.rest.mapping import FactOfRecord, LineOfRecord, Record
from tieout.connectors.rest.path import NotText, find, text_of
from tieout.core.facts import Fact, Line
from tieout.core.values import SourceRef

LINES_MAX = 10_000
POSITION = "#"


class FactPlan(msgspec.Struct, frozen=True):
    """How one fact is built: its head with the lines that stand once, and its lines for each entry of a list."""

    head: Builder
    loops: tuple[tuple[str, Builder], ...]


class RecordPlan(msgspec.Struct, frozen=True):
    """The paths a record is read at, and its facts."""

    paths: tuple[str, ...]
    lists: tuple[str, ...]
    facts: tuple[FactPlan, ...]
    entry: FileMapping


def plan_of(record: Record, speaker: Speaker) -> RecordPlan:
    """Compile a checked record."""
    entry = entry_of(record)
    facts = []
    for fact in entry.fact:
        assert isinstance(fact, FactOfRecord)
        lists = tuple(dict.fromkeys(line.each for line in fact.line if line.each))
        heads = [_only(fact, ""), *(_only(fact, each) for each in lists)]
        built = [compiled(msgspec.structs.replace(entry, fact=(each,)), entry.columns, speaker).builders[0] for each in heads]
        facts.append(FactPlan(built[0], tuple(zip(lists, built[1:], strict=True))))
    every = tuple(dict.fromkeys(each for plan in facts for each, _ in plan.loops))
    return RecordPlan(entry.columns, every, tuple(facts), entry)


def entry_of(record: Record) -> FileMapping:
    """The record as an entry of a file mapping whose columns are the paths it reads. Raises Wrong for a text that cannot be read."""
    facts: tuple[FactMapping, ...] = tuple(
        msgspec.structs.replace(fact, line=tuple(_numbered(line) for line in fact.line)) for fact in record.fact
    )
    entry = FileMapping(
        record.match or record.name,
        "csv",
        facts,
        nulls=record.nulls,
        dates=record.dates,
        days=record.days,
        decimal=record.decimal,
        thousands=record.thousands,
        units=record.units,
    )
    return msgspec.structs.replace(entry, columns=tuple(dict.fromkeys(use.column for use in columns_used(entry))))


def _numbered(line: LineOfRecord) -> LineOfRecord:
    """A line of a list that has no number of its own bears its position."""
    if not line.each or line.line or line.order_line:
        return line
    return msgspec.structs.replace(line, line=f"{{{line.each}.{POSITION}}}")


def _only(fact: FactOfRecord, each: str) -> FactOfRecord:
    return msgspec.structs.replace(fact, line=tuple(line for line in fact.line if line.each == each))


def facts_of(plan: RecordPlan, value: Any, source: SourceRef) -> list[Callable[[], Fact | None]]:
    """One function per fact of the record, which builds it whole or raises Unreadable; None where `when` does not hold."""

    def build(fact: FactPlan) -> Fact | None:
        head = fact.head(_cells(plan, value), "", source)
        if head is None:
            return None
        lines: list[Line] = list(head.lines)
        for each, builder in fact.loops:
            entries = find(value, each)
            if not isinstance(entries, list) or len(entries) > LINES_MAX:
                raise Unreadable(each, "rest/lines", f"there is no list of at most {LINES_MAX:,} entries at {each}", "Correct `each`.")
            for position, entry in enumerate(entries, start=1):
                try:
                    one = builder(_cells(plan, value, each, entry, position), "", source)
                except Unreadable as bad:
                    bad.place = f"{each}[{position - 1}].{bad.place.removeprefix(each + '.')}"
                    raise
                lines += one.lines if one is not None else ()
        if len({line.line for line in lines}) < len(lines):
            raise Unreadable("lines", "rest/line-twice", "two lines have the same number", "Give each its own `line`.")
        return msgspec.structs.replace(head, lines=tuple(lines))

    return [lambda fact=fact: build(fact) for fact in plan.facts]  # type: ignore[misc]


def _cells(plan: RecordPlan, value: Any, each: str = "", entry: Any = None, position: int = 0) -> Cells:
    """The texts at the plan's paths; those below a list are empty unless one of its entries is given."""
    return [_cell(plan, path, value, each, entry, position) for path in plan.paths]


def _cell(plan: RecordPlan, path: str, value: Any, each: str, entry: Any, position: int) -> str:
    inside = next((one for one in plan.lists if path == one or path.startswith(one + ".")), "")
    if inside and inside != each:
        return ""
    below = path.removeprefix(inside).lstrip(".") if inside else path
    if inside and below == POSITION:
        return str(position)
    there = find(entry if inside else value, below)
    try:
        text = text_of(there)
    except NotText as bad:
        raise Unreadable(path, "rest/not-a-value", str(bad), "Name the path of one value.") from None
    if plan.entry.decimal != "." and not isinstance(there, str | bool):
        text = text.replace(".", plan.entry.decimal)
    return "" if text in plan.entry.nulls else text
