"""A world whose commands are ruled by decision tables as they stand in files."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec

from tieout.app import driving_by
from tieout.core.attempt import Target
from tieout.core.command import Command
from tieout.core.values import Role
from tieout.policy import CompanyPolicy
from tieout.policy.project import DrivenTable, PersonTable, PolicyTable, PolicyTables, driving
from tieout.runtime.consider import consider
from tieout.runtime.knowing import prepare
from tieout.store.database import run
from world import NOW, World, at

ERP = ("book_order", "cancel_booking", "post_invoice", "issue_credit")
SYSTEMS = {"erp": DrivenTable(Role.ERP, drive=ERP), "wms": DrivenTable(Role.WMS, drive=("release_shipment",))}
PEOPLE = {"ann": PersonTable(("finance",)), "bob": PersonTable(("finance", "sales"))}


def table(*rows: str, version: str = "1") -> str:
    """A file of checkpoints, a row for each text of keys."""
    return f'version = "{version}"\nrole = "finance"\n' + "".join(f"[[checkpoint]]\n{row}\n" for row in rows)


def govern(world: World, checkpoints: str, *, fallbacks: str = "", systems: Mapping[str, DrivenTable] | None = None) -> World:
    """Let a world be ruled by these tables from now on."""
    texts = {"c.toml": checkpoints} | ({"f.toml": fallbacks} if fallbacks else {})
    policy = PolicyTable(checkpoints="c.toml", fallbacks="f.toml" if fallbacks else ())
    rules = driving(PolicyTables(policy, people=PEOPLE, systems=dict(systems or SYSTEMS), texts=texts), CompanyPolicy({}))
    world.configuration.driving = driving_by(rules, dict.fromkeys(systems or SYSTEMS, Target(settle=timedelta(minutes=5))))
    prepare(world.connection, rules)
    return world


def look(world: World, now: datetime = NOW) -> None:
    """Decide about whatever is to be decided about by then."""
    while consider(world.connection, world.configuration, now):
        pass


def again(world: World) -> None:
    """Decide again about every root with a command, as is done before anything is sent."""
    roots = sorted({root for (root,) in world.connection.execute("select root from command").fetchall()})
    run(world.connection, "consider", roots, [NOW] * len(roots))
    look(world)


def standing(world: World) -> dict[str, tuple[str, str]]:
    """Key -> state and what holds it (or held it)."""
    found = world.connection.execute("select key, state, rule from command order by key").fetchall()
    return {key: (state, rule) for key, state, rule in found}


def command(world: World, key: str) -> Command:
    """A command as it is kept."""
    ((body,),) = world.connection.execute("select body::text from command where key = %s", [key]).fetchall()
    return msgspec.json.decode(body, type=Command)


def cost(item: str, amount: Any, **more: Any) -> dict[str, Any]:
    """What an item costs from an hour on, as the ERP states it."""
    hours = more.pop("at_hours", -100)
    return {
        "kind": "CostStated", "system": "erp", "type": "cost", "number": f"{item} {hours}", "currency": "USD",
        "happened": at(hours).isoformat().replace("+00:00", "Z"), "data": {"item": item, "cost": str(Decimal(amount))}, **more,
    }  # fmt: skip
