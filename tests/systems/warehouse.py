"""A warehouse that takes releases as `wms_json` posts them: real HTTP, a memory, and faults on demand."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

TOKEN = "wms-test"
FAULTS: dict[str, tuple[int, str, bytes]] = {
    "busy": (429, "application/json", b'{"error":"slow down"}'),
    "broken": (500, "application/json", b'{"error":"database is locked"}'),
    "page": (404, "text/html", b"<!DOCTYPE html><title>IIS</title>"),
    "denied": (403, "application/json", b'{"error":"no right to release"}'),
    "unknown-item": (422, "application/json", b'{"error":"item MUG is not stocked here"}'),
    "conflict": (409, "application/json", b'{"error":"the order is closed"}'),
    "cut": (200, "application/json", b'{"release_id":"x","lines":['),
    "huge": (
        200,
        "application/json",
        json.dumps(
            {"release_id": "x", "order": {"system": "a", "type": "b", "number": "c"}, "lines": [{"item": "A", "quantity": "9" * 99}]}
        ).encode(),
    ),
}
AFTER = "drop"


class Warehouse:
    """Releases by their key; `posts` counts the requests that came, `asked` keeps the last headers."""

    def __init__(self) -> None:
        self.releases: dict[str, dict[str, Any]] = {}
        self.faults: list[str] = []
        self.posts = 0
        self.headers: dict[str, str] = {}

    def take(self, release: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Keep a release; one that is there already is left as it is."""
        self.posts += 1
        key = release["release_id"]
        if key in self.releases:
            return 409, {"error": "release exists", "delivery": self.releases[key]["delivery"]}
        self.releases[key] = release | {"delivery": f"D-{len(self.releases) + 1}"}
        return 201, self.releases[key]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        release = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self._answer(lambda: self.server.warehouse.take(release))  # type: ignore[attr-defined]

    def do_GET(self) -> None:
        (key,) = parse_qs(urlsplit(self.path).query)["release_id"]
        found = self.server.warehouse.releases.get(key)  # type: ignore[attr-defined]
        self._answer(lambda: (200, found) if found else (404, {"error": "no such release"}))

    def _answer(self, do: Any) -> None:
        warehouse: Warehouse = self.server.warehouse  # type: ignore[attr-defined]
        fault = warehouse.faults.pop(0) if warehouse.faults else ""
        if self.headers["authorization"] != f"Bearer {TOKEN}":
            self._send(401, "application/json", b'{"error":"who are you?"}')
        elif fault in FAULTS:
            self._send(*FAULTS[fault])
        else:
            warehouse.headers = {name.lower(): value for name, value in self.headers.items()}
            status, body = do()
            self.close_connection = fault == AFTER
            if fault != AFTER:
                self._send(status, "application/json", json.dumps(body).encode())

    def _send(self, status: int, type_: str, raw: bytes) -> None:
        self.send_response(status)
        self.send_header("content-type", type_)
        self.send_header("content-length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, format: str, *args: Any) -> None:
        pass


class Served:
    """A warehouse on a port of its own, for a `with` block."""

    def __init__(self) -> None:
        self.warehouse = Warehouse()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.warehouse = self.warehouse  # type: ignore[attr-defined]
        self.thread = threading.Thread(target=lambda: self.server.serve_forever(poll_interval=0.01))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    def __enter__(self) -> "Served":
        self.thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()
