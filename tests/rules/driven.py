"""A world that tells its systems what they owe, and plays their answers; the scenario tests of the flows are written in it."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec

from ground_rules import SYSTEMS, PlainRules
from tieout.core.act import Act
from tieout.core.attempt import Approved, Sent, Target
from tieout.core.command import Accepted, Command
from tieout.core.values import Ref, Role
from tieout.runtime.batch import Batch
from tieout.runtime.configuration import Driving
from tieout.runtime.outbox import due, orchestrate, record
from world import NOW, World

SHOP, ERP = "shop/order/1", "erp/sales_order/S1"
LINK = {"links": [[ERP, SHOP]]}
WAREHOUSES = {"DROP": ""}
"""What is sold from there is shipped by the vendor: no warehouse of ours is told."""


class Rules(PlainRules):
    """At once and without a checkpoint, but nobody tells our warehouse to ship what a vendor ships."""

    def system(self, role: Role, act: Act, notes: Mapping[str, str]) -> str:
        if role is Role.WMS and notes.get("warehouse", "") in WAREHOUSES:
            return WAREHOUSES[notes["warehouse"]]
        return super().system(role, act, notes)


def drive(world: World, rules: PlainRules | None = None) -> World:
    """Let a world tell its systems what they owe."""
    names = {*world.systems, *SYSTEMS.values()}
    world.configuration.driving = Driving(rules or Rules(), dict.fromkeys(names, Target(settle=timedelta(minutes=5))))
    return world


def commands(world: World, *accounts: str) -> dict[str, str]:
    """Key -> state, of some accounts or of all."""
    found = world.connection.execute("select key, account, state from command order by key").fetchall()
    return {key: state for key, account, state in found if not accounts or account in accounts}


def asked(world: World, key: str) -> dict[str, Decimal | None]:
    """What a command asks for: key of the line -> quantity, or value where there is none."""
    ((body,),) = world.connection.execute("select body::text from command where key = %s", [key]).fetchall()
    command = msgspec.json.decode(body, type=Command)
    return {line.line: line.value if line.quantity is None else line.quantity for line in command.lines} or {"": command.total}


def accept(world: World, key: str, *documents: str, is_sent: bool = False, **final: Any) -> None:
    """The system takes a command, after approval if that is needed, and names the documents it made; `is_sent`: a dispatcher has it."""
    driving = world.configuration.driving
    assert driving is not None
    ((system, state),) = world.connection.execute("select system, state from command where key = %s", [key]).fetchall()
    answer = Accepted(tuple(Ref(name) for name in documents), {k: Decimal(str(v)) for k, v in final.items()})
    with world.connection.transaction():
        for event in ([Approved()] if state == "held" else []) + ([] if is_sent else [Sent()]) + [answer]:
            record(world.connection, key, event, driving.targets[system], NOW)
    decide(world)


def decide(world: World, now: datetime = NOW) -> None:
    """Decide about every root whose wait is over or about which an answer has come."""
    with world.connection.transaction():
        roots = list(due(world.connection, now))
        orchestrate(Batch(world.connection, world.configuration, now, "decide", alone=False), roots)
