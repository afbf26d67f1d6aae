"""Histories to rehearse on, and the configurations to rehearse them with."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from ground_rules import PlainRules
from tieout.connectors import System
from tieout.core.attempt import Target
from tieout.core.values import Role
from tieout.policy import CompanyPolicy
from tieout.runtime.configuration import Configuration, Driving
from tieout.runtime.outcome import Example, Rehearsal
from tieout.runtime.rehearse import rehearse
from world import World, at, line, say

SHOP, ERP = "shop/order/1", "erp/sales_order/S1"
LINK = {"links": [[ERP, SHOP]]}
END = at(24 * 30)
SYSTEMS = {
    name: System(name, "canonical", role, states=states)
    for name, role, states in (
        ("shop", Role.CHANNEL, ("OrderPlaced",)), ("erp", Role.ERP, ("OrderBooked", "Invoiced", "WrittenOff")), ("wms", Role.WMS, ("Shipped",)),
    )
}  # fmt: skip


def tell(world: World, facts: Iterable[Mapping[str, Any]]) -> None:
    """The ledger hears each fact in the hour in which it happened, each in a transaction of its own."""
    for fact in sorted(facts, key=lambda said: said["_heard"]):
        world.apply([{key: said for key, said in fact.items() if key != "_heard"}], now=at(fact["_heard"]))


def heard(hours: float, kind: str, system: str, number: str | int, lines: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """A fact that happens and is heard at once."""
    return {**say(kind, system, number, hours, lines, **more), "_heard": hours}


def configuration(
    policy: CompanyPolicy | None = None, *, systems: Mapping[str, System] | None = None, driving: PlainRules | None = None, **more: Any
) -> Configuration:
    """A configuration to rehearse with; `driving` are its rules, if it tells its systems anything."""
    named = dict(systems or SYSTEMS)
    made = Configuration(named.values(), policy or CompanyPolicy({}), **more)
    if driving is not None:
        made.driving = Driving(driving, dict.fromkeys(named, Target(settle=timedelta(minutes=5))))
    return made


def rehearsed(world: World, changed: Configuration, present: Configuration | None = None, **more: Any) -> Rehearsal:
    """Rehearse a change on the history of a world."""
    since = more.pop("since", at(-1000))
    return rehearse(world.database, world.connection, present or configuration(), changed, END, since=since, **more)


def shown(examples: list[Example]) -> dict[str, tuple[str, str, str]]:
    """Subject -> before, after, why."""
    return {f"{one.class_} {one.subject}": (one.before, one.after, one.why) for one in examples}


def price_story() -> list[dict[str, Any]]:
    """An order that the ERP books one dollar cheaper, another ten dollars cheaper; both feeds go on for a week."""
    facts = []
    for n, price in (("1", 99), ("2", 90)):
        shop, erp = f"shop/order/{n}", f"erp/sales_order/S{n}"
        facts.append(heard(0, "OrderPlaced", "shop", n, [line(1, shop, "A", 10, 100)]))
        facts.append(heard(1, "OrderBooked", "erp", f"S{n}", [line(1, erp, "A", 10, price)], links=[[erp, shop]]))
    for name, kind in (("shop", "OrderPlaced"), ("erp", "OrderBooked")):
        facts.append(heard(24 * 7, kind, name, f"LATER-{name}", []))
    return facts
