"""`/exceptions/{ref}/files`: what people put to an exception. Given back as a download under headers that keep it from being anything else."""

from urllib.parse import quote

from starlette.responses import Response

from tieout.cases import attachments
from tieout.console.app import act, page
from tieout.console.pages.exceptions import row_of
from tieout.console.queries_exceptions import Row
from tieout.console.visit import Refusal, Visit
from tieout.people.person import Right

MORE = 64 * 1024
"""What a form weighs besides its file."""
KEPT_SHUT = {
    "Content-Type": "application/octet-stream", "X-Content-Type-Options": "nosniff", "Content-Security-Policy": "sandbox; default-src 'none'",
    "Cache-Control": "private, no-store", "X-Download-Options": "noopen",
}  # fmt: skip


def attach(visit: Visit) -> Response:
    """Put a file to it."""
    row, sent = _row(visit), visit.upload
    if sent is None:
        raise Refusal(422, "No file was chosen", "Choose one, then attach it.")
    attachments.attach(visit.connection, visit.person, row.id, sent.name, sent.raw, visit.now)
    return visit.done(f"{sent.name} is attached to {row.ref}.", f"/exceptions/{row.ref}", changed=[row.id])


def download(visit: Visit) -> Response:
    """A file: only ever as a download."""
    row = _row(visit)
    name, raw = attachments.download(visit.connection, visit.person, _number(visit), visit.now, of=row.id)
    return Response(raw, headers={**KEPT_SHUT, "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}"})


def remove(visit: Visit) -> Response:
    """Take a file of one's own away."""
    row = _row(visit)
    name = attachments.remove(visit.connection, visit.person, _number(visit), visit.now, of=row.id)
    return visit.done(f"{name} is removed from {row.ref}.", f"/exceptions/{row.ref}", changed=[row.id])


def _number(visit: Visit) -> int:
    text = visit.argument("number")
    return int(text) if text.isdecimal() and len(text) < 19 else 0


def _row(visit: Visit) -> Row:
    row = row_of(visit, visit.argument("ref"))
    if row is None:
        raise Refusal(404, f"There is no exception {visit.argument('ref')[:40]}", "It may be outside of what you may see.")
    return row


routes = [
    act("/exceptions/{ref}/files", attach, needs=Right.COMMENT, most=attachments.FILE_MAX + MORE),
    page("/exceptions/{ref}/files/{number}", download, records=True),
    act("/exceptions/{ref}/files/{number}/remove", remove, needs=Right.COMMENT),
]
