"""Bulk: a frozen selection, a preview of what would be done to it, and the operation that does it case by case."""

import secrets
from decimal import Decimal
from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import APIRouter, Path, Query
from fastapi.responses import Response

from tieout.api.problem import Problem
from tieout.api.v1.ask import Acting, Asked, At, Reading, answer
from tieout.api.v1.models import Bulk, NewSelection, Operation, OperationItem, Preview, Selection, StartBulk, amount
from tieout.api.v1.page import Cursor, Limit, Page, page_of, place_of
from tieout.api.v1.problems import missing, told
from tieout.cases import operation as operations
from tieout.cases import selection as selections
from tieout.cases.filter import parse
from tieout.cases.item import Target
from tieout.errors import OperatorError
from tieout.people.person import Right

router = APIRouter(tags=["bulk"])
Ref = Annotated[str, Path(pattern="^OP-[0-9]{1,15}$")]
Id = Annotated[str, Path(pattern="^[A-Za-z0-9_-]{1,40}$")]


@router.post("/selections", status_code=201, response_model=Selection, responses=told(409))
def select(ask: Acting, wanted: NewSelection) -> Response:
    """Freeze what a filter means now, or some cases as they were seen. What changes afterwards is reported, never swept along."""

    def freeze(at: At) -> Response:
        if wanted.cases:
            chosen = [Target(int(one.ref.removeprefix("EX-")), one.version) for one in wanted.cases]
            return answer(_selection(selections.choose(at.session, at.person, chosen, at.now)), 201)
        return answer(_selection(selections.select(at.session, at.person, parse(parse_qsl(wanted.query, keep_blank_values=True)), at.now)), 201)

    return ask.do_in_steps(Right.WORK, freeze)


@router.get("/selections/{selection}", responses=told(404, 409))
def one_selection(ask: Reading, selection: Id) -> Selection:
    """A selection of yours."""
    with ask.reading() as at:
        return _selection(selections.selection(at.session, at.person, selection, at.now))


@router.post("/previews", response_model=Preview, responses=told(404, 409))
def preview(ask: Acting, wanted: Bulk) -> Response:
    """What an action would do to a selection; nothing is done."""

    def look(at: At) -> Response:
        configuration = at.project.configuration(at.session)
        found = operations.preview(at.session, configuration, at.person, wanted.selection, wanted.action, wanted.arguments, at.now)
        return answer(Preview(
            effect=found.effect, eligible=found.eligible, not_eligible=found.not_eligible, sums=_sums(found.sums), verdicts=found.verdicts,
            samples=[list(one) for one in found.samples], asks_for_count=found.type_count,
        ))  # fmt: skip

    return ask.do_in_steps(Right.WORK, look)


@router.post("/operations", status_code=201, response_model=Operation, responses=told(404, 409))
def start(ask: Acting, wanted: StartBulk) -> Response:
    """Begin an operation. It is worked in the background; look at it to see how far it is."""

    def begin(at: At) -> Response:
        selection = selections.selection(at.session, at.person, wanted.selection, at.now)
        if operations.must_type(wanted.action, selection.many) and wanted.count != selection.many:
            raise Problem(409, "bulk/count", f"{selection.many} cases are selected.", "Send that number as `count`, if all of them are meant.")
        key = f"request of {at.person.login} {ask.key or secrets.token_urlsafe(16)}"[:200]
        made = operations.start(
            at.session,
            at.person,
            wanted.selection,
            wanted.action,
            wanted.arguments,
            key,
            at.now,
            hash_=bytes.fromhex(wanted.hash),
            typed=wanted.count,
        )
        return answer(operation_of(made), 201)

    return ask.do_in_steps(Right.WORK, begin)


