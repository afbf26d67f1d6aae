"""Whoever asks, the keys of that person, and delegations."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field

from tieout.api.v1.models.plain import WHOLE, Amount, Reason, RoleName, Told, Word


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
