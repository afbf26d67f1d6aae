"""What a simulated system answers when it is asked or told something: one file for each kind of system, found by itself.

A system that answers is a module with `SYSTEMS`, the systems of the project that it speaks for, and two functions. `concerns` says
what a request tells it to do and of which order, so that faults can strike it on its way; None where it is only asked. `answer` does
it, through `books`: what is made there is a paper, and travels by the system's own feed like any other.

Both raise `Unfit` for what cannot be understood; `answer` raises `Refusal` for what is understood and not done.
"""

import importlib
import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Protocol, cast

import msgspec

from tieout.simulate.books import Books

BODY_MAX = 1024 * 1024


class Unfit(ValueError):
    """What a system is told cannot be understood; the text says why."""


class Refusal(Exception):
    """What a system is told is understood, and not done: its code for the reason, and the reason."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it arrives: `path` is what stands below the system's own address, `headers` have small letters."""

    system: str
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        """The body, a JSON object. Raises Unfit."""
        try:
            found = msgspec.json.decode(self.body) if len(self.body) <= BODY_MAX else None
        except msgspec.DecodeError as bad:
            raise Unfit(f"the body is no JSON: {bad}") from bad
        if not isinstance(found, dict):
            raise Unfit(f"the body is no JSON object of at most {BODY_MAX:,} bytes")
        return found


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: its status, what stands in its body, more headers."""

    body: Any
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Told:
    """What a request tells a system to do (`booking`, `release`, `invoice`, …), and of which order."""

    what: str
    order: str


class Answering(Protocol):
    """What the module of an answering system offers."""

    SYSTEMS: tuple[str, ...]

    def concerns(self, request: Request, books: Books) -> Told | None:
        """What it is told to do and of which order; None where it is only asked. Raises Unfit."""
        ...

    def answer(self, request: Request, books: Books) -> Reply | None:
        """What it answers, once it is done; None where there is nothing of that name. Raises Unfit or Refusal."""
        ...


@cache
def answering() -> Mapping[str, Answering]:
    """The module that answers for each system. Raises ValueError when two claim one."""
    found: dict[str, Answering] = {}
    for module in sorted(pkgutil.iter_modules(__path__), key=lambda each: each.name):
        loaded = importlib.import_module(f"{__name__}.{module.name}")
        for system in getattr(loaded, "SYSTEMS", ()):
            if system in found:
                raise ValueError(f"two modules answer for {system}")
            found[system] = cast(Answering, loaded)
    return found
