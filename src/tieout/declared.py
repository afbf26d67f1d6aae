"""A TOML text that an operator wrote (a mapping, a policy) to plain data or a frozen struct, or a SettingsError with file, key, rule and next step."""

import difflib
import re
import tomllib
from collections.abc import Iterable
from typing import Any, TypeVar

import msgspec
from msgspec import inspect

from tieout.errors import SettingsError

T = TypeVar("T")

TEXT_MAX = 256 * 1024


class Wrong(Exception):
    """A rule that a text breaks: at which key, which rule, and what to do."""

    def __init__(self, key: str, rule: str, next_step: str = "") -> None:
        super().__init__(rule)
        self.key, self.rule, self.next_step = key, rule, next_step


def read(text: str, where: str, struct: type[T], guide: str) -> T:
    """The text as a `struct`; `where` is the file's name in messages, `guide` the page that explains it. Raises SettingsError."""
    data = toml(text, where)
    try:
        _refuse_unknown(data, inspect.type_info(struct), "")
        return msgspec.convert(data, struct)
    except Wrong as wrong:
        raise SettingsError(f"{where}: {wrong.key}: {wrong.rule}.", wrong.next_step or guide) from None
    except msgspec.ValidationError as bad:
        key, rule = _said(bad)
        raise SettingsError(f"{where}: {key or 'the file'}: {rule}.", guide) from None


def nearest(word: str, known: Iterable[str]) -> str:
    """`Did you mean 'x'?`, or nothing."""
    close = difflib.get_close_matches(word, list(known), n=1)
    return f"Did you mean {close[0]!r}?" if close else ""


def toml(text: str, where: str) -> dict[str, Any]:
    """The text as plain data. Raises SettingsError when it is too long or no TOML."""
    if len(text) > TEXT_MAX:
        raise SettingsError(f"{where}: a file like this has at most {TEXT_MAX} characters, this one {len(text)}.", "Split it.")
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as bad:
        raise SettingsError(f"{where}: this is not TOML: {bad}.", "Correct the line; strings stand in quotes.") from bad


def _refuse_unknown(value: object, kind: inspect.Type, path: str) -> None:
    """Refuse keys that a table does not have, with the nearest one it has; tables inside are checked too."""
    if isinstance(kind, inspect.UnionType):
        for one in kind.types:
            _refuse_unknown(value, one, path)
    elif isinstance(value, list) and isinstance(kind, inspect.VarTupleType):
        for item in value:
            _refuse_unknown(item, kind.item_type, path)
    elif isinstance(value, dict) and isinstance(kind, inspect.DictType):
        for name, item in value.items():
            _refuse_unknown(item, kind.value_type, f"{path}{name}: ")
            if isinstance(kind.value_type, inspect.StructType):
                _convert_alone(item, kind.value_type.cls, f"{path}{name}")
    elif isinstance(value, dict) and isinstance(kind, inspect.StructType):
        known = {field.encode_name: field.type for field in kind.fields}
        for key, item in value.items():
            if key not in known:
                raise Wrong(f"{path}{key}", "there is no such key", nearest(key, known) or f"Known here: {', '.join(known)}.")
            _refuse_unknown(item, known[key], f"{path}{key}: ")


def _convert_alone(item: object, struct: type, key: str) -> None:
    """Convert one table of a table of tables: only here is its name known."""
    try:
        msgspec.convert(item, struct)
    except msgspec.ValidationError as bad:
        below, rule = _said(bad)
        raise Wrong(f"{key}: {below}" if below else key, rule) from None


def _said(bad: msgspec.ValidationError) -> tuple[str, str]:
    """The key and the rule of a validation error; the key is empty when it is the whole."""
    rule, _, path = str(bad).partition(" - at `$.")
    key = re.sub(r"\[(\d+)\]", lambda found: f" {int(found[1]) + 1}", path.rstrip("`"))
    return key.replace(".", ": "), rule
