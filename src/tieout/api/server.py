"""The HTTP server: uvicorn on a socket of ours, with a deadline for the head of every request."""

import asyncio
import logging
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

import h11
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from tieout.errors import OperatorError
from tieout.runtime.roles import Step

HEAD_SECONDS = 10.0
"""Seconds in which the head of a request must be there."""
IDLE_SECONDS = 15
END_SECONDS = 4
"""Seconds in which requests at hand are answered when the server ends."""
CONNECTIONS_MAX = 512


class Patient(H11Protocol):
    """A connection that is closed when the head of a request does not come in time."""

    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """The clock starts with the connection."""
        super().connection_made(transport)
        self._watch()

    def data_received(self, data: bytes) -> None:
        """It stops while a request is being answered, and starts with the first byte of the next."""
        super().data_received(data)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """It stops."""
        if self._deadline is not None:
            self._deadline.cancel()
        super().connection_lost(exc)

    def _watch(self) -> None:
        if self.conn.their_state is not h11.IDLE:
            if self._deadline is not None:
                self._deadline.cancel()
                self._deadline = None
        elif self._deadline is None:
            self._deadline = self.loop.call_later(HEAD_SECONDS, self.transport.close)


def listen(host: str, port: int) -> socket.socket:
    """A socket to serve on. Raises OperatorError when it cannot be had."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        made = socket.create_server((host, port), family=family, backlog=1024)
    except OSError as bad:
        raise OperatorError(f"{host}:{port} cannot be listened on: {bad.strerror}.", "Choose another --host or --port.") from bad
    made.setblocking(False)
    return made


class Web:
    """The role that serves HTTP. It listens from the start, so that what is wrong with the address is said at once."""

    def __init__(self, host: str, port: int) -> None:
        self._host = host
        self._first: socket.socket | None = listen(host, port)
        self.port: int = self._first.getsockname()[1]

    @contextmanager
    def serving(self, application: Callable[[], ASGIApp], end: threading.Event) -> Iterator[Step]:
        """The role `receive` (or `watch`, where nothing is taken in)."""
        logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
        taken, self._first = self._first, None
        listening = taken if taken is not None else listen(self._host, self.port)
        config = uvicorn.Config(
            application(), http=Patient, ws="none", lifespan="off", loop="asyncio", log_config=None, access_log=False, proxy_headers=False,
            server_header=False, timeout_keep_alive=IDLE_SECONDS, timeout_graceful_shutdown=END_SECONDS, limit_concurrency=CONNECTIONS_MAX,
        )  # fmt: skip
        server = uvicorn.Server(config)
        running = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, name=threading.current_thread().name, daemon=True)

        def step(now: datetime) -> float:
            running.join(0.2)
            if not running.is_alive() and not end.is_set():
                raise RuntimeError("the HTTP server has ended")
            return 0.0

        running.start()
        try:
            yield step
        finally:
            server.should_exit = True
            running.join(END_SECONDS + 1)
            listening.close()
