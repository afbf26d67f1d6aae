"""The mix of faults of a drill: how often each kind strikes, and its parameters; a TOML file, or the default that comes along."""

import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from tieout.errors import InputMissing, SettingsError
from tieout.simulate.faults import faults

DEFAULT = "mix.toml"


@dataclass(frozen=True, slots=True)
class Share:
    """One fault of a mix: the share of orders it strikes, and its parameters."""

    kind: str
    rate: float
    parameters: Mapping[str, Any]


def default_mix() -> list[Share]:
    """All faults there are, at the rates of the mix that comes along."""
    return parse(files(__package__).joinpath(DEFAULT).read_text("utf-8"), DEFAULT)


def mix_of(path: Path | None) -> list[Share]:
    """The mix in a file; the default one without a file. Raises InputMissing or SettingsError."""
    if path is None:
        return default_mix()
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as bad:
        raise InputMissing(f"The mix {path} cannot be read: {bad}.", "Check the path, or leave --faults out.") from bad
    return parse(text, str(path))


def parse(text: str, where: str) -> list[Share]:
    """The faults of a mix in their order: where two would strike the same order, the first one does. Raises SettingsError."""
    try:
        stated = tomllib.loads(text)
    except tomllib.TOMLDecodeError as bad:
        raise SettingsError(f"{where} is no TOML: {bad}.", "Correct the line that is named.") from bad
    tables = stated.pop("faults", {})
    if stated or not isinstance(tables, dict):
        what = f"{', '.join(sorted(stated))} is no table of a mix" if stated else "`faults` is no table"
        raise SettingsError(f"{where}: {what}.", "Write a table for each fault: [faults.lost], with its `rate`.")
    return [_share(kind, table, where) for kind, table in tables.items()]


def _share(kind: str, table: object, where: str) -> Share:
    """One fault of a mix. Raises SettingsError."""
    known = faults()
    if kind not in known:
        near = difflib.get_close_matches(kind, known, 1)
        meant = f"Did you mean {near[0]!r}? " if near else ""
        raise SettingsError(f"{where}: there is no fault {kind!r}.", f"{meant}There are: {', '.join(sorted(known))}.")
    if not isinstance(table, dict):
        raise SettingsError(f"{where}: faults.{kind} is {table!r}.", f"Write a table: [faults.{kind}], with its `rate`.")
    stated = dict(table)
    rate = stated.pop("rate", None)
    if not isinstance(rate, int | float) or isinstance(rate, bool) or not 0 <= rate <= 1:
        what = "has no `rate`" if rate is None else f"`rate` is {rate!r}"
        raise SettingsError(f"{where}: faults.{kind}: {what}.", "Write a share of the orders from 0 to 1, such as 0.002.")
    parameters = known[kind].parameters
    unknown = set(stated) - set(parameters)
    if unknown:
        allowed = ", ".join(parameters) or "none"
        raise SettingsError(f"{where}: faults.{kind}: {', '.join(sorted(unknown))} is no parameter of it.", f"Its parameters: {allowed}.")
    for name, value in stated.items():
        _check(f"{where}: faults.{kind}.{name}", value, parameters[name])
    return Share(kind, float(rate), {**parameters, **stated})


def _check(place: str, value: object, usual: Any) -> None:
    """A parameter is of the kind of its usual value: a number not below zero, a choice of what stands in the usual list. Raises SettingsError."""
    if isinstance(usual, list) and not (isinstance(value, list) and value and all(each in usual for each in value)):
        raise SettingsError(f"{place} is {value!r}.", f"Choose from {', '.join(usual)}.")
    if type(value) is not type(usual):
        raise SettingsError(f"{place} is {value!r}.", f"Write it like {usual!r}.")
    if isinstance(value, int | float) and value < 0:
        raise SettingsError(f"{place} is {value!r}.", "Write a number that is not below zero.")
