"""Pages of lists: a cursor says where the next begins, so that what comes and goes meanwhile is neither shown twice nor left out."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Annotated, Any, Generic, TypeVar

import msgspec
from fastapi import Query
from pydantic import BaseModel, Field

from tieout.api.problem import Problem

LIMIT_MAX = 500
T = TypeVar("T")
Limit = Annotated[int, Query(ge=1, le=LIMIT_MAX, description="How many at most.")]
Cursor = Annotated[
    str | None, Query(max_length=1000, pattern=r"^[A-Za-z0-9_-]+$", description="`next` of the page before; it belongs to the same filters.")
]


class Page(BaseModel, Generic[T]):
    """Part of a list. `next` is the cursor of the next part; null at the end."""

    items: list[T]
    next: str | None = Field(default=None)


def cursor_of(*place: Any) -> str:
    """A cursor for the place after a row."""
    return urlsafe_b64encode(msgspec.json.encode(place)).rstrip(b"=").decode()


def place_of(cursor: str | None, form: type[T]) -> T | None:
    """The place that a cursor names, a tuple of this form; None without one. Raises Problem for one that is not ours."""
    if cursor is None:
        return None
    try:
        text = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        return msgspec.json.decode(text, type=form)
    except (ValueError, msgspec.DecodeError) as bad:
        raise Problem(404, "page/unknown", "This cursor names no page of this list.", "Begin without a cursor.") from bad


def page_of(rows: list[T], limit: int, place: Any) -> tuple[list[T], str | None]:
    """The rows of a page and the next cursor, where one row more than the limit was asked for."""
    return rows[:limit], cursor_of(*place(rows[limit - 1])) if len(rows) > limit else None
