"""A ledger that drives a counting target: orders owe commands, a dispatcher sends them, the story waits for how it ends."""

import contextlib
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from counting import mapping

from ground_rules import PlainRules
from tieout.connectors import System
from tieout.core.attempt import Target
from tieout.core.lane import Limits
from tieout.core.rate import Rate
from tieout.core.values import Role
from tieout.runtime.configuration import Driving
from tieout.runtime.consider import consider
from tieout.runtime.dispatch import Dispatcher
from world import SYSTEMS, World, line, say

FAST = Rate(10_000, 1, 10_000)
SECRETS: Mapping[str, str] = {}
STILL_MAX = 60.0
"""Seconds without any command coming to an end after which a test gives up; how long all of them take is the machine's matter."""


def erp(base: str, *, keys: bool, timeout: int = 5) -> System:
    """The target as a system of the rest connector; `keys`: it knows our key again."""
    return System("erp", "rest", Role.ERP, options={"mapping": mapping(keys=keys, timeout=timeout), "base": base})


def systems(target: System) -> dict[str, System]:
    """The usual systems, one of them the target; what the ERP states comes by another way, `office`."""
    return {**SYSTEMS, "erp": target, "office": System("office", "canonical", Role.ERP)}


def drive(world: World, target: Target) -> World:
    """Let a world tell its ERP what is owed."""
    world.configuration.driving = Driving(PlainRules(systems={Role.ERP: "erp"}), {"erp": target})
    return world


def order(number: int) -> dict[str, Any]:
    """An order that is owed a booking."""
    return say("OrderPlaced", "shop", number, 0, [line(1, f"shop/order/{number}", "A", 5, 50)])


def shipped(number: int) -> list[dict[str, Any]]:
    """An order of two lines that is booked, and the first line shipped: the ERP is owed an invoice."""
    sale, placed = f"office/sales_order/S{number}", f"shop/order/{number}"
    return [
        say("OrderPlaced", "shop", number, 0, [line(1, placed, "A", 5, 50), line(2, placed, "B", 1, 7)]),
        say("OrderBooked", "office", f"S{number}", 1, [line(1, sale, "A", 5, 50), line(2, sale, "B", 1, 7)], links=[[sale, placed]]),
        say("Shipped", "wms", f"P{number}", 2, [line(1, sale, "A", 5)]),
    ]


def rest_shipped(number: int) -> dict[str, Any]:
    """The second line: the ERP is owed another invoice."""
    return say("Shipped", "wms", f"R{number}", 3, [line(1, f"office/sales_order/S{number}", "B", 1)])


def states(world: World) -> Counter[str]:
    """How many commands stand where."""
    return Counter(dict(world.connection.execute("select state, count(*) from command group by 1").fetchall()))


def settled(world: World) -> bool:
    """True when nothing waits to be sent and no doubt is left."""
    return not {"queued", "sending", "unknown"} & states(world).keys()


def drain(world: World, running: subprocess.Popen[bytes], is_pending: Callable[[], bool] = lambda: False) -> None:
    """Wait until processes of which one is given have sent all there is. Fails when that one ends, or nothing comes to an end for long."""
    ended, since = -1, time.monotonic()
    while not settled(world) or is_pending():
        found = states(world)
        if (now := found["accepted"] + found["refused"] + found["cancelled"]) != ended:
            ended, since = now, time.monotonic()
        assert time.monotonic() - since < STILL_MAX, found
        with contextlib.suppress(subprocess.TimeoutExpired):
            running.wait(0.1)
            raise AssertionError("the dispatcher ended")


def dispatcher(
    world: World, *, limits: Limits | None = None, limits_by: Mapping[str, Limits] | None = None, lease: float = 30.0, **more: Any
) -> Dispatcher:
    """A dispatcher of a world, fast if nothing else is said."""
    return Dispatcher(
        lambda: world.database.session(writer=True),
        world.configuration,
        lambda name: SECRETS,
        limits=limits_by or {"erp": limits or Limits(concurrency=8, rate=FAST)},
        lease=timedelta(seconds=lease),
        **more,
    )


def play(world: World, running: Dispatcher, over: Callable[[], bool], seconds: float = 30.0) -> None:
    """Dispatch and consider until it is over; fails when that takes too long."""
    until = time.monotonic() + seconds
    look = 0.0
    while True:
        wait = running.step(datetime.now(UTC))
        consider(world.connection, world.configuration, datetime.now(UTC))
        if time.monotonic() > look:
            if over():
                return
            look = time.monotonic() + 0.1
            assert time.monotonic() < until, states(world)
        running.wait(wait)
