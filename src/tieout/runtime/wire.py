"""Sockets under one deadline: every read, write, connection and TLS handshake of an exchange ends when its time is up.

The clients at hand bound each *read*, so a server that trickles one byte at a time holds a caller for ever. Here every
operation gets what is left of the whole exchange. What crossed the wire is counted, because a write of which no byte
has left us is not in doubt.
"""

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Iterable
from typing import Any

import httpcore

SLICE = 16 * 1024
"""Bytes written under one check of the deadline."""


class Exchange(threading.local):
    """The call under way in this thread: when it must be over (monotonic seconds), how many bytes have left us, what has
    come back, and whether the head of an answer was read."""

    def __init__(self) -> None:
        self.begin(0)

    def begin(self, timeout: float) -> None:
        """Start the clock and the counts."""
        self.ends = time.monotonic() + timeout
        self.sent = 0
        self.received: list[bytes] = []
        self.answered = False

    def left(self, expired: type[Exception]) -> float:
        """Seconds left; raises `expired` when there are none."""
        seconds = self.ends - time.monotonic()
        if seconds <= 0:
            raise expired("the time of the whole exchange is over")
        return seconds


class Wire(httpcore.NetworkBackend):
    """Opens connections whose operations obey the exchange under way in their thread."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._sockets = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first of the host's addresses that answers; each gets its share of the time that is left.

        The resolver of the operating system has time-outs of its own, which no caller can shorten.
        """
        addresses = _addresses(host, port)
        last: Exception = httpcore.ConnectError("the host has no address")
        for tried, address in enumerate(addresses):
            seconds = self._exchange.left(httpcore.ConnectTimeout) / (len(addresses) - tried)
            try:
                stream = self._sockets.connect_tcp(address, port, seconds, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as bad:
                last = bad
            else:
                return _Stream(stream, self._exchange)
        raise last


def _addresses(host: str, port: int) -> list[str]:
    """The numeric addresses of a host, as the system prefers them. Raises ConnectError."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as bad:
        raise httpcore.ConnectError(str(bad)) from bad
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class _Stream(httpcore.NetworkStream):
    """One connection. Head and body of a request go out together: one packet for most, and one call to the system."""

    def __init__(self, inner: httpcore.NetworkStream, exchange: Exchange) -> None:
        self._inner = inner
        self._exchange = exchange
        self._waiting = b""

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        with contextlib.suppress(httpcore.WriteError):  # who hangs up on a request may have said why
            self._flush()
        data = self._inner.read(max_bytes, self._exchange.left(httpcore.ReadTimeout))
        if data:
            self._exchange.received.append(data)
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._waiting += buffer
        if len(self._waiting) >= SLICE:
            self._flush()

    def _flush(self) -> None:
        waiting, self._waiting = self._waiting, b""
        for start in range(0, len(waiting), SLICE):
            seconds = self._exchange.left(httpcore.WriteTimeout)
            part = waiting[start : start + SLICE]
            self._exchange.sent += len(part)  # before it is written: what fails half-way may have left us
            self._inner.write(part, seconds)

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        seconds = self._exchange.left(httpcore.ConnectTimeout)
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, seconds), self._exchange)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)
