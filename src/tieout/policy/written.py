"""Decision tables as people write them, TOML or CSV, to typed tables; every error names file, row, column, rule and next step. Pure.

In TOML the file's keys stand on top and each row is one `[[checkpoint]]` (or `[[fallback]]`). In CSV the first line names the
columns, each further line is a row, `|` separates alternatives, and a line such as `# version,2026-11` states a key of the file.
"""

import csv
import hashlib
import io
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import msgspec

from tieout.core.values import day_end, day_start
from tieout.declared import TEXT_MAX, Wrong, nearest, toml
from tieout.errors import SettingsError
from tieout.policy.cell import Cell, read_cell
from tieout.policy.table import BEGINNING, END, Form, Row, Table

Result = TypeVar("Result", bound=msgspec.Struct)

GUIDE = "See docs/how-to/write-a-policy.md."
ROWS_MAX = 1_000
FILE_KEYS = ("version", "valid_from", "valid_to")
ROW_KEYS = ("valid_from", "valid_to", "note")
Places = list[tuple[str, dict[str, Any]]]


def read_table(text: str, where: str, form: Form[Result], zone: str) -> Table[Result]:
    """A table from the text of a file whose name (`where`) ends in `.toml` or `.csv`; `zone` is where its days begin and end.

    Raises SettingsError.
    """
    try:
        own, rows = _csv(text, where, form) if where.endswith(".csv") else _toml(text, where, form)
        return msgspec.structs.replace(_table(own, rows, where, form, zone), digest=hashlib.sha256(text.encode()).hexdigest())
    except Wrong as wrong:
        key = f"{wrong.key}: " if wrong.key else ""
        raise SettingsError(f"{where}: {key}{wrong.rule}.", wrong.next_step or GUIDE) from None


def _table(own: Mapping[str, Any], rows: Places, where: str, form: Form[Result], zone: str) -> Table[Result]:
    for key in own:
        if key not in FILE_KEYS and key not in form.defaults:
            known = (*FILE_KEYS, *sorted(form.defaults), form.row)
            raise Wrong(key, "there is no such key", nearest(key, known) or f"Known here: {', '.join(known)}.")
    version = own.get("version")
    if not isinstance(version, str) or not re.fullmatch(r"\S{1,40}", version):
        raise Wrong("version", f"{version!r} is no version" if version else "the file does not say its version", 'Write version = "2026-11".')
    if not rows:
        raise Wrong("", f"the table has no row, it needs at least one `{form.row}`", GUIDE)
    if len(rows) > ROWS_MAX:
        raise Wrong("", f"{len(rows)} rows are more than {ROWS_MAX}", "Use wildcards and lists.")
    since, until = _times(own, zone)
    defaults = {key: value for key, value in own.items() if key in form.defaults}
    made = tuple(_row(n, written, form, defaults, zone, place) for n, (place, written) in enumerate(rows, 1))
    return Table(form, version, where, made, since, until, defaults)


def _row(number: int, written: Mapping[str, Any], form: Form[Result], defaults: Mapping[str, Any], zone: str, place: str) -> Row[Result]:
    columns = {column.name: column for column in form.conditions}
    results = [field.encode_name for field in msgspec.structs.fields(form.result)]
    cells: dict[str, Cell] = {}
    said: dict[str, Any] = dict(defaults)
    try:
        for key, value in written.items():
            if key in columns:
                cell = read_cell(columns[key], value)
                cells |= {} if cell is None else {key: cell}
            elif key in results:
                said[key] = value
            elif key not in ROW_KEYS:
                known = (*columns, *results, *ROW_KEYS)
                raise Wrong(f"column {key}", "there is no such column", nearest(key, known) or f"Known here: {', '.join(known)}.")
        since, until = _times(written, zone)
        return Row(number, cells, _result(form, said), since, until)
    except Wrong as wrong:
        raise Wrong(f"{place}: {wrong.key}" if wrong.key else place, wrong.rule, wrong.next_step) from None


