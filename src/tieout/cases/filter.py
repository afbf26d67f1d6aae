"""Which exceptions are meant: filters by name, as the URL has them, to one condition for SQL. Scopes are always part of it."""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

import msgspec

from tieout.errors import OperatorError
from tieout.people.person import Person, predicate

VALUES_MAX = 50
LENGTH_MAX = 200
WORDS_MAX = 12
RELATIVE = re.compile(r"([+-]?)(\d{1,5})([mhdw])")
UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}

COLUMNS = {
    "class": "class", "kind": "kind", "account": "account", "side": "side", "system": "system", "systems": "systems", "state": "state",
    "owner": "person", "team": "team", "party": "party", "sku": "sku", "channel": "channel", "warehouse": "warehouse",
    "entity": "entity", "currency": "currency", "hint": "hint", "progress": "progress", "ref": "ref", "root": "root", "rule": "rule",
}  # fmt: skip
"""Filters by word -> column. `owner=none` is nobody, `owner=me` whoever asks."""
RANGES = {"due": "due", "since": "since", "opened": "opened", "changed": "changed", "owed": "owed_at"}
OTHERS = ("value", "priority", "tag", "cause", "message", "watching", "operation", "q", "overdue", "acknowledged", "resolved")
NAMES = (*COLUMNS, *RANGES, *OTHERS)
OPEN = "w.state <> 'resolved'"


class Term(msgspec.Struct, frozen=True):
    """One filter: any of the values, or (`is_not`) none of them."""

    name: str
    values: tuple[str, ...]
    is_not: bool = False


class Filter(msgspec.Struct, frozen=True):
    """Filters that must all hold; of what is open, unless one of them asks for a state or for `resolved`."""

    terms: tuple[Term, ...] = ()

    @property
    def text(self) -> str:
        """The canonical query: `class=SNI%2B&owner=me`, sorted."""
        return msgspec.json.encode(sorted((f"not.{t.name}" if t.is_not else t.name, sorted(t.values)) for t in self.terms)).decode()

    def without(self, term: Term) -> "Filter":
        """The same less one of them."""
        return Filter(tuple(one for one in self.terms if one != term))


class Where(NamedTuple):
    """A condition on `work w`, with its named parameters."""

    text: str
    arguments: dict[str, Any]


def parse(pairs: Iterable[tuple[str, str]]) -> Filter:
    """Filters from the pairs of a query, such as `("not.class", "QUA")`. Raises OperatorError naming what means nothing."""
    found: dict[tuple[str, bool], list[str]] = {}
    for key, value in pairs:
        name = key.removeprefix("not.")
        if name not in NAMES:
            raise OperatorError(f"There is no filter {name!r}.", f"There are: {', '.join(NAMES)}.")
        if not value or len(value) > LENGTH_MAX:
            raise OperatorError(f"{name}: a value has 1 to {LENGTH_MAX} characters.", "Shorten it, or leave the filter out.")
        found.setdefault((name, key != name), []).append(value)
    terms = tuple(Term(name, tuple(dict.fromkeys(values)), is_not) for (name, is_not), values in found.items())
    if any(len(term.values) > VALUES_MAX for term in terms):
        raise OperatorError(f"A filter has at most {VALUES_MAX} values.", "Leave some out.")
    return Filter(terms)


def where(wanted: Filter, person: Person, now: datetime) -> Where:
    """The condition that a filter means for somebody: nothing outside the scopes is ever meant. Raises OperatorError."""
    arguments: dict[str, Any] = {"now": now}
    parts = [] if any(term.name in ("state", "resolved", "ref") and not term.is_not for term in wanted.terms) else [OPEN]
    if not person.scopes.is_all:
        parts.append(predicate("w"))
        arguments |= person.scopes.arguments()
    for n, term in enumerate(wanted.terms):
        text = _condition(term, f"p{n}", arguments, person, now)
        parts.append(f"not ({text})" if term.is_not else f"({text})")
    return Where(" and ".join(parts) or "true", arguments)


def _condition(term: Term, slot: str, arguments: dict[str, Any], person: Person, now: datetime) -> str:
    name, values = term.name, list(term.values)
    if name in COLUMNS:
        if name == "owner":
            values = [{"none": "", "me": person.login}.get(value, value) for value in values]
        arguments[slot] = values
        return f"w.{COLUMNS[name]} = any(%({slot})s::text[])"
    if name in RANGES:
        return " or ".join(_range(f"w.{RANGES[name]}", f"{slot}_{i}", _moments(name, value, now), arguments) for i, value in enumerate(values))
    if name == "value":
        return " or ".join(_range("w.worth", f"{slot}_{i}", _numbers(name, value), arguments) for i, value in enumerate(values))
    return _other(name, slot, values, arguments, person)


