"""Business calendars: working days, opening hours, holidays, cut-off, in a time zone."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec

DAYS_AHEAD_MAX = 3660


class Calendar(msgspec.Struct, frozen=True):
    """When a team works: on `weekdays` (Monday is 1) that are no holidays, from `opens` to `closes`.

    What comes after `cutoff` counts from the next business day.
    """

    timezone: str = "UTC"
    weekdays: frozenset[int] = frozenset((1, 2, 3, 4, 5))
    closes: time = time(17)
    cutoff: time | None = None
    holidays: frozenset[date] = frozenset()
    opens: time = time(8)

    def is_open(self, day: date) -> bool:
        """True on a business day."""
        return day.isoweekday() in self.weekdays and day not in self.holidays

    def due(self, occurred: datetime, hours: int, business_days: int, *, day: bool = False) -> datetime:
        """When something falls due, in UTC.

        Elapsed hours count from the moment (of a day-precise time: to the end of the local day reached).
        Business days end at closing time of the n-th business day after the day of occurrence; that day is the next
        business day if it occurred after the cut-off or on a day off. Daylight saving is the zone's.
        """
        if business_days:
            return self.closing(self.counted_from(occurred, day=day), business_days)
        due = occurred + timedelta(hours=hours)
        if not day:
            return due
        zone = ZoneInfo(self.timezone)
        after = due.astimezone(zone).date() + timedelta(days=1)
        return datetime.combine(after, time(), zone).astimezone(UTC)

    def counted_from(self, occurred: datetime, *, day: bool) -> date:
        """The local day from which business days count: the day of occurrence, or the next one after the cut-off."""
        local = occurred if self.timezone == "UTC" else occurred.astimezone(ZoneInfo(self.timezone))
        if not day and self.cutoff is not None and local.time() > self.cutoff:
            return local.date() + timedelta(days=1)
        return local.date()

    def closing(self, start: date, business_days: int) -> datetime:
        """Closing time, in UTC, of the n-th business day after the first one from `start` on."""
        start = self._next_open(start)
        for _ in range(business_days):
            start = self._next_open(start + timedelta(days=1))
        return datetime.combine(start, self.closes, ZoneInfo(self.timezone)).astimezone(UTC)

    def working(self, start: datetime, span: timedelta) -> datetime:
        """The moment, in UTC, by which the team has been at work for that long since `start`."""
        zone = ZoneInfo(self.timezone)
        day = start.astimezone(zone).date()
        for _ in range(DAYS_AHEAD_MAX):
            day = self._next_open(day)
            begin = max(start, datetime.combine(day, self.opens, zone).astimezone(UTC))
            left = datetime.combine(day, self.closes, zone).astimezone(UTC) - begin
            if left >= span:
                return begin + span
            span -= max(left, timedelta(0))
            day += timedelta(days=1)
        raise ValueError("a span of more than ten years of work")

    def _next_open(self, day: date) -> date:
        for _ in range(DAYS_AHEAD_MAX):
            if self.is_open(day):
                return day
            day += timedelta(days=1)
        raise ValueError("a calendar without a single business day in ten years")


ALWAYS = Calendar()
