"""The one form of decision table: typed condition columns, rows read from top to bottom, the first that fits decides. Pure.

Checkpoints and fallbacks are such tables. A table has a version and a time in which it is in force; which one decides is
said by the time of the event, never by the time of asking. A row whose condition cannot be judged neither fits nor fails:
`possible` names it, and the asker says what is then the careful answer.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Generic, NamedTuple, TypeVar

import msgspec

from tieout.errors import SettingsError
from tieout.policy.cell import Cell, Column, Limits, Value

Result = TypeVar("Result", bound=msgspec.Struct)
BEGINNING = datetime.min.replace(tzinfo=UTC)
END = datetime.max.replace(tzinfo=UTC)


class Form(NamedTuple, Generic[Result]):
    """What a table looks like: its name, the name of a row, the condition columns, and the struct of the result columns.

    `defaults` are result columns that a file may state once for all its rows.
    """

    name: str
    row: str
    conditions: tuple[Column, ...]
    result: type[Result]
    defaults: frozenset[str] = frozenset()


class Row(msgspec.Struct, Generic[Result], frozen=True):
    """One row: `number` counts from 1 as written, `since` (inclusive) and `until` (exclusive) bound the event times it is for."""

    number: int
    cells: dict[str, Cell]
    result: Result
    since: datetime = BEGINNING
    until: datetime = END

    def is_for(self, at: datetime) -> bool:
        """True when the row is in force for an event of that time."""
        return self.since <= at < self.until


class Judged(NamedTuple):
    """One condition as it was judged; `holds` is None when it cannot be."""

    column: str
    holds: bool | None
    said: str


class Found(NamedTuple, Generic[Result]):
    """A row that decides, or may decide: then `unknown` names what could not be judged."""

    name: str
    version: str
    row: Row[Result]
    because: tuple[Judged, ...]

    @property
    def unknown(self) -> tuple[str, ...]:
        """What could not be judged; empty when the row surely decides."""
        return tuple(one.said for one in self.because if one.holds is None)

    @property
    def title(self) -> str:
        """`checkpoints 2026-11 row 4`."""
        return f"{self.name} {self.version} row {self.row.number}"

    def __str__(self) -> str:
        reasons = " and ".join(one.said for one in self.because) or "it is for everything"
        return f"{self.title} {'may decide' if self.unknown else 'decided'} because {reasons}"


class Facts(NamedTuple):
    """What a table is asked about: a value per column (what is not there is not known), how to call a column in a sentence, and
    why the value of one is not known."""

    values: Mapping[str, Value]
    labels: Mapping[str, str] = {}
    unknown: Mapping[str, str] = {}


class Table(msgspec.Struct, Generic[Result], frozen=True):
    """One version of a table. `defaults` is what the file states for all its rows, `digest` the hash of the file's text."""

    form: Form[Result]
    version: str
    place: str
    rows: tuple[Row[Result], ...]
    since: datetime = BEGINNING
    until: datetime = END
    defaults: dict[str, object] = {}
    digest: str = ""

    @property
    def time(self) -> str:
        """`in force from 2026-11-01 05:00 to 2026-12-01 05:00 UTC`."""
        since = "" if self.since == BEGINNING else f" from {self.since:%Y-%m-%d %H:%M}"
        until = "" if self.until == END else f" to {self.until:%Y-%m-%d %H:%M}"
        return f"in force{since}{until} UTC" if since or until else "always in force"

    def fits(self, row: Row[Result], facts: Facts) -> bool | None:
        """Whether every condition of a row is met; None when none fails and some cannot be judged."""
        answers = {cell.judge(facts.values.get(column)) for column, cell in row.cells.items()}
        return False if False in answers else (None if None in answers else True)

    def judged(self, row: Row[Result], facts: Facts) -> tuple[Judged, ...]:
        """Every condition of a row; what is measured comes first, it says most."""
        made = []
        for column, cell in sorted(row.cells.items(), key=lambda one: not isinstance(one[1], Limits)):
            value = facts.values.get(column)
            holds = cell.judge(value)
            said = cell.said(facts.labels.get(column, column.replace("_", " ")), value, holds)
            why = facts.unknown.get(column, "") if value is None else ""
            made.append(Judged(column, holds, f"{said} ({why})" if why else said))
        return tuple(made)

    def possible(self, facts: Facts, at: datetime) -> list[Found[Result]]:
        """The rows that may decide, in order, up to and with the first that surely does; empty when none fits."""
        made = []
        for row in self.rows:
            fits = self.fits(row, facts) if row.is_for(at) else False
            if fits is not False:
                made.append(self.found(row, facts))
            if fits:
                break
        return made

    def fitting(self, facts: Facts, at: datetime) -> Iterator[Found[Result]]:
        """Every row that surely fits, in order."""
        return (self.found(row, facts) for row in self.rows if row.is_for(at) and self.fits(row, facts))

    def found(self, row: Row[Result], facts: Facts) -> Found[Result]:
        """A row with the reasons why it decides."""
        return Found(self.form.name, self.version, row, self.judged(row, facts))

    def trace(self, facts: Facts, at: datetime) -> list[str]:
        """Row by row why it fits or not, for a person who asks why."""
        lines = []
        for row in self.rows:
            judged = self.judged(row, facts)
            failed = [one.said for one in judged if one.holds is False]
            unknown = [one.said for one in judged if one.holds is None]
            if not row.is_for(at):
                lines.append(f"row {row.number}: not in force then")
            elif failed:
                lines.append(f"row {row.number}: no, {failed[0]}")
            elif unknown:
                lines.append(f"row {row.number}: may fit, {' and '.join(unknown)}")
            else:
                lines.append(f"row {row.number}: fits, {' and '.join(one.said for one in judged) or 'it is for everything'}")
                break
        return lines


class Versions(msgspec.Struct, Generic[Result], frozen=True):
    """All versions of one table, none of which overlap in time."""

    tables: tuple[Table[Result], ...] = ()

    def at(self, at: datetime) -> Table[Result] | None:
        """The version in force for an event of that time."""
        return next((table for table in self.tables if table.since <= at < table.until), None)

    @property
    def gaps(self) -> list[str]:
        """Times between two versions in which none is in force."""
        return [
            f"nothing is in force from {one.until:%Y-%m-%d %H:%M} to {after.since:%Y-%m-%d %H:%M} UTC, between {one.place} and {after.place}"
            for one, after in pairwise(self.tables)
            if one.until < after.since
        ]


def versions(tables: Iterable[Table[Result]]) -> Versions[Result]:
    """The versions in order of time. Raises SettingsError when two are in force at once or bear the same name."""
    ordered: Sequence[Table[Result]] = sorted(tables, key=lambda table: table.since)
    for one, after in pairwise(ordered):
        if after.since < one.until:
            raise SettingsError(
                f"{one.place} and {after.place} are both in force from {after.since:%Y-%m-%d}.",
                "End the older with `valid_to`, a day before the newer's `valid_from`.",
            )
    names = [table.version for table in ordered]
    for table in ordered:
        if names.count(table.version) > 1:
            raise SettingsError(f"{table.place}: another file has the version {table.version!r} too.", "Give each version its own name.")
    return Versions(tuple(ordered))
