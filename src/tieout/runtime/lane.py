"""Lanes in the database: one row per system, locked by whoever takes commands for it or writes down what came of them."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import msgspec

from tieout.core.circuit import Circuit
from tieout.core.lane import Lane
from tieout.core.rate import Bucket
from tieout.people import audit
from tieout.people.person import Person
from tieout.runtime.batch import Connection, encode
from tieout.store.database import fetch, run

BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
"""Before anything was sent: a bucket filled then is full."""
_decode_circuit = msgspec.json.Decoder(Circuit).decode


def make(connection: Connection, systems: Iterable[str], now: datetime) -> None:
    """Give systems that have none a lane, closed circuit and full bucket."""
    run(connection, "make_lanes", encode(Circuit(now)).decode(), sorted(systems))


def free(connection: Connection, system: str) -> Lane | None:
    """The lane, locked; None when another dispatcher has it at this moment."""
    found = fetch(connection, "lane_to_take", system)
    return _lane(found[0]) if found else None


def locked(connection: Connection, system: str, now: datetime) -> Lane:
    """The lane, locked; waits for whoever has it, which is for one short transaction."""
    found = fetch(connection, "lane_to_change", system)
    if not found:
        make(connection, [system], now)
        found = fetch(connection, "lane_to_change", system)
    return _lane(found[0])


def lanes(connection: Connection) -> dict[str, Lane]:
    """All lanes by system, as they stand."""
    return {lane.system: lane for lane in map(_lane, fetch(connection, "lanes"))}


def keep(connection: Connection, lane: Lane) -> None:
    """Write a locked lane back."""
    run(
        connection, "set_lane", encode(lane.circuit).decode(), lane.bucket.filled, lane.paused_until, lane.paused_by, lane.paused_why,
        lane.seconds, lane.fault, lane.reason, lane.fault_at, lane.answered_at,
        lane.resumed_by, lane.resumed_at, lane.system,
    )  # fmt: skip


def pause(connection: Connection, system: str, person: Person, why: str, until: datetime, now: datetime) -> None:
    """Let nothing more go to a system until then; what is under way is not called back. It is written to the record."""
    with connection.transaction():
        lane = locked(connection, system, now)
        keep(connection, msgspec.structs.replace(lane, paused_until=until, paused_by=person.login, paused_why=why))
        audit.write(connection, person, "system paused", system, {"reason": why, "until": until.isoformat()}, now)


def resume(connection: Connection, system: str, person: Person, now: datetime) -> str:
    """End a pause; who had begun it, or nothing if there was none, and then nothing is changed. It is written to the record."""
    with connection.transaction():
        lane = locked(connection, system, now)
        if not lane.is_paused(now):
            return ""
        ended = {"paused_until": None, "paused_by": "", "paused_why": "", "resumed_by": person.login, "resumed_at": now}
        keep(connection, msgspec.structs.replace(lane, **ended))
        audit.write(connection, person, "system resumed", system, {"paused_by": lane.paused_by, "reason": lane.paused_why}, now)
        return lane.paused_by


def _lane(row: tuple[Any, ...]) -> Lane:
    system, circuit, filled, *rest = row
    return Lane(system, _decode_circuit(circuit), Bucket(filled or BEGINNING), *rest)
