"""A bad line to Tryton: cuts the connection after a request was received and before its answer, or holds a request back beyond our time-out."""

import contextlib
import http.client
import json
import random
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from examples.erp.tryton import DATABASE, Tryton

READS = ("login", "get_preferences", "search", "search_read", "search_count", "read", "default_get", "on_change", "fields_get", "skip")
DELAY = 2.5
"""Seconds that a request is held back."""
METHODS = 8
"""No kind of request takes more than its share of each fault, so that there are some left for the last of them."""
SPOILED = 0.5
"""The share of the requests that change something which is spoiled, by dice that always fall the same way."""


class BadLine:
    """A `with` block of it listens on a loopback port; it spoils so many requests each way, then none."""

    def __init__(self, tryton: Tryton, *, cuts: int, delays: int) -> None:
        self._tryton = tryton
        self._left = Counter(cut=cuts, delay=delays)
        self._most = {way: count // METHODS + 1 for way, count in self._left.items()}
        self.faults = cuts + delays
        self.spoiled: Counter[str] = Counter()
        self.by_method: Counter[str] = Counter()
        self._dice = random.Random(7)
        self._lock, self._turn = threading.Lock(), threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._server.daemon_threads = True
        self._server.line = self  # type: ignore[attr-defined]
        self._thread = threading.Thread(target=lambda: self._server.serve_forever(poll_interval=0.02))

    @property
    def url(self) -> str:
        """The address of the database by this line."""
        return f"http://127.0.0.1:{self._server.server_port}/{DATABASE}/"

    @property
    def is_over(self) -> bool:
        """True when everything was spoiled that is to be."""
        return not any(self._left.values())

    def __enter__(self) -> "BadLine":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def fate(self, body: bytes) -> str:
        """What becomes of a request: nothing, `cut` or `delay`; only of those that change something."""
        method = json.loads(body)["method"]
        if method.rpartition(".")[2] in READS:
            return ""
        name = method.removeprefix("model.")
        with self._lock:
            ways = [way for way, left in self._left.items() if left and self.by_method[f"{way} {name}"] < self._most[way]]
            if not ways or self._dice.random() >= SPOILED:
                return ""
            fate = max(ways, key=lambda way: self._left[way])
            self._left[fate] -= 1
            self.spoiled[fate] += 1
            self.by_method[f"{fate} {name}"] += 1
            return fate

    def forward(self, path: str, headers: dict[str, str], body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        """What Tryton answers. It is asked one thing at a time: on SQLite two invoices posted at once may get one number."""
        with self._turn:
            return self._asked(path, headers, body)

    def _asked(self, path: str, headers: dict[str, str], body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self._tryton.port, timeout=120)
        try:
            connection.request("POST", path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            connection.close()

    def hold_back(self) -> None:
        """Longer than anybody waits for it."""
        time.sleep(DELAY)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        line: BadLine = self.server.line  # type: ignore[attr-defined]
        body = self.rfile.read(int(self.headers["content-length"]))
        fate = line.fate(body)
        if fate == "delay":
            line.hold_back()
        try:
            status, headers, answer = line.forward(self.path, dict(self.headers.items()), body)
        except (OSError, http.client.HTTPException):
            fate = "cut"
        self.close_connection = bool(fate)
        if fate:
            return
        with contextlib.suppress(OSError):  # nobody waits any more
            self._pass_on(status, headers, answer)

    def _pass_on(self, status: int, headers: list[tuple[str, str]], answer: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in ("transfer-encoding", "content-length", "connection"):
                self.send_header(name, value)
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""
