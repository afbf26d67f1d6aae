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


def _whole(value: object) -> object:
    if isinstance(value, bool) or not (isinstance(value, int) or (isinstance(value, float) and value.is_integer())):
        raise ValueError("it is no whole number")
    return int(value)


ActionName = Literal[
    "assign", "acknowledge", "snooze", "wake", "tag", "prioritise", "undo", "retry", "accept", "correct", "ask", "ignore"
]  # fmt: skip
NUMBER_MAX = 10**15
"""Of ids: what every reader of JSON still tells apart."""
RoleName = Literal["viewer", "analyst", "approver", "engineer", "admin"]
WHOLE = BeforeValidator(_whole)
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
    class_: str = Field(
        alias="class", description="The account with its side, such as SNI+; or QUA, WAI, CNF, REF, FED, SET, CREF, CUNK, CHLD."
    )
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
    days: Annotated[int, Field(ge=1, le=366, description="How long it works."), WHOLE]
    roles: list[RoleName] = Field(default=[], max_length=5, description="Fewer than the person's; none for all of them.")
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
    minutes: Annotated[int, Field(ge=1, le=10_080), WHOLE]


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
    more: Annotated[int, Field(ge=0, le=1_000_000), WHOLE] = 0
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

    priority: Annotated[int, Field(ge=1, le=5), WHOLE]


class Comment(Told):
    """What is said."""

    text: Text


class Merge(Told):
    """Causes to be taken in."""

    causes: list[Annotated[int, Field(ge=1, le=NUMBER_MAX), WHOLE]] = Field(min_length=1, max_length=100)
    why: Reason


ReasonCode = Annotated[str, StringConstraints(pattern="^[a-z]{1,40}$"), Field(description="A reason of the action; `other` needs words.")]
Words = Annotated[str, StringConstraints(max_length=1_000, pattern=r"^[^\x00]*$")]


class Reasoned(Told):
    """Why, as a code and in words."""

    reason: ReasonCode
    why: Words = ""


class Retry(Reasoned):
    """Read a message again, by the mapping of today or as it was."""

    mapping: Literal["current", "original"] = "current"


class Ignore(Reasoned):
    """Leave it alone until a time."""

    until: Moment


class Ask(Reasoned):
    """Ask somebody by e-mail."""

    whom: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63}){1,3}$")]
    until: Moment | None = None


class Link(Reasoned):
    """Another name of the same transaction."""

    other: Annotated[str, StringConstraints(pattern=r"^[a-z0-9_-]{1,30}/[a-z_]{1,30}/[ -~]{1,100}$")] = Field(examples=["erp/sales_order/SO-1"])


class Part(Told):
    """An invoice and how much of a payment is for it."""

    subject: Annotated[str, StringConstraints(pattern=r"^[a-z0-9_-]{1,30}/[a-z_]{1,30}/[ -~]{1,100}$")]
    amount: Annotated[str, StringConstraints(pattern=r"^-?[0-9]{1,12}(\.[0-9]{1,6})?$")]


class Allotment(Reasoned):
    """What a payment without a reference pays; the parts sum to it."""

    parts: list[Part] = Field(min_length=1, max_length=200)


class Approval(BaseModel):
    """A decision that waits for somebody else."""

    id: int
    ref: str
    action: str
    payload: dict[str, Any]
    hash: str
    amount: Amount
    currency: str
    rule: str
    proposer: str
    why: str
    role: str
    approvers: int
    given: list[str]
    asked: datetime
    expires: datetime
    state: str
    note: str
    summary: str
    cannot: str = Field(description="Why you cannot approve it; empty when you can.")


class Decision(Told):
    """A yes or a no, with a word to it."""

    note: Words = ""


class Seen(Told):
    """A case as it was seen."""

    ref: Annotated[str, StringConstraints(pattern=r"^EX-[0-9]{1,15}$")]
    version: Annotated[int, Field(ge=1, le=2**31 - 1), WHOLE]


class NewSelection(Told):
    """What to select: all that a filter means now, as a query of `/cases` has it, or some cases as they were seen."""

    query: Annotated[str, StringConstraints(max_length=4_000, pattern=r"^[!-~]*$")] = Field(default="", examples=["class=SNI%2B&owner=me"])
    cases: list[Seen] = Field(default=[], max_length=1_000)


class Selection(BaseModel):
    """A frozen set of cases, held here for half an hour."""

    id: str
    filter: str
    created: datetime
    expires: datetime
    many: int
    sums: dict[str, Amount]
    classes: dict[str, int]
    hash: str = Field(description="Of the cases and their versions; send it with the operation.")


class Bulk(Told):
    """An action on a selection. `arguments` are those that the action takes on a single case."""

    selection: Annotated[str, StringConstraints(pattern="^[A-Za-z0-9_-]{1,40}$")]
    action: ActionName
    arguments: dict[str, Any] = {}


