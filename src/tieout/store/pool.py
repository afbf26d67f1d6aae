"""Sessions that the threads of a process take in turns: opened when needed, kept, never more than so many."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg

from tieout.store.session import Session

SESSIONS_MAX = 8
WAIT_SECONDS = 5.0
STATEMENT_MILLISECONDS = 20_000
LOCK_MILLISECONDS = 5_000


class Busy(Exception):
    """All sessions were in use for too long; whoever asks may try again."""


class Pool:
    """Sessions of one database. Threads share it."""

    def __init__(self, connect: Callable[[], Session], size: int = SESSIONS_MAX) -> None:
        self._connect = connect
        self._free: list[Session] = []
        self._one = threading.Lock()
        self._room = threading.BoundedSemaphore(size)

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A session for a `with` block. Raises Busy, or StoreError when none can be opened."""
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
        session.execute(f"set statement_timeout to {STATEMENT_MILLISECONDS}; set lock_timeout to {LOCK_MILLISECONDS}")
        return session

    def _give_back(self, session: Session) -> None:
        if session.closed or session.info.transaction_status != psycopg.pq.TransactionStatus.IDLE:
            session.close()
            return
        with self._one:
            self._free.append(session)