def _result(form: Form[Result], said: Mapping[str, Any]) -> Result:
    try:
        return msgspec.convert(dict(said), form.result, strict=False)
    except msgspec.ValidationError as bad:
        rule, _, path = str(bad).partition(" - at `$.")
        missing = re.fullmatch(r"Object missing required field `(.+)`", rule)
        if missing:
            raise Wrong(f"column {missing[1]}", "the row does not say it", GUIDE) from None
        raise Wrong(f"column {path.rstrip('`')}" if path else "", rule, GUIDE) from None


def _times(written: Mapping[str, Any], zone: str) -> tuple[datetime, datetime]:
    """From the first moment of `valid_from` to the last of `valid_to`; days are those of the zone."""
    since, until = written.get("valid_from"), written.get("valid_to")
    start = BEGINNING if since in (None, "") else _moment("valid_from", since, zone, last=False)
    end = END if until in (None, "") else _moment("valid_to", until, zone, last=True)
    if start >= end:
        raise Wrong("valid_to", f"{until} is before valid_from {since}", "Correct one of them.")
    return start, end


def _moment(key: str, written: object, zone: str, *, last: bool) -> datetime:
    try:
        found = written if isinstance(written, date) else datetime.fromisoformat(str(written))
        if isinstance(written, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", written):
            found = date.fromisoformat(written)
    except ValueError:
        raise Wrong(key, f"{written!r} is no day", "Write a day such as 2026-11-01.") from None
    if not isinstance(found, datetime):
        return day_end(found, zone) if last else day_start(found, zone)
    return (found if found.tzinfo else found.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)


def _toml(text: str, where: str, form: Form[Result]) -> tuple[dict[str, Any], Places]:
    own = toml(text, where)
    rows = own.pop(form.row, [])
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise Wrong(form.row, "a row is not a table", f"Begin each row with [[{form.row}]].")
    return own, [(f"row {n}", row) for n, row in enumerate(rows, 1)]


def _csv(text: str, where: str, form: Form[Result]) -> tuple[dict[str, Any], Places]:
    if len(text) > TEXT_MAX:
        raise Wrong("", f"a file like this has at most {TEXT_MAX} characters, this one {len(text)}", "Split it by time.")
    own: dict[str, Any] = {}
    header: list[str] = []
    rows: Places = []
    for line, cells in _lines(text):
        if cells[0].startswith("#"):
            key = cells[0].lstrip("# ").strip()
            if key in FILE_KEYS or key in form.defaults:
                own[key] = cells[1] if len(cells) > 1 else ""
        elif not header:
            header = _header(cells)
        elif len(cells) > len(header):
            raise Wrong(f"line {line}", f"{len(cells)} cells are more than the {len(header)} columns", "Put quotes around text with a comma.")
        else:
            rows.append((f"row {len(rows) + 1} (line {line})", _filled(form, header, cells)))
    return own, rows


def _lines(text: str) -> Iterator[tuple[int, list[str]]]:
    """Line number and cells of every line that is not empty; semicolons separate where the first line of columns has them."""
    head = next((line for line in text.splitlines() if line.strip() and not line.startswith("#")), "")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=";" if head.count(";") > head.count(",") else ",", strict=True)
    try:
        for row in reader:
            cells = [cell.strip() for cell in row]
            if any(cells):
                while cells and not cells[-1]:
                    cells.pop()
                yield reader.line_num, cells
    except csv.Error as bad:
        raise Wrong(f"line {reader.line_num}", f"this is not CSV: {bad}", "Correct the line.") from bad


def _header(cells: list[str]) -> list[str]:
    doubled = next((name for name in cells if cells.count(name) > 1), None)
    if doubled is not None:
        raise Wrong("the line of columns", f"it names {doubled or 'an empty column'} twice", "Name each column once.")
    return cells


def _filled(form: Form[Result], header: list[str], cells: list[str]) -> dict[str, Any]:
    """The cells that say something; alternatives as a list."""
    conditions = {column.name for column in form.conditions}
    said = {name: cell for name, cell in zip(header, cells, strict=False) if cell}
    return {name: cell.split("|") if name in conditions and "|" in cell else cell for name, cell in said.items()}
