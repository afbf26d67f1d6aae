"""A world with open exceptions and people who work on them."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from tieout.cases.filter import Filter, parse
from tieout.cases.follow import follow
from tieout.cases.item import Outcome, Target
from tieout.cases.listing import Item, items
from tieout.people import accounts
from tieout.people.person import Person
from world import NOW, World, line, say


def ordered(number: str, quantity: int = 1, value: str = "10.00", **more: Any) -> dict[str, Any]:
    known = {"customer": "C1", "channel": "web", "warehouse": "W1", **more}
    return say("OrderPlaced", "shop", number, 0, [line(1, f"shop/order/{number}", known.pop("item", "A"), quantity, value)], **known)


def shipped(number: str, quantity: int = 1, at: float = 2, item: str = "A", **more: Any) -> dict[str, Any]:
    return say("Shipped", "wms", f"S{number}", at, [line(1, f"shop/order/{number}", item, quantity)], **more)


def invoiced(number: str, quantity: int = 1, value: str = "10.00", at: float = 5, item: str = "A", **more: Any) -> dict[str, Any]:
    return say("Invoiced", "erp", f"I{number}", at, [line(1, f"shop/order/{number}", item, quantity, value)], **more)


def join(world: World, login: str, *roles: str, scopes: dict[str, list[str]] | None = None, limit: str = "") -> Person:
    """Add somebody."""
    made = accounts.add(world.connection, login, login.title(), NOW, by=None, email=f"{login}@example.com")
    accounts.set_roles(world.connection, made, roles, (), NOW, by=None)
    if scopes:
        accounts.set_scopes(world.connection, made, scopes, NOW, by=None)
    if limit:
        accounts.set_limit(world.connection, made, "USD", Decimal(limit), NOW, by=None)
    return accounts.account(world.connection, login).person


def not_invoiced(world: World, *numbers: str, now: datetime = NOW, **more: Any) -> dict[str, Item]:
    """Orders that were shipped and not invoiced, as exceptions: order number -> the item of class SNI+."""
    for number in numbers:
        world.apply([ordered(number, **more), shipped(number)])
    world.complete(24 * 30)
    follow(world.connection, world.configuration, now)
    return shown(world, "class=SNI+")


def shown(world: World, *pairs: str, person: Person | None = None, now: datetime = NOW, sort: str = "due") -> dict[str, Item]:
    """What a query lists, by order number."""
    found = items(world.connection, wanted(*pairs), person or EVERYBODY, now, sort=sort, limit=1000)
    return {item.number: item for item in found}


def wanted(*pairs: str) -> Filter:
    return parse([(key, value) for key, _, value in (pair.partition("=") for pair in pairs)])


def target(item: Item) -> Target:
    return Target(item.id, item.version)


def said(outcomes: list[Outcome]) -> list[tuple[str, str]]:
    return [(one.outcome, one.reason) for one in outcomes]


def later(hours: float) -> datetime:
    return NOW + timedelta(hours=hours)


EVERYBODY = Person(0, "test", "Test")
