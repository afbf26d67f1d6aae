"""The mix of faults of a drill: how often each kind strikes, and its parameters; a TOML file, or the default that comes along."""

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
        tables = tomllib.loads(text).get("faults", {})
    except tomllib.TOMLDecodeError as bad:
        raise SettingsError(f"{where} is no TOML: {bad}.", "Correct the line that is named.") from bad
    known = faults()
    made = []
    for kind, table in tables.items():
        if kind not in known:
            raise SettingsError(f"{where}: there is no fault {kind!r}.", f"There are: {', '.join(known)}.")
        stated = dict(table)
        rate = stated.pop("rate", None)
        if not isinstance(rate, int | float) or isinstance(rate, bool) or not 0 <= rate <= 1:
            raise SettingsError(f"{where}: faults.{kind}: `rate` is {rate!r}.", "Write a share of the orders from 0 to 1, such as 0.002.")
        unknown = set(stated) - set(known[kind].parameters)
        if unknown:
            allowed = ", ".join(known[kind].parameters) or "none"
            raise SettingsError(f"{where}: faults.{kind}: {', '.join(sorted(unknown))} is no parameter of it.", f"Its parameters: {allowed}.")
        for name, value in stated.items():
            usual = known[kind].parameters[name]
            if type(value) is not type(usual):
                raise SettingsError(f"{where}: faults.{kind}.{name} is {value!r}.", f"Write it like {usual!r}.")
        made.append(Share(kind, float(rate), {**known[kind].parameters, **stated}))
    return made
