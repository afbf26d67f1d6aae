"""`/exceptions`: the queue, as items or as causes; the filter is the URL, the open item stands beside the list."""

import re
from datetime import datetime
from decimal import Decimal
from typing import Any

from starlette.responses import RedirectResponse, Response

from tieout.cases.selection import holds
from tieout.console import filters, urls
from tieout.console.actions import on_item, on_lists, past
from tieout.console.app import page
from tieout.console.queries_exceptions import CHOSEN, GRAMMAR, SORT_TITLES, Reading, Row, exception
from tieout.console.reading_item import item_of
from tieout.console.sla import standing
from tieout.console.svg.spark import spark
from tieout.console.urls import State
from tieout.console.views import views_of
from tieout.console.visit import Refusal, Visit
from tieout.people.person import Right
from tieout.report.markup import Markup

WINDOW = 120
PLAIN = 200
CAUSES_MAX = 200
PAPER = 2000


def queue(visit: Visit) -> Response:
    """The page, or the part of it that our script asks for."""
    if (canonical := urls.redirect(GRAMMAR, visit.query)) and not visit.fragment.startswith(("rows", "row/", "fresh")):
        return RedirectResponse(canonical, 302)
    state = urls.read(GRAMMAR, visit.query)
    if not visit.query and not visit.fragment and (first := next((one for one in views_of(visit, state).all if one.is_default), None)):
        return RedirectResponse(first.url, 302)
    reading = reading_of(visit, state)
    if visit.fragment == "rows":
        return _rows(visit, reading)
    if visit.fragment.startswith("row/"):
        ids = [int(text) for text in visit.fragment[4:].split(",")[:WINDOW] if text.isdecimal()]
        rows = visit.timed("db", reading.by_id, ids)
        return visit.show("fragments/exception_rows.html", rows=rows, outside=_outside(visit, rows), **_common(visit, state))
    if visit.fragment == "pane":
        return visit.show("pages/exceptions.html", block="pane", **_with_item(visit, state), **_common(visit, state))
    if state.group == "cause":
        return _causes(visit, reading)
    return _items(visit, reading)


def reading_of(visit: Visit, state: State) -> Reading:
    """The list of a state for whoever visits."""
    return Reading(visit.connection, visit.person, state, visit.now, visit.zone)


def _items(visit: Visit, reading: Reading) -> Response:
    state = reading.state
    limit = PLAIN if visit.preferences.plain_table else WINDOW
    figures = visit.timed("db", reading.figures)
    rows = visit.timed("db", reading.rows, limit, state.offset)
    newest = visit.fetch("live_newest")[0][0]
    return visit.show(
        "pages/exceptions.html", figures=figures, rows=rows, outside=_outside(visit, rows), limit=limit, newest=newest, **_with_item(visit, state),
        nothing=filters.nothing(reading) if not rows else None, ever=bool(rows) or bool(visit.fetch("any_work")), **_common(visit, state),
    )  # fmt: skip


def _causes(visit: Visit, reading: Reading) -> Response:
    figures = visit.timed("db", reading.figures)
    causes, many = visit.timed("db", reading.causes, CAUSES_MAX, reading.state.offset)

    def of_cause(id_: int) -> str:
        return urls.url(GRAMMAR, urls.changed(urls.adding(GRAMMAR, reading.state, "cause", str(id_)), group="item"))

    return visit.show(
        "pages/causes.html", spark=sparked, of_cause=of_cause, figures=figures, causes=causes, many=many,
        nothing=filters.nothing(reading) if not causes else None, **_common(visit, reading.state),
    )  # fmt: skip


def _rows(visit: Visit, reading: Reading) -> Response:
    rows = visit.timed("db", reading.rows, WINDOW, reading.state.offset)
    return visit.show(
        "fragments/exception_rows.html", rows=rows, outside=_outside(visit, rows), first=reading.state.offset, **_common(visit, reading.state)
    )


def _outside(visit: Visit, rows: list[Row]) -> set[int]:
    """Which of some rows are not in the selection that the browser holds: they came after it, and nothing is done to them."""
    held = visit.request.headers.get("X-Selection", "")
    if not held:
        return set()
    ids = [row.id for row in rows]
    return set(ids) - holds(visit.connection, held[:40], ids)


def _with_item(visit: Visit, state: State) -> dict[str, Any]:
    """The item beside the list, if one is open, with what may be done with it."""
    row = row_of(visit, state.item) if state.item else None
    if row is None:
        return {"item": None, "offers": []}
    offers = on_item(visit, row)
    return {"item": item_of(visit, row), "offers": past(offers) if state.as_of else offers}


def row_of(visit: Visit, ref: str) -> Row | None:
    """The exception of a reference, if the person may see it."""
    if re.fullmatch(r"EX-\d{1,15}", ref) is None:
        return None
    found: Row | None = visit.timed("db", exception, visit.connection, visit.person, int(ref[3:]))
    return found


