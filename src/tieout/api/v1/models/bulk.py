"""Selections, operations on them, and saved views."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, Field, StringConstraints

from tieout.api.v1.models.plain import WHOLE, ActionName, Amount, Told, Word


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
    arguments: dict[str, Any] = Field(default={})


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
