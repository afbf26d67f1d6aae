"""Decertifying: an approval holds for the balance that it was given on. When the sources change that afterwards, everybody who had a part is told."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from tieout.cases import decision, notices
from tieout.cases.act import write_events
from tieout.cases.notices import Notice
from tieout.core.evaluate import Item, State
from tieout.core.values import plain
from tieout.people import audit
from tieout.runtime.batch import Connection
from tieout.runtime.configuration import Configuration
from tieout.store.database import fetch, fetch_by, run

LEDGER = "ledger"
AT_ONCE = 1000


class Lost(msgspec.Struct, frozen=True):
    """An approval that lost its ground: when that was seen, and why."""

    request: int
    at: datetime
    why: str


def look(connection: Connection, configuration: Configuration, now: datetime) -> int:
    """Write down which approved decisions no longer stand, once for each, and tell proposer, approvers and team; how many."""
    touched = fetch_by(connection, "approved_and_touched", limit=AT_ONCE)
    if not touched:
        return 0
    standing = decision.open_items(connection, configuration, {row[3] for row in touched}, now)
    lost = []
    for id_, work, ref, root, account, side, key, proposer, team, residual, unit, approvers in touched:
        items = standing.get((root, account, side, key), [])
        if all(one.state is not State.WRITTEN_OFF for one in items):
            why = f"{residual} {unit} was approved, and the sources say {_now(items)} since"
            lost.append((id_, work, ref, why, {proposer, *msgspec.json.decode(approvers, type=list[str]), *([f"team:{team}"] if team else [])}))
    with connection.transaction():
        write_events(connection, LEDGER, [(work, None, "decertified", {"request": id_, "why": why}) for id_, work, _, why, _ in lost], now)
        for id_, work, ref, why, whom in lost:
            run(connection, "decertify", id_, now, why[:500])
            audit.write(connection, None, "decertify approval", ref, {"request": id_, "why": why}, now, who=LEDGER)
            told = [Notice(one, "email", "approval decertified", work, f"{ref}: {why}. Review it again.") for one in sorted(whom)]
            notices.keep(connection, told, now)
    return len(lost)


def _now(items: Sequence[Item]) -> str:
    """What stands open by now, in words."""
    said = [f"{plain(one.quantity)} {one.unit}" if one.quantity else f"{plain(one.amount)} {one.currency}" for one in items]
    return ", ".join(said) or "that nothing is open"


def of(connection: Connection, requests: list[int]) -> dict[int, Lost]:
    """Which of some requests lost their ground."""
    return {id_: Lost(id_, at, why) for id_, at, why in fetch(connection, "decertified", requests)}
