"""What the interface says and is told, as OpenAPI describes it. Amounts are decimal strings, times are ISO 8601 in UTC."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

Amount = Annotated[str, Field(description="A decimal number.", examples=["1204.80"])]
Word = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f][^\x00-\x1f\x7f]*$")]
Text = Annotated[str, StringConstraints(min_length=1, max_length=10_000, pattern=r"^[^\x00]*[^\s\x00][^\x00]*$")]
Reason = Annotated[str, StringConstraints(min_length=1, max_length=1_000, pattern=r"^[^\x00]*[^\s\x00][^\x00]*$")]


def _text(value: object) -> object:
    if not isinstance(value, str):
        raise ValueError("a time is a text")
    return value


Moment = Annotated[AwareDatetime, BeforeValidator(_text), Field(strict=False)]


class Told(BaseModel):
    """What callers tell us: nothing besides what is described."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Me(BaseModel):
    """Whoever asks: what may be done and seen. `csrf` is for browsers only, empty for a key."""

    login: str
    name: str
    email: str
    zone: str
    roles: list[str]
    rights: list[str]
    teams: list[str] = Field(description="Empty means all.")
    channels: list[str] = Field(description="Empty means all.")
    warehouses: list[str] = Field(description="Empty means all.")
    limits: dict[str, Amount] = Field(description="Up to what a difference may be accepted alone, by currency.")
    key: str = Field(description="The id of the key that was used; empty for a browser.")
    csrf: str


class Case(BaseModel):
    """An exception: something that does not tie out, could not be read, waits, or needs a person."""

    ref: str
    kind: str
    class_: str = Field(alias="class", description="The account with its side, such as SNI+; or QUA, WAI, CNF, REF, FED, CREF, CUNK, CHLD.")
    title: str
    summary: str
    hint: str
    cause: int | None
    state: str
    subject: str
    key: str
    account: str
    side: str
    system: str
    party: str
    sku: str
    channel: str
    warehouse: str
    worth: Amount | None = Field(description="Null where nobody knows it.")
    currency: str
    cost_of_delay: Amount
    since: datetime
    due: datetime
    resolved: datetime | None
    team: str
    person: str
    priority: int
    acknowledged: datetime | None
    snoozed_until: datetime | None
    progress: str = Field(description="What was asked for and where it stands; only the ledger resolves.")
    tags: list[str]
    version: int
    changed: datetime


class Event(BaseModel):
    """Something that happened."""

    at: datetime
    event: str
    who: str
    detail: dict[str, Any]


class Totals(BaseModel):
    """The figures of a filter, from the same snapshot as a list of it."""

    many: int
    sums: dict[str, Amount]
    overdue: int
    unpriced: int
    by_class: dict[str, int]
    by_state: dict[str, int]


class Cause(BaseModel):
    """One cause of many exceptions."""

    id: int
    title: str
    class_: str = Field(alias="class")
    state: str
    systems: str
    field: str
    open: int
    first_seen: datetime
    last_seen: datetime
    version: int


class Balance(BaseModel):
    """Debits less credits of one account of one transaction, where it is not zero."""

    subject: str
    account: str
    key: str
    unit: str = Field(description="A unit of quantity, or a currency after $.")
    net: Amount


class Transaction(BaseModel):
    """A transaction by its reference."""

    subject: str
    open_balances: int
    open_cases: int


class Source(BaseModel):
    """Where a statement was read."""

    system: str
    message: int
    origin: str
    line: int
    byte: int
    place: str


class Entry(BaseModel):
    """One debit or credit, and what said it."""

    fact: str
    occurred: datetime
    quantity: Amount | None
    unit: str
    value: Amount | None
    currency: str
    source: Source | None


class TAccount(BaseModel):
    """One account of a transaction."""

    code: str
    name: str
    key: str
    debits: list[Entry]
    credits: list[Entry]
    state: list[str] = Field(description="How each residual stands; empty when it is tied out.")


class Explanation(BaseModel):
    """A transaction explained: its names, T-accounts and related transactions."""

    subject: str
    names: list[str]
    notes: dict[str, str]
    accounts: list[TAccount]
    related: list[str]


class Command(BaseModel):
    """Something a system is told."""

    id: str
    key: str
    subject: str
    act: str
    system: str
    state: str
    reason: str
    rule: str
    proposed_by: str
    approved_by: str
    created: datetime
    changed: datetime


