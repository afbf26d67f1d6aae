"""`/exceptions/{ref}/edit` and `/exceptions/{ref}/link`: a message corrected into a child of its own; two references made one transaction."""

from starlette.responses import Response

from tieout.cases import edit as edits
from tieout.cases import resolve
from tieout.cases.candidates import candidates
from tieout.cases.item import DONE, Target
from tieout.cases.reasons import REASONS
from tieout.cases.resolve import Said
from tieout.console.app import act, page
from tieout.console.pages.exceptions import row_of
from tieout.console.queries_exceptions import Row
from tieout.console.visit import Refusal, Visit
from tieout.errors import Forbidden, OperatorError
from tieout.people.person import Right


def edit(visit: Visit) -> Response:
    """The message as it came, what was read in it, and the commands that rest on it, side by side; where several are behind, which one."""
    row = _row(visit)
    if row.kind != "quarantine" and _which(visit) is None:
        found = edits.sources(visit.connection, visit.desk.configuration, visit.person, row.id)
        return visit.show("pages/edit_which.html", title=f"Edit and replay {row.ref}", row=row, sources=found)
    return _side_by_side(visit, row, "", None)


def _which(visit: Visit) -> int | None:
    """The message that is meant, of those behind an exception."""
    stated = visit.field("message") or dict(visit.query).get("message", "")
    return int(stated) if stated.isdecimal() and len(stated) < 19 else None


def replay(visit: Visit) -> Response:
    """Try what was typed, nothing of which stays; or, when that was seen, keep it as a child of the original."""
    row, text = _row(visit), visit.field("text").replace("\r\n", "\n")
    if visit.fragment == "read":
        columns, refused = edits.check(visit.connection, visit.desk.configuration, visit.person, row.id, text, _which(visit))
        return visit.show("fragments/edit_read.html", columns=columns, refused=refused, row=row)
    if visit.field("step") != "go":
        with visit.desk.one_writer:
            found = edits.trial(visit.connection, visit.desk.configuration, visit.person, row.id, text, visit.now, _which(visit))
        return _side_by_side(visit, row, text, found)
    target = Target(row.id, int(visit.field("version") or 0))
    said = Said(visit.field("reason"), visit.field("why"))
    try:
        with visit.desk.one_writer:
            child = edits.replay(
                visit.connection, visit.desk.configuration, visit.person, target, visit.field("hash"), text, visit.now, said, _which(visit)
            )
    except OperatorError as bad:
        return _side_by_side(visit, _row(visit), text, None, bad)
    return visit.go(f"/exceptions/{row.ref}", said=f"{row.ref}: message {child} takes the place of the original.")


def _side_by_side(visit: Visit, row: Row, text: str, found: edits.Trial | None, bad: OperatorError | None = None) -> Response:
    """The three columns; what was typed stays in the first, whatever was refused."""
    draft = edits.draft(visit.connection, visit.desk.configuration, visit.person, row.id, visit.now, _which(visit))
    return visit.show(
        "pages/edit.html", 200 if bad is None else 403 if isinstance(bad, Forbidden) else 409, title=f"Edit and replay {row.ref}", row=row, draft=draft,
        text=text or draft.raw, trial=found, reasons=REASONS["edit"],
        bad=bad,
    )  # fmt: skip


def link(visit: Visit) -> Response:
    """What it may belong to, and why."""
    row = _row(visit)
    words = dict(visit.query).get("q", "")
    return visit.show(
        "pages/link.html", title=f"Link {row.ref}", row=row, found=candidates(visit.connection, visit.person, row.id, words), words=words,
        reasons=REASONS["link"], block="dialog" if visit.fragment == "dialog" else "",
    )  # fmt: skip


def join(visit: Visit) -> Response:
    """Say that two references are one transaction."""
    row = _row(visit)
    stated = visit.field("version")
    target = Target(row.id, int(stated) if stated.isdecimal() and len(stated) < 10 else None)
    said = Said(visit.field("reason"), visit.field("why"))
    with visit.desk.one_writer:
        done = resolve.link(
            visit.connection,
            visit.desk.configuration,
            visit.person,
            target,
            visit.field("other") or visit.field("typed").strip(),
            visit.now,
            said,
        )
    if not done.is_good:
        raise Refusal(409, f"{row.ref}: {done.outcome}", f"Nothing was done: {done.reason}.")
    told = f"{row.ref} is linked." if done.outcome == DONE else f"{row.ref}: {done.outcome}, {done.reason}."
    return visit.done(told, f"/exceptions/{row.ref}", changed=[row.id])


def _row(visit: Visit) -> Row:
    row = row_of(visit, visit.argument("ref"))
    if row is None:
        raise Refusal(404, f"There is no exception {visit.argument('ref')[:40]}", "It may be outside of what you may see.")
    return row


routes = [
    page("/exceptions/{ref}/edit", edit, needs=Right.RESOLVE, tries=True),
    act("/exceptions/{ref}/edit", replay, needs=Right.RESOLVE),
    page("/exceptions/{ref}/link", link, needs=Right.RESOLVE),
    act("/exceptions/{ref}/link", join, needs=Right.RESOLVE),
]
