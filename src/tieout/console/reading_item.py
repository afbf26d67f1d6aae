"""One exception with all that stands beside it: what it means, what happened to it, who watches, what may be done."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from tieout.cases.attachments import File
from tieout.console import history
from tieout.console.queries_exceptions import More, Row
from tieout.console.visit import Visit
from tieout.core.values import Side

EVENTS = 8
EVENTS_ALL = 2000
PART = re.compile(r"^(Why it matters|Clears when|What to do): *(.*?)(?=^[A-Z][a-z ]+: |\Z)", re.MULTILINE | re.DOTALL)


class Event(msgspec.Struct, frozen=True):
    """Something that happened to an exception."""

    id: int
    at: datetime
    event: str
    who: str
    detail: Mapping[str, Any]

    @property
    def said(self) -> str:
        """What happened, in words."""
        return history.said(self.event, self.detail)

    @property
    def text(self) -> str:
        """What somebody wrote with it."""
        return history.text(self.event, self.detail)


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
    is_more: bool

    @property
    def shown(self) -> list[Event]:
        """The events that are shown, newest first."""
        return self.events


def item_of(visit: Visit, row: Row, *, everything: bool = False) -> Item:
    """Read it in the snapshot of the visit; with `everything` its whole history."""
    more = More(*visit.fetch("exception_more", row.id)[0])
    limit = EVENTS_ALL if everything else EVENTS
    events = [Event(*found) for found in visit.fetch("exception_events", row.id, limit + 1)]
    files = [File(*found) for found in visit.fetch("work_files", row.id)]
    watchers = [login for (login,) in visit.fetch("exception_watchers", row.id)]
    return Item(row, more, events[:limit], files, watchers, *meaning(visit, more), len(events) > limit)


def meaning(visit: Visit, more: More) -> tuple[str, str, str]:
    """What an open balance means, when it clears, what to do: from the account that holds it. Empty where there is none."""
    account = visit.desk.configuration.accounts.get(more.account)
    if account is None or not more.side:
        return "", "", ""
    told = {found[1]: " ".join(found[2].split()) for found in PART.finditer(account.doc)}
    return account.expectation(Side(more.side)).meaning, told.get("Clears when", ""), told.get("What to do", "")
