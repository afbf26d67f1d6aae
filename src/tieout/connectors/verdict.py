"""What the status of an answer means for a conversation: who judges it, the fault it ends with, and whether a write is in doubt.

| status | the conversation | fault | a write that got it |
|---|---|---|---|
| 2xx, 304 | is given the reply | | the connector says |
| other 3xx | ends: redirects are never followed | `redirect` | in doubt, but for 307 and 308 |
| 401, 403 | ends | `credentials` | not taken |
| 429 | ends, with the wait it asked for | `rate-limit` | not taken |
| other 4xx | is given the reply | | the connector says |
| 5xx, and what is no answer (1xx, 6xx) | ends, with the wait it asked for | `status` | in doubt |

A status in `Call.judges` goes to the connector whatever the table says. *Not taken* is what the answer itself states; 303
after a POST often means that it *was* taken, and 5xx may come from a gateway behind which the work was done.
"""

from http import HTTPStatus

from tieout.core.command import Call, Failed, Reply
from tieout.formats.http import retry_after

NOT_TAKEN = frozenset({307, 308, 401, 403, 429})
"""Statuses that say the request was not carried out."""
UNCHANGED = 304


def fault_of(call: Call, reply: Reply) -> Failed | None:
    """The fault that ends the conversation, or None when the connector is given the reply. `reply` needs no body."""
    status = reply.status
    if status in call.judges or 200 <= status < 300 or status == UNCHANGED:
        return None
    said = f"{call.shown} was answered {status} {_phrase(status)}".rstrip()
    if 300 <= status < 400:
        return Failed("redirect", f"{said} to {_place(reply)}; redirects are not followed. Correct the address.")
    if status in (401, 403):
        return Failed("credentials", f"{said}. Renew or widen the credentials of this system.")
    if status == 429:
        return Failed("rate-limit", f"{said}. It is asked again later, and more slowly.", retry_after=retry_after(reply.headers))
    if 400 <= status < 500:
        return None
    return Failed("status", f"{said}.", retry_after=retry_after(reply.headers))


def _phrase(status: int) -> str:
    return HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else ""


def _place(reply: Reply) -> str:
    """Where a redirect points, without query: that may hold a token."""
    to = reply.headers.get("location", "")
    return repr(Call("", to).shown.strip()[:200] if "://" in to else to.partition("?")[0].partition("#")[0][:200])
