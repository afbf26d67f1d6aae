"""Routing: whose work an exception is, how urgent, and by which clock, as a decision table. Pure.

The first row that surely fits decides; where none does, the team that the account names has one business day.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal

import msgspec

from tieout.policy.calendar import ALWAYS, Calendar
from tieout.policy.cell import Column, Kind
from tieout.policy.table import Form

HOURS_MAX = 24 * 366


class Route(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The result columns: `team`, `person`, `priority` (1 is most urgent), the clock (`hours` elapsed, `working_hours` or
    `business_days` of a `calendar`), the escalation `chain`, and `cost_percent`: what a day of delay costs, in percent of the value.
    """

    team: str = ""
    person: str = ""
    priority: int = 3
    hours: int = 0
    working_hours: int = 0
    business_days: int = 0
    calendar: str = "default"
    chain: str = ""
    cost_percent: Decimal = Decimal(0)

    def __post_init__(self) -> None:
        if not 1 <= self.priority <= 5:
            raise ValueError("`priority` is 1 (most urgent) to 5")
        clocks = (self.hours, self.working_hours, self.business_days)
        if min(clocks) < 0 or max(clocks) > HOURS_MAX or sum(map(bool, clocks)) > 1:
            raise ValueError(f"the clock is one of `hours`, `working_hours` and `business_days`, at most {HOURS_MAX}")
        if not 0 <= self.cost_percent <= 100:
            raise ValueError("`cost_percent` is 0 to 100")

    def due(self, opened: datetime, calendars: Mapping[str, Calendar], warehouse: str) -> datetime:
        """When it falls due: by the calendar of its warehouse if there is one, else by the one named, else by `default`."""
        calendar = calendar_of(self.calendar, warehouse, calendars)
        if self.hours:
            return opened + timedelta(hours=self.hours)
        if self.working_hours:
            return calendar.working(opened, timedelta(hours=self.working_hours))
        return calendar.due(opened, 0, self.business_days or 1)


def calendar_of(name: str, warehouse: str, calendars: Mapping[str, Calendar]) -> Calendar:
    """The warehouse's own calendar of that name, else that name's, else `default`."""
    for candidate in (f"{name}.{warehouse}" if warehouse else "", name, "default"):
        if candidate in calendars:
            return calendars[candidate]
    return ALWAYS


COLUMNS = (
    Column("class", Kind.WORD, "the class: an account with its sign (`SNI+`), or QUA, WAI, CNF, REF, FED, SET, CREF, CUNK, CHLD"),
    Column("account", Kind.WORD, "the clearing account, by code"),
    Column("kind", Kind.WORD, "balance, quarantine, waiting, conflict, reference, command or feed"),
    Column("system", Kind.WORD, "the system that owes the next step"),
    Column("customer", Kind.WORD, "the customer's or partner's number"),
    Column("sku", Kind.WORD, "the item"),
    Column("channel", Kind.WORD, "the channel the order came by"),
    Column("warehouse", Kind.WORD, "the warehouse"),
    Column("hint", Kind.TEXT, "the cause that the ledger names, such as `price` or `unit of measure`"),
    Column("value", Kind.MONEY, "the value at risk, without sign"),
)
FORM: Form[Route] = Form("routing", "route", COLUMNS, Route, frozenset(("team", "chain", "calendar")))
