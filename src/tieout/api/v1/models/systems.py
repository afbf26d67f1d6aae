"""Systems, how the way to each is, and what they are told."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, StringConstraints

from tieout.api.v1.models.plain import WHOLE, Event, Moment, Reason, Told


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
    resumed_at: datetime | None = Field(description="When somebody ended the last pause before its time.")
    resumed_by: str
    next_probe: datetime | None = Field(description="When an open circuit lets one call pass.")
    next_poll: datetime | None = Field(description="When it is asked for news again; null when it never is.")
    last_received: datetime | None
    came: list[int] = Field(description="Messages from it in each minute of the last hour, oldest first.")
    went: list[int] = Field(description="Calls to it in each minute of the last hour, oldest first.")
    errors: dict[str, int] = Field(description="What went wrong in the last hour, by what was wrong.")
    credentials_end: datetime | None = Field(description="As far as anybody knows.")


class Pause(Told):
    """A pause, which always has an end."""

    why: Reason
    minutes: Annotated[int, Field(ge=1, le=10_080), WHOLE]


class Reached(BaseModel):
    """What came of asking a system something harmless."""

    well: bool
    asked: str
    why: str
    seconds: float


class NewSecret(Told):
    """A secret by its name in the settings."""

    name: Annotated[str, StringConstraints(pattern="^[A-Za-z0-9_-]{1,60}$")]
    secret: Annotated[str, StringConstraints(min_length=1, max_length=20_000, pattern=r"^[^\x00]*$")]


class Credentials(Told):
    """New secrets, and until when they hold. No answer repeats them."""

    secrets: list[NewSecret] = Field(min_length=1, max_length=20)
    expires: Moment | None = None


class Waiting(BaseModel):
    """A command that a system has not taken yet, and the transaction that it is of."""

    key: str
    subject: str
    act: str
    state: str
    since: datetime
    reason: str


class MessageRange(Told):
    """Which messages of a system to read again: those received in a time, or behind a selection of exceptions."""

    which: Literal["unread", "all"] = "unread"
    since: Moment | None = None
    until: Moment | None = None
    selection: Annotated[str, StringConstraints(pattern="^[A-Za-z0-9_-]{0,40}$")] = ""
    rate: Annotated[Literal[600, 6000, 60000], WHOLE] = Field(default=6000, description="Messages a minute, at most.")


class StartReplay(MessageRange):
    """The same, to be done: with the number of messages that the preview named."""

    count: Annotated[int, Field(ge=1, le=1_000_000), WHOLE]


class ReplayPlan(BaseModel):
    """What a replay would come to. The counts of statements are of the first `tried` messages."""

    many: int
    first: datetime | None
    last: datetime | None
    mapping: str
    mappings: dict[str, int]
    tried: int
    statements: int
    duplicates: int = Field(description="Known, and dropped.")
    changed: int = Field(description="New or different: they take the place of what was said before.")
    unread: int
    minutes: float
