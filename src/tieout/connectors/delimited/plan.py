"""The compiled form of one `[[file]]` entry: per fact, one function from the cells of a row to that fact."""

import re
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

import msgspec

from tieout.connectors.delimited.cells import Cells, Empty, Reader, Unreadable, clip
from tieout.connectors.delimited.check import parse
from tieout.connectors.delimited.columns import Columns
from tieout.connectors.delimited.mapping import FactMapping, FileMapping, LineMapping, RevisionColumn, line_texts
from tieout.core.facts import ARRIVAL, Fact, Line, revision_number, revision_time
from tieout.core.values import Ref, SourceRef, day_end, day_start

Builder = Callable[[Cells, str, SourceRef], Fact | None]
"""Cells, the key of a row without number, and where the row stands, to the fact; None where `when` does not hold."""

Field = tuple[str, Reader[Any]]
CURRENCY = re.compile("[A-Z]{3}")
TEXTS = ("customer", "channel", "warehouse", "entity")


class Plan(msgspec.Struct, frozen=True):
    """All facts of an entry; `needs_key`: one has no number of its own; `nulls`: texts that mean empty."""

    builders: tuple[Builder, ...]
    needs_key: bool
    nulls: frozenset[str]


class Speaker(msgspec.Struct, frozen=True):
    """Who speaks, as the settings and the mapping say it; `file` is the base name the rows came in."""

    system: str
    zone: str
    currency: str
    entity: str
    file: str


@lru_cache(maxsize=128)
def plan_for(text: str, position: int, names: tuple[str, ...], speaker: Speaker) -> Plan:
    """Compile the entry at `position` of a mapping for a file with these columns; all that it reads must be there."""
    return compiled(parse(text).file[position], names, speaker)


def compiled(entry: FileMapping, names: tuple[str, ...], speaker: Speaker) -> Plan:
    """Compile one checked entry for these columns."""
    columns = Columns(names, entry, speaker.zone, {"system": speaker.system, "file": speaker.file})
    builders = tuple(_fact(fact, columns, speaker) for fact in entry.fact)
    return Plan(builders, any(not fact.number for fact in entry.fact), frozenset(entry.nulls))


def _fact(fact: FactMapping, columns: Columns, speaker: Speaker) -> Builder:
    constants = {
        "kind": fact.kind,
        "system": speaker.system,
        "type": fact.type,
        "currency": speaker.currency,
        "entity": speaker.entity,
    }
    fields = _fact_fields(fact, columns)
    holds, happened = columns.holds(fact.when), _happened(fact, columns)
    number = columns.name(fact.number, "number") if fact.number else None
    lines = [_line(line, text, columns) for line, text in zip(fact.line, line_texts(fact), strict=True)]

    def build(cells: Cells, key: str, source: SourceRef) -> Fact | None:
        if holds is not None and not holds(cells):
            return None
        values: dict[str, Any] = constants.copy()
        for name, read in fields:
            values[name] = read(cells)
        moment, day = happened(cells)
        return Fact(
            number=key if number is None else number(cells),
            happened=moment,
            day=day is not None,
            lines=tuple(line for read_line in lines if (line := read_line(cells)) is not None),
            source=source,
            **values,
        )

    return build


def _fact_fields(fact: FactMapping, columns: Columns) -> list[Field]:
    fields: list[Field] = [(name, columns.text(getattr(fact, name))) for name in TEXTS if getattr(fact, name)]
    fields += [(name, columns.name(getattr(fact, name), name)) for name in ("scope", "partner") if getattr(fact, name)]
    fields = [(name, _without_slash(read) if name in ("scope", "partner") else read) for name, read in fields]
    if fact.revision is not None:
        fields.append(("revision", _revision(fact, columns)))
    if fact.currency:
        fields.append(("currency", _currency(columns.text(fact.currency, needed=True))))
    if fact.total:
        fields.append(("total", _optional(columns.amount(fact.total, "total"))))
    if fact.due:
        fields.append(("due", _due(fact.due, columns)))
    if (void := columns.holds(fact.void)) is not None:
        fields.append(("void", void))
    if fact.parcels:
        fields.append(("parcels", _several([columns.text(text) for text in fact.parcels])))
    for name, pairs in (("links", fact.links), ("relates", fact.relates)):
        if pairs:
            fields.append((name, _pairs([(columns.reference(a, name), columns.reference(b, name)) for a, b in pairs])))
    if fact.data:
        data = [(name, columns.text(text)) for name, text in fact.data.items()]
        fields.append(("data", lambda cells: {name: text for name, read in data if (text := read(cells))}))
    return fields


