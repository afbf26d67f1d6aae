"""The frame around every page: the rail's places, and the preferences that shape it."""

from typing import Literal

import msgspec

from tieout.people.person import Person, Right


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


TABS: tuple[tuple[str, str, Right], ...] = (
    ("profile", "Profile", Right.READ), ("keys", "Shortcuts", Right.READ), ("second-factor", "Second factor", Right.READ),
    ("api-keys", "API keys", Right.READ), ("delegations", "Delegations", Right.READ), ("views", "Views", Right.READ),
    ("calendars", "Calendars", Right.READ), ("policies", "Policies", Right.READ), ("people", "People", Right.ADMINISTER),
)  # fmt: skip
"""The pages of the settings, and what right each needs."""


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


def tabs(person: Person | None) -> list[tuple[str, str]]:
    """The pages of the settings that somebody may see."""
    return [(name, title) for name, title, right in TABS if person is not None and person.may(right)]


def groups(paths: set[str]) -> list[tuple[str, list[Place]]]:
    """The rail's groups with those places that are served."""
    made: dict[str, list[Place]] = {}
    for place in PLACES:
        if place.path in paths:
            made.setdefault(place.group, []).append(place)
    return list(made.items())