@router.get("/operations", responses=told(404))
def list_operations(ask: Reading, limit: Limit = 100, cursor: Cursor = None) -> Page[Operation]:
    """Operations, newest first: yours, or everybody's for whoever may read what others did."""
    before = place_of(cursor, tuple[int]) or (None,)
    with ask.reading() as at:
        found = operations.operations(at.session, at.person, before=before[0], limit=limit + 1)
    items, following = page_of(found, limit, lambda one: (one.id,))
    return Page(items=[operation_of(one) for one in items], next=following)


@router.get("/operations/{operation}", responses=told(404))
def oneoperation_of(ask: Reading, operation: Ref) -> Operation:
    """An operation and how far it is."""
    with ask.reading() as at:
        return operation_of(_found(at, operation))


@router.get("/operations/{operation}/items", responses=told(404))
def items(
    ask: Reading,
    operation: Ref,
    outcome: Annotated[str | None, Query(pattern="^[a-z ]{1,40}$")] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[OperationItem]:
    """What became of each case, with the reason."""
    after = place_of(cursor, tuple[int]) or (0,)
    with ask.reading() as at:
        found = operations.items(at.session, at.person, _found(at, operation).id, outcome=outcome, after=after[0], limit=limit + 1)
    rows, following = page_of(found, limit, lambda one: (one.position,))
    made = [
        OperationItem(ref=one.ref, outcome=one.outcome, reason=one.reason, at=one.at, worth=amount(one.worth), currency=one.currency) for one in rows
    ]  # fmt: skip
    return Page(items=made, next=following)


@router.post("/operations/{operation}/pause", response_model=Operation, responses=told(404, 409))
def pause(ask: Acting, operation: Ref) -> Response:
    """Let no further case be done until it is resumed."""
    return _turn(ask, operation, "pause")


@router.post("/operations/{operation}/resume", response_model=Operation, responses=told(404, 409))
def resume(ask: Acting, operation: Ref) -> Response:
    """Go on where it was paused."""
    return _turn(ask, operation, "resume")


@router.post("/operations/{operation}/cancel", response_model=Operation, responses=told(404, 409))
def cancel(ask: Acting, operation: Ref) -> Response:
    """End it. What was done stays done."""
    return _turn(ask, operation, "cancel")


@router.post("/operations/{operation}/retry-failed", status_code=201, response_model=Operation, responses=told(404, 409))
def retry_failed(ask: Acting, operation: Ref) -> Response:
    """Begin another with those cases that failed, and no others."""

    def again(at: At) -> Response:
        key = f"request of {at.person.login} {ask.key or secrets.token_urlsafe(16)}"[:200]
        return answer(operation_of(operations.retry_failed(at.session, at.person, _found(at, operation).id, key, at.now)), 201)

    return ask.do_in_steps(Right.WORK, again)


def _turn(ask: Asked, ref: str, how: str) -> Response:
    turns = {"pause": operations.pause, "resume": operations.resume, "cancel": operations.cancel}

    def turned(at: At) -> Response:
        return answer(operation_of(turns[how](at.session, at.person, _found(at, ref).id, at.now)))

    return ask.do(Right.WORK, turned)


def _found(at: At, ref: str) -> operations.Operation:
    try:
        return operations.operation(at.session, at.person, int(ref.removeprefix("OP-")))
    except OperatorError as bad:
        raise missing("operation with this reference") from bad


def operation_of(one: operations.Operation) -> Operation:
    """An operation as the interface tells of it."""
    return Operation(
        ref=one.ref, owner=one.owner, action=one.action, arguments=one.arguments, filter=one.filter, state=one.state, many=one.many,
        sums=_sums(one.sums), outcomes=one.outcomes, created=one.created, started=one.started, ended=one.ended,
    )  # fmt: skip


def _selection(one: selections.Selection) -> Selection:
    return Selection(
        id=one.id, filter=one.filter, created=one.created, expires=one.expires, many=one.many, sums=_sums(one.sums), classes=one.classes,
        hash=one.hash.hex(),
    )  # fmt: skip


def _sums(sums: dict[str, Decimal]) -> dict[str, str]:
    return {currency: format(worth, "f") for currency, worth in sums.items()}
