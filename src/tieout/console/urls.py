"""The URL is the only state of a list: which filters a query means, what of it is ignored, and the one way to write it again."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from urllib.parse import quote
from zoneinfo import ZoneInfo

import msgspec

from tieout.core.values import plain

WORD, NUMBER, MOMENT, TEXT = "word", "number", "moment", "text"
VALUES_MAX = 50
LENGTH_MAX = 200
SAFE = "/:,@.-~"
_RELATIVE = re.compile(r"(-?)\+?(\d{1,5})([mhdw])", re.IGNORECASE)
_UNITS = {"m": 1, "h": 60, "d": 1440, "w": 10080}
Pairs = Sequence[tuple[str, str]]


class Field(msgspec.Struct, frozen=True):
    """What a list can be filtered by. `choices` and `pattern` bound the words of a field; `title` is for people."""

    name: str
    title: str
    kind: str = WORD
    choices: tuple[str, ...] = ()
    pattern: str = ""


class Grammar(msgspec.Struct, frozen=True):
    """The language of one list: its fields in canonical order, its sorts (the first is the default), its groupings (likewise)."""

    path: str
    fields: tuple[Field, ...]
    sorts: tuple[str, ...]
    groups: tuple[str, ...] = ("item",)

    def field(self, name: str) -> Field | None:
        """The field of a name."""
        return next((field for field in self.fields if field.name == name), None)


class Term(msgspec.Struct, frozen=True):
    """One filter: any of the values, or none of them."""

    name: str
    values: tuple[str, ...]
    is_not: bool = False

    @property
    def key(self) -> str:
        """How it is named in a query."""
        return f"not.{self.name}" if self.is_not else self.name


class State(msgspec.Struct, frozen=True):
    """What a list shows. `ignored` are the pairs of a query that mean nothing here."""

    terms: tuple[Term, ...] = ()
    sort: str = ""
    group: str = ""
    item: str = ""
    view: str = ""
    as_of: str = ""
    offset: int = 0
    ignored: tuple[tuple[str, str], ...] = ()

    def term(self, name: str, *, is_not: bool = False) -> Term | None:
        """The filter of a name."""
        return next((term for term in self.terms if term.name == name and term.is_not == is_not), None)


# Reading and writing -----------------------------------------------------------------------------------------------------


def read(grammar: Grammar, query: Pairs) -> State:
    """The state that a query means."""
    found: dict[tuple[str, bool], set[str]] = {}
    plain_values = {"sort": grammar.sorts[0], "group": grammar.groups[0], "item": "", "view": "", "as_of": "", "offset": "0"}
    ignored = []
    for name, raw in query:
        value = " ".join(raw.split())
        field = grammar.field(name.removeprefix("not."))
        if field is not None and (written := canonical(field, value)) and (not name.startswith("not.") or field.kind == WORD):
            found.setdefault((field.name, name.startswith("not.")), set()).add(written)
        elif name in plain_values and _is_plain(grammar, name, value):
            plain_values[name] = value
        elif value or name in plain_values or field is None:
            ignored.append((name[:LENGTH_MAX], value[:LENGTH_MAX]))
    order = {field.name: place for place, field in enumerate(grammar.fields)}
    terms = [_term(grammar, name, values, is_not) for (name, is_not), values in found.items()]
    terms.sort(key=lambda term: (order[term.name], term.is_not))
    return State(
        tuple(terms), plain_values["sort"], plain_values["group"], plain_values["item"], plain_values["view"], plain_values["as_of"],
        int(plain_values["offset"]), tuple(dict.fromkeys(ignored)),
    )  # fmt: skip


def write(grammar: Grammar, state: State, *, ignored: bool = True) -> Pairs:
    """The canonical query of a state: fixed order, no defaults. What is ignored stays visible unless it shall not."""
    pairs = [(term.key, value) for term in state.terms for value in term.values]
    if state.sort not in ("", grammar.sorts[0]):
        pairs.append(("sort", state.sort))
    if state.group not in ("", grammar.groups[0]):
        pairs.append(("group", state.group))
    pairs += [(name, value) for name, value in (("view", state.view), ("as_of", state.as_of), ("item", state.item)) if value]
    if state.offset:
        pairs.append(("offset", str(state.offset)))
    return pairs + list(state.ignored if ignored else ())


def link(path: str, pairs: Iterable[tuple[str, str]]) -> str:
    """A path with a query. What reads well unescaped stays readable."""
    query = "&".join(f"{quote(name, safe=SAFE)}={quote(value, safe=SAFE)}" for name, value in pairs)
    return f"{path}?{query}" if query else path


def url(grammar: Grammar, state: State) -> str:
    """The canonical URL of a state."""
    return link(grammar.path, write(grammar, state))


def redirect(grammar: Grammar, query: Pairs) -> str:
    """Where a query is canonical; empty when it is already."""
    wanted = write(grammar, read(grammar, query))
    return "" if list(wanted) == list(query) else link(grammar.path, wanted)


# Changing ----------------------------------------------------------------------------------------------------------------


def changed(state: State, **fields: str) -> State:
    """The same with another sort, group, item, view or as_of; from the first row on unless only the item changes."""
    return msgspec.structs.replace(state, **({} if set(fields) == {"item"} else {"offset": 0}), **fields)


def without(state: State, term: Term, value: str | None = None) -> State:
    """The same less one filter, or less one value of it."""
    kept = []
    for other in state.terms:
        values = () if value is None else tuple(v for v in other.values if v != value)
        if other.key != term.key:
            kept.append(other)
        elif values:
            kept.append(msgspec.structs.replace(other, values=values))
    return msgspec.structs.replace(state, terms=tuple(kept), offset=0, item="")


def adding(grammar: Grammar, state: State, name: str, value: str) -> State:
    """The same with one more filter value."""
    pairs = [pair for pair in write(grammar, state) if pair[0] not in ("offset", "item")]
    if (field := grammar.field(name.removeprefix("not."))) is not None and field.kind != WORD:
        pairs = [pair for pair in pairs if pair[0] != name]
    return read(grammar, [*pairs, (name, value)])


def cleared(state: State) -> State:
    """The same without any filter."""
    return msgspec.structs.replace(state, terms=(), ignored=(), offset=0, item="", view="")


def resolved(state: State, field: str, login: str) -> State:
    """The same for anybody: `me` is written as the person who it means."""
    terms = [
        msgspec.structs.replace(t, values=tuple(sorted({login if v == "me" else v for v in t.values}))) if t.name == field else t
        for t in state.terms
    ]  # fmt: skip
    return msgspec.structs.replace(state, terms=tuple(terms))


# Values ------------------------------------------------------------------------------------------------------------------


def canonical(field: Field, value: str) -> str:
    """A value as it is written, or nothing when it means nothing for this field."""
    if not value or len(value) > LENGTH_MAX:
        return ""
    if field.kind == WORD:
        fits = value in field.choices if field.choices else not field.pattern or re.fullmatch(field.pattern, value) is not None
        return value if fits else ""
    if field.kind == TEXT:
        return value
    one = _number if field.kind == NUMBER else _moment
    low, dots, high = value.partition("..")
    parts = [one(part) for part in (low, high)] if dots else [one(value)]
    if None in parts or not any(parts):
        return ""
    return "..".join(part or "" for part in parts)


def numbers(value: str) -> tuple[Decimal | None, Decimal | None]:
    """The bounds of a canonical range of numbers; both are inside."""
    low, dots, high = value.partition("..")
    return (Decimal(low) if low else None), (Decimal(high) if high else None) if dots else Decimal(low)


def moments(value: str, now: datetime, zone: str) -> tuple[datetime | None, datetime | None]:
    """The bounds of a canonical range of times: from the first (inside) to the second (outside). A single time is all before it."""
    low, dots, high = value.partition("..")
    if not dots:
        return None, _at(low, now, zone, is_end=True)
    return (_at(low, now, zone, is_end=False) if low else None), (_at(high, now, zone, is_end=True) if high else None)


def _number(text: str) -> str | None:
    if not text:
        return ""
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return plain(number) if number.is_finite() and abs(number) < 10**18 and number.as_tuple().exponent >= -9 else None  # type: ignore[operator]


def _moment(text: str) -> str | None:
    if not text:
        return ""
    if text == "now":
        return text
    if (found := _RELATIVE.fullmatch(text)) is not None:
        minutes = int(found[2]) * _UNITS[found[3].lower()]
        if not minutes:
            return "now"
        unit = next(u for u in "dhm" if minutes % _UNITS[u] == 0)
        return f"{found[1]}{minutes // _UNITS[unit]}{unit}"
    try:
        at = datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError:
        return None
    if len(text) == 10:
        return f"{at:%Y-%m-%d}"
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z") if at.tzinfo is not None else None


def _at(text: str, now: datetime, zone: str, *, is_end: bool) -> datetime:
    if text == "now":
        return now
    if (found := _RELATIVE.fullmatch(text)) is not None:
        minutes = int(found[2]) * _UNITS[found[3]]
        return now + timedelta(minutes=-minutes if found[1] else minutes)
    at = datetime.fromisoformat(text)
    if len(text) == 10:
        return (at + timedelta(days=1 if is_end else 0)).replace(tzinfo=ZoneInfo(zone))
    return at


def _term(grammar: Grammar, name: str, values: set[str], is_not: bool) -> Term:
    field = grammar.field(name)
    kept = sorted(values) if field is not None and field.kind == WORD else sorted(values)[-1:]
    return Term(name, tuple(kept[:VALUES_MAX]), is_not)


def _is_plain(grammar: Grammar, name: str, value: str) -> bool:
    known: Mapping[str, Callable[[], bool]] = {
        "sort": lambda: value in grammar.sorts,
        "group": lambda: value in grammar.groups,
        "item": lambda: re.fullmatch(r"[A-Za-z0-9._-]{1,60}", value) is not None,
        "view": lambda: re.fullmatch(r"[vt]/[a-z0-9-]{1,60}", value) is not None,
        "as_of": lambda: bool(_moment(value)) and "T" in value,
        "offset": lambda: re.fullmatch(r"[1-9]\d{0,7}", value) is not None,
    }
    return known[name]()
