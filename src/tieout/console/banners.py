"""What every page says above everything else when something is wrong: a system down, ingest behind, the period locked, nothing can be changed.

Also what follows for the figures: while a system is behind, a count is at least so much.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec

from tieout.console.desk import Desk
from tieout.core.circuit import Stage
from tieout.runtime import lane as lanes
from tieout.runtime.configuration import Configuration
from tieout.runtime.polling import polls
from tieout.store.database import fetch
from tieout.store.session import Session

LAG = timedelta(minutes=10)
"""How far a system that is asked for news may be behind before every page says so. Of others `quiet_hours` says it."""
FAULTS = 3
TODO_MAX = 10_000
FRESH = timedelta(seconds=5)


class Notice(msgspec.Struct, frozen=True):
    """One line: `kind` is `bad` or `soon`; `link` are the words that lead to `href`."""

    kind: str
    text: str
    href: str = ""
    link: str = ""


class Behind(msgspec.Struct, frozen=True):
    """A system that is behind: complete up to `mark`, which is `late` ago."""

    system: str
    mark: datetime
    late: timedelta


class Health(msgspec.Struct, frozen=True):
    """How everything is at a moment."""

    notices: tuple[Notice, ...] = ()
    behind: tuple[Behind, ...] = ()
    read_only: bool = False


def health(session: Session, desk: Desk, now: datetime) -> Health:
    """How everything is, at most some seconds old."""
    mark = int(now.timestamp()) // int(FRESH.total_seconds())
    found: Health = desk.figures.get("health", mark, now, FRESH, session, lambda other: look(other, desk, desk.clock()), desk.apart).value
    return found


def look(session: Session, desk: Desk, now: datetime) -> Health:
    """Look at lanes, polls and feeds, at the newest close, and at the database itself."""
    down = _down(session)
    behind = _behind(session, desk.configuration, now)
    ((read_only,),) = fetch(session, "is_read_only")
    ((todo,),) = fetch(session, "todo_up_to", TODO_MAX)
    notices = [Notice("bad", f"{name} is down: {why}", f"/connectors/{name}/waiting", "See what waits") for name, why in down.items()]
    notices += [
        Notice("soon", f"Ingest is behind: {one.system} by {span(one.late)}. Figures that rest on it are at least so much.",
               f"/connectors/{one.system}", "See the system") for one in behind
    ]  # fmt: skip
    if todo >= TODO_MAX:
        notices.append(
            Notice("soon", f"The exceptions follow the ledger: more than {TODO_MAX:,} changes wait to be worked in.", "/connectors", "")
        )
    for _, end in fetch(session, "closes")[:1]:
        if end >= now.date():
            notices.append(Notice("soon", f"The period to {end:%Y-%m-%d} is locked: what is told about it from now on counts in the next."))
    if read_only:
        notices.insert(0, Notice("bad", "Read-only: nothing can be changed for now. What you see stays up to date as far as it can."))
    return Health(tuple(notices), behind, read_only)


def span(late: timedelta) -> str:
    """How late, in the unit a person would use."""
    minutes = int(late.total_seconds()) // 60
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // 1440} days"


def _down(session: Session) -> Mapping[str, str]:
    found = {
        name: lane.circuit.why or lane.reason for name, lane in lanes.lanes(session).items() if lane.circuit.stage is not Stage.CLOSED
    }  # fmt: skip
    return found | {name: poll.last_fault for name, poll in polls(session).items() if poll.faults >= FAULTS}


def _behind(session: Session, configuration: Configuration, now: datetime) -> tuple[Behind, ...]:
    """Systems that are asked for news and have not answered for long, and those that are silent for longer than is usual."""
    marks: dict[str, Any] = {name: mark for name, mark, _, _ in fetch(session, "feeds") if mark is not None and mark.year > 1}
    reference = now if configuration.clock == "wall" else max(marks.values(), default=now)
    made = {}
    for name, poll in polls(session).items():
        if poll.faults and poll.last_poll is not None and now - poll.last_poll > LAG:
            made[name] = Behind(name, poll.last_poll, now - poll.last_poll)
    for name, mark in marks.items():
        quiet = configuration.quiet.get(name)
        if quiet is not None and reference - mark > timedelta(hours=quiet):
            made.setdefault(name, Behind(name, mark, reference - mark))
    return tuple(sorted(made.values(), key=lambda one: one.late, reverse=True))
