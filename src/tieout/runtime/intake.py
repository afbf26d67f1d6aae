"""Intake: files, folders, archives and standard input become batches of documents; progress is told, nothing is lost, a second run adds nothing."""

import hashlib
from collections import deque
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import BinaryIO

import msgspec

from tieout.connectors import Document, Refused, System
from tieout.core.facts import Refusal
from tieout.core.values import SourceRef
from tieout.errors import InputMissing
from tieout.formats.archive import Broken, LimitHit, Opened, files, open_all
from tieout.runtime.apply import apply
from tieout.runtime.batch import Connection, Counts
from tieout.runtime.configuration import Configuration, connector
from tieout.runtime.looks import tick
from tieout.runtime.statements import Arrival, read
from tieout.store.database import fetch, run
from tieout.store.sql import sql

DOCUMENTS_AT_ONCE = 5000
BYTES_AT_ONCE = 4 * 1024 * 1024
STEPS = 8
TICK_EVERY = 40
MAPPING = "tieout.mapping"
PARENT, GENERATION = "tieout.parent", "tieout.generation"
"""Kept with a message that a person made of another: which, and the generation by which it takes that one's place."""

Progress = Callable[[str, int, Counts], None]


def missing(places: Iterable[str]) -> None:
    """Refuse places that name nothing. Raises InputMissing before anything is read."""
    for place in places:
        if place != "-" and not files(place):
            raise InputMissing(f"{place} names no file.", "Check the path; quote patterns so that the shell leaves them alone.")


def documents(places: Iterable[str], system: System, stdin: BinaryIO | None = None) -> Iterator[Document | Refused]:
    """All documents of some places, cut by the system's connector; what cannot be opened is a Refused."""
    for place in places:
        for opened in open_all(place, stdin):
            if isinstance(opened, Broken):
                yield _broken(opened)
                continue
            yield from pieces(opened, system)


def pieces(opened: Opened, system: System) -> Iterator[Document | Refused]:
    """The documents of one stream, cut by the system's connector; one that holds nothing is a Refused."""
    empty = True
    try:
        for found in connector(system.connector).split(opened.stream, opened.origin, system):
            empty = False
            yield found
        if empty:
            yield _broken(Broken(opened.origin, "file/nothing", "It holds nothing to read.", "See whether the export came through whole."))
    except LimitHit as hit:
        yield _broken(hit.broken)
    except OSError as bad:
        yield _broken(Broken(opened.origin, "file/unreadable", f"Reading stopped: {bad}.", "Check the file and import it again."))


def _broken(broken: Broken) -> Refused:
    """A place that could not be opened is a message too: it has no bytes, but it must be seen."""
    document = Document(b"", broken.origin, key=f"broken {broken.origin} {broken.rule} {broken.fault}")
    return Refused(document, Refusal(SourceRef(broken.origin), broken.rule, broken.fault, broken.next_step))


def arrivals_of(found: Iterable[Document | Refused], system: System, at: datetime | None = None) -> Iterator[Arrival]:
    """Documents as arrivals, now or `at` a moment; a delimited document remembers the mapping it was read by."""
    mapping = mapping_hash(system)
    for each in found:
        document, refusal = (each.document, each.refusal) if isinstance(each, Refused) else (each, None)
        if mapping:
            document = msgspec.structs.replace(document, meta={**document.meta, MAPPING: mapping})
        yield Arrival(document, system, at or datetime.now(UTC), refused=refusal)


def note(arrival: Arrival, meta: Mapping[str, str]) -> None:
    """Add to what is kept with a document beside its bytes."""
    if meta:
        arrival.document = msgspec.structs.replace(arrival.document, meta={**arrival.document.meta, **meta})


class Ahead:
    """Documents cut and translated while the session waits for the server: the next batch is there when this one is committed."""

    def __init__(self, session: Connection, arrivals: Iterator[Arrival]) -> None:
        self._session = session
        self._arrivals = arrivals
        self._ready: deque[Arrival] = deque()
        self._size = 0
        self._fault: Exception | None = None
        self._ended = False

    def __enter__(self) -> "Ahead":
        self._session.idle = self._steps
        return self

    def __exit__(self, *_: object) -> None:
        self._session.idle = None

    def batches(self) -> Iterator[list[Arrival]]:
        """All documents, in batches of at most `DOCUMENTS_AT_ONCE` and, but for the last of each, `BYTES_AT_ONCE`."""
        while True:
            while self._step():
                pass
            if not self._ready:
                if self._fault is not None:
                    raise self._fault
                return
            batch = list(self._ready)
            self._ready.clear()
            self._size = 0
            yield batch

    def _steps(self) -> bool:
        """Some documents more, about a tenth of a millisecond."""
        return all(self._step() for _ in range(STEPS))

    def _step(self) -> bool:
        """One document more; false when a batch is ready or there are none. What goes wrong is kept for whoever asks for a batch."""
        if self._ended or len(self._ready) >= DOCUMENTS_AT_ONCE or self._size >= BYTES_AT_ONCE:
            return False
        try:
            arrival = next(self._arrivals, None)
            if arrival is None:
                self._ended = True
                return False
            arrival.ahead = read(arrival, connector(arrival.system.connector))
        except Exception as fault:
            self._fault, self._ended = fault, True
            return False
        self._ready.append(arrival)
        self._size += len(arrival.document.raw)
        return True


