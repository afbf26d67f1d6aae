"""How cases went."""

from datetime import datetime

from pydantic import BaseModel, Field

from tieout.api.v1.models.plain import Amount


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
