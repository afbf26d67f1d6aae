"""`/operations`: what was done to many exceptions at once, item by item; `/operations/OP-7` is one of them."""

import json
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec
from starlette.responses import Response

from tieout.console import sheet, urls
from tieout.console.app import page
from tieout.console.visit import Refusal, Visit
from tieout.people.person import Right
from tieout.store.database import fetch_by

PAGE = 100
ITEMS = 200
RUNNING = frozenset(("queued", "running", "paused"))
HEADS = ("position", "exception", "class", "what", "number", "outcome", "reason", "at", "worth", "currency")


class Operation(msgspec.Struct, frozen=True):
    """One operation; `counts` are its items by outcome, those not done yet under the empty one."""

    id: int
    ref: str
    owner: str
    action: str
    state: str
    many: int
    sums: dict[str, Any]
    created: datetime
    started: datetime | None
    ended: datetime | None
    retry_of: int | None
    counts: dict[str, int]

    @property
    def done(self) -> int:
        """How many items have an outcome."""
        return self.many - self.counts.get("", 0)

    @property
    def failed(self) -> int:
        """How many items did not come to what was asked for."""
        return sum(self.counts.get(name, 0) for name in ("failed", "not eligible", "changed since selection"))

    @property
    def is_running(self) -> bool:
        """True until it has ended."""
        return self.state in RUNNING

    @property
    def worth(self) -> dict[str, Decimal]:
        """What its items were worth, by currency, when they were selected."""
        return {currency: Decimal(str(value)) for currency, value in self.sums.items() if currency}


def list_(visit: Visit) -> Response:
    """All of them, newest first; `mine=1` the person's own."""
    given = dict(visit.query)
    before = int(given["before"]) if given.get("before", "").isdigit() else None
    mine = given.get("mine") == "1"
    rows = _read(visit, before=before, owner=visit.person.login if mine else None, most=PAGE + 1)
    more = {"mine": "1"} if mine else {}
    older = urls.link("/operations", [*more.items(), ("before", str(rows[PAGE - 1].id))]) if len(rows) > PAGE else ""
    return visit.show("pages/operations.html", title="Operations", rows=rows[:PAGE], older=older, mine=mine)


def show(visit: Visit) -> Response:
    """One of them, with a window of its items."""
    found = _read(visit, ref=visit.argument("ref"), most=1)
    if not found:
        raise Refusal(404, "There is no such operation", "The list shows all there are.")
    one, given = found[0], dict(visit.query)
    outcome = given.get("outcome") if given.get("outcome") in one.counts else None
    after = int(given["after"]) if given.get("after", "").isdigit() else -1
    if given.get("csv") == "1":
        visit.person.need(Right.EXPORT)
        return sheet.sheet(one.ref, HEADS, _items(visit, one, outcome, -1, one.many + 1))
    items = _items(visit, one, outcome, after, ITEMS + 1)
    kept = [("outcome", outcome)] if outcome else []
    path = f"/operations/{one.ref}"
    return visit.show(
        "pages/operation.html", title=one.ref, one=one, items=items[:ITEMS], outcome=outcome, path=path, csv=urls.link(path, [*kept, ("csv", "1")]),
        more=urls.link(path, [*kept, ("after", str(items[ITEMS - 1][0]))]) if len(items) > ITEMS else "",
    )  # fmt: skip


def _read(visit: Visit, *, ref: str | None = None, before: int | None = None, owner: str | None = None, most: int) -> list[Operation]:
    rows = visit.timed("db", fetch_by, visit.connection, "operations_told", ref=ref, before=before, owner=owner, most=most)
    return [_operation(row) for row in rows]


def _operation(row: tuple[Any, ...]) -> Operation:
    values: list[Any] = [*row[:6], json.loads(row[6]), *row[7:11], json.loads(row[11] or "{}")]
    return Operation(*values)


def _items(visit: Visit, one: Operation, outcome: str | None, after: int, most: int) -> list[tuple[Any, ...]]:
    scope = visit.person.scopes.arguments()
    rows: list[tuple[Any, ...]] = visit.timed(
        "db", fetch_by, visit.connection, "operation_items_told", operation=one.id, outcome=outcome, after=after, most=most, **scope
    )
    return rows


routes = [page("/operations", list_), page("/operations/{ref}", show)]
