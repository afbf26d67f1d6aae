"""Causes that rest: all items of a cause are snoozed together, those that come meanwhile too, until what was named has happened."""

from datetime import datetime

import msgspec

from tieout.cases.act import SNOOZE_MAX, Snooze, write_events
from tieout.cases.grouping import may_change
from tieout.errors import OperatorError
from tieout.people import audit
from tieout.people.person import Person, Right
from tieout.runtime.batch import Connection
from tieout.store.database import fetch, fetch_by, run_by


def snooze(connection: Connection, person: Person, cause: int, now: datetime, until: Snooze, *, than: str = "") -> int:
    """Let a cause rest with its items; how many rest now. `than` is the version that is live, for a snooze until the `next`."""
    person.need(Right.WORK)
    until.check(now)
    with connection.transaction():
        found = fetch(connection, "one_cause", cause)
        if not found or found[0][1] is not None:
            raise OperatorError(f"There is no cause CA-{cause} that stands on its own.", "Snooze the one that took it in.")
        if found[0][2] == "snoozed":
            raise OperatorError(f"CA-{cause} is snoozed already.", "Wake it first.")
        may_change(connection, person, [cause])
        said = {name: value for name, value in msgspec.to_builtins(until).items() if value not in ("", None)} | {
            "was": found[0][2],
            "at": now.isoformat(),
        }
        said |= {"seen": found[0][8]} if until.kind == "more" else {}
        said |= {"than": than} if until.kind == "version" else {}
        end = until.until or now + SNOOZE_MAX
        run_by(connection, "snooze_cause", id=cause, snooze=msgspec.json.encode(said).decode(), until=end, now=now)
        many = run_by(connection, "rest_with_causes", now=now, cause=cause)
        write_events(connection, person.login, [(None, cause, "snoozed", {**said, "until": end.isoformat(), "items": many})], now)
        audit.write(connection, person, "snooze cause", f"CA-{cause}", {**said, "items": many}, now)
    return many


def wake(connection: Connection, person: Person, cause: int, now: datetime) -> int:
    """End the rest of a cause and of the items that rest with it; how many are awake again."""
    person.need(Right.WORK)
    with connection.transaction():
        found = fetch(connection, "one_cause", cause)
        if not found or found[0][2] != "snoozed":
            raise OperatorError(f"CA-{cause} is not snoozed.", "See how it stands.")
        may_change(connection, person, [cause])
        many = run_by(connection, "wake_causes", ids=[cause], whys=[f"woken by {person.login}"], now=now)
        write_events(connection, person.login, [(None, cause, "woken", {"items": many})], now)
        audit.write(connection, person, "wake cause", f"CA-{cause}", {"items": many}, now)
    return many


def move(connection: Connection, now: datetime, healthy: list[str], versions: dict[str, str]) -> None:
    """What the clock does: causes whose condition has come are awake again, what came meanwhile rests with those that go on resting."""
    over = fetch_by(connection, "causes_over", now=now, healthy=healthy, systems=list(versions), versions=list(versions.values()))
    with connection.transaction():
        if over:
            run_by(connection, "wake_causes", ids=[id_ for id_, _ in over], whys=[why for _, why in over], now=now)
            write_events(connection, "clock", [(None, id_, "woken", {"why": why}) for id_, why in over], now)
        run_by(connection, "rest_with_causes", now=now, cause=None)
