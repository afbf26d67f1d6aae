"""`/settings/calendars` and `/settings/policies`: the rules that are in force, as the settings say them; changed there, not here."""

import json
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from starlette.responses import Response

from tieout.console.app import page
from tieout.console.visit import Visit
from tieout.core.values import Side
from tieout.policy.calendar import Calendar
from tieout.policy.table import Table, Versions

DAY_NAMES = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
AHEAD = 10


class Known(msgspec.Struct, frozen=True):
    """A calendar with the next days, each open or not, and which deadlines count by it."""

    name: str
    calendar: Calendar
    days: list[tuple[date, bool, bool]]
    used_by: list[str]


class Ruled(msgspec.Struct, frozen=True):
    """One version of a decision table of a kind, and whether it is the one in force."""

    kind: str
    table: Table[Any]
    in_force: bool


def calendars(visit: Visit) -> Response:
    """The business calendars: days, hours, cut-off, holidays, and the next ten days."""
    policy, accounts = visit.desk.configuration.policy, visit.desk.configuration.accounts
    made = []
    for name, calendar in sorted(policy.calendars.items()):
        today = visit.now.astimezone(ZoneInfo(calendar.timezone)).date()
        days = [today + timedelta(days=n) for n in range(AHEAD)]
        used = {row.match.account or "all accounts" for row in policy.deadlines if row.within and row.within.calendar == name}
        used |= {code for code, account in accounts.items() if any(account.expectation(side).within.calendar == name for side in Side)}
        made.append(Known(name, calendar, [(day, calendar.is_open(day), day in calendar.holidays) for day in days], sorted(used)))
    return visit.show("pages/settings_calendars.html", title="Calendars", at="calendars", found=made, names=DAY_NAMES)


def policies(visit: Visit) -> Response:
    """The decision tables by version, and the tolerances and deadlines of the company."""
    configuration = visit.desk.configuration
    rules = getattr(configuration.driving, "rules", None)
    tables: list[tuple[str, Versions[Any]]] = [
        ("checkpoints", configuration.work.checkpoints), ("fallbacks", getattr(rules, "fallbacks", Versions())), ("routing", configuration.work.routing),
    ]  # fmt: skip
    found = [Ruled(kind, one, one.since <= visit.now < one.until) for kind, versions in tables for one in reversed(versions.tables)]
    return visit.show(
        "pages/settings_policies.html", title="Policies", at="policies", found=found, policy=configuration.policy,
        changes=[(at, who, json.loads(detail)) for at, who, detail in visit.fetch("policy_changes")],
    )  # fmt: skip


routes = [page("/settings/calendars", calendars), page("/settings/policies", policies)]
