"""What a mapping file says, as frozen values; how it is checked is in `check`, what it does to a row in `translate`.

Three kinds of value: a *text* may hold `{columns}`, an *amount* is exact arithmetic over column names, a *time* is the
name of a column. `docs/how-to/write-a-mapping.md` explains every key and is tested against these structs.
"""

from typing import Literal

import msgspec

from tieout.core.values import Role

Encoding = Literal["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "latin-1", "cp1252"]


class About(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[mapping]`: the system that wrote the files. Zone and currency, if given here, win over the settings."""

    system: str
    role: Role
    timezone: str = ""
    currency: str = ""
    lines: bool = False
    encoding: Encoding = "utf-8"


class Condition(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"in_": "in"}):
    """One test of one column; exactly one of the tests is given."""

    column: str
    equals: str | None = None
    not_equals: str | None = None
    in_: tuple[str, ...] | None = None
    not_in: tuple[str, ...] | None = None
    empty: Literal[True] | None = None
    not_empty: Literal[True] | None = None
    zero: Literal[True] | None = None
    not_zero: Literal[True] | None = None


class RevisionColumn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The column that says which version of a document is the later one: a revision number or a change time."""

    number: str | None = None
    time: str | None = None


class FixedDay(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`happened = { on = "1998-05-06" }`: a day that stands in where the rows have no date."""

    on: str


Conditions = Condition | tuple[Condition, ...]


class LineMapping(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[[file.fact.line]]`: one line of the fact."""

    subject: str
    line: str = ""
    when: Conditions = ()
    item: str = ""
    order_line: str = ""
    quantity: str = ""
    unit: str = "EA"
    value: str = ""
    due: str = ""
    charge: str = ""


class FactMapping(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[[file.fact]]`: one statement that a row makes."""

    kind: str
    type: str
    happened: str | FixedDay
    number: str = ""
    scope: str = ""
    partner: str = ""
    revision: RevisionColumn | Literal["arrival"] | None = None
    when: Conditions = ()
    void: Conditions = ()
    currency: str = ""
    total: str = ""
    due: str = ""
    customer: str = ""
    channel: str = ""
    warehouse: str = ""
    entity: str = ""
    parcels: tuple[str, ...] = ()
    links: tuple[tuple[str, str], ...] = ()
    relates: tuple[tuple[str, str], ...] = ()
    data: dict[str, str] = {}
    line: tuple[LineMapping, ...] = ()


class NamedTime(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`as_of = { file = "open-orders-%Y-%m-%d.csv" }`: the time stands in the file's name, written by this strptime format."""

    file: str


class ListMapping(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[[file.list]]`: the file names every document of a type that the system has."""

    type: str
    number: str
    as_of: str | NamedTime
    partner: str = ""
    when: Conditions = ()


class FileMapping(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[[file]]`: how files with a matching name are written and what their rows state."""

    match: str
    format: Literal["csv", "tsv", "fixed", "parquet"]
    fact: tuple[FactMapping, ...] = ()
    list: tuple[ListMapping, ...] = ()
    header: bool | None = None
    columns: tuple[str, ...] = ()
    widths: tuple[int, ...] = ()
    read_to: str = ""
    delimiter: str = ""
    quote: str = '"'
    encoding: Encoding | None = None
    nulls: tuple[str, ...] = ()
    dates: tuple[str, ...] = ()
    days: tuple[str, ...] = ()
    decimal: Literal[".", ","] = "."
    thousands: Literal["", ".", ",", " ", "'"] = ""
    units: dict[str, str] = {}


class Mapping(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A whole mapping file."""

    mapping: About
    file: tuple[FileMapping, ...]


def conditions(given: Conditions) -> tuple[Condition, ...]:
    """A single condition and a list of them, as a list."""
    return (given,) if isinstance(given, Condition) else given


def has_header(entry: FileMapping) -> bool:
    """Whether the first row is a header; by default it is, unless the mapping names the columns itself."""
    return not entry.columns if entry.header is None else entry.header


def line_texts(fact: FactMapping) -> list[str]:
    """The text that gives each line its number inside the fact: `line`, else `order_line`, else its position."""
    return [each.line or each.order_line or str(position) for position, each in enumerate(fact.line, start=1)]
