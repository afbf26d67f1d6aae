"""The simulated partners: one file for each wire format, found by itself; each writes what its systems say, and knows nothing of the ledger.

A partner is a module with `SYSTEMS`, the systems of the project that it speaks for, and `write(papers, at)`, which gives the
files those papers travel in. Every paper ends up in just one file (or in none, where its partner says nothing of that kind),
and its `origin` is set to that file's name.
"""

import importlib
import pkgutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Protocol, cast

from tieout.simulate.paper import Paper


@dataclass(frozen=True, slots=True)
class File:
    """A file as a partner sends it."""

    name: str
    data: bytes


class Partner(Protocol):
    """What a partner's module offers."""

    SYSTEMS: tuple[str, ...]

    def write(self, papers: Sequence[Paper], at: int) -> Iterator[File]:
        """The files in which these papers of one system are sent at a moment."""
        ...


@cache
def partners() -> Mapping[str, Partner]:
    """The partner that speaks for each system."""
    found: dict[str, Partner] = {}
    for module in sorted(pkgutil.iter_modules(__path__), key=lambda each: each.name):
        loaded = importlib.import_module(f"{__name__}.{module.name}")
        if hasattr(loaded, "SYSTEMS"):
            found |= dict.fromkeys(loaded.SYSTEMS, cast(Partner, loaded))
    return found
