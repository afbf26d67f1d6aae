"""Texts and JSON bodies with places for the values of a command: parsed once, filled exactly, never by pasting JSON text.

A place is `{name}`, `{name:type}` or, if it may be missing, `{name?}`. Types: `text`, `number` (exact, as a JSON number),
`integer`, `minor` (an amount in whole minor units of the command's currency). In a body a string that is one place takes
the type's form; a missing `?` leaves its key out. An object with `"$each": "lines"` stands once per line; `goods` and
`charges` are the lines without and with a charge.
"""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any
from urllib.parse import quote

import msgspec

from tieout.connectors.delimited.expression import NotAnExpression, parse_template
from tieout.connectors.rest.path import MISSING
from tieout.core.values import EXACT, minor_unit, plain
from tieout.formats.json_stream import NO_JSON, decode_exact, why

Value = str | Decimal | None
Values = Mapping[str, Value]

EACH = "$each"
LOOPS = ("lines", "goods", "charges")
TYPES = ("text", "number", "integer", "minor")
LINE = "line."

_PLACE = re.compile(r"(?P<name>[\w.*-]+)(?::(?P<type>\w+))?(?P<optional>\?)?")


class NotATemplate(ValueError):
    """The text breaks the grammar; says where."""


class Unfilled(Exception):
    """The command lacks a value that a place needs, or it does not fit there."""


class Place(msgspec.Struct, frozen=True):
    """One place in a text."""

    name: str
    type: str
    optional: bool


Parts = tuple[str | Place, ...]


@lru_cache(maxsize=512)
def parsed(text: str) -> Parts:
    """The parts of a text. Raises NotATemplate."""
    try:
        return tuple(_place(part) if is_place else part for part, is_place in parse_template(text))
    except NotAnExpression as bad:
        raise NotATemplate(str(bad)) from None


def _place(text: str) -> Place:
    found = _PLACE.fullmatch(text)
    if found is None:
        raise NotATemplate(f"{{{text}}} is no place; write it like {{total:number}}")
    kind = found["type"] or "text"
    if kind not in TYPES:
        raise NotATemplate(f"{{{text}}}: there is no type {kind!r}; there are {', '.join(TYPES)}")
    return Place(found["name"], kind, found["optional"] is not None)


@lru_cache(maxsize=128)
def parsed_body(text: str) -> Any:
    """A body's JSON with its strings parsed. Raises NotATemplate."""
    try:
        return _parsed_json(decode_exact(text.encode()))
    except NO_JSON as bad:
        raise NotATemplate(f"this is not JSON: {why(bad)}") from None


def _parsed_json(value: Any, *, in_list: bool = False, in_loop: bool = False) -> Any:
    if isinstance(value, str):
        return parsed(value)
    if isinstance(value, list):
        return [_parsed_json(item, in_list=True, in_loop=in_loop) for item in value]
    if not isinstance(value, dict):
        return value
    if EACH in value:
        if value[EACH] not in LOOPS:
            raise NotATemplate(f'"{EACH}" is one of {", ".join(LOOPS)}')
        if not in_list or in_loop:
            raise NotATemplate(f'an object with "{EACH}" stands in a list, and not inside another')
    inside = in_loop or EACH in value
    return {key: item if key == EACH else _parsed_json(item, in_loop=inside) for key, item in value.items()}


def places_of(value: Any) -> list[Place]:
    """Every place in a parsed text or body."""
    if isinstance(value, Place):
        return [value]
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
    return [place for item in inside for place in places_of(item)]


def fill(text: str, values: Values, written: Callable[[str], str] = str) -> str:
    """The text with its places filled, each value passed through `written`. Raises Unfilled."""
    return "".join(part if isinstance(part, str) else written(_text(part, values)) for part in parsed(text))


def fill_address(text: str, values: Values) -> str:
    """An address with its places percent-encoded; a value can neither leave its path segment nor climb out of it."""

    def written(value: str) -> str:
        if value in (".", ".."):
            raise Unfilled(f"{value!r} cannot stand in an address")
        return quote(value, safe="")

    return fill(text, values, written)


def fill_body(text: str, values: Values, loops: Mapping[str, list[Values]]) -> Any:
    """A body's JSON with its places filled; `loops` has the values of each line. Raises Unfilled."""
    return _filled(parsed_body(text), values, loops)


def _filled(value: Any, values: Values, loops: Mapping[str, list[Values]]) -> Any:
    if isinstance(value, tuple):
        return _filled_text(value, values)
    if isinstance(value, dict):
        pairs = ((key, _filled(item, values, loops)) for key, item in value.items() if key != EACH)
        return {key: item for key, item in pairs if item is not MISSING}
    if not isinstance(value, list):
        return value
    found: list[Any] = []
    for item in value:
        if isinstance(item, dict) and EACH in item:
            found += [_filled(item, {**values, **line}, {}) for line in loops.get(item[EACH], [])]
        else:
            found.append(_filled(item, values, loops))
    return [item for item in found if item is not MISSING]


def _filled_text(parts: Parts, values: Values) -> Any:
    if len(parts) != 1 or isinstance(parts[0], str):
        return "".join(part if isinstance(part, str) else _text(part, values) for part in parts)
    place = parts[0]
    value = values.get(place.name)
    if value is None or value == "":
        if not place.optional:
            raise Unfilled(f"it needs {place.name}, which it does not have")
        return MISSING
    return _text(place, values) if place.type == "text" else _number(place, value, values)


def _text(place: Place, values: Values) -> str:
    value = values.get(place.name)
    if value is None or value == "":
        if not place.optional:
            raise Unfilled(f"it needs {place.name}, which it does not have")
        return ""
    shown = value if place.type == "text" else _number(place, value, values)
    return plain(shown) if isinstance(shown, Decimal) else str(shown)


def _number(place: Place, value: str | Decimal, values: Values) -> Decimal | int:
    if not isinstance(value, Decimal):
        raise Unfilled(f"{place.name} is no number")
    if place.type == "minor":
        value = EXACT.divide(value, minor_unit(str(values.get("currency") or "")))
    if place.type == "number":
        return value
    if value != value.to_integral_value():
        raise Unfilled(f"{place.name} is no whole number")
    return int(value)
