"""Finding transactions: by any id or its beginning, by party, by date, or by the account that stands open. One window at a time."""

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec

from tieout.core.values import normalise, ref_parts
from tieout.people.person import Scopes
from tieout.store.database import fetch, fetch_by

WINDOW = 100
PARTNERS_MAX = 300
BEGINNING = datetime(1, 1, 2, tzinfo=UTC)
END = datetime(9999, 12, 30, tzinfo=UTC)


class Listed(msgspec.Struct, frozen=True):
    """A transaction as the list says it. `open_accounts` are those that do not come to zero, `found_as` the name that was searched for."""

    root: str
    first: datetime | None
    last: datetime | None
    party: str
    channel: str
    warehouse: str
    open_accounts: tuple[str, ...]
    exceptions: int
    overdue: int
    worth: Decimal | None
    currency: str
    found_as: str = ""

    @property
    def parts(self) -> tuple[str, str, str]:
        """System, type and number of the root."""
        return ref_parts(self.root)


class Search(msgspec.Struct, frozen=True):
    """What is looked for; everything empty: the newest."""

    text: str = ""
    party: str = ""
    account: str = ""
    since: datetime = BEGINNING
    until: datetime = END
    offset: int = 0


class Found(msgspec.Struct, frozen=True):
    """A window of the result; `more` when there is another after it, `total` where counting is cheap."""

    rows: tuple[Listed, ...]
    more: bool
    total: int | None = None


def search(connection: Any, wanted: Search, scopes: Scopes, now: datetime) -> Found:
    """What matches, newest first; an id in its own order."""
    total = None
    if wanted.text:
        named = _by_text(connection, wanted.text)[wanted.offset :]
    elif wanted.account:
        named = [(ref, "") for (ref,) in fetch_by(connection, "subjects_with_open", code=wanted.account, most=WINDOW + 1, offset=wanted.offset)]
        total = int(fetch_by(connection, "count_subjects_with_open", code=wanted.account)[0][0])
    else:
        bounds = {"since": wanted.since, "until": wanted.until, "most": WINDOW + 1, "offset": wanted.offset}
        name, more = ("subjects_of_party", {"party": wanted.party}) if wanted.party else ("newest_subjects", {})
        named = [(ref, "") for ref, _ in fetch_by(connection, name, **bounds, **more)]
    rows = told(connection, named[:WINDOW], now)
    seen = tuple(row for row in rows if scopes.sees(channel=row.channel, warehouse=row.warehouse))
    return Found(seen, len(named) > WINDOW, total if scopes.is_all else None)


def roots_named(connection: Any, text: str) -> list[str]:
    """The roots that a whole reference or a whole number names."""
    wanted = {text, text.upper(), _upper_number(text)}
    exact = sorted({root for _, root in fetch(connection, "aliases", sorted(wanted))})
    if exact or text.count("/") >= 2:
        return exact
    number = normalise(text)
    found = _by_text(connection, number)
    return sorted({root for root, ref in found if ref_parts(ref)[2] == number or ref_parts(ref)[2].endswith(f":{number}")})


def _by_text(connection: Any, text: str) -> list[tuple[str, str]]:
    """(root, name) of what begins with a number, or is a whole reference; each root once."""
    if text.count("/") >= 2:
        named = [
            (root, text) for root in sorted({r for _, r in fetch(connection, "aliases", sorted({text, text.upper(), _upper_number(text)}))})
        ]
        if named:
            return named
    number = normalise(text.rpartition("/")[2] if text.count("/") >= 2 else text)
    if not number:
        return []
    found = fetch_by(connection, "search_subjects", number=number, most=WINDOW + 1, partners=PARTNERS_MAX)
    first: dict[str, str] = {}
    for root, ref in sorted(found, key=lambda row: (len(row[1]), row[1])):
        first.setdefault(root, ref)
    return list(first.items())


def _upper_number(text: str) -> str:
    parts = text.split("/", 2)
    return "/".join([*parts[:2], parts[2].upper()]) if len(parts) == 3 else text


def told(connection: Any, named: Sequence[tuple[str, str]], now: datetime) -> list[Listed]:
    """What the list says of some roots, in their order."""
    rows = fetch_by(connection, "subjects_told", roots=[root for root, _ in named], now=now)
    return [_listed(row, ref) for row, (_, ref) in zip(rows, named, strict=True)]


def _listed(row: tuple[Any, ...], found_as: str) -> Listed:
    root, first, last, customer, channel, warehouse, net, open_, overdue, worth, currency, currencies = row
    return Listed(
        root, first, last, customer or "", channel or "", warehouse or "", _open(net), open_, overdue, worth if currencies == 1 else None,
        currency or "", "" if found_as == root else found_as,
    )  # fmt: skip


def _open(net: str | None) -> tuple[str, ...]:
    sums: Iterable[dict[str, Any]] = json.loads(net or "{}").values()
    return tuple(sorted({code for one in sums for code in one}))