def _common(visit: Visit, state: State) -> dict[str, Any]:
    return {
        "title": "Exceptions", "state": state, "chips": filters.chips(GRAMMAR, state), "url": lambda **more: urls.url(GRAMMAR, urls.changed(state, **more)),
        "at": lambda offset: urls.url(GRAMMAR, filters.at(state, offset)), "cleared": urls.url(GRAMMAR, urls.cleared(state)), "sorts": SORT_TITLES,
        "pairs": urls.write(GRAMMAR, state, ignored=False), "standing": lambda row: standing(row, visit.now), "mixed": False,
        "query": urls.link("", urls.write(GRAMMAR, state, ignored=False)) or "", "views": views_of(visit, state),
        "actions": past(on_lists(visit.person)) if state.as_of else on_lists(visit.person), "pane": True,
        "may_comment": visit.person.may(Right.COMMENT) and not state.as_of,
        "as_of": datetime.fromisoformat(state.as_of) if state.as_of else None,
    }  # fmt: skip


def sparked(days: list[int]) -> Markup:
    """How many were new on each of the last 14 days."""
    return spark([Decimal(number) for number in days], f"new per day, 14 days: {', '.join(map(str, days))}")


def full(visit: Visit) -> Response:
    """One exception as a page of its own."""
    row = row_of(visit, visit.argument("ref"))
    if row is None:
        raise Refusal(
            404, f"There is no exception {visit.argument('ref')[:40]}", "It may be outside of what you may see. Ctrl+K finds any reference."
        )
    item = item_of(visit, row, everything=("history", "all") in visit.query)
    return visit.show("pages/exception.html", **single(visit, row), title=f"{row.ref} · {row.title}", item=item)


def case_file(visit: Visit) -> Response:
    """One exception for paper: all of its history, its files and comments, what it means."""
    row = row_of(visit, visit.argument("ref"))
    if row is None:
        raise Refusal(404, f"There is no exception {visit.argument('ref')[:40]}", "It may be outside of what you may see.")
    item = item_of(visit, row, everything=True)
    return visit.show("pages/exception.html", **single(visit, row), title=f"Case file {row.ref} · {row.title}", item=item, paper=True)


def on_paper(visit: Visit) -> Response:
    """The list for paper: full rows, up to `PAPER` of them."""
    state = urls.read(GRAMMAR, visit.query)
    reading = reading_of(visit, state)
    figures, rows = visit.timed("db", reading.figures), visit.timed("db", reading.rows, PAPER)
    return visit.show(
        "pages/exceptions_print.html", title="Exceptions, print", figures=figures, rows=rows, said=filters.sentence(state, visit.now),
        sort=SORT_TITLES.get(state.sort, state.sort), standing=lambda row: standing(row, visit.now), back=urls.url(GRAMMAR, state),
        as_of=datetime.fromisoformat(state.as_of) if state.as_of else None,
    )  # fmt: skip


def single(visit: Visit, row: Row) -> dict[str, Any]:
    """What the templates of one exception need."""
    return {
        "standing": lambda r: standing(r, visit.now), "offers": on_item(visit, row), "may_comment": visit.person.may(Right.COMMENT), "pane": False,
    }  # fmt: skip


def filter_(visit: Visit) -> Response:
    """Adding a filter: the fields, or the values of one with what each leaves."""
    query = [pair for pair in visit.query if pair[0] != "field"]
    state = urls.read(GRAMMAR, query)
    name = dict(visit.query).get("field", "")
    values = visit.timed("db", reading_of(visit, urls.State(terms=state.terms)).values, name) if name in CHOSEN or name == "tag" else []
    chosen = [
        (value or "nobody" if name == "owner" else value or "none", urls.url(GRAMMAR, urls.adding(GRAMMAR, state, name, value or "none")), many)
        for value, many in values
        if value or name in ("owner", "team")
    ]
    field = GRAMMAR.field(name)
    return visit.show(
        "pages/filter.html", title="Add a filter", field=field, values=chosen, state=state, pairs=urls.write(GRAMMAR, state, ignored=False),
        fields=[(f, urls.link("/exceptions/filter", [*urls.write(GRAMMAR, state, ignored=False), ("field", f.name)])) for f in GRAMMAR.fields],
        back=urls.url(GRAMMAR, state), block="dialog" if visit.fragment == "dialog" else "",
    )  # fmt: skip


def fresh(visit: Visit) -> Response:
    """How many came since the page was made: `after` is the newest event it knew."""
    query = dict(visit.query)
    after = query.get("after", "0")
    reading = reading_of(visit, urls.read(GRAMMAR, [pair for pair in visit.query if pair[0] != "after"]))
    many = visit.timed("db", reading.fresh, int(after) if after.isdecimal() else 0)
    return Response(str(many), media_type="text/plain")


routes = [
    page("/exceptions", queue), page("/exceptions/filter", filter_), page("/exceptions/fresh", fresh), page("/exceptions/print", on_paper),
    page("/exceptions/{ref}", full), page("/exceptions/{ref}/print", case_file),
]  # fmt: skip
