"""Performs the calls of a conversation: the one place where commands and polls meet the network.

A connector's `send`, `probe` and `poll` yield calls and judge replies; everything else that can happen to a call ends the
conversation here, as a `Failed` with one of these faults:

| fault | what happened | has a write left us? |
|---|---|---|
| `request` | the call cannot be written as HTTP: an address or header that is none | no |
| `dns` | the host has no address | no |
| `connect` | refused, unreachable, or not connected in time | no |
| `tls` | no trusted encrypted connection: certificate, host name, protocol | no |
| `timeout` | the whole answer was not there within `Call.timeout`, however steadily bytes trickled | if a byte of it had |
| `closed` | the connection ended before an answer began | yes |
| `not-http` | what came is no HTTP, or more than one answer | yes |
| `truncated` | the answer ended early or its chunks are broken | yes |
| `too-large` | the answer is longer than we accept; it was cut off there | yes |
| `encoding` | the answer is compressed, and its call did not ask for gzip | yes |
| `endless` | the conversation made more calls than any needs | if one had |
| `redirect`, `credentials`, `rate-limit`, `status` | see `connectors.verdict` | see there |

Requests go out by httpcore, the pool beneath httpx: only there may the sockets be given a deadline (see `wire`). No
proxy, no cookies, no redirects, no retries: what is sent is what the connector said.
"""

import logging
import socket
import ssl
from collections.abc import Generator
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar
from urllib.parse import SplitResult, urlsplit

import httpcore

from tieout.connectors.verdict import NOT_TAKEN, fault_of
from tieout.core.command import Call, Failed, Reply
from tieout.formats.http import end_of_answer, unpacked
from tieout.runtime.wire import Exchange, Wire

T = TypeVar("T")

ANSWER_MAX = 16 * 1024 * 1024
"""Longest answer taken, in bytes."""
CALLS_MAX = 10_000
"""Most calls in one conversation."""
CONNECTIONS_MAX = 10
IDLE_MAX = 4.0
"""Seconds after which an idle connection is given up; servers commonly close theirs after five, and a write that crosses
their closing is in doubt."""
AGENT = "tieout"
OURS = ("content-length", "transfer-encoding", "connection")
"""Headers that follow from the call itself; a connector cannot set them."""


