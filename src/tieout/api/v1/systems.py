"""Systems: how the way to each is, and what people do about it."""

import secrets
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Path
from fastapi.responses import Response

from tieout.api.problem import Problem
from tieout.api.v1.ask import Acting, At, Reading, answer
from tieout.api.v1.bulk import operation_of
from tieout.api.v1.models import Done, Operation, Pause, SystemHealth
from tieout.api.v1.models.systems import Credentials, MessageRange, Reached, ReplayPlan, StartReplay, Waiting
from tieout.api.v1.page import Cursor, Limit, Page, page_of, place_of
from tieout.api.v1.problems import missing, told
from tieout.cases import operation as operations
from tieout.cases import replay
from tieout.core.circuit import Circuit
from tieout.core.lane import Lane
from tieout.core.rate import Bucket
from tieout.errors import Forbidden
from tieout.people.person import Right
from tieout.runtime import lane as lanes
from tieout.runtime.health import state_of
from tieout.runtime.polling import polls
from tieout.runtime.traffic import Traffic, traffic_of, waiting_for
from tieout.store.database import fetch

router = APIRouter(tags=["systems"])
Name = Annotated[str, Path(pattern="^[a-z0-9_-]{1,30}$")]


@router.get("/systems", responses=told())
def systems(ask: Reading) -> Page[SystemHealth]:
    """Every system: how far its feed goes, and how the way to it is."""
    with ask.reading() as at:
        feeds = {name: (mark, received) for name, mark, received, _ in fetch(at.session, "feeds")}
        known = lanes.lanes(at.session)
        asked, traffic = polls(at.session), traffic_of(at.session, at.now)
        counts = {row[0]: row[1:4] for row in fetch(at.session, "backlogs")}
        made = []
        for name, system in sorted(at.project.systems.items()):
            lane = known.get(name) or Lane(name, Circuit(at.now), Bucket(at.now))
            backlog, held, in_doubt = counts.get(name, (0, 0, 0))
            mark, received = feeds.get(name, (None, None))
            seen, poll = traffic.get(name, Traffic()), asked.get(name)
            state, why = state_of(lane, poll, at.now)
            made.append(SystemHealth(
                system=name, connector=system.connector, role=system.role.value, watermark=mark, health=state, why=why,
                circuit=lane.circuit.stage.value, backlog=backlog, held=held, in_doubt=in_doubt, paused_until=lane.paused_until,
                paused_by=lane.paused_by, resumed_at=lane.resumed_at, resumed_by=lane.resumed_by,
                next_probe=lane.circuit.until, next_poll=poll.again if poll is not None else None,
                last_received=received, came=list(seen.came), went=list(seen.went), errors={what: many for _, what, many in seen.wrong},
                credentials_end=at.project.access.expires(at.session, name),
            ))  # fmt: skip
        return Page(items=made)


@router.post("/systems/{name}/pause", response_model=Done, responses=told(404, 409))
def pause(ask: Acting, name: Name, said: Pause) -> Response:
    """Send a system nothing more for some minutes; what is under way is not called back."""

    def act(at: At) -> Response:
        _known(at, name)
        until = at.now + timedelta(minutes=said.minutes)
        lanes.pause(at.session, name, at.person, said.why, until, at.now)
        return answer(Done(done=f"{name} is paused until {until.isoformat(timespec='seconds')}"))

    return ask.do(Right.CONNECT, act)


@router.post("/systems/{name}/resume", response_model=Done, responses=told(404, 409))
def resume(ask: Acting, name: Name) -> Response:
    """End a pause."""

    def act(at: At) -> Response:
        _known(at, name)
        was_paused = lanes.resume(at.session, name, at.person, at.now)
        return answer(Done(done=f"{name} is told things again" if was_paused else f"{name} was not paused"))

    return ask.do(Right.CONNECT, act)


