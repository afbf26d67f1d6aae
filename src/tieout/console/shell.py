"""The frame around every page: the rail's places, and the preferences that shape it."""

from typing import Literal

import msgspec


class Place(msgspec.Struct, frozen=True):
    """An entry of the rail; `counter` names the count that stands beside it."""

    group: str
    title: str
    path: str
    letter: str = ""
    counter: str = ""


PLACES = (
    Place("Operate", "Tower", "/", "t"),
    Place("Operate", "Exceptions", "/exceptions", "e", "exceptions"),
    Place("Operate", "Approvals", "/approvals", "a", "approvals"),
    Place("Operate", "Transactions", "/transactions", "x"),
    Place("Understand", "Process", "/process", "p"),
    Place("Understand", "Lifecycles", "/lifecycles", "l"),
    Place("Connect", "Connectors", "/connectors", "c", "connectors"),
    Place("Record", "Operations", "/operations", "", "operations"),
    Place("Record", "Audit", "/audit"),
)


class Preferences(msgspec.Struct, frozen=True):
    """How a person wants the console."""

    theme: Literal["auto", "light", "dark"] = "auto"
    density: Literal["compact", "normal", "roomy"] = "normal"
    utc: bool = False
    plain_table: bool = False
    single_keys: bool = True
    keys: dict[str, str] = {}


def preferences_of(stored: object) -> Preferences:
    """Preferences as they were stored; what cannot be read is left at its default."""
    try:
        return msgspec.convert(stored, Preferences)
    except msgspec.ValidationError:
        return Preferences()


def groups(paths: set[str]) -> list[tuple[str, list[Place]]]:
    """The rail's groups with those places that are served."""
    made: dict[str, list[Place]] = {}
    for place in PLACES:
        if place.path in paths:
            made.setdefault(place.group, []).append(place)
    return list(made.items())
