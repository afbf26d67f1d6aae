"""`/audit`: who did what, newest first; whether the record and the ledger are as they were written; all of it as CSV."""

import json
import threading
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec
from starlette.responses import RedirectResponse, Response

from tieout.console import sheet, urls
from tieout.console.app import act, page
from tieout.console.visit import Visit
from tieout.people import audit as record
from tieout.people.person import Right
from tieout.runtime import audit as chain
from tieout.store.database import fetch_by, run
from tieout.store.session import Session

PAGE = 100
EXPORT_PAGE = 5_000
HEADS = ("id", "at", "who", "action", "object", "detail")
GRAMMAR = urls.Grammar(
    "/audit",
    (
        urls.Field("who", "Who"), urls.Field("action", "Action"), urls.Field("object", "Object", urls.TEXT), urls.Field("date", "Date", urls.MOMENT),
        urls.Field("before", "Before", urls.NUMBER),
    ),
    ("-id",),
)  # fmt: skip


class Check(msgspec.Struct, frozen=True):
    """The result of a verification; `commits` and `messages` say how much was read."""

    at: datetime
    who: str
    commits: int
    messages: int
    newest: str
    findings: tuple[str, ...]


_running = threading.Lock()
"""One verification at a time: it reads the whole ledger."""


def show(visit: Visit) -> Response:
    """The actions under a filter, and how the last verification ended."""
    asked = [pair for pair in visit.query if pair[0] != "csv"]
    if canonical := urls.redirect(GRAMMAR, asked):
        return RedirectResponse(canonical, 302)
    state = urls.read(GRAMMAR, asked)
    if ("csv", "1") in visit.query:
        visit.person.need(Right.EXPORT)
        return sheet.sheet(f"audit-{visit.now:%Y-%m-%d}", HEADS, list(_all(visit, state)))
    rows = _actions(visit, state, PAGE + 1)
    older = urls.url(GRAMMAR, urls.adding(GRAMMAR, state, "before", str(rows[PAGE - 1][0]))) if len(rows) > PAGE else ""
    choices = visit.fetch("action_kinds"), visit.fetch("action_people")
    return visit.show(
        "pages/audit.html", title="Audit", rows=[(*row[:5], json.loads(row[5])) for row in rows[:PAGE]], older=older, state=state, grammar=GRAMMAR,
        chips=[(t, v, urls.url(GRAMMAR, urls.without(state, t, v))) for t in state.terms for v in t.values if t.name != "before"],
        ignored=state.ignored, clean=urls.url(GRAMMAR, msgspec.structs.replace(state, ignored=())), check=_last(visit),
        kinds=[kind for (kind,) in choices[0]], people=[who for (who,) in choices[1]], chosen={t.name: t.values[0] for t in state.terms},
        csv=urls.link(GRAMMAR.path, [*urls.write(GRAMMAR, state), ("csv", "1")]), link=_link,
    )  # fmt: skip


def _actions(visit: Visit, state: urls.State, most: int, before: int | None = None) -> list[tuple[Any, ...]]:
    values = {term.name: term.values[0] for term in state.terms}
    since, until = urls.moments(values["date"], visit.now, visit.zone) if "date" in values else (None, None)
    first = before if before is not None else int(values["before"].split(".")[0]) if values.get("before", "").split(".")[0].isdigit() else None
    rows: list[tuple[Any, ...]] = visit.timed(
        "db", fetch_by, visit.connection, "actions_told", before=first, who=values.get("who"), action=values.get("action"),
        object=values.get("object"), since=since, until=until, most=most,
    )  # fmt: skip
    return rows


def _all(visit: Visit, state: urls.State) -> Iterator[tuple[Any, ...]]:
    """Every action under the filter, a page at a time."""
    before = None
    while rows := _actions(visit, state, EXPORT_PAGE, before):
        yield from rows
        before = rows[-1][0]


def _link(object_: str) -> str:
    """Where an object of an action is shown, as far as there is a page for it."""
    if object_.startswith("EX-"):
        return f"/exceptions/{object_}"
    if object_.startswith("OP-"):
        return f"/operations/{object_}"
    if object_.count("/") >= 2 and " " not in object_:
        return f"/transactions/{object_}"
    return ""


def _last(visit: Visit) -> Check | None:
    found = visit.fetch("meta", "audit:last")
    return msgspec.json.decode(found[0][0], type=Check) if found else None


def verify(visit: Visit) -> Response:
    """Work the chain of the ledger and the chain of the actions out again, beside the request: it reads everything once."""
    if not _running.acquire(blocking=False):
        return visit.done("A verification is running; its result appears here.", "/audit", next_="/audit")
    record.write(visit.connection, visit.person, "audit verified", "ledger", {}, visit.now)
    who, clock = visit.person.login, visit.desk.clock

    def work(session: Session) -> None:
        try:
            found, wrong = chain.verify(session), record.verify(session)
            findings = (*(f"commit {one.commit}: {one.what}" if one.commit else one.what for one in found.findings), *wrong)
            check = Check(clock(), who, found.batches, found.messages, found.newest, findings)
            run(session, "set_meta", "audit:last", msgspec.json.encode(check).decode())
        finally:
            _running.release()

    visit.desk.apart(work)
    return visit.done("The verification has begun; its result appears here.", "/audit", next_="/audit")


routes = [page("/audit", show, needs=Right.AUDIT), act("/audit/verify", verify, needs=Right.AUDIT)]
