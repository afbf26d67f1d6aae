"""Exports: a list of cases written as a CSV file in the background, and the file."""

from typing import Annotated, Any
from urllib.parse import parse_qsl

from fastapi import APIRouter, Path, Query
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from tieout.api.v1.ask import Acting, At, Reading, answer
from tieout.api.v1.cases import Sort
from tieout.api.v1.models import Done
from tieout.api.v1.problems import told
from tieout.cases import export
from tieout.cases.filter import parse
from tieout.people.person import Right

router = APIRouter(tags=["bulk"])
Ref = Annotated[str, Path(pattern="^OP-[0-9]{1,15}$")]
CSV: dict[int | str, dict[str, Any]] = {200: {"description": "The file.", "content": {"text/csv": {"schema": {"type": "string"}}}}}


class List(BaseModel):
    """Which list: the query of a filter, as the address of the console has it; empty means all that is open."""

    model_config = ConfigDict(extra="forbid")
    query: Annotated[str, Field(max_length=2000, pattern=r"^[!-~]*$")] = ""
    key: Annotated[str, Field(min_length=8, max_length=200, pattern=r"^[!-~]*$", description="The same key again is the same export.")]


@router.post("/exports", status_code=201, response_model=Done, responses=told(404, 409))
def begin(ask: Acting, wanted: List, sort: Sort = "due") -> Response:
    """Have a list written as CSV, all rows, in its order; the operation that does it."""

    def start(at: At) -> Response:
        terms = parse(parse_qsl(wanted.query, keep_blank_values=True))
        return answer(Done(done=export.begin(at.session, at.person, terms, sort, wanted.key, at.now).ref), 201)

    return ask.do(Right.EXPORT, start)


@router.get("/operations/{operation}/file", response_class=Response, responses={**told(404, 409), **CSV})
def file(ask: Reading, operation: Ref, bom: Annotated[bool, Query(description="Mark it as UTF-8.")] = False) -> Response:
    """The file that an export of yours has written. Who took it is written down."""

    def give(at: At) -> Response:
        parts = export.file(at.session, at.person, int(operation.removeprefix("OP-")), at.now)
        headers = {"content-disposition": f'attachment; filename="cases-{operation}.csv"', "content-type": "text/csv; charset=utf-8"}
        return Response((b"\xef\xbb\xbf" if bom else b"") + b"".join(parts), headers=headers)

    return ask.do(Right.EXPORT, give)
