"""Figures that cost a pass over the ledger: worked out once per commit, kept for all, and told with the moment they are of.

The first who asks waits for them. After that a stale figure is shown at once, with its time, while a thread works out the next.
"""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, NamedTuple, TypeVar

from tieout.store.database import fetch
from tieout.store.session import Session

T = TypeVar("T")
FRESH = timedelta(seconds=20)
"""How old a figure may be before anybody is made to work out a newer one."""


class Figure(NamedTuple):
    """A value, the commit it holds for, and when it was worked out."""

    value: Any
    commit: int
    at: datetime


class Figures:
    """The figures of one console, shared by its threads."""

    def __init__(self) -> None:
        self._known: dict[str, Figure] = {}
        self._busy: set[str] = set()
        self._one = threading.Lock()

    def get(
        self, name: str, session: Session, now: datetime, compute: Callable[[Session], T], apart: Callable[[Callable[[Session], None]], None]
    ) -> Figure:  # fmt: skip
        """The figure of a name. `apart` runs a function with another session, in a thread of its own."""
        commit = int(fetch(session, "newest_commit")[0][0])
        known = self._known.get(name)
        if known is None:
            known = self._keep(name, compute(session), commit, now)
        elif known.commit != commit and now - known.at > FRESH and self._mine(name):
            apart(lambda other: self._anew(name, other, now, compute))
        return known

    def _anew(self, name: str, session: Session, now: datetime, compute: Callable[[Session], Any]) -> None:
        try:
            commit = int(fetch(session, "newest_commit")[0][0])
            self._keep(name, compute(session), commit, now)
        finally:
            with self._one:
                self._busy.discard(name)

    def _mine(self, name: str) -> bool:
        with self._one:
            if name in self._busy:
                return False
            self._busy.add(name)
            return True

    def _keep(self, name: str, value: Any, commit: int, at: datetime) -> Figure:
        self._known[name] = made = Figure(value, commit, at)
        return made
