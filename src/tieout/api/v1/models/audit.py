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
