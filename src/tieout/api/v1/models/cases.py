"""Exceptions, their causes, and what is told when somebody acts on one."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field, StringConstraints

from tieout.api.v1.models.plain import NUMBER_MAX, WHOLE, Amount, Moment, Reason, ReasonCode, Text, Told, Word, Words


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


class Candidate(BaseModel):
    """Something that a case may belong to; `fits` from 0 to 100."""

    subject: str
    why: str
    fits: int
    summary: str
    worth: Amount | None
