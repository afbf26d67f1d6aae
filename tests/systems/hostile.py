"""An HTTP server on loopback that behaves as badly as the outside world: each path is one kind of misbehaviour.

`serving()` starts it on a free port. `seen` keeps every request that arrived whole, so a test knows what was processed.
"""

import contextlib
import gzip
import json
import socket
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import msgspec

PATIENCE = 5.0
"""Most seconds a misbehaviour lasts when its victim does not go away."""


class Request(msgspec.Struct, frozen=True):
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Hostile(ThreadingHTTPServer):
    """The server, what it saw, and when it is to stop misbehaving."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self.seen: list[Request] = []
        self.connections = 0
        self.over = threading.Event()
        self.quit = threading.Event()
        self.state: dict[str, Any] = {}

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def get_request(self) -> tuple[socket.socket, Any]:
        self.connections += 1
        return super().get_request()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A victim that hangs up is what these tests are about."""


class Behaviour(BaseHTTPRequestHandler):
    """One method per path: `/html_400` is `html_400`."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1
    server: Hostile

    def do(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        body = self.rfile.read(length)
        path = self.path.partition("?")[0].strip("/")
        self.server.seen.append(Request(self.command, self.path, {k.lower(): v for k, v in self.headers.items()}, body))
        getattr(self, f"on_{path.split('/')[0]}")()

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do  # noqa: N815  the names http.server looks for

    def log_message(self, format: str, *arguments: Any) -> None:
        """Quiet."""

    def answer(self, status: int, body: bytes, kind: str = "application/json", **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def json(self, value: Any, status: int = 200, **headers: str) -> None:
        self.answer(status, json.dumps(value).encode(), **headers)

    def raw(self, data: bytes) -> None:
        self.wfile.write(data)
        self.wfile.flush()
        self.close_connection = True

    def drip(self, data: bytes) -> None:
        """One byte at a time, for as long as the victim stays."""
        with contextlib.suppress(OSError):
            for n in range(int(PATIENCE / 0.02)):
                self.wfile.write(data[n : n + 1] or b" ")
                self.wfile.flush()
                if self.server.over.wait(0.02):
                    break
        self.close_connection = True

    def on_well(self) -> None:
        self.json({"number": "SO-1"}, 201)

    def on_echo(self) -> None:
        self.json({"path": self.path, "headers": dict(self.headers.items())})

    def on_status(self) -> None:
        status = int(self.path.partition("?")[0].rsplit("/", 1)[1])
        self.answer(status, b"" if status in (204, 304) else b'{"error": "so it is"}')

    def on_html_400(self) -> None:
        self.answer(400, b"<html><body><h1>Bad Request</h1></body></html>", "text/html")

    def on_error_inside(self) -> None:
        self.json({"ok": False, "error": {"code": "CREDIT", "message": "Customer is over the credit limit"}})

    def on_truncated_json(self) -> None:
        self.answer(200, b'{"number": "SO-1", "lines": [{"sku"')

    def on_short_body(self) -> None:
        self.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{}")

    def on_broken_chunk(self) -> None:
        self.raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n{}  \r\nzz\r\n")

    def on_cut_chunk(self) -> None:
        self.raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{}")

    def on_redirect(self) -> None:
        self.answer(302, b"", Location="/well?token=s3cret")

    def on_redirect_keeping(self) -> None:
        self.answer(307, b"", Location="https://elsewhere.example/login?token=s3cret")

    def on_drip_body(self) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        self.drip(b"{")

    def on_drip_head(self) -> None:
        self.drip(b"HTTP/1.1 200 OK\r\nX-Padding: ")

    def on_endless(self) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        block = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
        with contextlib.suppress(OSError):
            while not self.server.over.is_set():
                self.wfile.write(block)
                self.server.state["endless"] = self.server.state.get("endless", 0) + 0x10000
        self.close_connection = True

    def on_ten_gigabytes(self) -> None:
        self.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 10737418240\r\n\r\n" + b"x" * 1000)

    def on_endless_head(self) -> None:
        with contextlib.suppress(OSError):
            self.raw(b"HTTP/1.1 200 OK\r\n" + b"".join(b"X-%d: %s\r\n" % (n, b"x" * 1000) for n in range(2000)))

    def on_hang_up(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def on_quits(self) -> None:
        """Answers well and hangs up without having said so; `quit` is set once it has."""
        self.on_well()
        self.wfile.flush()
        self.connection.shutdown(socket.SHUT_RDWR)
        self.close_connection = True
        self.server.quit.set()

    def on_surplus(self) -> None:
        """A length that is too short: what follows looks like the answer to the next request."""
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        self.wfile.write(b'HTTP/1.1 201 Created\r\nContent-Length: 18\r\n\r\n{"number": "SO-9"}')

    def on_surplus_chunk(self) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n")
        self.wfile.write(b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n")

    def on_surplus_204(self) -> None:
        """A body where there can be none, which careless servers do send."""
        self.wfile.write(b'HTTP/1.1 204 No Content\r\nContent-Length: 12\r\n\r\n{"ok": true}')

    def on_chunks(self) -> None:
        self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        self.wfile.write(b"2;why=not\r\n{}\r\n1\r\n \r\n0\r\nX-Trailer: 1\r\n\r\n")

    def on_garbage(self) -> None:
        self.raw(b"220 mail.example ESMTP ready\r\n")

    def on_bytes(self) -> None:
        self.raw(self.server.state["bytes"])

    def on_late(self) -> None:
        self.server.over.wait(PATIENCE)
        with contextlib.suppress(OSError):
            self.json({})

    def on_busy(self) -> None:
        self.json({}, 429, Retry_After="7")

    def on_busy_until(self) -> None:
        self.send_response_only(429)
        self.send_header("Date", "Mon, 02 Mar 2026 08:00:00 GMT")
        self.send_header("Retry-After", "Mon, 02 Mar 2026 08:01:30 GMT")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def on_down(self) -> None:
        self.json({}, 503, Retry_After="120")

    def on_packed(self) -> None:
        self.answer(200, b"\x1f\x8b\x08", Content_Encoding="gzip")

    def on_zipped(self) -> None:
        self.answer(200, gzip.compress(b'{"ok": true}'), Content_Encoding="gzip")

    def on_bomb(self) -> None:
        self.answer(200, gzip.compress(bytes(40_000_000)), Content_Encoding="gzip")

    def on_cookies(self) -> None:
        self.json({}, Set_Cookie="sid=s3cret", set_cookie="other=1")

    def on_token(self) -> None:
        """OAuth client credentials: each fetch gives a new token, and only the newest is good."""
        issued = self.server.state["issued"] = self.server.state.get("issued", 0) + 1
        self.json({"access_token": f"t0ken-{issued}", "token_type": "Bearer", "expires_in": 3600})

    def on_guarded(self) -> None:
        good = f"Bearer t0ken-{self.server.state.get('issued', 0)}"
        if self.headers.get("authorization") != good:
            self.json({"error": "token expired"}, 401)
        else:
            self.on_well()


@contextlib.contextmanager
def serving(handler: type[BaseHTTPRequestHandler] = Behaviour, tls: ssl.SSLContext | None = None) -> Iterator[Hostile]:
    """A server on a free port of loopback, until the block ends."""
    server = Hostile(handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server
    finally:
        server.over.set()
        server.shutdown()
        server.server_close()
        thread.join()


@contextlib.contextmanager
def refusing() -> Iterator[str]:
    """An address at which nothing listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{held.getsockname()[1]}"


@contextlib.contextmanager
def silent() -> Iterator[str]:
    """An address that takes connections and says nothing, not even a TLS handshake."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        held.listen(8)
        yield f"https://127.0.0.1:{held.getsockname()[1]}"
