"""An exception as it is held while somebody acts on it, the target of an act, and what came of it."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec

DONE, REQUESTED, APPROVAL = "done", "requested", "waiting for approval"
CHANGED, NOT_ELIGIBLE, FAILED, CANCELLED = "changed since selection", "not eligible", "failed", "cancelled"


class Target(NamedTuple):
    """An exception that is acted on, at the version that was seen; None for whatever version there is."""

    id: int
    version: int | None = None


class Outcome(NamedTuple):
    """What became of one target: the outcome, the reason in a sentence's part, and the version it has now."""

    id: int
    ref: str
    outcome: str
    reason: str = ""
    version: int = 0

    @property
    def is_good(self) -> bool:
        """True when it was done, or is on its way."""
        return self.outcome in (DONE, REQUESTED, APPROVAL)


class Locked(msgspec.Struct, frozen=True):
    """A row of `work`, locked: what it is about, then what people change of it."""

    id: int
    ref: str
    kind: str
    class_: str
    root: str
    key: str
    account: str
    side: str
    system: str
    source_key: str
    message: int | None
    cause: int | None
    worth: Decimal | None
    currency: str
    channel: str
    warehouse: str
    due: datetime
    opened: datetime
    chain: str
    summary: str
    version: int
    state: str
    person: str
    team: str
    assigned_by: str
    priority: int
    acknowledged: datetime | None
    acknowledged_by: str
    snooze: dict[str, Any] | None
    snooze_until: datetime | None
    snoozed_by: str
    tags: Sequence[str]
    next_step: datetime | None
    step: int
    progress: str
    progress_at: datetime | None
    progress_by: str
    progress_key: str
    progress_note: str
