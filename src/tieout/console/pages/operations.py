"""`/operations`: what was done to many exceptions at once, item by item; `/operations/OP-7` is one of them. Its owner steers it."""

import secrets
from collections.abc import Callable, Iterator
from urllib.parse import urlencode

from starlette.responses import Response

from tieout.cases import operation as operations
from tieout.cases import replay
from tieout.cases.operation import Done, Operation
from tieout.console import sheet
from tieout.console.app import act, page
from tieout.console.visit import Refusal, Visit
from tieout.errors import OperatorError
from tieout.people.person import Right

PAGE = 50
ITEMS = 200
EXPORT_PAGE = 5_000
RUNNING = frozenset(("queued", "running", "paused"))
FAILED = ("failed", "not eligible", "changed since selection")
HEADS = ("position", "exception", "class", "what", "outcome", "reason", "at", "worth", "currency")


def list_(visit: Visit) -> Response:
    """One's own, newest first; everybody's for whoever may read what others did."""
    before = dict(visit.query).get("before", "")
    rows: list[Operation] = visit.timed(
        "db", operations.operations, visit.connection, visit.person, before=int(before) if before.isdecimal() else None, limit=PAGE + 1
    )
    older = f"/operations?before={rows[PAGE - 1].id}" if len(rows) > PAGE else ""
    return visit.show(
        "pages/operations.html", title="Operations", rows=rows[:PAGE], older=older, failed=failed, all=visit.person.may(Right.AUDIT)
    )


def show(visit: Visit) -> Response:
    """One of them, with a window of its items."""
    one, given = _one(visit), dict(visit.query)
    outcome = given.get("outcome") if given.get("outcome") in one.outcomes else None
    if given.get("csv") == "1":
        visit.person.need(Right.EXPORT)
        return sheet.sheet(one.ref, HEADS, [_row(item) for item in _all(visit, one, outcome)])
    after = int(given["after"]) if given.get("after", "").isdecimal() else 0
    items: list[Done] = visit.timed(
        "db", operations.items, visit.connection, visit.person, one.id, outcome=outcome, after=after, limit=ITEMS + 1
    )
    kept = {"outcome": outcome} if outcome else {}
    path = f"/operations/{one.ref}"
    return visit.show(
        "pages/operation.html", title=one.ref, one=one, items=items[:ITEMS], outcome=outcome, path=path, failed=failed, running=one.state in RUNNING,
        csv=f"{path}?{urlencode({**kept, 'csv': 1})}", mine=one.owner == visit.person.login, replays=one.action == replay.ACTION, key=secrets.token_hex(12),
        more=f"{path}?{urlencode({**kept, 'after': items[ITEMS - 1].position})}" if len(items) > ITEMS else "",
    )  # fmt: skip


def failed(one: Operation) -> int:
    """How many items did not come to what was asked for."""
    return sum(one.outcomes.get(name, 0) for name in FAILED)


def _one(visit: Visit) -> Operation:
    number = visit.argument("ref").removeprefix("OP-")
    if not number.isdecimal() or len(number) > 15:
        raise Refusal(404, "There is no such operation", "An operation is named OP- and a number.")
    try:
        one: Operation = visit.timed("db", operations.operation, visit.connection, visit.person, int(number))
    except OperatorError as bad:
        raise Refusal(404, bad.what, bad.next_step) from bad
    return one


def _all(visit: Visit, one: Operation, outcome: str | None) -> Iterator[Done]:
    after = 0
    while part := operations.items(visit.connection, visit.person, one.id, outcome=outcome, after=after, limit=EXPORT_PAGE):
        yield from part
        after = part[-1].position


def _row(item: Done) -> tuple[sheet.Value, ...]:
    return item.position, item.ref, item.class_, item.summary, item.outcome or "not yet", item.reason, item.at, item.worth, item.currency


# What its owner does ---------------------------------------------------------------------------------------------------


def _turn(do: Callable[..., Operation], said: str) -> Callable[[Visit], Response]:
    """A form that changes how an operation goes."""

    def change(visit: Visit) -> Response:
        one = _one(visit)
        do(visit.connection, visit.person, one.id, visit.now)
        return visit.done(f"{one.ref} {said}.", f"/operations/{one.ref}", next_=f"/operations/{one.ref}")

    return change


def again(visit: Visit) -> Response:
    """Only what failed, as an operation of its own; sending the form twice begins one."""
    one = _one(visit)
    new = operations.retry_failed(visit.connection, visit.person, one.id, visit.field("key") or secrets.token_hex(12), visit.now)
    return visit.done(f"{new.ref} tries the {new.many} items again that failed.", f"/operations/{new.ref}", next_=f"/operations/{new.ref}")


routes = [
    page("/operations", list_),
    page("/operations/{ref}", show),
    act("/operations/{ref}/pause", _turn(operations.pause, "is paused")),
    act("/operations/{ref}/resume", _turn(operations.resume, "goes on")),
    act("/operations/{ref}/cancel", _turn(operations.cancel, "is cancelled; what was done stays done")),
    act("/operations/{ref}/again", again),
]
