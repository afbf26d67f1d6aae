"""How much came from each system and went to it of late, what went wrong, and what still waits to go. Reads only."""

from datetime import datetime, timedelta
from typing import Any

import msgspec

from tieout.runtime.lane import BEGINNING
from tieout.store.database import fetch_by

SPELL = timedelta(hours=1)
MINUTES, LATELY = 60, 10


class Traffic(msgspec.Struct, frozen=True):
    """What came and went in each minute of the last hour, oldest first, and what went wrong in it, by what was wrong."""

    came: tuple[int, ...] = ()
    went: tuple[int, ...] = ()
    wrong: tuple[tuple[str, str, int], ...] = ()

    @property
    def errors(self) -> int:
        """How many errors there were."""
        return sum(many for _, _, many in self.wrong)

    @property
    def rates(self) -> tuple[str, str]:
        """How many came and went a minute, in the mean of the last ten minutes."""
        return _rate(self.came), _rate(self.went)


def traffic_of(connection: Any, now: datetime) -> dict[str, Traffic]:
    """What came and went in the last hour, by system. The figure is worked out aside and kept for some seconds."""
    span = {"since": now - SPELL, "until": now}
    lines: dict[str, dict[str, list[int]]] = {}
    for name, way, minute, many in fetch_by(connection, "traffic", **span):
        lines.setdefault(name, {"in": [0] * MINUTES, "out": [0] * MINUTES})[way][min(minute, MINUTES - 1)] += many
    wrong: dict[str, list[tuple[str, str, int]]] = {}
    for name, way, what, many in fetch_by(connection, "errors_of_late", **span):
        wrong.setdefault(name, []).append((way, what, many))
    silent = {"in": [0] * MINUTES, "out": [0] * MINUTES}
    return {
        name: Traffic(tuple(lines.get(name, silent)["in"]), tuple(lines.get(name, silent)["out"]), tuple(wrong.get(name, ())))
        for name in lines.keys() | wrong.keys()
    }


def _rate(minutes: tuple[int, ...]) -> str:
    """A mean that is honest about little: 0.4, 12, 220."""
    mean = sum(minutes[-LATELY:]) / LATELY
    return "0" if not mean else f"{mean:.1f}" if mean < 10 else f"{mean:,.0f}"


def waiting_for(connection: Any, system: str, after: tuple[datetime, str] | None, most: int) -> list[tuple[Any, ...]]:
    """What a system has been or is to be told and has not taken, oldest first: (command, transaction, act, state, since, reason)."""
    at, key = after or (BEGINNING, "")
    rows: list[tuple[Any, ...]] = fetch_by(connection, "waiting_to_be_told", system=system, after=at, key=key, most=most)
    return rows
