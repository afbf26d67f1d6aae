"""What people do with cases: one at a time, about the version they looked at. Nothing here resolves one; only the ledger does."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Annotated

from fastapi import APIRouter, Path
from fastapi.responses import Response

from tieout.api.problem import Problem
from tieout.api.v1.ask import Acting, Asked, At, Changing, answer, etag
from tieout.api.v1.cases import Ref, item_of
from tieout.api.v1.models import (
    NUMBER_MAX,
    Allotment,
    Ask,
    Assignment,
    Comment,
    Done,
    Ignore,
    Link,
    Merge,
    Outcome,
    Priority,
    Reasoned,
    Retry,
    Snooze,
    Tags,
    Told,
    Why,
)
from tieout.api.v1.problems import missing, told
from tieout.cases import act, actions, grouping, resolve, talk
from tieout.cases.actions import Call
from tieout.cases.item import CHANGED, Target
from tieout.cases.item import Outcome as Came
from tieout.cases.listing import Item
from tieout.cases.resolve import Said
from tieout.people.person import Right
from tieout.policy.work import Work
from tieout.runtime.configuration import Configuration
from tieout.store.database import fetch

router = APIRouter(tags=["work"])
REFUSALS = told(404, 409, 412, 428)
Cause = Annotated[int, Path(ge=1, le=NUMBER_MAX)]


@router.post("/cases/{ref}/assign", response_model=Outcome, responses=REFUSALS)
def assign(ask: Changing, ref: Ref, to: Assignment) -> Response:
    """Give it to a person, to a team, or to both; `person` empty gives it to nobody."""
    return _one(ask, ref, lambda at, targets: act.assign(at.session, at.person, targets, at.now, _work(at), to=to.person, team=to.team))


@router.post("/cases/{ref}/acknowledge", response_model=Outcome, responses=REFUSALS)
def acknowledge(ask: Changing, ref: Ref) -> Response:
    """Say that you are at it: it does not escalate for a while, and is yours if it was nobody's."""
    return _one(ask, ref, lambda at, targets: act.acknowledge(at.session, at.person, targets, at.now, _work(at)))


@router.post("/cases/{ref}/snooze", response_model=Outcome, responses=REFUSALS)
def snooze(ask: Changing, ref: Ref, until: Snooze) -> Response:
    """Let it rest until a time, until so many more of its cause come, a value is exceeded, a system is well again, or a version is live."""
    value = None if until.value is None else Decimal(until.value)
    wanted = act.Snooze(
        until.kind, until.until, until.more, value, until.currency, until.system, until.version, until.reason, until.why
    )  # fmt: skip
    return _one(ask, ref, lambda at, targets: act.snooze(at.session, at.person, targets, at.now, wanted))


@router.post("/cases/{ref}/wake", response_model=Outcome, responses=REFUSALS)
def wake(ask: Changing, ref: Ref) -> Response:
    """End a snooze."""
    return _one(ask, ref, lambda at, targets: act.wake(at.session, at.person, targets, at.now))


@router.post("/cases/{ref}/tags", response_model=Outcome, responses=REFUSALS)
def tag(ask: Changing, ref: Ref, tags: Tags) -> Response:
    """Put tags to it and take them off."""
    return _one(ask, ref, lambda at, targets: act.tag(at.session, at.person, targets, at.now, add=tags.add, remove=tags.remove))


@router.post("/cases/{ref}/priority", response_model=Outcome, responses=REFUSALS)
def prioritise(ask: Changing, ref: Ref, priority: Priority) -> Response:
    """Set its priority, 1 (most urgent) to 5."""
    return _one(ask, ref, lambda at, targets: act.prioritise(at.session, at.person, targets, at.now, priority.priority))


@router.post("/cases/{ref}/undo", response_model=Outcome, responses=REFUSALS)
def undo(ask: Changing, ref: Ref) -> Response:
    """Take back your own last change, while nobody and nothing has changed it since."""
    return _one(ask, ref, lambda at, targets: act.undo(at.session, at.person, targets, at.now))


@router.post("/cases/{ref}/retry", response_model=Outcome, responses=REFUSALS)
def retry(ask: Changing, ref: Ref, said: Retry) -> Response:
    """Read its message again, or have its refused command decided again. `requested` is not done: the ledger says when it is."""
    return _resolve(ask, ref, "retry", said)


@router.post("/cases/{ref}/accept", response_model=Outcome, responses=REFUSALS)
def accept(ask: Changing, ref: Ref, said: Reasoned) -> Response:
    """Write off exactly what stands open: within your limit at once, else somebody else has to approve it."""
    return _resolve(ask, ref, "accept", said)


@router.post("/cases/{ref}/correct", response_model=Outcome, responses=REFUSALS)
def correct(ask: Changing, ref: Ref, said: Reasoned) -> Response:
    """Have the owning system do what is owed, by a command."""
    return _resolve(ask, ref, "correct", said)


@router.post("/cases/{ref}/ask", response_model=Outcome, responses=REFUSALS)
def ask_somebody(ask: Changing, ref: Ref, said: Ask) -> Response:
    """Ask somebody for what is missing, by e-mail."""
    return _resolve(ask, ref, "ask", said)


