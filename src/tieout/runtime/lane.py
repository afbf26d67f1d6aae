"""Lanes in the database: one row per system, locked by whoever takes commands for it or writes down what came of them."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import msgspec

from tieout.core.circuit import Circuit
from tieout.core.lane import Lane
from tieout.core.rate import Bucket
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
        lane.seconds, lane.fault, lane.reason, lane.fault_at, lane.answered_at, lane.system,
    )  # fmt: skip


def pause(connection: Connection, system: str, who: str, why: str, until: datetime, now: datetime) -> None:
    """Let nothing more go to a system until then; what is under way is not called back."""
    with connection.transaction():
        keep(connection, msgspec.structs.replace(locked(connection, system, now), paused_until=until, paused_by=who, paused_why=why))


def resume(connection: Connection, system: str, now: datetime) -> None:
    """End a pause."""
    with connection.transaction():
        keep(connection, msgspec.structs.replace(locked(connection, system, now), paused_until=None, paused_by="", paused_why=""))


def _lane(row: tuple[Any, ...]) -> Lane:
    system, circuit, filled, *rest = row
    return Lane(system, _decode_circuit(circuit), Bucket(filled or BEGINNING), *rest)
