"""What the pages work with: sessions of the database that requests take in turns, and what the project says about itself."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import TypeVar

import msgspec
import psycopg

from tieout.console.figures import Figure, Figures
from tieout.core.attempt import Target
from tieout.core.lane import Limits
from tieout.errors import StoreError
from tieout.policy import CompanyPolicy
from tieout.report.state import Ledger
from tieout.runtime.configuration import Configuration
from tieout.store.database import fetch
from tieout.store.session import Session

SESSIONS_MAX = 8
WAIT_SECONDS = 10.0
LEDGER_FRESH, WORK_FRESH = timedelta(seconds=20), timedelta(seconds=2)
T = TypeVar("T")
STATEMENT_MILLISECONDS = 20_000


class Busy(Exception):
    """All sessions were in use for too long; the person is asked to try again."""


class Pool:
    """Sessions of the database, opened when needed and kept. Threads share it."""

    def __init__(self, connect: Callable[[], Session], size: int = SESSIONS_MAX) -> None:
        self._connect = connect
        self._free: list[Session] = []
        self._one = threading.Lock()
        self._room = threading.BoundedSemaphore(size)

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A session for one request. Raises Busy, StoreError."""
        if not self._room.acquire(timeout=WAIT_SECONDS):
            raise Busy
        try:
            session = self._taken()
            try:
                yield session
            finally:
                self._give_back(session)
        finally:
            self._room.release()

    def close(self) -> None:
        """Close what is free."""
        with self._one:
            while self._free:
                self._free.pop().close()

    def _taken(self) -> Session:
        with self._one:
            while self._free:
                session = self._free.pop()
                if not session.closed and not session.broken:
                    return session
        session = self._connect()
        session.execute(f"set statement_timeout to {STATEMENT_MILLISECONDS}; set plan_cache_mode = force_custom_plan")
        return session

    def _give_back(self, session: Session) -> None:
        if session.closed:
            return
        if session.info.transaction_status != psycopg.pq.TransactionStatus.IDLE:
            session.close()
            return
        with self._one:
            self._free.append(session)


class Desk(msgspec.Struct, frozen=True):
    """The project as the console sees it. `environment` is a word (prod, test, demo); `zone` is for people without their own.

    `configuration` is the console's own, shared by its threads; `limits` and `targets` say how systems are told things.
    """

    pool: Pool
    name: str
    environment: str = "prod"
    zone: str = "UTC"
    is_secure: bool = False
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    configuration: Configuration = msgspec.field(default_factory=lambda: Configuration((), CompanyPolicy({})))
    limits: Mapping[str, Limits] = {}
    targets: Mapping[str, Target] = {}
    one_writer: Lock = msgspec.field(default_factory=Lock)
    """Held while a decision is posted: the configuration is one for all threads, and posting learns from what it posts."""
    figures: Figures = msgspec.field(default_factory=Figures)

    def ledger(self, connection: Session, as_of: datetime | None = None) -> Ledger:
        """The ledger as a session sees it, now or at a moment of recorded time."""
        return Ledger(connection, self.configuration, self.clock(), as_of)

    def of_ledger(self, name: str, session: Session, compute: Callable[[Session], T]) -> Figure:
        """A figure that changes with the commits of the ledger."""
        return self.figures.get(name, fetch(session, "newest_commit"), self.clock(), LEDGER_FRESH, session, compute, self.apart)

    def of_work(self, name: str, session: Session, compute: Callable[[Session], T]) -> Figure:
        """A figure that changes with what happens to the exceptions."""
        return self.figures.get(name, fetch(session, "live_newest"), self.clock(), WORK_FRESH, session, compute, self.apart)

    def apart(self, work: Callable[[Session], None]) -> None:
        """Run something with a session of its own, in a thread of its own; when no session is free, somebody asks again later."""

        def run() -> None:
            with suppress(Busy, StoreError, psycopg.Error), self.pool.session() as session:
                work(session)

        threading.Thread(target=run, name="figures", daemon=True).start()
