"""A token bucket as one instant, so that it can be kept in one column and shared by dispatchers on several hosts.

`filled` is when the bucket would be full again if nothing more were taken (the generic cell rate algorithm): a full bucket
lies in the past, every call pushes it on by one interval, and a call is free while it lies at most `burst` intervals
ahead. Libraries for this keep counters and read a clock of their own; here both belong to the transaction that sends.
"""

from datetime import datetime, timedelta

import msgspec

LEAST = timedelta(microseconds=1)


class Rate(msgspec.Struct, frozen=True):
    """At most `burst` calls at once and `calls` per `seconds` over time. Raises ValueError when that is no rate."""

    calls: int
    seconds: int = 1
    burst: int = 1

    def __post_init__(self) -> None:
        if self.calls < 1 or self.seconds < 1 or self.burst < 1:
            raise ValueError(f"a rate has at least one call, second and burst, not {self.calls}, {self.seconds}, {self.burst}")

    @property
    def interval(self) -> timedelta:
        """Time in which one call is earned, rounded up: rounding never makes the rate higher."""
        return LEAST * -(-self.seconds * 1_000_000 // self.calls)


class Bucket(msgspec.Struct, frozen=True):
    """The state of one rate limit."""

    filled: datetime

    def wait(self, rate: Rate, now: datetime) -> timedelta:
        """How long until one call is free; zero if it is now."""
        return max(self.filled - rate.interval * (rate.burst - 1) - now, timedelta())

    def taken(self, rate: Rate, now: datetime) -> "Bucket":
        """The bucket after one call at `now`. Raises ValueError when none is free."""
        if self.wait(rate, now):
            raise ValueError(f"no call is free at {now}")
        return Bucket(max(self.filled, now) + rate.interval)

    def paused(self, rate: Rate, until: datetime) -> "Bucket":
        """The bucket after the target said that it takes nothing before `until`: empty then, whatever was saved up."""
        return Bucket(max(self.filled, until + rate.interval * (rate.burst - 1)))
