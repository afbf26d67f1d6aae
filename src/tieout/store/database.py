"""A project's database: opened, migrated, in the application's role and the project's schema."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from copy import copy
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql as compose
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from tieout.errors import StoreError
from tieout.store import arrays
from tieout.store.embedded import Embedded
from tieout.store.migrate import APP_ROLE, migrate
from tieout.store.rows import HEADER, TRAILER
from tieout.store.session import Session
from tieout.store.sql import sql

Connection = psycopg.Connection[tuple[Any, ...]]
EMBEDDED = "embedded"
PIECE = 64 * 1024
"""How many bytes of a COPY are handed to the driver at once."""
WRITER = (
    "set enable_seqscan = off; set enable_hashjoin = off; set enable_mergejoin = off;"
    " set plan_cache_mode = force_custom_plan; set synchronous_commit = on"
)


class Database:
    """The database of one project. `connect` gives sessions; `close` lets the embedded server go."""

    def __init__(self, where: str, schema: str, folder: Path) -> None:
        self.schema = schema
        self.embedded = Embedded(folder) if where == EMBEDDED else None
        self.where = where

    def open(self) -> list[str]:
        """Start the embedded server if it is one, and migrate; names the migrations applied."""
        if self.embedded is not None:
            self.embedded.start()
        with self._session() as connection:
            return migrate(connection, self.schema)

    def close(self) -> None:
        """Leave the embedded server."""
        if self.embedded is not None:
            self.embedded.stop()

    @contextmanager
    def owner(self) -> Iterator["psycopg.Connection[tuple[Any, ...]]"]:
        """A session with the rights of whoever owns the schema; for what migrations and `rebuild` do."""
        connection = self._session()
        try:
            yield connection
        finally:
            connection.close()

    def beside(self, schema: str) -> "Database":
        """Another schema on the same server; this database keeps the server open for it."""
        made = copy(self)
        made.schema = schema
        return made

    def drop(self) -> None:
        """Remove the schema and all that is in it. Only for schemas made to be thrown away."""
        with self.owner() as connection:
            connection.execute(compose.SQL("drop schema if exists {} cascade").format(compose.Identifier(self.schema)))

    @property
    def conninfo(self) -> str:
        """How to connect. Raises StoreError when the setting is no connection string."""
        text = self.embedded.url if self.embedded is not None else self.where
        try:
            conninfo_to_dict(text)
        except psycopg.ProgrammingError as bad:
            raise StoreError(
                f"`database` is not a connection string: {str(bad).strip().rstrip('.')}.",
                'Write database = "embedded" or "postgresql://user@host/name".',
            ) from bad
        return make_conninfo(text, application_name="tieout", connect_timeout=10)

    def _session(self) -> Session:
        try:
            return Session.connect(self.conninfo, autocommit=True)
        except psycopg.OperationalError as bad:
            reason = str(bad).strip().splitlines()[0].rstrip(".?")
            raise StoreError(
                f"The database cannot be reached: {reason}.",
                "Check `database` in tieout.toml and that the server runs.",
            ) from bad

    def connect(self, *, writer: bool = False) -> Session:
        """A session in the application's role; a writer's has its plans pinned to index lookups."""
        connection = self._session()
        name = compose.Identifier(self.schema)
        connection.execute(compose.SQL("set search_path to {}").format(name))
        connection.execute("set timezone to 'UTC'")
        arrays.register(connection)
        if writer:
            connection.execute(WRITER)
        connection.execute(compose.SQL("set role {}").format(compose.Identifier(APP_ROLE)))
        return connection

    @contextmanager
    def session(self, *, writer: bool = False) -> Iterator[Session]:
        """A session for a `with` block."""
        connection = self.connect(writer=writer)
        try:
            yield connection
        finally:
            connection.close()


def copy_rows(connection: "psycopg.Connection[tuple[Any, ...]]", table: str, rows: Sequence[bytes]) -> None:
    """Binary COPY of prebuilt rows into a table; nothing if there are none."""
    with Sending(connection, [(table, rows)]):
        pass


class Sending:
    """Binary COPY of prebuilt rows into some tables, one after the other, while the `with` block computes.

    Each `push` hands over what the server takes by now and does not wait; the end of the block waits for the rest. The
    session can do nothing else meanwhile.
    """

    def __init__(self, connection: "psycopg.Connection[tuple[Any, ...]]", jobs: Sequence[tuple[str, Sequence[bytes]]]) -> None:
        self._connection = connection
        self._jobs = [(table, rows) for table, rows in reversed(jobs) if rows]
        self._copy: psycopg.Copy | None = None
        self._block: AbstractContextManager[psycopg.Copy]
        self._data = memoryview(b"")

    def __enter__(self) -> "Sending":
        self.push()
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self._end(error)
        while self._jobs and error is None:
            self._begin()
            self._end(None)

    def push(self) -> None:
        """Go on with whatever can be sent without waiting."""
        if self._copy is not None and (self._connection.pgconn.flush() or self._offer()):
            return
        self._end(None)
        if self._jobs:
            self._begin()
            self._offer()

    def _offer(self) -> bool:
        """Hand over piece by piece what the socket takes; true while something is left. The driver moves whatever it holds."""
        while self._data:
            self._connection.pgconn.put_copy_data(bytes(self._data[:PIECE]))
            self._data = self._data[PIECE:]
            if self._connection.pgconn.flush():
                return True
        return False

    def _begin(self) -> None:
        table, rows = self._jobs.pop()
        statement = compose.SQL("copy {} from stdin (format binary)").format(compose.Identifier(table))
        self._block = self._connection.cursor().copy(statement)
        self._copy = self._block.__enter__()
        self._copy.write(HEADER)
        self._data = memoryview(b"".join((*rows, TRAILER)))

    def _end(self, error: BaseException | None) -> None:
        copy, self._copy = self._copy, None
        if copy is None:
            return
        for start in range(0, len(self._data) if error is None else 0, PIECE):
            copy.write(bytes(self._data[start : start + PIECE]))
        self._data = memoryview(b"")
        self._block.__exit__(type(error) if error is not None else None, error, None)


def fetch(connection: "psycopg.Connection[tuple[Any, ...]]", name: str, *arguments: Any) -> list[tuple[Any, ...]]:
    """All rows of a named statement."""
    return connection.execute(sql(name), [*map(arrays.sent, arguments)] or None, prepare=True, binary=True).fetchall()


def run(connection: "psycopg.Connection[tuple[Any, ...]]", name: str, *arguments: Any) -> int:
    """Run a named statement; the number of rows it touched."""
    return connection.execute(sql(name), [*map(arrays.sent, arguments)] or None).rowcount


def fetch_by(connection: "psycopg.Connection[tuple[Any, ...]]", statement: str, /, **arguments: Any) -> list[tuple[Any, ...]]:
    """All rows of a named statement whose parameters have names."""
    return connection.execute(
        sql(statement), {key: arrays.sent(value) for key, value in arguments.items()}, prepare=True, binary=True
    ).fetchall()


def run_by(connection: "psycopg.Connection[tuple[Any, ...]]", statement: str, /, **arguments: Any) -> int:
    """Run a named statement whose parameters have names; the number of rows it touched."""
    return connection.execute(sql(statement), {key: arrays.sent(value) for key, value in arguments.items()}).rowcount