def mapping_hash(system: System) -> str:
    """The name under which a system's mapping is kept; empty without one."""
    text = system.options.get("mapping", "")
    return hashlib.sha256(text.encode()).hexdigest()[:16] if text else ""


def keep_mapping(connection: Connection, system: System) -> None:
    """Keep a system's mapping under its name, so that what is read by it can be read the same way again."""
    name = mapping_hash(system)
    if name:
        run(connection, "set_meta", f"mapping:{name}", system.options["mapping"])


def import_places(
    connection: Connection,
    configuration: Configuration,
    system: System,
    places: Iterable[str],
    *,
    stdin: BinaryIO | None = None,
    declared: datetime | None = None,
    at: datetime | None = None,
    progress: Progress | None = None,
) -> Counts:
    """Import everything some places name. Interrupted and run again, it goes on where it stopped: what is known counts as duplicate.

    With `at` it goes by that moment instead of by the clock.
    """
    keep_mapping(connection, system)
    total = Counts()
    complete = {system.name: declared} if declared is not None else None
    with Ahead(connection, arrivals_of(documents(places, system, stdin), system, at)) as ahead:
        for applied, batch in enumerate(ahead.batches(), 1):
            total = total.plus(apply(connection, configuration, batch, at or datetime.now(UTC), declared=complete))
            if progress is not None:
                progress(batch[-1].document.origin, sum(len(arrival.document.raw) for arrival in batch), total)
            if applied % TICK_EVERY == 0:
                tick(connection, configuration, at or datetime.now(UTC))
    if complete and not total.messages + total.repeated:
        total = total.plus(apply(connection, configuration, [], at or datetime.now(UTC), declared=complete))
    tick(connection, configuration, at or datetime.now(UTC))
    return total


def stored_arrivals(
    connection: Connection, configuration: Configuration, messages: list[int], *, generation: int = 0, replayed: Container[str] = ()
) -> Iterator[Arrival]:
    """Stored messages as they came, for replay and rebuild.

    A message is read by the mapping it came with, or by the system's present one if it is (or was) replayed.
    """
    for start in range(0, len(messages), 500):
        for id_, name, contract, origin, line, byte, meta, raw, received, key in fetch(connection, "message", messages[start : start + 500]):
            system = configuration.systems[name]
            known: dict[str, str] = msgspec.json.decode(meta)
            if not generation and name not in replayed and known.get(MAPPING, "") not in ("", mapping_hash(system)):
                text = fetch(connection, "meta", f"mapping:{known[MAPPING]}")[0][0]
                system = msgspec.structs.replace(system, options={**system.options, "mapping": text})
            document = Document(bytes(raw), origin, line, byte, contract, meta=known)
            parent = int(known[PARENT]) if PARENT in known and not generation else None
            own = int(known[GENERATION]) if parent is not None else generation
            yield Arrival(document, system, received, generation=own, message_id=id_, key=bytes(key), parent=parent)


def replay(
    connection: Connection,
    configuration: Configuration,
    *,
    system: str | None = None,
    everything: bool = False,
    progress: Progress | None = None,
) -> tuple[int, Counts]:
    """Translate stored messages anew: those with something in quarantine, or all; (messages read, what changed).

    What is read differently becomes a revision, what is no longer said is withdrawn; both states stay in the log.
    """
    which = "message_ids" if everything else "quarantined_message_ids"
    ids = [id_ for (id_,) in connection.execute(sql(which).encode(), {"system": system}).fetchall()]
    last, total = read_again(connection, configuration, ids, progress)
    for name in configuration.systems:
        if system in (None, name):
            run(connection, "set_meta", f"replayed:{name}", str(last))
    tick(connection, configuration, datetime.now(UTC), everything=True)
    return len(ids), total


def read_again(
    connection: Connection, configuration: Configuration, ids: list[int], progress: Progress | None = None, *, original: bool = False
) -> tuple[int, Counts]:
    """Translate some stored messages anew, by the present mappings or (`original`) by those they came with; their generation, and
    what changed. What people have edited into another message is left alone: that one has taken its place."""
    ((last,),) = fetch(connection, "last_generation")
    replayed = () if original else configuration.systems
    total = Counts()
    batch: list[Arrival] = []
    for arrival in stored_arrivals(connection, configuration, ids, generation=0 if original else last + 1, replayed=replayed):
        arrival.generation, arrival.parent = last + 1, None
        batch.append(arrival)
        if len(batch) >= 200:
            total = total.plus(apply(connection, configuration, batch, datetime.now(UTC), what="replay"))
            if progress is not None:
                progress(arrival.document.origin, len(batch), total)
            batch.clear()
    if batch:
        total = total.plus(apply(connection, configuration, batch, datetime.now(UTC), what="replay"))
    return last + 1, total


def edited(parent: int, raw: bytes) -> bytes:
    """The key of a message that a person made of another: it begins with the other's number, see `message_ids`."""
    return f"edit {parent} {hashlib.sha256(raw).hexdigest()}".encode()
