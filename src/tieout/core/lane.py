"""A lane: the way to one system, with its limits, its state, and what may pass now. Pure; the dispatcher keeps it in the database."""

from datetime import datetime, timedelta

import msgspec

from tieout.core.circuit import Asked, Circuit, Stage, event_of
from tieout.core.circuit import Rules as CircuitRules
from tieout.core.command import Absent, Failed, Outcome
from tieout.core.rate import Bucket, Rate

OURS = frozenset({"lease", "stopped", "secret"})
"""Faults that the system never saw: they say nothing about it."""
NEWS = 0.2
"""The share of the newest conversation in the running mean of their duration."""


class Limits(msgspec.Struct, frozen=True):
    """How much a system is told at once: conversations at a time (per dispatcher), calls over time, and the time after which a
    command that has never left us is handed to a person instead."""

    concurrency: int = 4
    rate: Rate = Rate(10, 1, 10)
    deadline: timedelta | None = None
    circuit: CircuitRules = CircuitRules()


class Lane(msgspec.Struct, frozen=True):
    """The state of a lane. `seconds` is what one conversation takes of late; `fault` and `reason` are the last failure of any."""

    system: str
    circuit: Circuit
    bucket: Bucket
    paused_until: datetime | None = None
    paused_by: str = ""
    paused_why: str = ""
    seconds: float = 0.0
    fault: str = ""
    reason: str = ""
    fault_at: datetime | None = None
    answered_at: datetime | None = None
    resumed_by: str = ""
    resumed_at: datetime | None = None

    def is_paused(self, now: datetime) -> bool:
        """True while a person wants nothing sent."""
        return self.paused_until is not None and now < self.paused_until

    def opens(self, limits: Limits, now: datetime) -> datetime:
        """The earliest moment at which something may be sent, as things stand."""
        found = now
        if self.paused_until is not None:
            found = max(found, self.paused_until)
        if not self.circuit.passes(now, limits.circuit):
            closed = self.circuit.until
            if self.circuit.stage is Stage.HALF_OPEN and self.circuit.probe is not None:
                closed = self.circuit.probe + limits.circuit.probe_max
            found = max(found, closed or now)
        return max(found, now + self.bucket.wait(limits.rate, now))

    def starts(self, limits: Limits, now: datetime, until: datetime, most: int) -> list[datetime]:
        """When the next conversations may begin, those before `until`; one alone while the circuit is not closed."""
        if self.is_paused(now) or not self.circuit.passes(now, limits.circuit):
            return []
        bucket, found = self.bucket, list[datetime]()
        while len(found) < (most if self.circuit.stage is Stage.CLOSED else min(most, 1)):
            at = now + bucket.wait(limits.rate, now)
            if at > until:
                break
            bucket = bucket.taken(limits.rate, at)
            found.append(at)
        return found

    def begun(self, starts: list[datetime], limits: Limits, now: datetime) -> "Lane":
        """The lane after conversations were given these moments to begin."""
        bucket, circuit = self.bucket, self.circuit
        for at in starts:
            bucket = bucket.taken(limits.rate, at)
        if starts:
            circuit = circuit.after(Asked(), now, limits.circuit)
        return msgspec.structs.replace(self, bucket=bucket, circuit=circuit)

    def ended(self, outcome: Outcome | Absent, calls: int, seconds: float, limits: Limits, now: datetime) -> "Lane":
        """The lane after a conversation; calls beyond its first are taken from what may be sent next."""
        if isinstance(outcome, Failed) and outcome.fault in OURS:
            return self
        bucket = self.bucket
        for _ in range(calls - 1):
            bucket = Bucket(max(bucket.filled, now) + limits.rate.interval)
        circuit = self.circuit.after(event_of(outcome), now, limits.circuit)
        mean = seconds if not self.seconds else self.seconds + NEWS * (seconds - self.seconds)
        if not isinstance(outcome, Failed):
            return msgspec.structs.replace(self, bucket=bucket, circuit=circuit, seconds=mean, answered_at=now)
        if outcome.fault == "rate-limit" and outcome.retry_after:
            bucket = bucket.paused(limits.rate, now + timedelta(seconds=outcome.retry_after))
        return msgspec.structs.replace(
            self, bucket=bucket, circuit=circuit, seconds=mean, fault=outcome.fault, reason=outcome.reason, fault_at=now
        )

    def forecast(self, backlog: int, limits: Limits, now: datetime) -> datetime:
        """When a backlog will have been sent if nothing changes: by the rate, by how fast the system answers, and by what keeps the
        lane closed now."""
        per_command = limits.rate.interval.total_seconds()
        if self.seconds:
            per_command = max(per_command, self.seconds / limits.concurrency)
        return self.opens(limits, now) + timedelta(seconds=backlog * per_command)
