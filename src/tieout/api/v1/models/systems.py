"""Systems, how the way to each is, and what they are told."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, Field

from tieout.api.v1.models.plain import WHOLE, Event, Reason, Told


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


class Pause(Told):
    """A pause, which always has an end."""

    why: Reason
    minutes: Annotated[int, Field(ge=1, le=10_080), WHOLE]
