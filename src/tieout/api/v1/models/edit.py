"""A message that is edited and replayed."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, Field, StringConstraints

from tieout.api.v1.models.cases import Reasoned
from tieout.api.v1.models.plain import Told


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


class Origin(BaseModel):
    """A message that a case rests on."""

    message: int
    system: str
    kind: str
    identity: str
    received: datetime


MessageId = Annotated[int | None, Field(ge=1, le=2**63 - 1, description="One of its sources; that of a case that could not be read is known.")]


class Edit(Told):
    """A message as it is to be."""

    message: MessageId = None
    text: Annotated[str, StringConstraints(min_length=1, max_length=100_000, pattern=r"^[^\x00]*$")]


class Replay(Reasoned):
    """A message as it is to be, with the hash of the one that was edited."""

    message: MessageId = None
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
