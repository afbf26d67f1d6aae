"""Readers of one column or text of a row, compiled for the columns of a file; `plan` decides what they fill."""

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal

import msgspec

from tieout.connectors.delimited.cells import TEXT_MAX, Cells, Empty, Reader, Unreadable, clip, moment, number
from tieout.connectors.delimited.expression import compile_expression, parse_expression, parse_template
from tieout.connectors.delimited.mapping import Condition, Conditions, FileMapping, conditions
from tieout.core.values import NUMBER_MAX, Ref, normalise

Test = Callable[[Cells], bool]


class Columns(msgspec.Struct, frozen=True):
    """Where the columns of a file stand and how its entry writes numbers and times."""

    names: tuple[str, ...]
    entry: FileMapping
    zone: str
    built_in: dict[str, str]

    def at(self, column: str) -> int:
        """Position of a column in the cells."""
        return self.names.index(column)

    def amount(self, text: str, place: str) -> Reader[Decimal]:
        """Exact arithmetic over columns; raises Empty when one of them is."""
        return compile_expression(parse_expression(text), self.number, place)

    def number(self, column: str) -> Reader[Decimal]:
        """A column as a number."""
        index, mark, thousands = self.at(column), self.entry.decimal, self.entry.thousands

        def read(cells: Cells) -> Decimal:
            cell = cells[index]
            try:
                return number(cell, mark, thousands)
            except ValueError as bad:
                if not cell.strip():
                    raise Empty(column) from None
                raise Unreadable(column, "mapping/number", str(bad), "Correct the row, or see `decimal` and `thousands`.") from None

        return read

    def time(self, column: str) -> Reader[tuple[datetime, date | None]]:
        """A column as (UTC, local day if that is all that is known)."""
        index, zone, formats, whole_day = self.at(column), self.zone, self.entry.dates, column in self.entry.days

        def read(cells: Cells) -> tuple[datetime, date | None]:
            cell = cells[index]
            try:
                return moment(cell, zone, formats, whole_day)
            except ValueError as bad:
                if not cell.strip():
                    raise Empty(column) from None
                raise Unreadable(column, "mapping/time", str(bad), "Correct the row, or see `dates`.") from None

        return read

    def text(self, template: str, *, needed: bool = False) -> Reader[str]:
        """A text with its columns filled in. `needed` raises Empty when one is; else it is empty when all are."""
        known = self.built_in
        parts = [(known[p], False) if c and p in known else (p, c) for p, c in parse_template(template)]
        columns = [part for part, is_column in parts if is_column]
        if not columns:
            constant = "".join(part for part, _ in parts)
            return lambda cells: constant
        if len(parts) == 1:
            return self._cell(columns[0], needed=needed)
        pieces = [(part, self.at(part) if is_column else -1) for part, is_column in parts]

        def fill(cells: Cells) -> str:
            found, filled = [], False
            for part, index in pieces:
                if index < 0:
                    found.append(part)
                    continue
                cell = cells[index].strip()
                if cell:
                    filled = True
                elif needed:
                    raise Empty(part)
                found.append(cell)
            return _bounded("".join(found), columns[0]) if filled else ""

        return fill

    def _cell(self, column: str, *, needed: bool) -> Reader[str]:
        index = self.at(column)

        def read(cells: Cells) -> str:
            cell = cells[index].strip()
            if needed and not cell:
                raise Empty(column)
            return cell if len(cell) <= TEXT_MAX else _bounded(cell, column)

        return read

    def name(self, template: str, place: str) -> Reader[str]:
        """A number, scope or partner of an identity, of 1 to 120 characters; normalised unless it is a fixed text."""
        text = self.text(template, needed=True)
        if "{" not in template:
            return text

        def read(cells: Cells) -> str:
            found = normalise(text(cells))
            if not found or len(found) > NUMBER_MAX:
                raise Unreadable(
                    place,
                    "mapping/number-length",
                    f"{clip(found)} has {len(found)} characters",
                    f"It needs 1 to {NUMBER_MAX}.",
                )
            return found

        return read

    def reference(self, template: str, place: str) -> Reader[Ref]:
        """A reference `system/type/number`; system and type hold no columns."""
        system, type_, tail = template.split("/", 2)
        prefix = f"{self.built_in['system'] if system == '{system}' else system}/{type_}/"
        tail_of = self.name(tail, place)
        return lambda cells: Ref(prefix + tail_of(cells))

    def holds(self, given: Conditions) -> Test | None:
        """Whether all conditions hold; None when there are none."""
        tests = [self._test(condition) for condition in conditions(given)]
        if len(tests) == 1:
            return tests[0]
        return (lambda cells: all(test(cells) for test in tests)) if tests else None

    def _test(self, condition: Condition) -> Test:
        index = self.at(condition.column)
        for given, wanted in ((condition.equals, True), (condition.not_equals, False)):
            if given is not None:
                text = given
                return lambda cells: (cells[index].strip() == text) is wanted
        for several, wanted in ((condition.in_, True), (condition.not_in, False)):
            if several is not None:
                texts = frozenset(several)
                return lambda cells: (cells[index].strip() in texts) is wanted
        if condition.empty or condition.not_empty:
            return lambda cells: (not cells[index].strip()) is bool(condition.empty)
        read = self.number(condition.column)
        return lambda cells: (not cells[index].strip() or not read(cells)) is bool(condition.zero)


def _bounded(text: str, place: str) -> str:
    if len(text) > TEXT_MAX:
        raise Unreadable(place, "mapping/text-length", f"{clip(text)} has {len(text)} characters", f"At most {TEXT_MAX} are taken.")
    return text
