"""Editing a message that could not be read or says something wrong: look at it, try the change, replay it as a linked child."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import Response

from tieout.api.problem import Problem
from tieout.api.v1.ask import Acting, At, Changing, Reading, answer
from tieout.api.v1.cases import Ref, item_of
from tieout.api.v1.models import Candidate, Done, Draft, Edit, Origin, Replay, Statement, Trial, amount
from tieout.api.v1.page import Page
from tieout.api.v1.problems import told
from tieout.cases import edit
from tieout.cases.candidates import candidates
from tieout.cases.edit import Column
from tieout.cases.item import Target
from tieout.cases.resolve import Said
from tieout.people.person import Right

router = APIRouter(tags=["edit"])


@router.get("/cases/{ref}/candidates", responses=told(404))
def list_candidates(
    ask: Reading, ref: Ref, words: Annotated[str, Query(max_length=100, pattern=r"^[ -~]*$", description="Only what begins so.")] = ""
) -> Page[Candidate]:
    """What it may belong to, best first, each with why. Only suggestions."""
    with ask.reading() as at:
        found = candidates(at.session, at.person, item_of(at, ref).id, words)
    return Page(items=[Candidate(subject=one.root, why=one.why, fits=one.fits, summary=one.summary, worth=amount(one.worth)) for one in found])


@router.get("/cases/{ref}/sources", responses=told(404, 409))
def list_sources(ask: Reading, ref: Ref) -> Page[Origin]:
    """The messages that it rests on, newest first: each may be edited and replayed."""
    with ask.reading() as at:
        found = edit.sources(at.session, at.project.configuration(at.session), at.person, item_of(at, ref).id)
    return Page(items=[Origin(**one._asdict()) for one in found])


@router.get("/cases/{ref}/draft", response_model=Draft, responses=told(404, 409))
def draft(
    ask: Reading, ref: Ref, message: Annotated[int | None, Query(ge=1, le=2**63 - 1, description="One of its sources.")] = None
) -> Response:
    """Its message as text, with the statements in it. It may hold personal data: each look is written down."""

    def look(at: At) -> Response:
        found = edit.draft(at.session, at.project.configuration(at.session), at.person, item_of(at, ref).id, at.now, message)
        statements = [_statement(one) for one in found.statements]
        return answer(Draft(message=found.message, system=found.system, raw=found.raw, hash=found.hash, statements=statements))

    return ask.do(Right.UNMASK, look)


@router.post("/cases/{ref}/try", response_model=Trial, responses=told(404, 409))
def try_(ask: Acting, ref: Ref, said: Edit) -> Response:
    """What an edited message would say and do. Nothing of it stays."""

    def look(at: At) -> Response:
        found = edit.trial(at.session, at.project.configuration(at.session), at.person, _id(at, ref), said.text, at.now, said.message)
        changes: list[dict[str, Any]] = [change._asdict() for change in found.changes]
        verdict = "" if found.verdict is None else found.verdict.said
        return answer(Trial(
            statements=[_statement(one) for one in found.statements], changes=changes, refused=found.refused, verdict=verdict,
            opened=list(found.opened), resolved=list(found.resolved),
        ))  # fmt: skip

    return ask.do_in_steps(Right.RESOLVE, look)


@router.post("/cases/{ref}/replay", response_model=Done, responses=told(404, 409, 412, 428))
def replay(ask: Changing, ref: Ref, said: Replay) -> Response:
    """Keep the edited message as a child of the original, and apply it. `hash` is that of the draft."""

    def keep(at: At) -> Response:
        with at.session.transaction():
            item = item_of(at, ref)
        ask.version(str(item.version), what=ref)
        configuration = at.project.configuration(at.session)
        if item.message is None and said.message is None:
            raise Problem(409, "case/not-eligible", f"{ref} has no message of its own.", "Name one of its sources in `message`.")
        child = edit.replay(
            at.session, configuration, at.person, Target(item.id, item.version), said.hash, said.text, at.now, Said(said.reason, said.why),
            said.message,
        )  # fmt: skip
        return answer(Done(done=f"message {child}"))

    return ask.do_in_steps(Right.RESOLVE, keep)


def _id(at: At, ref: str) -> int:
    with at.session.transaction():
        return item_of(at, ref).id


def _statement(one: Column) -> Statement:
    return Statement(
        identity=one.identity, fields={field.path: field.value for field in one.fields}, reason=one.reason, next_step=one.next_step
    )
