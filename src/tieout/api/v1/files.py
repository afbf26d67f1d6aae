"""Files of cases: put there as the bytes they are, and given back as a download and nothing else."""

from datetime import datetime
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Path, Query
from fastapi.responses import Response
from pydantic import BaseModel

from tieout.api.v1.ask import Acting, At, Reading, answer
from tieout.api.v1.cases import Ref, item_of
from tieout.api.v1.models import NUMBER_MAX, Done
from tieout.api.v1.page import Page
from tieout.api.v1.problems import missing, told
from tieout.cases import attachments
from tieout.people.person import Right

router = APIRouter(tags=["files"])
Number = Annotated[int, Path(ge=1, le=NUMBER_MAX)]
Name = Annotated[str, Query(min_length=1, max_length=200, pattern="^[A-Za-z0-9][A-Za-z0-9 ._-]*$", description="What it is called.")]
BYTES: dict[str, Any] = {
    "requestBody": {"required": True, "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}
}
GIVEN: dict[int | str, dict[str, Any]] = {
    200: {"description": "Its bytes.", "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}
}


class File(BaseModel):
    """A file of a case; `kind` is what it is by its bytes, `hash` their SHA-256."""

    id: int
    name: str
    kind: str
    size: int
    hash: str
    who: str
    at: datetime


@router.get("/cases/{ref}/files", responses=told(404))
def list_files(ask: Reading, ref: Ref) -> Page[File]:
    """What people put to it, oldest first."""
    with ask.reading() as at:
        return Page(items=[_file(one) for one in attachments.files(at.session, at.person, item_of(at, ref).id)])


@router.post("/cases/{ref}/files", status_code=201, response_model=File, responses=told(404, 409, 413), openapi_extra=BYTES)
def attach(ask: Acting, ref: Ref, name: Name) -> Response:
    """Put a file to it: the body is its bytes, up to 10 MB. What it is, is told by them; the same bytes again are the same file."""

    def keep(at: At) -> Response:
        work = item_of(at, ref).id
        id_ = attachments.attach(at.session, at.person, work, name, ask.body, at.now)
        return answer(_file(next(one for one in attachments.files(at.session, at.person, work) if one.id == id_)), 201)

    return ask.do(Right.COMMENT, keep)


@router.get("/cases/{ref}/files/{file}", response_class=Response, responses={**told(404), **GIVEN})
def download(ask: Reading, ref: Ref, file: Number) -> Response:
    """Its bytes, as a download. Who took it is written down."""

    def give(at: At) -> Response:
        _there(at, ref, file)
        name, raw = attachments.download(at.session, at.person, file, at.now)
        return Response(
            raw,
            headers={"content-disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}", "content-type": "application/octet-stream"},
        )

    return ask.do(Right.READ, give)


@router.delete("/cases/{ref}/files/{file}", response_model=Done, responses=told(404, 409))
def remove(ask: Acting, ref: Ref, file: Number) -> Response:
    """Take a file of your own away. That it was there stays in the history."""

    def away(at: At) -> Response:
        _there(at, ref, file)
        return answer(Done(done=f"{attachments.remove(at.session, at.person, file, at.now)} is removed"))

    return ask.do(Right.COMMENT, away)


def _there(at: At, ref: str, file: int) -> None:
    """Raises Problem when the case has no such file."""
    if all(one.id != file for one in attachments.files(at.session, at.person, item_of(at, ref).id)):
        raise missing("file with this number")


def _file(one: attachments.File) -> File:
    return File(id=one.id, name=one.name, kind=one.media, size=one.size, hash=one.hash, who=one.who, at=one.at)
