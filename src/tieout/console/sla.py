"""How an exception stands with time, in five states that people tell apart: on time, due soon, overdue, waiting, blocked."""

from datetime import datetime, timedelta

import msgspec

from tieout.console.queries_exceptions import Row
from tieout.console.render import clock

SOON = timedelta(hours=4)
WAITS = {
    "requested": "requested",
    "dispatched": "dispatched",
    "waiting for approval": "for approval",
    "information requested": "for information",
}


class Standing(msgspec.Struct, frozen=True):
    """`kind` is its colour and sign, `word` is said, `left` the time to the deadline, `why` the whole sentence."""

    kind: str
    word: str
    left: str
    why: str


def standing(row: Row, now: datetime) -> Standing:
    """Where a row stands at a moment."""
    left = clock(row.due - now)
    until = f"due {row.due:%Y-%m-%d %H:%M} UTC"
    if row.state == "resolved":
        return Standing("good", "resolved", "", "its cause is gone from the ledger")
    if row.progress == "refused":
        return Standing("blocked", "blocked", left, f"refused: {row.progress_note}; {until}")
    if row.progress in WAITS:
        return Standing("waiting", "waiting", left, f"waiting {WAITS[row.progress]}, {row.progress_note or row.system}; {until}")
    if row.state == "snoozed":
        return Standing(
            "waiting", "snoozed", left, "snoozed until " + (f"{row.snooze_until:%Y-%m-%d %H:%M} UTC" if row.snooze_until else "a condition")
        )
    if row.due < now:
        return Standing("late", "overdue", left, until)
    if row.due - now < SOON:
        return Standing("soon", "due soon", left, until)
    return Standing("good", "on time", left, until)
