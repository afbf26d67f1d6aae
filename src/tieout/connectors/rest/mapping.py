"""What a rest mapping says, as frozen values; how it is checked is in `check`, what it does in `send`, `poll` and `records`.

`docs/how-to/connect-your-own-erp-by-rest.md` explains every key and is tested against these structs. The keys of `record`
are those of a mapping of files (`delimited.mapping`), with paths into the record in place of column names.
"""

from typing import Literal

import msgspec

from tieout.connectors.delimited.mapping import FactMapping, LineMapping

Outcome = Literal["refused", "retry", "rate_limit", "credentials", "in_doubt"]
Status = int | str
"""A status, or a class of them: `4xx`."""


class Api(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[rest]`: where the interface is. The option `base` of the settings wins over `base`. `timeout` in seconds is for the
    whole answer; `plain_http` allows credentials to travel unencrypted to a host other than this one."""

    base: str
    headers: dict[str, str] = {}
    timeout: int = 30
    plain_http: bool = False


class Auth(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[auth]`: how we show who we are. The secret itself stands in no mapping: each scheme names the one it takes."""

    scheme: Literal["none", "basic", "bearer", "header", "query", "oauth2"] = "none"
    user: str = ""
    name: str = ""
    token_url: str = ""
    client_id: str = ""
    scope: str = ""
    audience: str = ""
    client: Literal["basic", "body"] = "basic"


class Test(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"in_": "in"}):
    """One test of one place in an answer; exactly one of the tests is given."""

    path: str
    equals: str | None = None
    not_equals: str | None = None
    in_: tuple[str, ...] | None = None
    empty: Literal[True] | None = None
    not_empty: Literal[True] | None = None


class ErrorRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[[error]]`: what an answer means that has one of these statuses and passes the test. The first rule that fits
    counts; those of an act come before those of all. `reason` is where its words stand."""

    outcome: Outcome
    status: tuple[Status, ...] = ()
    when: Test | None = None
    reason: tuple[str, ...] = ()


class DocumentAt(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where an answer names a document that came of the command, and its type."""

    type: str
    path: str


class Idempotency(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The header by which the target recognises a second attempt; `uuid` and `hash` are made of the command's key."""

    header: str
    write: Literal["key", "uuid", "hash"] = "key"


class Probe(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[act.NAME.probe]`: how to find out whether an attempt of unknown outcome succeeded. Of the records at `records`, one
    whose `path` is `equals` is it; a status in `absent` means that there is none."""

    url: str
    path: str
    equals: str = "{key}"
    records: str = ""
    absent: tuple[int, ...] = ()
    documents: tuple[DocumentAt, ...] = ()


class ReadBack(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[act.NAME.read_back]`: where the document stands once made, and what has to stand there, as JSON like a body."""

    url: str
    expect: str


class ActMapping(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[act.NAME]`: the call that does a command. `success` is a test that an answer has to pass besides its status."""

    url: str
    method: Literal["POST", "PUT", "PATCH", "DELETE"] = "POST"
    headers: dict[str, str] = {}
    body: str = ""
    idempotency: Idempotency | None = None
    success: Test | None = None
    documents: tuple[DocumentAt, ...] = ()
    error: tuple[ErrorRule, ...] = ()
    probe: Probe | None = None
    read_back: ReadBack | None = None


class CursorAt(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How far a poll has come: the greatest `path` of its records, or a token that stands at `path` of the answer.

    `first` stands in until there is one; `overlap` is asked for again each time: seconds (300 if not given), or numbers."""

    path: str
    kind: Literal["time", "number", "token"] = "time"
    first: str = ""
    overlap: int | None = None


class Paging(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the next page is reached: `next` is the path of its address, `link` says that it stands in the Link header,
    `token` is the path of a token that goes into `parameter`, `size` counts `{page}` or `{offset}` up until a page has less."""

    next: str = ""
    link: bool = False
    token: str = ""
    parameter: str = ""
    size: int = 0
    first: int = 1


class Poll(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[[poll]]`: where news is asked for. Every record at `records` is kept as a document and read as `record` says."""

    name: str
    url: str
    record: str
    records: str = ""
    headers: dict[str, str] = {}
    key: str = ""
    cursor: CursorAt | None = None
    paging: Paging | None = None
    pages_max: int = 100


class LineOfRecord(LineMapping, frozen=True, forbid_unknown_fields=True):
    """`[[record.fact.line]]`: one line of the fact, or one for each entry of the list at `each`."""

    each: str = ""


class FactOfRecord(FactMapping, frozen=True, forbid_unknown_fields=True):
    """`[[record.fact]]`: one statement that a record makes."""

    line: tuple[LineOfRecord, ...] = ()


class Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[[record]]`: what a JSON record states; `match` names files in which such records stand too."""

    name: str
    fact: tuple[FactOfRecord, ...]
    match: str = ""
    nulls: tuple[str, ...] = ()
    dates: tuple[str, ...] = ()
    days: tuple[str, ...] = ()
    decimal: Literal[".", ","] = "."
    thousands: Literal["", ".", ",", " ", "'"] = ""
    units: dict[str, str] = {}


class Mapping(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A whole rest mapping."""

    rest: Api
    auth: Auth = Auth()
    error: tuple[ErrorRule, ...] = ()
    act: dict[str, ActMapping] = {}
    poll: tuple[Poll, ...] = ()
    record: tuple[Record, ...] = ()
