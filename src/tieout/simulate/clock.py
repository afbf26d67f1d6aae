"""The world's own time: whole seconds since 1970 in UTC, never the machine's clock; zones, opening hours, and a queue of what comes next."""

import heapq
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Generic, TypeVar
from zoneinfo import ZoneInfo

MINUTE = 60
HOUR = 3600
DAY = 86400
COMPANY = ZoneInfo("America/Chicago")
"""Where the simulated company works: offices, warehouses and its bank."""

T = TypeVar("T")


def moment(day: date, hours: float = 0.0, zone: ZoneInfo = COMPANY) -> int:
    """A local hour of a day."""
    whole = int(hours * HOUR)
    local = datetime.combine(day, time(whole // HOUR % 24, whole % HOUR // MINUTE, whole % MINUTE), zone)
    return int((local + timedelta(days=whole // DAY)).timestamp())


def utc(at: int) -> datetime:
    """A moment as an aware time."""
    return datetime.fromtimestamp(at, UTC)


def iso(at: int) -> str:
    """`2026-03-02T15:00:00Z`."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def local(at: int, zone: ZoneInfo = COMPANY) -> datetime:
    """A moment as people there read it."""
    return datetime.fromtimestamp(at, zone)


def is_business_day(day: date) -> bool:
    """Monday to Friday; the simulated company knows no holidays."""
    return day.isoweekday() <= 5


def business_day(day: date, further: int = 0) -> date:
    """The first business day from `day` on, then so many business days further."""
    while not is_business_day(day):
        day += timedelta(days=1)
    for _ in range(further):
        day += timedelta(days=1)
        while not is_business_day(day):
            day += timedelta(days=1)
    return day


def open_moment(at: int, opens: float, closes: float) -> int:
    """The moment itself if people work then, else the next opening."""
    there = local(at)
    hour = there.hour + there.minute / 60
    if is_business_day(there.date()) and hour < closes:
        return at if hour >= opens else moment(there.date(), opens)
    return moment(business_day(there.date() + timedelta(days=1)), opens)


class Queue(Generic[T]):
    """What happens next, by moment; what happens at the same moment comes in the order in which it was put there."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, T]] = []
        self._count = 0

    def __len__(self) -> int:
        return len(self._heap)

    def put(self, at: int, what: T) -> None:
        """Something will happen at a moment."""
        heapq.heappush(self._heap, (at, self._count, what))
        self._count += 1

    def until(self, end: int) -> Iterator[T]:
        """What happens before `end`, in order; what is put there meanwhile too."""
        while self._heap and self._heap[0][0] < end:
            yield heapq.heappop(self._heap)[2]
