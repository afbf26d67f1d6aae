"""What people did."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel


class Action(BaseModel):
    """Something that somebody did."""

    id: int
    at: datetime
    who: str
    action: str
    object: str
    detail: dict[str, Any]


class Verified(BaseModel):
    """What a verification read, and what it found wrong; `newest` is the digest of the newest commit, to be kept elsewhere."""

    commits: int
    messages: int
    newest: str
    findings: list[str]
