"""The simulated partners as HTTP endpoints on loopback: what each system has sent, and what those that answer can be told.

GET  /                  which systems there are, and the world's time
GET  /SYSTEM?after=N    the files a system has sent since the N-th, as names; `next` is the N to ask with then
GET  /SYSTEM/NAME       one of these files, byte for byte
     /SYSTEM/…          anything else is for the system itself, see `answers`
"""

import contextlib
import json
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from tieout.simulate import fates
from tieout.simulate.answers import BODY_MAX, Refusal, Reply, Request, Told, Unfit, answering
from tieout.simulate.books import Books
from tieout.simulate.chance import stream
from tieout.simulate.clock import iso
from tieout.simulate.fates import Fate
from tieout.simulate.live import Live

FILES_MAX = 500
PATIENCE = 20.0
"""Seconds for which a sender may keep us waiting, and a late answer its sender."""
SLOW_SECONDS = 0.15
MISBEHAVIOUR = (fates.DOWN, fates.LIMITED, fates.GATEWAY)


class HungUp(Exception):
    """The connection ends here, without an answer."""


class Endpoints(ThreadingHTTPServer):
    """The endpoints of a world, on a port of loopback. `misbehave` is the share of things told that go wrong by chance: down, too many
    requests, or done and given up by a gateway; what the world's own faults do comes besides."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, books: Books, live: Live | None = None, misbehave: float = 0.0, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.books, self.live = books, live
        self._misbehave, self._rng = misbehave, stream(books.seed, "misbehave")

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A sender that hangs up is what this is about."""

    def reply_to(self, request: Request) -> Reply:
        """The answer to a request that was not hung up on. Raises HungUp."""
        try:
            with self.books.lock:
                told = self._told(request)
                fate = self._fate(request, told)
            return self._after(fate, request)
        except (Unfit, ValueError, TypeError) as bad:
            return problem(422, f"{bad}.", "UNFIT")
        except Refusal as refusal:
            return problem(422, str(refusal), refusal.code)

    def _told(self, request: Request) -> Told | None:
        module = answering().get(request.system)
        return module.concerns(request, self.books) if module is not None else None

    def _fate(self, request: Request, told: Told | None) -> Fate | None:
        found = self.books.fate(request.system, told.order if told is not None else "", told.what if told is not None else "")
        if found is None and told is not None and self._rng.random() < self._misbehave:
            return Fate(self._rng.choice(MISBEHAVIOUR), seconds=2)
        return found

    def _after(self, fate: Fate | None, request: Request) -> Reply:
        how = fate.how if fate is not None else ""
        if fate is None or how == fates.SLOW:
            time.sleep(SLOW_SECONDS if how else 0.0)
            return self._done(request)
        wait = {"Retry-After": str(fate.seconds)}
        match how:
            case fates.DOWN:
                return problem(503, "Down for a moment.", "DOWN", wait)
            case fates.LIMITED:
                return problem(429, "Too many requests.", "LIMITED", wait)
            case fates.REFUSED:
                return problem(422, fate.reason, fate.code)
            case fates.INSIDE:
                return Reply({"error": {"code": fate.code, "message": fate.reason}})
            case fates.LATE:
                with self.books.lock:
                    self.books.later(self.books.moment + fate.seconds, lambda: self._done(request))
                raise HungUp("late")
            case fates.GATEWAY:
                self._done(request)
                return problem(504, "It took too long to answer.", "GATEWAY")
            case _:
                self._done(request)
                raise HungUp

    def _done(self, request: Request) -> Reply:
        with self.books.lock:
            module = answering().get(request.system)
            found = module.answer(request, self.books) if module is not None else None
            if found is None and self.live is not None:
                found = _sent(self.live, request)
            return found or problem(404, "There is no such thing here.", "NOT_FOUND")


class _Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1
    timeout = PATIENCE
    server: Endpoints

    def do_GET(self) -> None:
        self._do()

    def do_POST(self) -> None:
        self._do()

    def log_message(self, format: str, *arguments: Any) -> None:
        """Nothing is said."""

    def _do(self) -> None:
        length = self.headers.get("content-length") or "0"
        if not length.isdecimal() or int(length) > BODY_MAX:
            self.close_connection = True
            self._send(problem(413, f"A body has at most {BODY_MAX:,} bytes.", "LENGTH"))
            return
        where = urlsplit(self.path)
        system, _, path = unquote(where.path).strip("/").partition("/")
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(system, self.command, path, dict(parse_qsl(where.query)), headers, self.rfile.read(int(length)))
        try:
            self._send(self.server.reply_to(request))
        except HungUp as end:
            if end.args:
                self._wait_for_the_sender()
            self.close_connection = True
            with contextlib.suppress(OSError):
                self.connection.shutdown(socket.SHUT_RDWR)

    def _wait_for_the_sender(self) -> None:
        """Until the other side gives up."""
        with contextlib.suppress(OSError):
            self.connection.recv(1)

    def _send(self, reply: Reply) -> None:
        raw = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
        kind = "application/octet-stream" if isinstance(reply.body, bytes) else "application/json"
        with contextlib.suppress(OSError):
            self.send_response(reply.status)
            for name, value in {"Content-Type": kind, "Content-Length": str(len(raw)), **reply.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(raw)


def problem(status: int, title: str, code: str, headers: Mapping[str, str] | None = None) -> Reply:
    """An answer that says what is wrong."""
    said = title[:300]
    return Reply({"status": status, "title": said, "error": {"code": code, "message": said}}, status, headers or {})


@contextlib.contextmanager
def serving(endpoints: Endpoints) -> Iterator[str]:
    """The endpoints at work, until the block ends; where they are."""
    running = threading.Thread(target=endpoints.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    running.start()
    try:
        yield endpoints.url
    finally:
        endpoints.shutdown()
        endpoints.server_close()
        running.join(PATIENCE)


def _sent(live: Live, request: Request) -> Reply | None:
    """What the systems have sent so far."""
    live.catch_up()
    if not request.system:
        return Reply({"time": iso(live.moment), "systems": {system: len(files) for system, files in live.files.items()}})
    files = live.files.get(request.system)
    if files is None:
        return problem(404, f"There is no system {request.system[:60]!r}.", "NOT_FOUND")
    if request.path:
        found = next((each for each in files if each.name == request.path), None)
        return Reply(found.data) if found is not None else None
    after = request.query.get("after", "0")
    if not after.isdecimal():
        return problem(400, "`after` is a whole number.", "AFTER")
    names = [file.name for file in files[int(after) : int(after) + FILES_MAX]]
    return Reply({"files": names, "next": int(after) + len(names)})
