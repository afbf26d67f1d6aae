"""What changes, told to browsers: one reader of the history per process, any number of streams. It says which, never what.

The number of an event is the number of its row in the history. Such numbers are given out before they are committed, so the reader
looks back a little each time and tells what it has not told yet; to be told something twice does no harm, the page only asks again.
"""

import asyncio
import logging
import threading
import time
from collections import OrderedDict
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import psycopg

from tieout.console.desk import Desk
from tieout.errors import StoreError
from tieout.store.database import fetch
from tieout.store.pool import Busy
from tieout.store.session import Session

LOG = logging.getLogger("tieout")
EVERY_SECONDS = 1.0
BEAT_SECONDS = 15.0
BACK = 500
"""How many numbers are looked back for what was committed late."""
KEPT = 20_000
"""What a stream that resumes may have missed; more, and it is told to ask for everything anew."""
AT_ONCE = 5000
IDS_MAX = 1000
QUEUE_MAX = 100


class Stream:
    """One browser that listens. Lives on one event loop; other threads only call `tell`."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._queue: asyncio.Queue[bytes] = asyncio.Queue(QUEUE_MAX)

    def tell(self, message: bytes) -> None:
        """Hand over a message, from any thread."""
        self._loop.call_soon_threadsafe(self._put, message)

    def _put(self, message: bytes) -> None:
        if self._queue.full():
            while not self._queue.empty():
                self._queue.get_nowait()
            message = line({"t": "reset"})
        self._queue.put_nowait(message)

    async def messages(self) -> AsyncIterator[bytes]:
        """What there is to send, and a beat when there is nothing: the browser shows when it last heard of us."""
        while True:
            try:
                yield await asyncio.wait_for(self._queue.get(), BEAT_SECONDS)
            except TimeoutError:
                yield line({"t": "beat"})


class Pulse:
    """The reader of the history. It works while somebody listens."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._one = threading.Lock()
        self._streams: set[Stream] = set()
        self._told: OrderedDict[int, None] = OrderedDict()
        self._newest = -1
        self._operations: dict[str, tuple[str, int]] = {}
        self._thread: threading.Thread | None = None

    def join(self, stream: Stream) -> None:
        """A browser listens from now on."""
        with self._one:
            self._streams.add(stream)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="live", daemon=True)
                self._thread.start()

    def leave(self, stream: Stream) -> None:
        """It is gone."""
        with self._one:
            self._streams.discard(stream)

    def missed(self, session: Session, after: int) -> list[bytes]:
        """What a browser has missed since an event: the messages, or that it has to ask for everything anew."""
        newest = int(fetch(session, "live_newest")[0][0])
        if after <= 0:
            return [line({"t": "beat"}, newest)]
        if newest - after > KEPT:
            return [line({"t": "reset"}, newest)]
        rows = fetch(session, "live_events", max(0, after - BACK), KEPT + BACK)
        return [*_invalidations(rows), line({"t": "counters"}, newest)]

    def _run(self) -> None:
        while True:
            with self._one:
                if not self._streams:
                    self._thread, self._newest = None, -1
                    return
            try:
                with self._desk.pool.session() as session:
                    messages = self._look(session)
            except (psycopg.Error, StoreError, Busy) as bad:
                LOG.warning("live: the history cannot be read: %s", str(bad).partition("\n")[0])
                messages = []
            with self._one:
                for stream in self._streams:
                    for message in messages:
                        stream.tell(message)
            time.sleep(EVERY_SECONDS)

    def _look(self, session: Session) -> list[bytes]:
        if self._newest < 0:
            self._newest = int(fetch(session, "live_newest")[0][0])
            self._told = OrderedDict((id_, None) for id_, _, _ in fetch(session, "live_events", max(0, self._newest - BACK), BACK))
        rows = [row for row in fetch(session, "live_events", max(0, self._newest - BACK), AT_ONCE + BACK) if row[0] not in self._told]
        for id_, _, _ in rows:
            self._told[id_] = None
            self._newest = max(self._newest, id_)
        while len(self._told) > 4 * BACK + AT_ONCE:
            self._told.popitem(last=False)
        messages = _invalidations(rows)
        if rows:
            messages.append(line({"t": "counters"}, self._newest))
        return messages + self._progress(session)

    def _progress(self, session: Session) -> list[bytes]:
        found = {ref: (state, done) for ref, state, _, done in fetch(session, "live_operations")}
        many = {ref: of for ref, _, of, _ in fetch(session, "live_operations")} if found != self._operations else {}
        changed = [ref for ref, seen in found.items() if self._operations.get(ref) != seen]
        self._operations = found
        return [line({"t": f"op/{ref}", "state": found[ref][0], "done": found[ref][1], "of": many.get(ref, 0)}) for ref in changed]


def line(message: dict[str, Any], id_: int | None = None) -> bytes:
    """A message as the stream carries it."""
    head = f"id: {id_}\n".encode() if id_ is not None else b""
    return head + b"data: " + msgspec.json.encode(message) + b"\n\n"


def _invalidations(rows: list[tuple[Any, ...]]) -> list[bytes]:
    """Which exceptions changed, in parts; many at once mean: look at everything that you show."""
    ids = list(dict.fromkeys(work for _, work, _ in rows if work is not None))
    newest = max((row[0] for row in rows), default=None)
    if len(ids) > AT_ONCE:
        return [line({"t": "reset"}, newest)]
    return [line({"t": "exceptions", "ids": ids[start : start + IDS_MAX]}, newest) for start in range(0, len(ids), IDS_MAX)]
