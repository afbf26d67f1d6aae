"""Which cases a map is of: the filters that people choose, and what of the business somebody may see. Pure."""

from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any

import msgspec

from tieout.people.person import Scopes, predicate
from tieout.process.model import END, START

Pair = tuple[str, str]
SEEN = ("channel", "warehouse")


class Question(msgspec.Struct, frozen=True):
    """The cases of a model that began from `since` (inside) to `until` (outside), of some channels and warehouses (none named: of all).

    By their way: each step of `has` and none of `lacks`, one of `starts` first and one of `ends` last, each pair of `follows` directly one
    after the other, each pair of `breaks` the wrong way round; one of `variants`.
    """

    model: str
    since: datetime | None = None
    until: datetime | None = None
    channels: tuple[str, ...] = ()
    warehouses: tuple[str, ...] = ()
    has: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    starts: tuple[str, ...] = ()
    ends: tuple[str, ...] = ()
    follows: tuple[Pair, ...] = ()
    breaks: tuple[Pair, ...] = ()
    variants: tuple[int, ...] = ()

    def fits(self, variant: int, steps: Sequence[str]) -> bool:
        """Whether a way is one that is asked for."""
        return (
            (not self.variants or variant in self.variants)
            and all(step in steps for step in self.has)
            and not any(step in steps for step in self.lacks)
            and (not self.starts or steps[0] in self.starts)
            and (not self.ends or steps[-1] in self.ends)
            and set(self.follows) <= set(paths(steps))
            and all(is_broken(steps, *pair) for pair in self.breaks)
        )  # fmt: skip

    def where(self, scopes: Scopes) -> tuple[str, dict[str, Any]]:
        """The rest of the question as SQL on the rows `c` of cases, with its arguments."""
        parts = ["c.model = %(model)s"]
        arguments: dict[str, Any] = {"model": self.model, **scopes.arguments()}
        for name, sql, value in (
            ("since", "c.began >= %(since)s", self.since), ("until", "c.began < %(until)s", self.until),
            ("channels", "c.channel = any(%(channels)s)", list(self.channels)), ("warehouses", "c.warehouse = any(%(warehouses)s)", list(self.warehouses)),
        ):  # fmt: skip
            if value:
                parts.append(sql)
                arguments[name] = value
        if scopes.channels or scopes.warehouses:
            parts.append(predicate("c", SEEN))
        if scopes.teams:
            parts.append("exists (select from work w where w.root = c.root and w.team = any(%(scope_team)s))")
        return " and ".join(parts), arguments


def paths(steps: Sequence[str]) -> list[Pair]:
    """Every path of a way, those from the start and to the end among them."""
    return list(pairwise((START, *steps, END)))


def is_broken(steps: Sequence[str], first: str, then: str) -> bool:
    """True when `then` was said before anybody had said `first`."""
    if then not in steps:
        return False
    return first not in steps[: list(steps).index(then)]
