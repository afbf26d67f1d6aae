"""People, for admins: accounts, and what is changed about them."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints

from tieout.api.v1.models.plain import Amount, RoleName, Told, Word

Login = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._@+-]{0,99}$")]
Secret = Annotated[str, StringConstraints(min_length=12, max_length=128, pattern=r"^[^\x00]*$")]


class Account(BaseModel):
    """Somebody who works here."""

    login: str
    name: str
    email: str
    zone: str
    roles: list[str]
    teams: list[str] = Field(description="Empty means all.")
    channels: list[str] = Field(description="Empty means all.")
    warehouses: list[str] = Field(description="Empty means all.")
    limits: dict[str, Amount]
    issuer: str = Field(description="Who vouches; empty for a local account.")
    has_password: bool
    second_factor: bool
    disabled: datetime | None
    disabled_by: str


class NewAccount(Told):
    """Somebody to be added."""

    login: Login
    name: Word
    email: Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")] = ""
    zone: Annotated[str, StringConstraints(max_length=60, pattern=r"^[A-Za-z0-9_+/-]+$")] = "UTC"
    roles: list[RoleName] = Field(default=[], max_length=5)


class Roles(Told):
    """All the roles that somebody is to have."""

    roles: list[RoleName] = Field(max_length=5)


class NewScopes(Told):
    """What somebody is to see; a kind that is left out stays as it is, an empty list is all of it."""

    teams: list[Word] | None = Field(default=None, max_length=100)
    channels: list[Word] | None = Field(default=None, max_length=100)
    warehouses: list[Word] | None = Field(default=None, max_length=100)


class Limit(Told):
    """Up to what somebody may accept a difference alone; without an amount: nothing."""

    currency: Annotated[str, StringConstraints(pattern="^[A-Z]{3}$")]
    amount: Annotated[str, StringConstraints(pattern=r"^[0-9]{1,12}(\.[0-9]{1,6})?$")] | None = None


class NewPassword(Told):
    """A password. It is not repeated in any answer."""

    password: Secret


class SignIn(BaseModel):
    """Where somebody is signed in."""

    id: str
    began: datetime
    seen: datetime
    ends: datetime
    address: str
    agent: str
