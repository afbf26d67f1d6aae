"""One exception with all that stands beside it: what it means, what happened to it, who watches, what may be done."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from tieout.console.queries_exceptions import More, Row
from tieout.console.visit import Visit

EVENTS = 8
EVENTS_ALL = 2000


class Event(msgspec.Struct, frozen=True):
    """Something that happened to an exception; `said` in words."""

    id: int
    at: datetime
    event: str
    who: str
    detail: Mapping[str, Any]


class File(msgspec.Struct, frozen=True):
    """A file that somebody put to it."""

    id: int
    at: datetime
    who: str
    name: str
    media: str
    size: int


class Item(msgspec.Struct, frozen=True):
    """What the pane and the page show."""

    row: Row
    more: More
    events: list[Event]
    files: list[File]
    watchers: list[str]
    meaning: str
    clears: str
    advice: str


def item_of(visit: Visit, row: Row) -> Item:
    """Read it in the snapshot of the visit."""
    more = More(*visit.fetch("exception_more", row.id)[0])
    events = [Event(*found) for found in visit.fetch("exception_events", row.id, EVENTS_ALL if visit.fragment == "history" else EVENTS + 1)]
    files = [File(*found) for found in visit.fetch("exception_files", row.id)]
    watchers = [login for (login,) in visit.fetch("exception_watchers", row.id)]
    meaning, clears, advice = visit.desk.meaning(row.class_)
    return Item(row, more, events, files, watchers, meaning, clears, advice)
