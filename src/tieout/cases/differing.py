"""Two versions of an exception side by side: as somebody saw it, put together again from its history, and as it is now."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from tieout.cases.item import Locked
from tieout.runtime.batch import Connection
from tieout.store.database import fetch_by

SHOWN = {
    "person": "Owner", "team": "Team", "state": "State", "priority": "Priority", "tags": "Tags", "acknowledged_by": "Acknowledged by",
    "progress": "Progress", "worth": "Value",
}  # fmt: skip
EVENTS_MAX = 500


class Difference(NamedTuple):
    """A field as it was seen and as it is; `who` changed it last and when, where they differ."""

    title: str
    seen: str
    now: str
    who: str = ""
    at: datetime | None = None

    @property
    def differs(self) -> bool:
        """True when somebody or the ledger has changed it."""
        return self.seen != self.now


def differences(connection: Connection, row: Locked, version: int) -> list[Difference]:
    """Every field that people look at, as it was at a version and as it is."""
    fields: dict[str, Any] = {name: getattr(row, name) for name in SHOWN}
    now = {name: _text(value) for name, value in fields.items()}
    by: dict[str, tuple[str, datetime]] = {}
    for _, at, _, who, text in fetch_by(connection, "work_history", work=row.id, before=None, limit=EVENTS_MAX):
        detail: Mapping[str, Any] = msgspec.json.decode(text) or {}
        if int(detail.get("version", version + 1)) <= version:
            break
        before = {**detail.get("before", {}), **({"worth": detail["was"]} if detail.get("was") is not None else {})}
        for name in before.keys() & fields.keys():
            fields[name] = before[name]
            by.setdefault(name, (who, at))
    return [Difference(title, _text(fields[name]), now[name], *by.get(name, ("", None))) for name, title in SHOWN.items()]


def _text(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(str, sorted(value))) or "none"
    text = "none" if value is None or value == "" else str(value)
    return text.rstrip("0").rstrip(".") if "." in text and text.replace(".", "").isdecimal() else text
