"""How this company judges: calendars, deadlines, tolerances, grace; typed tables, read from the settings, pure at run time."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from fractions import Fraction

import msgspec

from tieout.core.account import ClearingAccount, Expectation, Within
from tieout.core.evaluate import Tolerance
from tieout.core.values import Side
from tieout.policy.calendar import ALWAYS, Calendar

CLOSINGS_MAX = 10_000
"""How many closing times are remembered at most."""


class Match(msgspec.Struct, frozen=True):
    """Where a row of a policy table applies; empty means everywhere. The first row that matches decides."""

    account: str = ""
    side: str = ""
    customer: str = ""
    channel: str = ""
    warehouse: str = ""

    def fits(self, account: ClearingAccount, side: Side, notes: Mapping[str, str]) -> bool:
        """True when every filled field agrees; `account` may be the code or the name."""
        return (
            self.account in ("", account.code, account.name)
            and self.side in ("", side.value)
            and all(
                wanted in ("", notes.get(name, ""))
                for name, wanted in (
                    ("customer", self.customer),
                    ("channel", self.channel),
                    ("warehouse", self.warehouse),
                )
            )
        )


class ToleranceRow(msgspec.Struct, frozen=True):
    """One row of the tolerance table."""

    match: Match
    limits: Tolerance


class DeadlineRow(msgspec.Struct, frozen=True):
    """One row of the deadline table: another time limit or team for an expectation."""

    match: Match
    within: Within | None = None
    team: str = ""


class CompanyPolicy:
    """The policy of one project, as `core.evaluate` asks for it."""

    def __init__(
        self,
        calendars: Mapping[str, Calendar],
        tolerances: tuple[ToleranceRow, ...] = (),
        deadlines: tuple[DeadlineRow, ...] = (),
        grace: timedelta = timedelta(0),
        packs: Mapping[str, frozenset[Fraction]] | None = None,
    ) -> None:
        self.calendars = calendars
        self.tolerances = tolerances
        self.deadlines = deadlines
        self.grace = grace
        self.packs: dict[str, frozenset[Fraction]] = dict(packs or {})
        self._closings: dict[tuple[str, str, int, date], datetime] = {}

    def expectation(self, account: ClearingAccount, side: Side, notes: Mapping[str, str]) -> Expectation:
        """The account's expectation, with the first matching row's deadline and team."""
        base = account.expectation(side)
        for row in self.deadlines:
            if row.match.fits(account, side, notes):
                return msgspec.structs.replace(base, within=row.within or base.within, team=row.team or base.team)
        return base

    def due(self, within: Within, occurred: datetime, day: bool, notes: Mapping[str, str]) -> datetime:
        """Elapsed hours, or business days of the warehouse's own calendar, else the expectation's, else `default`."""
        calendar = self._calendar(within.calendar, warehouse := notes.get("warehouse", ""))
        if not within.business_days:
            return calendar.due(occurred, within.hours, 0, day=day)
        start = calendar.counted_from(occurred, day=day)
        key = (within.calendar, warehouse, within.business_days, start)
        found = self._closings.get(key)
        if found is None:
            if len(self._closings) >= CLOSINGS_MAX:
                self._closings.clear()
            found = self._closings[key] = calendar.closing(start, within.business_days)
        return found

    def _calendar(self, name: str, warehouse: str) -> Calendar:
        for candidate in (f"{name}.{warehouse}" if warehouse else "", name, "default"):
            if candidate in self.calendars:
                return self.calendars[candidate]
        return ALWAYS

    def tolerance(self, account: ClearingAccount, side: Side, notes: Mapping[str, str]) -> Tolerance | None:
        """The limits of the first matching row."""
        for row in self.tolerances:
            if row.match.fits(account, side, notes):
                return row.limits
        return None

    def pack_factors(self, item: str) -> frozenset[Fraction]:
        """The item's known unit factors other than one."""
        return self.packs.get(item, frozenset())