def _other(name: str, slot: str, values: list[str], arguments: dict[str, Any], person: Person) -> str:
    match name:
        case "priority" | "message":
            arguments[slot] = [_whole(name, value) for value in values]
            return f"w.{name} = any(%({slot})s::bigint[])"
        case "tag":
            arguments[slot] = values
            return f"w.tags && %({slot})s::text[]"
        case "cause":
            arguments[slot] = [_whole(name, value.upper().removeprefix("CA-")) for value in values]
            return f"w.cause = any(%({slot})s::bigint[])"
        case "operation":
            arguments[slot] = [_whole(name, value.upper().removeprefix("OP-")) for value in values]
            return f"w.id in (select i.work from operation_item i where i.operation = any(%({slot})s::bigint[]))"  # noqa: S608
        case "watching":
            arguments[slot] = [person.login if value == "me" else value for value in values]
            return f"w.id in (select h.work from work_watch h where h.person = any(%({slot})s::text[]))"  # noqa: S608
        case "q":
            queries = [f"w.search @@ %({slot}_{i})s::tsquery" for i in range(len(values))]
            arguments |= {f"{slot}_{i}": search_words(value) for i, value in enumerate(values)}
            return " or ".join(queries)
    flag = _flag(name, values)
    condition = {"overdue": "w.due < %(now)s", "acknowledged": "w.acknowledged is not null", "resolved": "w.state = 'resolved'"}[name]
    return condition if flag else f"not ({condition})"


def search_words(text: str) -> str:
    """Words as a query by prefix; each word must occur. Raises OperatorError when there is none."""
    words = [word for word in text.lower().split() if word][:WORDS_MAX]
    if not words:
        raise OperatorError("There is nothing to search for.", "Write a reference, a partner, an item or a word.")
    quoted = (word.replace("\\", "\\\\").replace("'", "''") for word in words)
    return " & ".join(f"'{word}':*" for word in quoted)


def _range(column: str, slot: str, bounds: Sequence[Any], arguments: dict[str, Any]) -> str:
    parts = []
    for bound, sign, name in zip(bounds, (">=", "<="), ("low", "high"), strict=True):
        if bound is not None:
            arguments[f"{slot}_{name}"] = bound
            parts.append(f"{column} {sign} %({slot}_{name})s")
    return f"({' and '.join(parts)})"


def _bounds(name: str, value: str) -> tuple[str, str]:
    low, dots, high = value.partition("..")
    if not dots:
        high = low
    if not low and not high:
        raise OperatorError(f"{name}={value} names no bound.", f"Write {name}=A..B, {name}=A.. or {name}=..B.")
    return low, high


def _numbers(name: str, value: str) -> tuple[Decimal | None, Decimal | None]:
    found: list[Decimal | None] = []
    for text in _bounds(name, value):
        try:
            number = Decimal(text) if text else None
        except InvalidOperation:
            number = Decimal("NaN")
        if number is not None and not number.is_finite():
            raise OperatorError(f"{name}={value}: {text!r} is no number.", "Write plain digits, such as 500 or 0.50.")
        found.append(number)
    return found[0], found[1]


def _moments(name: str, value: str, now: datetime) -> tuple[datetime | None, datetime | None]:
    low, high = _bounds(name, value)
    return _moment(name, low, now), _moment(name, high, now)


def _moment(name: str, text: str, now: datetime) -> datetime | None:
    if not text:
        return None
    relative = RELATIVE.fullmatch(text)
    if text == "now" or relative:
        span = timedelta(0) if relative is None else int(relative[2]) * UNITS[relative[3]]
        return now - span if relative is not None and relative[1] == "-" else now + span
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise OperatorError(f"{name}: {text!r} is no time.", "Write 2026-11-30, 2026-11-30T17:00+01:00, 4h or -7d.") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _whole(name: str, text: str) -> int:
    if not re.fullmatch(r"\d{1,18}", text):
        raise OperatorError(f"{name}: {text!r} is no number.", "Write its digits.")
    return int(text)


def _flag(name: str, values: list[str]) -> bool:
    if values not in (["yes"], ["no"]):
        raise OperatorError(f"{name} is yes or no.", f"Write {name}=yes.")
    return values == ["yes"]
