"""Systems: how the way to each is, and what people do about it."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Path
from fastapi.responses import Response

from tieout.api.v1.ask import Acting, At, Reading, answer
from tieout.api.v1.models import Done, Pause, SystemHealth
from tieout.api.v1.page import Page
from tieout.api.v1.problems import missing, told
from tieout.core.circuit import Circuit
from tieout.core.lane import Lane
from tieout.core.rate import Bucket
from tieout.people.person import Right
from tieout.runtime import lane as lanes
from tieout.runtime.health import state_of
from tieout.store.database import fetch

router = APIRouter(tags=["systems"])
Name = Annotated[str, Path(pattern="^[a-z0-9_-]{1,30}$")]


@router.get("/systems", responses=told())
def systems(ask: Reading) -> Page[SystemHealth]:
    """Every system: how far its feed goes, and how the way to it is."""
    with ask.reading() as at:
        feeds = {name: mark for name, mark, _, _ in fetch(at.session, "feeds")}
        known = lanes.lanes(at.session)
        counts = {row[0]: row[1:4] for row in fetch(at.session, "backlogs")}
        made = []
        for name, system in sorted(at.project.systems.items()):
            lane = known.get(name) or Lane(name, Circuit(at.now), Bucket(at.now))
            backlog, held, in_doubt = counts.get(name, (0, 0, 0))
            state, why = state_of(lane, at.now)
            made.append(SystemHealth(
                system=name, connector=system.connector, role=system.role.value, watermark=feeds.get(name), health=state, why=why,
                circuit=lane.circuit.stage.value, backlog=backlog, held=held, in_doubt=in_doubt, paused_until=lane.paused_until,
                paused_by=lane.paused_by,
            ))  # fmt: skip
        return Page(items=made)


@router.post("/systems/{name}/pause", response_model=Done, responses=told(404, 409))
def pause(ask: Acting, name: Name, said: Pause) -> Response:
    """Send a system nothing more for some minutes; what is under way is not called back."""

    def act(at: At) -> Response:
        _known(at, name)
        until = at.now + timedelta(minutes=said.minutes)
        lanes.pause(at.session, name, at.person.login, said.why, until, at.now)
        at.wrote("pause system", name, why=said.why, until=until.isoformat())
        return answer(Done(done=f"{name} is paused until {until.isoformat(timespec='seconds')}"))

    return ask.do(Right.CONNECT, act)


@router.post("/systems/{name}/resume", response_model=Done, responses=told(404, 409))
def resume(ask: Acting, name: Name) -> Response:
    """End a pause."""

    def act(at: At) -> Response:
        _known(at, name)
        lanes.resume(at.session, name, at.now)
        at.wrote("resume system", name)
        return answer(Done(done=f"{name} is told things again"))

    return ask.do(Right.CONNECT, act)


def _known(at: At, name: str) -> None:
    if name not in at.project.systems:
        raise missing("system of that name")
