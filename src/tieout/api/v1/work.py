"""What people do with cases: one at a time, about the version they looked at. Nothing here resolves one; only the ledger does."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Annotated

from fastapi import APIRouter, Path
from fastapi.responses import Response

from tieout.api.problem import Problem
from tieout.api.v1.ask import Acting, Asked, At, answer, etag
from tieout.api.v1.cases import BIGGEST, Ref, item_of
from tieout.api.v1.models import Assignment, Comment, Done, Merge, Outcome, Priority, Snooze, Tags, Why
from tieout.api.v1.problems import missing, told
from tieout.api.v1.seen import rows
from tieout.cases import act, grouping, talk
from tieout.cases.item import CHANGED, Target
from tieout.cases.item import Outcome as Came
from tieout.errors import Forbidden
from tieout.people.person import Right
from tieout.policy.work import Work
from tieout.store.database import fetch

router = APIRouter(tags=["work"])
REFUSALS = told(404, 409, 412, 428)
Cause = Annotated[int, Path(ge=1, lt=BIGGEST)]


@router.post("/cases/{ref}/assign", response_model=Outcome, responses=REFUSALS)
def assign(ask: Acting, ref: Ref, to: Assignment) -> Response:
    """Give it to a person, to a team, or to both; `person` empty gives it to nobody."""
    return _one(ask, ref, lambda at, targets: act.assign(at.session, at.person, targets, at.now, _work(at), to=to.person, team=to.team))


@router.post("/cases/{ref}/acknowledge", response_model=Outcome, responses=REFUSALS)
def acknowledge(ask: Acting, ref: Ref) -> Response:
    """Say that you are at it: it does not escalate for a while, and is yours if it was nobody's."""
    return _one(ask, ref, lambda at, targets: act.acknowledge(at.session, at.person, targets, at.now, _work(at)))


@router.post("/cases/{ref}/snooze", response_model=Outcome, responses=REFUSALS)
def snooze(ask: Acting, ref: Ref, until: Snooze) -> Response:
    """Let it rest until a time, until so many more of its cause come, a value is exceeded, a system is well again, or a version is live."""
    value = None if until.value is None else Decimal(until.value)
    wanted = act.Snooze(
        until.kind, until.until, until.more, value, until.currency, until.system, until.version, until.reason, until.why
    )  # fmt: skip
    return _one(ask, ref, lambda at, targets: act.snooze(at.session, at.person, targets, at.now, wanted))


@router.post("/cases/{ref}/wake", response_model=Outcome, responses=REFUSALS)
def wake(ask: Acting, ref: Ref) -> Response:
    """End a snooze."""
    return _one(ask, ref, lambda at, targets: act.wake(at.session, at.person, targets, at.now))


@router.post("/cases/{ref}/tags", response_model=Outcome, responses=REFUSALS)
def tag(ask: Acting, ref: Ref, tags: Tags) -> Response:
    """Put tags to it and take them off."""
    return _one(ask, ref, lambda at, targets: act.tag(at.session, at.person, targets, at.now, add=tags.add, remove=tags.remove))


@router.post("/cases/{ref}/priority", response_model=Outcome, responses=REFUSALS)
def prioritise(ask: Acting, ref: Ref, priority: Priority) -> Response:
    """Set its priority, 1 (most urgent) to 5."""
    return _one(ask, ref, lambda at, targets: act.prioritise(at.session, at.person, targets, at.now, priority.priority))


@router.post("/cases/{ref}/undo", response_model=Outcome, responses=REFUSALS)
def undo(ask: Acting, ref: Ref) -> Response:
    """Take back your own last change, while nobody and nothing has changed it since."""
    return _one(ask, ref, lambda at, targets: act.undo(at.session, at.person, targets, at.now))


@router.post("/cases/{ref}/comments", status_code=201, response_model=Done, responses=told(404, 409))
def comment(ask: Acting, ref: Ref, said: Comment) -> Response:
    """Say something about it. `@login` tells that person, if the case is theirs to see."""

    def say(at: At) -> Response:
        id_ = talk.comment(at.session, at.person, item_of(at, ref).id, said.text, at.now)
        return answer(Done(done=f"comment {id_}"), 201)

    return ask.do(Right.COMMENT, say)


@router.post("/cases/{ref}/watch", response_model=Done, responses=told(404, 409))
def watch(ask: Acting, ref: Ref) -> Response:
    """Be told what others do with it."""
    return _watch(ask, ref, stop=False)


@router.post("/cases/{ref}/unwatch", response_model=Done, responses=told(404, 409))
def unwatch(ask: Acting, ref: Ref) -> Response:
    """Be told no longer."""
    return _watch(ask, ref, stop=True)


@router.post("/causes/{id}/merge", response_model=Done, responses=told(404, 409))
def merge(ask: Acting, id: Cause, others: Merge) -> Response:
    """Take other causes into this one. Causes that were split stay apart for good."""

    def join(at: At) -> Response:
        _whole_causes(at, [id, *others.causes])
        grouping.merge(at.session, at.person, id, others.causes, others.why, at.now)
        return answer(Done(done=f"{len(others.causes)} merged into {id}"))

    return ask.do(Right.WORK, join)


@router.post("/causes/{id}/part", response_model=Done, responses=told(404, 409))
def part(ask: Acting, id: Cause, said: Why) -> Response:
    """Take a merged cause out again, for good."""

    def split(at: At) -> Response:
        _whole_causes(at, [id])
        grouping.part(at.session, at.person, id, said.why, at.now)
        return answer(Done(done=f"{id} is apart"))

    return ask.do(Right.WORK, split)


def _one(ask: Asked, ref: str, work: Callable[[At, Sequence[Target]], list[Came]]) -> Response:
    """Do something with one case, at the version that was looked at."""

    def change(at: At) -> Response:
        item = item_of(at, ref)
        ask.version(str(item.version), what=ref)
        (came,) = work(at, [Target(item.id, item.version)])
        if came.outcome == CHANGED:
            raise Problem(412, "http/changed", f"{ref}: {came.reason}.", "Read it again, and decide again.")
        if not came.is_good:
            raise Problem(409, "case/not-eligible", f"{ref}: {came.reason}.", "Read it again; nothing was changed.")
        made = Outcome(ref=came.ref, outcome=came.outcome, reason=came.reason, version=came.version)
        return answer(made, headers={"etag": etag(str(came.version))})

    return ask.do(Right.WORK, change)


def _watch(ask: Asked, ref: str, *, stop: bool) -> Response:
    def change(at: At) -> Response:
        talk.watch(at.session, at.person, [item_of(at, ref).id], at.now, stop=stop)
        return answer(Done(done=f"{ref} is {'no longer ' if stop else ''}watched"))

    return ask.do(Right.COMMENT, change)


def _whole_causes(at: At, ids: Sequence[int]) -> None:
    """A cause that has cases outside somebody's scopes is not this person's to group. Raises Problem, Forbidden."""
    if len(fetch(at.session, "causes_there", list(ids))) < len(set(ids)):
        raise missing("cause with this number")
    if rows(at.session, "causes_beyond", at.person.scopes, "{}", ids=list(ids)):
        raise Forbidden("The causes have cases that you may not see.", "Somebody who sees all of them groups them.")


def _work(at: At) -> Work:
    return at.service.configuration(at.session).work
