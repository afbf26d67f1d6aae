"""What the other models are made of: amounts, texts, numbers, moments; and what callers send, which is nothing besides what is described."""

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


class Event(BaseModel):
    """Something that happened."""

    at: datetime
    event: str
    who: str
    detail: dict[str, Any]


class Why(Told):
    """The reason for something."""

    why: Reason


ReasonCode = Annotated[str, StringConstraints(pattern="^[a-z]{1,40}$"), Field(description="A reason of the action; `other` needs words.")]

Words = Annotated[str, StringConstraints(max_length=1_000, pattern=r"^[^\x00]*$")]


class Done(BaseModel):
    """It was done."""

    done: str


def amount(value: Decimal | None) -> str | None:
    """A decimal as text, without exponent."""
    return None if value is None else format(value, "f")