class Transport:
    """The connections to one system. Threads may share it; each performs one conversation at a time."""

    def __init__(self, *, connections_max: int = CONNECTIONS_MAX, answer_max: int = ANSWER_MAX, authorities: Path | None = None) -> None:
        """`authorities` is a PEM file of certificate authorities trusted instead of the operating system's."""
        logging.getLogger("httpcore").setLevel(logging.WARNING)  # below it writes the headers of answers out
        self._answer_max = answer_max
        self._exchange = Exchange()
        self._pool = httpcore.ConnectionPool(
            ssl_context=ssl.create_default_context(cafile=authorities),
            max_connections=connections_max,
            max_keepalive_connections=connections_max,
            keepalive_expiry=IDLE_MAX,
            network_backend=Wire(self._exchange),
        )

    def perform(self, conversation: Generator[Call, Reply, T]) -> T | Failed:
        """Carry a conversation to its end, its own outcome or the fault that ended it.

        A fault is in doubt exactly when a call that writes has left us and was not answered as not taken, be it this call
        or an earlier one. Raises only what the conversation itself raises, which is an error of ours.
        """
        left = False
        try:
            call = next(conversation)
            for _ in range(CALLS_MAX):
                answer = self._exchanged(call)
                status = answer.status if isinstance(answer, Reply) else 0
                left = left or (call.writes and self._exchange.sent > 0 and status not in NOT_TAKEN)
                fault = fault_of(call, answer) if isinstance(answer, Reply) else answer
                if fault is not None:
                    return Failed(fault.fault, fault.reason, left, fault.retry_after)
                assert isinstance(answer, Reply)
                call = conversation.send(answer)
        except StopIteration as end:
            outcome: T = end.value
            return outcome
        finally:
            conversation.close()
        return Failed("endless", f"The conversation has made {CALLS_MAX:,} calls without an end.", left)

    def _exchanged(self, call: Call) -> Reply | Failed:
        """One call and its answer; an answer that ends the conversation by its status comes without its body."""
        self._exchange.begin(call.timeout)
        try:
            return self._asked(call)
        except (httpcore.LocalProtocolError, httpcore.UnsupportedProtocol, UnicodeError, ValueError):
            return Failed("request", f"{call.shown!r} cannot be sent: the address or a header holds what HTTP cannot carry.")
        except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError) as bad:
            return self._fault(call, bad)
        finally:
            self._exchange.received.clear()

    def _asked(self, call: Call) -> Reply | Failed:
        if call.timeout <= 0:
            raise httpcore.ConnectTimeout
        with self._pool.stream(
            call.method,
            _address(call.url),
            headers=_headers(call),
            content=call.body,
            extensions={"timeout": {"pool": call.timeout}},
        ) as response:
            self._exchange.answered = True
            head = Reply(response.status, _joined(response.headers), b"")
            if fault_of(call, head) is not None:
                return head
            encoding = head.headers.get("content-encoding", "").lower() or "identity"
            if encoding not in ("identity", call.headers.get("accept-encoding", "")):
                return Failed("encoding", f"{call.shown} was answered compressed, which was not asked for.")
            size = head.headers.get("content-length", "")
            if size.isdecimal() and int(size[:20]) > self._answer_max and call.method != "HEAD":
                return self._too_large(call)
            parts: list[bytes] = []
            room = self._answer_max
            for part in response.iter_stream():
                room -= len(part)
                if room < 0:
                    return self._too_large(call)
                parts.append(part)
            bodiless = head.status in (204, 304) or call.method == "HEAD"
            raw = b"".join(self._exchange.received)
            if len(raw) > end_of_answer(raw, bodiless=bodiless):
                response.extensions["network_stream"].close()  # else the surplus is read as the answer to the next call
                if not bodiless:
                    return Failed("not-http", f"{call.shown}: bytes follow the end that the answer gives itself.")
            body = b"".join(parts)
            return self._unpacked(call, head, body) if encoding == "gzip" and body else Reply(head.status, head.headers, body)

    def _unpacked(self, call: Call, head: Reply, body: bytes) -> Reply | Failed:
        """The answer to a call that asks for gzip, because its target labels its answers so whatever is asked for."""
        try:
            return Reply(head.status, head.headers, unpacked(body, self._answer_max))
        except OverflowError:
            return self._too_large(call)
        except ValueError as bad:
            return Failed("truncated", f"{call.shown}: the answer broke off or is damaged ({bad}).")

    def _too_large(self, call: Call) -> Failed:
        reason = f"{call.shown} was answered with more than {self._answer_max:,} bytes; the rest was not read. Ask for less at a time."
        return Failed("too-large", reason)

    def _fault(self, call: Call, bad: Exception) -> Failed:
        """What broke, by how far the exchange had come."""
        sent, received = self._exchange.sent, self._exchange.received
        cause = _root(bad)
        if isinstance(bad, httpcore.TimeoutException):
            if sent == 0:
                return Failed("connect", f"{call.shown}: no connection within {call.timeout:g} seconds.")
            return Failed("timeout", f"{call.shown}: the answer was not complete within {call.timeout:g} seconds.")
        if isinstance(cause, socket.gaierror):
            return Failed("dns", f"{call.shown}: the host has no address ({cause.strerror}). Check the name and the resolver.")
        if isinstance(cause, ssl.SSLError) and not received:
            return Failed("tls", f"{call.shown}: no trusted connection ({_why_tls(cause)}).")
        if sent == 0:
            said = cause.strerror if isinstance(cause, OSError) and cause.strerror else "no connection"
            return Failed("connect", f"{call.shown}: {said}.")
        if not received:
            return Failed("closed", f"{call.shown}: the connection was closed before an answer began.")
        if self._exchange.answered or not isinstance(bad, httpcore.ProtocolError):
            return Failed("truncated", f"{call.shown}: the answer broke off or is damaged.")
        return Failed("not-http", f"{call.shown}: what came back is no HTTP answer.")

    def close(self) -> None:
        """Close all connections."""
        self._pool.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def _address(url: str) -> httpcore.URL:
    """The address as it goes out. Raises ValueError for one that is none; a user in it belongs into a header."""
    parts: SplitResult = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None or parts.fragment:
        raise ValueError("no address")
    if not url.isascii() or any(character <= " " or character == "\x7f" for character in url):
        raise ValueError("no address")
    _ = parts.port  # raises ValueError when it is none
    return httpcore.URL(url)


def _headers(call: Call) -> list[tuple[bytes, bytes]]:
    parts = urlsplit(call.url)
    given = {name.lower(): value for name, value in call.headers.items() if name.lower() not in OURS}
    given = {"host": parts.netloc, "user-agent": AGENT, "accept": "*/*", "accept-encoding": "identity"} | given
    if call.body or call.method not in ("GET", "HEAD"):
        given["content-length"] = str(len(call.body))
    return [(name.encode("ascii"), value.encode("latin-1")) for name, value in given.items()]


def _joined(headers: list[tuple[bytes, bytes]]) -> dict[str, str]:
    """Names in lower case; a header that stands several times is joined by commas."""
    found: dict[str, str] = {}
    for name, value in headers:
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        found[key] = f"{found[key]}, {text}" if key in found else text
    return found


def _root(error: BaseException) -> BaseException:
    """What first went wrong; the pool passes causes on as contexts."""
    while (before := error.__cause__ or error.__context__) is not None:
        error = before
    return error


def _why_tls(cause: ssl.SSLError) -> str:
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"the certificate is not trusted: {cause.verify_message.rstrip('.')}"
    return (cause.reason or "the handshake failed").replace("_", " ").lower()
