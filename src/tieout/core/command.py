"""Commands: an instruction to a system, issued because a balance says that it is owed (rules 23 to 26), and what became of it.

A connector that can send is a sans-I/O conversation: `send`, `probe` and `poll` are generators that yield `Call`s and are
given `Reply`s; the runtime alone opens sockets. So every conversation is tested without a network, and every network
fault is handled in one place.
"""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum

import msgspec

from tieout.core.act import Act as Act
from tieout.core.facts import Line
from tieout.core.values import Ref, Side


class Command(msgspec.Struct, frozen=True, omit_defaults=True):
    """One intent, numbered inside (account, side, group); `key` is its idempotency key and never changes.

    `group` is the root (or the subject) the command speaks for, `references` all names that systems have for it,
    `lines` what is owed: `order_line` and `item` as the ledger knows them, quantity in base unit, value in `currency`.
    `content` is what a document says, where what is owed is the document itself and `lines` only count it.
    `data` holds what the act needs besides (a tracking number, a reason), `total` the amount of a command without lines.
    """

    act: Act
    system: str
    account: str
    side: Side
    group: Ref
    number: int
    lines: tuple[Line, ...] = ()
    total: Decimal | None = None
    currency: str = ""
    customer: str = ""
    channel: str = ""
    warehouse: str = ""
    entity: str = ""
    references: tuple[Ref, ...] = ()
    data: dict[str, str] = {}
    content: tuple[Line, ...] = ()

    @property
    def key(self) -> str:
        """The idempotency key: account and side, group, running number."""
        return f"{self.account}{'+' if self.side is Side.DEBIT else '-'} {self.group} {self.number}"


class State(StrEnum):
    """The life of a command. Accepted is not confirmed: that takes the system's own later statement (rule 23)."""

    QUEUED = "queued"
    HELD = "held"
    SENDING = "sending"
    ACCEPTED = "accepted"
    CONFIRMED = "confirmed"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    CANCELLED = "cancelled"


class Call(msgspec.Struct, frozen=True):
    """One HTTP request of a conversation.

    `url` is absolute. `writes` says that the target may have changed once the request has left us: a time-out after it is
    *unknown*, before it a plain failure. `timeout` in seconds covers the whole answer. `judges` are statuses the connector
    wants to see although they usually end a conversation (401 where it can fetch a new token; see `connectors.verdict`).
    Values of headers, query and body may be secret, so they are not shown.
    """

    method: str
    url: str
    headers: dict[str, str] = {}
    body: bytes = b""
    writes: bool = False
    timeout: float = 30.0
    judges: tuple[int, ...] = ()

    @property
    def shown(self) -> str:
        """Method and address without user, query and fragment: what may be written down about a call."""
        scheme, _, rest = self.url.partition("://")
        host, slash, path = rest.partition("?")[0].partition("#")[0].partition("/")
        return f"{self.method} {scheme}://{host.rpartition('@')[2]}{slash}{path}"

    def __repr__(self) -> str:
        return f"<Call {self.shown} {sorted(self.headers)} {len(self.body)} bytes>"


class Reply(msgspec.Struct, frozen=True):
    """The answer to a call, whole: status, headers with lower-case names, and at most as many bytes as the transport allows."""

    status: int
    headers: dict[str, str]
    body: bytes

    def __repr__(self) -> str:
        return f"<Reply {self.status} {sorted(self.headers)} {len(self.body)} bytes>"


class Accepted(msgspec.Struct, frozen=True):
    """The target took the command: `documents` it named as the result, `final` the quantity per line key if it named one,
    `differs` what the read-back found other than intended, field by field."""

    documents: tuple[Ref, ...] = ()
    final: dict[str, Decimal] = {}
    differs: tuple[str, ...] = ()


class Rejected(msgspec.Struct, frozen=True):
    """The target refused, with its reason verbatim; `again_at` if it said when to try again."""

    reason: str
    again_at: datetime | None = None


class Failed(msgspec.Struct, frozen=True):
    """The target neither took nor refused it: unreachable, overloaded, an answer that is none. `fault` is a stable name
    (`connect`, `dns`, `tls`, `timeout`, `closed`, `truncated`, `too-large`, `not-http`, `encoding`, `not-json`, `answer`,
    `status`, `redirect`, `credentials`, `rate-limit`; ours: `request`, `endless`, `no-probe`, `folder`). `in_doubt` when a write had
    left us: then the command is unknown until a probe says otherwise."""

    fault: str
    reason: str
    in_doubt: bool = False
    retry_after: float | None = None


class Absent(msgspec.Struct, frozen=True):
    """A probe found no trace of the command in the target."""


Outcome = Accepted | Rejected | Failed


class Polled(msgspec.Struct, frozen=True):
    """What a poll brought: `cursor` to go on from, and the instant up to which the target's state was read, if known."""

    cursor: str
    complete_to: datetime | None = None
    more: bool = False
