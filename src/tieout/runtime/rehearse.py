"""Rehearse: play the stored history twice, by the rules as they are and as they would be, and say what would differ. Nothing is ever sent.

Both run step by step through scratch schemas of the same database, in a sealed thread. Nothing here knows a transport, a
dispatcher or a secret; the import contracts keep it so.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

import msgspec

from tieout.runtime.batch import Connection
from tieout.runtime.configuration import Configuration, connector
from tieout.runtime.differences import Scope, compare
from tieout.runtime.intake import mapping_hash, stored_arrivals
from tieout.runtime.outcome import Rehearsal
from tieout.runtime.seal import sealed
from tieout.runtime.stage import Stage
from tieout.runtime.statements import Arrival, read
from tieout.store.database import Database, fetch
from tieout.store.scratch import scratch

MESSAGES_AT_ONCE = 1000
STEP = timedelta(minutes=15)
"""How much recorded time goes by between two looks at what has come due, at most."""

Progress = Callable[[int, int], None]
Step = tuple[list[int], datetime]


def rehearse(
    database: Database,
    history: Connection,
    present: Configuration,
    changed: Configuration,
    now: datetime,
    *,
    since: datetime,
    until: datetime | None = None,
    flow: str = "",
    examples: int = 10,
    progress: Progress | None = None,
) -> Rehearsal:
    """What the changed configuration would have made of the history, against what the present one makes of it.

    Both configurations must be fresh: no reference data read. `since` and `until` are recorded time: the whole history up
    to `until` is played, what was over before `since` is not compared. `flow` limits it to the accounts of one flow.
    """
    ((total,),) = fetch(history, "count_messages", until, until)
    anew = _read_anew(present, changed)
    with ExitStack() as stack:
        before, after = (
            _stage(stack, database, configuration, purpose, history, replayed)
            for configuration, purpose, replayed in ((present, "before", frozenset[str]()), (changed, "after", anew))
        )
        stack.enter_context(sealed())
        done = 0
        last = until or now
        for ids, at in _steps(history, until, by_batch=present.driving is not None or changed.driving is not None):
            _play(history, before, after, ids, at)
            done += len(ids)
            if progress is not None:
                progress(done, total)
        for stage in (before, after):
            stage.end(history, until, last)
        return compare(Scope(before, after, last, since, flow, examples), last, done)


def _stage(
    stack: ExitStack, database: Database, configuration: Configuration, purpose: str, history: Connection, replayed: frozenset[str]
) -> Stage:
    beside = stack.enter_context(scratch(database, purpose))
    connection = stack.enter_context(beside.session(writer=True))
    already = {key.partition(":")[2] for key, _ in fetch(history, "carried_settings") if key.startswith("replayed:")}
    made = Stage(connection, configuration, beside.schema, replayed | already)
    made.prepare(history)
    return made


def _read_anew(present: Configuration, changed: Configuration) -> frozenset[str]:
    """The systems that get another mapping: all that they ever sent is read by it, as `replay --all` would."""
    return frozenset(
        name
        for name, system in changed.systems.items()
        if name in present.systems and mapping_hash(system) != mapping_hash(present.systems[name])
    )  # fmt: skip


def _steps(history: Connection, until: datetime | None, *, by_batch: bool) -> Iterator[Step]:
    """The history in steps: message ids, and the moment they were recorded.

    Where commands are decided a step is never longer than the transaction in which its messages came: what was owed in
    between would not be seen otherwise.
    """
    ids: list[int] = []
    start = at = datetime.min.replace(tzinfo=UTC)
    first = last = 0
    while page := fetch(history, "messages_after", last, until, until, MESSAGES_AT_ONCE):
        for last, batch, received in page:
            if ids and (len(ids) >= MESSAGES_AT_ONCE or received - start > STEP or (by_batch and batch != first)):
                yield ids, at
                ids = []
            if not ids:
                start, first = received, batch
            ids.append(last)
            at = received
    if ids:
        yield ids, at


def _play(history: Connection, before: Stage, after: Stage, ids: list[int], at: datetime) -> None:
    """One step on both stages. What both read alike is read once."""
    mine = [_read(arrival) for arrival in stored_arrivals(history, before.configuration, ids, replayed=before.replayed)]
    other = {
        name
        for name in {arrival.system.name for arrival in mine}
        if before.configuration.systems[name] != after.configuration.systems[name] or (name in before.replayed) is not (name in after.replayed)
    }
    again = [arrival.message_id for arrival in mine if arrival.system.name in other]
    theirs = {
        arrival.message_id: _read(arrival)
        for arrival in stored_arrivals(history, after.configuration, [id_ for id_ in again if id_ is not None], replayed=after.replayed)
    }
    before.play(mine, at)
    after.play([theirs.get(arrival.message_id, arrival) for arrival in mine], at)


def _read(arrival: Arrival) -> Arrival:
    """The statements of a document; its bytes stay where they are kept."""
    arrival.ahead = read(arrival, connector(arrival.system.connector))
    arrival.document = msgspec.structs.replace(arrival.document, raw=b"")
    return arrival