@router.post("/cases/{ref}/ignore", response_model=Outcome, responses=REFUSALS)
def ignore(ask: Changing, ref: Ref, said: Ignore) -> Response:
    """Leave it alone until a time; it is still counted."""
    return _resolve(ask, ref, "ignore", said)


@router.post("/cases/{ref}/link", response_model=Outcome, responses=REFUSALS)
def link(ask: Changing, ref: Ref, said: Link) -> Response:
    """Say that what it is about and another reference are the same transaction."""

    def join(at: At, target: Target) -> Came:
        return resolve.link(at.session, _configuration(at), at.person, target, said.other, at.now, Said(said.reason, said.why))

    return _in_steps(ask, ref, join)


@router.post("/cases/{ref}/match", response_model=Outcome, responses=REFUSALS)
def match(ask: Changing, ref: Ref, said: Allotment) -> Response:
    """Say what a payment without a reference pays."""
    parts = [(one.subject, Decimal(one.amount)) for one in said.parts]

    def allot(at: At, target: Target) -> Came:
        return resolve.match(at.session, _configuration(at), at.person, target, parts, at.now, Said(said.reason, said.why))

    return _in_steps(ask, ref, allot)


@router.post("/cases/{ref}/take-back", response_model=Done, responses=told(404, 409))
def take_back(ask: Acting, ref: Ref, said: Reasoned) -> Response:
    """Take the last decision about it back, where nothing has left the house."""

    def undone(at: At) -> Response:
        work = _item(at, ref).id
        return answer(Done(done=resolve.take_back(at.session, _configuration(at), at.person, work, at.now, Said(said.reason, said.why))))

    return ask.do_in_steps(Right.RESOLVE, undone)


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


@router.post("/causes/{cause}/merge", response_model=Done, responses=told(404, 409))
def merge(ask: Acting, cause: Cause, others: Merge) -> Response:
    """Take other causes into this one. Causes that were split stay apart for good."""

    def join(at: At) -> Response:
        _there(at, [cause, *others.causes])
        grouping.merge(at.session, at.person, cause, others.causes, others.why, at.now)
        return answer(Done(done=f"{len(others.causes)} merged into {cause}"))

    return ask.do(Right.WORK, join)


@router.post("/causes/{cause}/part", response_model=Done, responses=told(404, 409))
def part(ask: Acting, cause: Cause, said: Why) -> Response:
    """Take a merged cause out again, for good."""

    def split(at: At) -> Response:
        _there(at, [cause])
        grouping.part(at.session, at.person, cause, said.why, at.now)
        return answer(Done(done=f"{cause} is apart"))

    return ask.do(Right.WORK, split)


def _one(ask: Asked, ref: str, work: Callable[[At, Sequence[Target]], list[Came]]) -> Response:
    """Do something with one case, at the version that was looked at."""

    def change(at: At) -> Response:
        item = item_of(at, ref)
        ask.version(str(item.version), what=ref)
        (came,) = work(at, [Target(item.id, item.version)])
        return _came(ref, came)

    return ask.do(Right.WORK, change)


def _came(ref: str, came: Came) -> Response:
    """What came of an act; a refusal where nothing did. Raises Problem."""
    if came.outcome == CHANGED:
        raise Problem(412, "http/changed", f"{ref}: {came.reason}.", "Read it again, and decide again.")
    if not came.is_good:
        raise Problem(409, "case/not-eligible", f"{ref}: {came.reason}.", "Read it again; nothing was changed.")
    made = Outcome(ref=came.ref, outcome=came.outcome, reason=came.reason, version=came.version)
    return answer(made, headers={"etag": etag(str(came.version))})


def _resolve(ask: Asked, ref: str, action: str, said: Told) -> Response:
    """A resolution of one case."""
    arguments = said.model_dump(mode="json", exclude_none=True)

    def done(at: At, target: Target) -> Came:
        (came,) = actions.do(Call(at.session, _configuration(at), at.person, [target], at.now, dry=False), action, arguments)
        return came

    return _in_steps(ask, ref, done)


def _in_steps(ask: Asked, ref: str, work: Callable[[At, Target], Came]) -> Response:
    def done(at: At) -> Response:
        item = _item(at, ref)
        ask.version(str(item.version), what=ref)
        return _came(ref, work(at, Target(item.id, item.version)))

    return ask.do_in_steps(Right.RESOLVE, done)


def _item(at: At, ref: str) -> Item:
    with at.session.transaction():
        return item_of(at, ref)


def _configuration(at: At) -> Configuration:
    return at.project.configuration(at.session)


def _watch(ask: Asked, ref: str, *, stop: bool) -> Response:
    def change(at: At) -> Response:
        talk.watch(at.session, at.person, [item_of(at, ref).id], at.now, stop=stop)
        return answer(Done(done=f"{ref} is {'no longer ' if stop else ''}watched"))

    return ask.do(Right.COMMENT, change)


def _there(at: At, ids: Sequence[int]) -> None:
    """Raises Problem when one of the causes is none."""
    if len(fetch(at.session, "causes_there", list(ids))) < len(set(ids)):
        raise missing("cause with this number")


def _work(at: At) -> Work:
    return at.project.configuration(at.session).work