@router.get("/systems/{name}/waiting", responses=told(404))
def waiting(ask: Reading, name: Name, limit: Limit = 100, cursor: Cursor = None) -> Page[Waiting]:
    """Every command that the system has been or is to be told and has not taken, with its transaction, oldest first."""
    place = place_of(cursor, tuple[datetime, str])
    with ask.reading() as at:
        _known(at, name)
        if not at.person.scopes.is_all:
            raise Forbidden("What waits is of all channels and warehouses, and you see a part of them.", "Look at your cases.")
        found = waiting_for(at.session, name, place, limit + 1)
    items, following = page_of(found, limit, lambda row: (row[4], row[0]))
    made = [Waiting(key=row[0], subject=row[1], act=row[2], state=row[3], since=row[4], reason=row[5]) for row in items]
    return Page(items=made, next=following)


@router.post("/systems/{name}/test", response_model=Reached, responses=told(404, 409))
def test(ask: Acting, name: Name) -> Response:
    """Ask the system something that changes nothing there, with its credentials of today."""

    def asked(at: At) -> Response:
        _known(at, name)
        found = at.project.access.reach(at.session, at.project.systems[name])
        at.wrote("system tested", name, well=found.well, asked=found.asked, why=found.why[:300])
        return answer(Reached(well=found.well, asked=found.asked, why=found.why, seconds=found.seconds))

    return ask.do_in_steps(Right.CONNECT, asked)


@router.post("/systems/{name}/credentials", response_model=Reached, responses=told(404, 409))
def rotate(ask: Acting, name: Name, new: Credentials) -> Response:
    """Put new secrets in the place of old ones, once the system has answered to them; until then the old ones stay in use.

    An Idempotency-Key is not taken, as the request holds secrets.
    """
    if ask.key is not None:
        raise Problem(409, "http/key-unwanted", "The request holds secrets and nothing of it is kept.", "Leave Idempotency-Key out.")

    def changed(at: At) -> Response:
        _known(at, name)
        given = {one.name: one.secret for one in new.secrets}
        found = at.project.access.rotate(at.session, at.project.systems[name], given, at.person.login, new.expires, at.now)
        at.wrote("credentials rotated", name, secrets=sorted(given), asked=found.asked)
        return answer(Reached(well=found.well, asked=found.asked, why=found.why, seconds=found.seconds))

    return ask.do_in_steps(Right.CONNECT, changed)


@router.post("/systems/{name}/replay/preview", response_model=ReplayPlan, responses=told(404, 409))
def preview_replay(ask: Acting, name: Name, wanted: MessageRange) -> Response:
    """Say what a replay would come to: tried, and taken back."""

    def tried(at: At) -> Response:
        _known(at, name)
        found = replay.plan(at.session, at.project.configuration(at.session), at.person, _wanted(name, wanted), at.now)
        return answer(ReplayPlan(
            many=found.many, first=found.first, last=found.last, mapping=found.mapping, mappings=found.mappings, tried=found.tried,
            statements=found.statements, duplicates=found.duplicates, changed=found.changed, unread=found.unread, minutes=found.minutes,
        ))  # fmt: skip

    return ask.do_in_steps(Right.CONNECT, tried)


@router.post("/systems/{name}/replay", status_code=201, response_model=Operation, responses=told(404, 409))
def start_replay(ask: Acting, name: Name, wanted: StartReplay) -> Response:
    """Read messages again, as an operation. Its items are messages."""

    def begun(at: At) -> Response:
        _known(at, name)
        key = f"replay of {at.person.login} {ask.key or secrets.token_urlsafe(16)}"[:200]
        range_ = _wanted(name, wanted)
        id_ = replay.start(at.session, at.project.configuration(at.session), at.person, range_, wanted.count, key, at.now)
        return answer(operation_of(operations.operation(at.session, at.person, id_)), 201)

    return ask.do_in_steps(Right.CONNECT, begun)


def _wanted(name: str, said: MessageRange) -> replay.Wanted:
    return replay.Wanted(name, said.since, said.until, said.which, said.selection, said.rate)


def _known(at: At, name: str) -> None:
    if name not in at.project.systems:
        raise missing("system of that name")
