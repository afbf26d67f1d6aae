"""A circuit breaker as a value: whether a system is spared for a while, since when, why, and what comes next.

            faults_max in a row, or too large
            a share of the recent calls fails
    CLOSED ──────────────────────────────────▶ OPEN
      ▲                                        │  ▲
      │ answered                   wait is over│  │ faulted: the wait doubles
      └───────────────  HALF_OPEN  ◀───────────┘  │
                            └─────────────────────┘

`after` gives the next value; the dispatcher reports `Asked` before a call and `Answered` or `Faulted` after it. While the
circuit is half open one call is out as the probe. A probe that never reports back (its dispatcher was killed) is
given up after `Rules.probe_max`, so nothing is stuck. Calls sent before the circuit opened report late: while it is open
they change nothing, while it is half open they count as what they are, news of the system.
"""

from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from tieout.core.command import Absent, Failed, Outcome

NO_SIGN = frozenset({"rate-limit", "request", "endless", "no-probe"})
"""Faults that do not say that the system is unwell: it asks for patience, or the fault is ours."""
WHY_MAX = 300


class Stage(StrEnum):
    """Calls pass, none passes, or one passes to see."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class Rules(msgspec.Struct, frozen=True):
    """When to open: after `faults_max` faults in a row, or when at least `calls_min` of the last `calls_max` calls within
    `window` are known and `percent` of them failed. Then `wait`, doubled with every failed probe up to `wait_max`."""

    faults_max: int = 5
    percent: int = 50
    calls_min: int = 20
    calls_max: int = 50
    window: timedelta = timedelta(minutes=5)
    wait: timedelta = timedelta(seconds=30)
    wait_max: timedelta = timedelta(minutes=10)
    probe_max: timedelta = timedelta(minutes=2)


class Asked(msgspec.Struct, frozen=True):
    """A call is about to be sent."""


class Answered(msgspec.Struct, frozen=True):
    """A call was answered; a refusal is an answer."""


class Faulted(msgspec.Struct, frozen=True):
    """A call was not: why."""

    why: str


Event = Asked | Answered | Faulted


class Circuit(msgspec.Struct, frozen=True, omit_defaults=True):
    """The circuit of one system. `since` is when this stage began, `until` when an open one may be probed, `why` what
    opened it, `down_since` when it was last closed, `faults` those in a row, `openings` those since it was last closed, `probe` when the probe went out,
    `recent` the results of late calls: when, and whether it failed."""

    since: datetime
    stage: Stage = Stage.CLOSED
    why: str = ""
    until: datetime | None = None
    faults: int = 0
    openings: int = 0
    probe: datetime | None = None
    recent: tuple[tuple[datetime, bool], ...] = ()
    down_since: datetime | None = None

    def passes(self, now: datetime, rules: Rules) -> bool:
        """Whether a call may be sent now."""
        if self.stage is Stage.CLOSED:
            return True
        if self.stage is Stage.OPEN:
            return self.until is None or now >= self.until
        return self.probe is None or now >= self.probe + rules.probe_max

    def after(self, event: Event, now: datetime, rules: Rules) -> "Circuit":
        """The circuit once `event` has happened at `now`. Raises ValueError when a call is asked that may not pass."""
        if isinstance(event, Asked):
            return self._asked(now, rules)
        if self.stage is Stage.OPEN:
            return self
        if isinstance(event, Answered):
            if self.stage is Stage.HALF_OPEN:
                return Circuit(now)
            return msgspec.structs.replace(self, faults=0, recent=self._with(now, rules, failed=False))
        return self._faulted(event, now, rules)

    def _asked(self, now: datetime, rules: Rules) -> "Circuit":
        if not self.passes(now, rules):
            raise ValueError(f"the circuit is {self.stage.value}: no call may be sent at {now}")
        if self.stage is Stage.CLOSED:
            return self
        since = now if self.stage is Stage.OPEN else self.since
        return msgspec.structs.replace(self, stage=Stage.HALF_OPEN, since=since, until=None, probe=now)

    def _faulted(self, event: Faulted, now: datetime, rules: Rules) -> "Circuit":
        if self.stage is Stage.HALF_OPEN:
            return self._opened(f"The probe failed: {event.why}", now, rules)
        recent = self._with(now, rules, failed=True)
        next_one = msgspec.structs.replace(self, faults=self.faults + 1, recent=recent)
        failed = sum(bad for _, bad in recent)
        if next_one.faults >= rules.faults_max:
            return next_one._opened(f"{next_one.faults} calls in a row failed, at last: {event.why}", now, rules)
        if len(recent) >= rules.calls_min and failed * 100 >= rules.percent * len(recent):
            return next_one._opened(f"{failed} of the last {len(recent)} calls failed, at last: {event.why}", now, rules)
        return next_one

    def _opened(self, why: str, now: datetime, rules: Rules) -> "Circuit":
        wait = min(rules.wait * 2 ** min(self.openings, 30), rules.wait_max)
        return Circuit(now, Stage.OPEN, why[:WHY_MAX], now + wait, self.faults, self.openings + 1, down_since=self.down_since or now)

    def _with(self, now: datetime, rules: Rules, *, failed: bool) -> tuple[tuple[datetime, bool], ...]:
        kept = tuple(one for one in self.recent if one[0] > now - rules.window)
        return (*kept, (now, failed))[-rules.calls_max :]


def event_of(outcome: Outcome | Absent) -> Answered | Faulted:
    """What an outcome says about the system's health; wrong credentials count, because every call would fail."""
    if isinstance(outcome, Failed) and outcome.fault not in NO_SIGN:
        return Faulted(outcome.reason)
    return Answered()
