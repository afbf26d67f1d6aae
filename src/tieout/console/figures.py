"""Figures that cost a pass over the ledger or the work: worked out once per change, kept for all, told with the moment they are of.

The first who asks waits for them. After that a stale figure is shown at once, with its time, while a thread works out the next.
"""

import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, NamedTuple, TypeVar

from tieout.store.session import Session

T = TypeVar("T")
KEPT_MAX = 64
OLD = timedelta(seconds=60)
"""After so long a figure is worked out anew whatever has happened: deadlines pass by themselves."""
SHARE = 20
"""A figure that took a second is good for twenty: the dear ones take at most so small a part of a processor, however much changes."""


class Figure(NamedTuple):
    """A value, the mark of what it was worked out from, when that was, and how long it took."""

    value: Any
    mark: object
    at: datetime
    took: timedelta = timedelta(0)


Apart = Callable[[Callable[[Session], None]], None]


class Figures:
    """The figures of one console, shared by its threads."""

    def __init__(self) -> None:
        self._known: dict[str, Figure] = {}
        self._busy: set[str] = set()
        self._one = threading.Lock()

    def get(
        self, name: str, mark: object, now: datetime, fresh: timedelta, session: Session, compute: Callable[[Session], T], apart: Apart
    ) -> Figure:
        """The figure of a name. While it has another `mark` and is older than `fresh`, a newer one is worked out by what `apart` starts."""
        known = self._known.get(name)
        if known is None:
            return self._keep(name, _worked_out(session, compute, mark, now))
        age = now - known.at
        if (age > OLD or (known.mark != mark and age > max(fresh, SHARE * known.took))) and self._mine(name):
            apart(lambda other: self._anew(name, mark, now, other, compute))
        return known

    def _anew(self, name: str, mark: object, now: datetime, session: Session, compute: Callable[[Session], Any]) -> None:
        try:
            self._keep(name, _worked_out(session, compute, mark, now))
        finally:
            with self._one:
                self._busy.discard(name)

    def _mine(self, name: str) -> bool:
        with self._one:
            if name in self._busy:
                return False
            self._busy.add(name)
            return True

    def _keep(self, name: str, made: Figure) -> Figure:
        with self._one:
            self._known.pop(name, None)
            self._known[name] = made
            while len(self._known) > KEPT_MAX:
                self._known.pop(next(iter(self._known)))
        return made


def _worked_out(session: Session, compute: Callable[[Session], Any], mark: object, now: datetime) -> Figure:
    began = time.perf_counter()
    value = compute(session)
    return Figure(value, mark, now, timedelta(seconds=time.perf_counter() - began))
