"""Who is signed in."""

from collections.abc import Mapping

import msgspec


class Person(msgspec.Struct, frozen=True):
    """A stand-in until people exist."""

    id: int = 0
    login: str = "ana"
    name: str = "Ana Novak"
    roles: frozenset[str] = frozenset(("analyst",))
    zone: str = ""
    preferences: Mapping[str, object] = {}