class WholeCommand(Command):
    """A command with its content, the sums it rests on, and its life."""

    body: dict[str, Any]
    because: list[Any]
    hash: str
    life: list[Event]


class SystemHealth(BaseModel):
    """How the way to a system is."""

    system: str
    connector: str
    role: str
    watermark: datetime | None
    health: str
    why: str
    circuit: str
    backlog: int
    held: int
    in_doubt: int
    paused_until: datetime | None
    paused_by: str


class Action(BaseModel):
    """Something that somebody did."""

    id: int
    at: datetime
    who: str
    action: str
    object: str
    detail: dict[str, Any]


class Key(BaseModel):
    """A key of a person. No roles: those of the person."""

    id: str
    name: str
    roles: list[str]
    teams: list[str]
    channels: list[str]
    warehouses: list[str]
    created: datetime
    ends: datetime
    used: datetime | None
    revoked: datetime | None


class NewKey(Told):
    """A key to be made."""

    name: Word
    days: int = Field(ge=1, le=366, description="How long it works.")
    roles: list[str] = Field(default=[], max_length=5, description="Fewer than the person's; none for all of them.")
    teams: list[Word] = Field(default=[], max_length=100)
    channels: list[Word] = Field(default=[], max_length=100)
    warehouses: list[Word] = Field(default=[], max_length=100)


class MadeKey(BaseModel):
    """A key, shown this once."""

    id: str
    key: str


class Why(Told):
    """The reason for something."""

    why: Reason


class Pause(Told):
    """A pause, which always has an end."""

    why: Reason
    minutes: int = Field(ge=1, le=10_080)


class Outcome(BaseModel):
    """What became of an act; `version` is the one the case has now."""

    ref: str
    outcome: str
    reason: str
    version: int


class Assignment(Told):
    """Whose it is to be. What is left out stays."""

    person: Annotated[str, StringConstraints(pattern=r"^[a-z0-9._@+-]{0,100}$")] | None = Field(
        default=None, description="A login; empty for nobody."
    )
    team: Word | None = None


class Snooze(Told):
    """Until when a case rests: `until` a time, `more` of its cause, a `value` in `currency`, a `system` well again, or its `version` live."""

    kind: Literal["time", "more", "value", "system", "version"] = "time"
    until: Moment | None = None
    more: int = Field(default=0, ge=0, le=1_000_000)
    value: Annotated[str, StringConstraints(pattern=r"^[0-9]{1,12}(\.[0-9]{1,6})?$")] | None = None
    currency: Annotated[str, StringConstraints(pattern="^([A-Z]{3})?$")] = ""
    system: Annotated[str, StringConstraints(pattern="^[a-z0-9_-]{0,30}$")] = ""
    version: Annotated[str, StringConstraints(pattern="^[ -~]{0,100}$")] = ""
    reason: Annotated[str, StringConstraints(pattern="^[a-z0-9_-]{0,60}$")] = Field(default="", description="A code.")
    why: Annotated[str, StringConstraints(max_length=1_000, pattern=r"^[^\x00]*$")] = ""


Tag = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9 _.:-]{0,39}$")]


class Tags(Told):
    """Tags to put and to take off."""

    add: list[Tag] = Field(default=[], max_length=20)
    remove: list[Tag] = Field(default=[], max_length=20)


class Priority(Told):
    """How urgent: 1 is most."""

    priority: int = Field(ge=1, le=5)


class Comment(Told):
    """What is said."""

    text: Text


class Merge(Told):
    """Causes to be taken in."""

    causes: list[Annotated[int, Field(ge=1, lt=2**63 - 1)]] = Field(min_length=1, max_length=100)
    why: Reason


class Delegation(BaseModel):
    """Somebody lets another approve for him."""

    id: int
    giver: str
    taker: str
    role: str
    begins: datetime
    ends: datetime
    reason: str


class NewDelegation(Told):
    """A delegation to be given, from now on."""

    taker: Word
    role: Word
    days: int = Field(ge=1, le=92)
    reason: Reason


class Done(BaseModel):
    """It was done."""

    done: str


def amount(value: Decimal | None) -> str | None:
    """A decimal as text, without exponent."""
    return None if value is None else format(value, "f")
