"""How the way to a system is, in one word and its reason."""

from datetime import datetime

from tieout.core.lane import Lane
from tieout.runtime.polling import Health


def state_of(lane: Lane, poll: Health | None, now: datetime) -> tuple[str, str]:
    """One word for the way to a system, of what it is told and asked (paused, down, failing, well), and why."""
    if lane.is_paused(now):
        return "paused", f"by {lane.paused_by} until {_clock(lane.paused_until)}: {lane.paused_why}"
    if lane.circuit.stage.value != "closed":
        return "down", lane.circuit.why or lane.reason
    if lane.fault_at is not None and (lane.answered_at is None or lane.fault_at > lane.answered_at):
        return "failing", f"{lane.fault}: {lane.reason}"
    if poll is not None and poll.faults:
        return "failing", f"{poll.faults} polls in a row failed, at last {poll.last_fault}"
    return "well", ""


def _clock(found: datetime | None) -> str:
    return "" if found is None else found.isoformat(sep=" ", timespec="seconds").replace("+00:00", "Z")
