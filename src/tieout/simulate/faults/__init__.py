"""The faults that real partners commit: a register found by itself, one file for each family. See docs/how-to/add-a-fault.md.

A fault is a function with `@fault(kind, what, **parameters)`. It gets a plan and its parameters, changes the papers of the plan,
and gives the truth about it; or None, when it cannot strike this order. It draws from `plan.rng` only.
"""

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from tieout.simulate.story import Plan
from tieout.simulate.truth import Truth

Parameters = Mapping[str, Any]
Strike = Callable[[Plan, Parameters], Truth | None]


@dataclass(frozen=True, slots=True)
class Fault:
    """A kind of fault: what happens, its parameters with their usual values, and how it strikes a plan."""

    kind: str
    what: str
    parameters: Parameters
    strike: Strike
    on: str = "order"
    """What it strikes: an `order`, an `exchange`, a `direct` order that a vendor ships, a `purchase`, a day's `stock` in a warehouse or what
    is counted there (`count`), a marketplace's `settlement`, or a whole `feed`; in a driven world also a `request` about an order, or a `system`."""


def fault(kind: str, what: str, *, on: str = "order", **parameters: Any) -> Callable[[Strike], Fault]:
    """Make a fault of the function that strikes."""
    return lambda strike: Fault(kind, what, parameters, strike, on)


@cache
def faults() -> Mapping[str, Fault]:
    """All faults by kind. Raises ValueError when two claim one kind."""
    found: dict[str, Fault] = {}
    for module in sorted(pkgutil.iter_modules(__path__), key=lambda each: each.name):
        for value in vars(importlib.import_module(f"{__name__}.{module.name}")).values():
            if isinstance(value, Fault):
                if found.get(value.kind, value) is not value:
                    raise ValueError(f"two faults are called {value.kind}")
                found[value.kind] = value
    return found
