"""Deliveries: how a task reaches its system, as a conversation over HTTP or as a document in a folder. Whatever happens is an outcome."""

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol, cast

import psycopg

from tieout.connectors import Sender, System, Writer
from tieout.core.attempt import Move
from tieout.core.command import Failed, Rejected
from tieout.errors import OperatorError
from tieout.runtime.configuration import sender_of
from tieout.runtime.drop import drop
from tieout.runtime.numbers import written
from tieout.runtime.task import Ending, Task, guarded
from tieout.runtime.transport import Transport
from tieout.store.session import Session

log = logging.getLogger(__name__)
OpenSession = Callable[[], AbstractContextManager[Session]]
Clock = Callable[[], datetime]


class Delivery(Protocol):
    """A way to one system. Called from the threads of its crew, at most `size` at a time."""

    @property
    def size(self) -> int:
        """How many tasks at a time."""
        ...

    def deliver(self, task: Task) -> Ending:
        """Do the task. Raises nothing."""
        ...

    def close(self) -> None:
        """Give up connections."""
        ...


def wall() -> datetime:
    """The real time."""
    return datetime.now(UTC)


def delivery_of(
    system: System, *, size: int, folder: Path | None, open_session: OpenSession, transport: Transport | None = None, clock: Clock = wall
) -> Delivery:
    """The way to a system; documents are made at the time of `clock`."""
    module = sender_of(system)
    if module is None:
        return Nowhere(system)
    if hasattr(module, "document"):
        return Folder(system, cast(Writer, module), folder, open_session, clock)
    return Conversations(system, cast(Sender, module), size, transport or Transport(connections_max=size))


class Conversations:
    """Calls over connections that the threads share."""

    def __init__(self, system: System, sender: Sender, size: int, transport: Transport) -> None:
        self.size = size
        self._system = system
        self._sender = sender
        self._transport = transport

    def deliver(self, task: Task) -> Ending:
        """Send the command, or look whether an earlier attempt arrived."""
        begin = self._sender.probe if task.move is Move.PROBE else self._sender.send
        try:
            return self._transport.perform(guarded(begin(task.command, self._system, task.secrets), task))
        except OperatorError as bad:
            return Failed("settings", str(bad), task.wrote)
        except Exception as bad:
            log.exception("the connector %s broke on command %s", self._system.connector, task.key)
            return Failed("internal", f"Our connector broke on it: {type(bad).__name__}. Please report it.", task.wrote)

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()


class Folder:
    """Documents with control numbers, put into a folder. Doing it again puts the same bytes under the same name, so that a
    look whether an earlier attempt arrived and a second attempt are one and the same."""

    size = 1

    def __init__(self, system: System, writer: Writer, folder: Path | None, open_session: OpenSession, clock: Clock = wall) -> None:
        self._system = system
        self._writer = writer
        self._folder = folder
        self._open_session = open_session
        self._clock = clock

    def deliver(self, task: Task) -> Ending:
        """Write and store the document if there is none yet, then put it into the folder."""
        if self._folder is None:
            return Failed("settings", f"`systems.{self._system.name}.sending.folder` does not say where its documents go.")
        try:
            with self._open_session() as connection:
                made = written(connection, self._writer, task.command, self._system, self._clock())
        except psycopg.Error as bad:
            return Failed("lease", f"The database went away before the document was stored: {type(bad).__name__}.")
        except Exception as bad:
            log.exception("the connector %s broke on command %s", self._system.connector, task.key)
            return Failed("internal", f"Our connector broke on it: {type(bad).__name__}. Please report it.")
        task.wrote = True
        return made if isinstance(made, Rejected) else drop(self._folder, made.file, made.raw)

    def close(self) -> None:
        """Nothing is held open."""


class Nowhere:
    """A system whose connector cannot tell it anything."""

    size = 1

    def __init__(self, system: System) -> None:
        self._system = system

    def deliver(self, task: Task) -> Ending:
        """Refuse it, with the next step."""
        name, connector = self._system.name, self._system.connector
        return Rejected(f"Not sent: the connector {connector} of {name} only listens. Name a system that can be told {task.command.act}.")

    def close(self) -> None:
        """Nothing is held open."""