def _line(line: LineMapping, text: str, columns: Columns) -> Callable[[Cells], Line | None]:
    fields: list[Field] = [
        ("line", columns.text(text, needed=True)),
        ("subject", columns.reference(line.subject, "subject")),
    ]
    fields += [(name, columns.text(getattr(line, name))) for name in ("item", "order_line", "charge") if getattr(line, name)]
    if line.quantity:
        fields.append(("quantity", columns.amount(line.quantity, "quantity")))
    if line.value:
        fields.append(("value", _optional(columns.amount(line.value, "value"))))
    if line.due:
        fields.append(("due", _due(line.due, columns)))
    fields.append(("unit", _unit(columns.text(line.unit, needed=True), columns.entry.units)))
    holds = columns.holds(line.when)

    def build(cells: Cells) -> Line | None:
        if holds is not None and not holds(cells):
            return None
        return Line(**{name: read(cells) for name, read in fields})

    return build


def _happened(fact: FactMapping, columns: Columns) -> Reader[tuple[datetime, date | None]]:
    if isinstance(fact.happened, str):
        return columns.time(fact.happened)
    day = date.fromisoformat(fact.happened.on)
    fixed = (day_start(day, columns.zone), day)
    return lambda cells: fixed


def _revision(fact: FactMapping, columns: Columns) -> Reader[str]:
    given = fact.revision
    if not isinstance(given, RevisionColumn):
        return lambda cells: ARRIVAL
    if given.time is not None:
        changed = columns.time(given.time)
        return lambda cells: revision_time(changed(cells)[0])
    column = given.number or ""
    number = columns.number(column)

    def read(cells: Cells) -> str:
        found = number(cells)
        try:
            if found != int(found):
                raise ValueError(f"{found} is no whole number")
            return revision_number(int(found))
        except ValueError as bad:
            raise Unreadable(column, "mapping/revision", str(bad), "A revision is a whole number from 0.") from None

    return read


def _due(column: str, columns: Columns) -> Reader[datetime | None]:
    """A deadline; one known to the day falls due at local day end, an empty one is none."""
    time, zone = columns.time(column), columns.zone

    @lru_cache(maxsize=4096)
    def end_of(day: date) -> datetime:
        return day_end(day, zone)

    def read(cells: Cells) -> datetime | None:
        try:
            moment, day = time(cells)
            return moment if day is None else end_of(day)
        except Empty:
            return None
        except OverflowError:
            raise Unreadable(
                column,
                "mapping/time",
                "the day lies outside the calendar",
                "Add the text to `nulls` if it means never.",
            ) from None

    return read


def _optional(read: Reader[Decimal]) -> Reader[Decimal | None]:
    """An empty column makes the amount None: the source says nothing, which is not zero."""

    def optional(cells: Cells) -> Decimal | None:
        try:
            return read(cells)
        except Empty:
            return None

    return optional


def _unit(text: Reader[str], units: dict[str, str]) -> Reader[str]:
    return lambda cells: units.get(unit := text(cells), unit)


def _currency(text: Reader[str]) -> Reader[str]:
    def read(cells: Cells) -> str:
        found = text(cells).upper()
        if not CURRENCY.fullmatch(found):
            raise Unreadable("currency", "mapping/currency", f"{clip(found)} is no ISO 4217 code", "Write it like USD.")
        return found

    return read


def _without_slash(text: Reader[str]) -> Reader[str]:
    """A slash separates the parts of an identity; only the number may hold one."""

    def read(cells: Cells) -> str:
        found = text(cells)
        if "/" in found:
            raise Unreadable(
                "scope or partner",
                "mapping/slash",
                f"{clip(found)} holds a slash",
                "Use another column, or put it into `number`.",
            )
        return found

    return read


def _several(reads: list[Reader[str]]) -> Reader[tuple[str, ...]]:
    return lambda cells: tuple(text for read in reads if (text := read(cells)))


def _pairs(reads: list[tuple[Reader[Ref], Reader[Ref]]]) -> Reader[tuple[tuple[Ref, Ref], ...]]:
    """Pairs of references; one with an empty side says nothing and is left out."""

    def read(cells: Cells) -> tuple[tuple[Ref, Ref], ...]:
        found = []
        for left, right in reads:
            try:
                found.append((left(cells), right(cells)))
            except Empty:
                continue
        return tuple(found)

    return read