class StartBulk(Bulk):
    """The same, to be done: with the hash of what was previewed, and where the preview asks for it the number of cases."""

    hash: Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")]
    count: Annotated[int, Field(ge=1, le=1_000_000), WHOLE] | None = None


class Preview(BaseModel):
    """What an operation would do."""

    effect: str
    eligible: int
    not_eligible: dict[str, int]
    sums: dict[str, Amount]
    verdicts: dict[str, int]
    samples: list[list[str]]
    asks_for_count: bool


class Operation(BaseModel):
    """An action on many cases, done one by one."""

    ref: str
    owner: str
    action: str
    arguments: dict[str, Any]
    filter: str
    state: str
    many: int
    sums: dict[str, Amount]
    outcomes: dict[str, int]
    created: datetime
    started: datetime | None
    ended: datetime | None


class OperationItem(BaseModel):
    """What became of one case."""

    ref: str
    outcome: str
    reason: str
    at: datetime | None
    worth: Amount | None
    currency: str


class View(BaseModel):
    """A saved view; without owner and team it is everybody's."""

    id: int
    name: str
    slug: str
    page: str
    query: str
    owner: str
    team: str
    version: int
    is_default: bool


class NewView(Told):
    """A view to be saved: for yourself, for a team, or for everybody."""

    name: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ,._-]{0,59}$")]
    page: Annotated[str, StringConstraints(pattern="^/[a-z0-9/-]{0,100}$")] = "/exceptions"
    query: Annotated[str, StringConstraints(max_length=4_000, pattern=r"^[!-~]*$")] = ""
    team: Word | None = None
    everybody: bool = False


class Candidate(BaseModel):
    """Something that a case may belong to; `fits` from 0 to 100."""

    subject: str
    why: str
    fits: int
    summary: str
    worth: Amount | None


class Statement(BaseModel):
    """What a message states, or why it could not be read."""

    identity: str
    fields: dict[str, str]
    reason: str
    next_step: str


class Draft(BaseModel):
    """A message to be edited."""

    message: int
    system: str
    raw: str
    hash: str
    statements: list[Statement]


class Edit(Told):
    """A message as it is to be."""

    text: Annotated[str, StringConstraints(min_length=1, max_length=100_000, pattern=r"^[^\x00]*$")]


class Replay(Reasoned):
    """A message as it is to be, with the hash of the one that was edited."""

    text: Annotated[str, StringConstraints(min_length=1, max_length=100_000, pattern=r"^[^\x00]*$")]
    hash: Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")]


class Trial(BaseModel):
    """What an edited message would say and do."""

    statements: list[Statement]
    changes: list[dict[str, Any]]
    refused: str = Field(description="Why it would be refused; empty when it would not.")
    verdict: str
    opened: list[str]
    resolved: list[str]


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
    days: Annotated[int, Field(ge=1, le=92), WHOLE]
    reason: Reason


class Done(BaseModel):
    """It was done."""

    done: str


def amount(value: Decimal | None) -> str | None:
    """A decimal as text, without exponent."""
    return None if value is None else format(value, "f")


class ProcessStep(BaseModel):
    """A step of a process: a statement, or the change or withdrawal of one."""

    name: str = Field(examples=["Shipped", "OrderPlaced.changed"])
    cases: int


class ProcessPath(BaseModel):
    """From one step directly to the next; `start` and `end` are no statements. Times are of every passage."""

    first: str
    then: str
    cases: int
    passages: int
    median_seconds: int | None
    ninth_decile_seconds: int | None
    few: bool = Field(description="Too few cases for a median to mean much.")
    slow: bool = Field(description="Half of the passages take longer than the deadline.")
    deadline: str
    account: str = Field(description="The clearing account that sets the deadline; empty when none does.")


class ProcessVariant(BaseModel):
    """A whole way, and how many cases went it."""

    id: int
    cases: int
    steps: list[str]


class Breach(BaseModel):
    """What an account awaits came before what raises it, or without it."""

    account: str
    first: str
    then: str
    cases: int


class ProcessMap(BaseModel):
    """How the cases of a model went. `variants` are the most frequent ones, up to 200."""

    model: str
    title: str
    heard: datetime | None = Field(description="When the newest commit in the event log was recorded.")
    behind: int = Field(description="How many commits are not in the event log yet.")
    cases: int
    worth: dict[str, Amount]
    without_worth: int
    median_seconds: int | None
    ninth_decile_seconds: int | None
    steps: list[ProcessStep]
    paths: list[ProcessPath]
    variants: list[ProcessVariant]
    breaches: list[Breach]


class ProcessCase(BaseModel):
    """One case, by the document it began with."""

    subject: str
    began: datetime
    ended: datetime
    channel: str
    warehouse: str
    worth: Amount | None
    currency: str
    steps: list[str]
    open_exceptions: int
