"""The warehouse: takes releases over HTTP, remembers them by their key, and writes the events of what it does."""

import itertools
import json
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

NAME = "W1"
STOCK = {f"SKU-{n:04d}": 1000 for n in range(1, 21)}
"""What stands on its shelves in the morning, as Tryton has it too."""


class Warehouse:
    """A `with` block of it listens on a loopback port."""

    def __init__(self) -> None:
        self.releases: dict[str, dict[str, Any]] = {}
        self.posts = 0
        self._numbers = itertools.count(1)
        self._shipped: dict[str, dict[str, int]] = {}
        self._done: set[str] = set()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._server.warehouse = self  # type: ignore[attr-defined]
        self._thread = threading.Thread(target=lambda: self._server.serve_forever(poll_interval=0.02))

    @property
    def url(self) -> str:
        """Where releases are posted to."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> "Warehouse":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def take(self, release: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Keep a release; one that is there already is left as it is."""
        self.posts += 1
        if release["release_id"] in self.releases:
            return 409, {"error": "release exists"}
        self.releases[release["release_id"]] = release | {"delivery": f"D-{len(self.releases) + 1:04d}"}
        return 201, self.releases[release["release_id"]]

    def released(self, order: str) -> dict[str, int]:
        """What was released for an order: item -> quantity."""
        found: dict[str, int] = {}
        for release in self.releases.values():
            if order in release["references"]:
                for line in release["lines"]:
                    found[line["item"]] = found.get(line["item"], 0) + int(line["quantity"])
        return found

    def ship(self, order: str, items: Mapping[str, int]) -> list[dict[str, Any]]:
        """Goods leave for an order: the shipment and what it takes off the shelves."""
        number = next(self._numbers)
        release = self._release(order, items)
        shipped = {"shipment": f"S-{number:04d}", "warehouse": NAME, "order": release["order"], "delivery": release["delivery"]}
        return [self._event("shipped", number, items, **shipped), self._moved(number, items, -1)]

    def take_back(self, order: str, items: Mapping[str, int]) -> list[dict[str, Any]]:
        """Goods come back for an order and go on the shelf again."""
        number, about = next(self._numbers), {"order": self._named(order), "warehouse": NAME}
        return [
            self._event("return_received", number, items, **about),
            self._event("restocked", number, items, **about),
            self._moved(number, items, 1),
        ]

    def open(self) -> list[dict[str, Any]]:
        """The stock it begins with."""
        return [self._moved(next(self._numbers), STOCK, 1)]

    def _moved(self, number: int, items: Mapping[str, int], sign: int) -> dict[str, Any]:
        return self._event("stock_moved", number, {item: sign * quantity for item, quantity in items.items()}, warehouse=NAME)

    def _event(self, what: str, number: int, items: Mapping[str, int], **more: Any) -> dict[str, Any]:
        lines = [{"item": item, "quantity": quantity} for item, quantity in items.items()]
        return {"event": what, "event_id": f"{what}-{number:04d}", "occurred_at": datetime.now(UTC).isoformat(), "lines": lines, **more}

    def _release(self, order: str, items: Mapping[str, int]) -> dict[str, Any]:
        """The release that goods leave for: the first of the order that asks for all of them and is not done, else the last that does."""
        mine = [one for one in self.releases.values() if order in one["references"]]
        able = [one for one in mine if {line["item"] for line in one["lines"]} >= items.keys()] or mine
        found: dict[str, Any] = next((one for one in able if one["delivery"] not in self._done), able[-1])
        left = {line["item"]: int(line["quantity"]) for line in found["lines"]}
        shipped = self._shipped.setdefault(found["delivery"], dict.fromkeys(left, 0))
        for item, quantity in items.items():
            shipped[item] = shipped.get(item, 0) + quantity
        if all(shipped.get(item, 0) >= quantity for item, quantity in left.items()):
            self._done.add(found["delivery"])
        return found

    def _named(self, order: str) -> dict[str, str]:
        return dict(zip(("system", "type", "number"), order.split("/", 2), strict=True))


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        release = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self._answer(*self._warehouse.take(release))

    def do_GET(self) -> None:
        (key,) = parse_qs(urlsplit(self.path).query)["release_id"]
        found = self._warehouse.releases.get(key)
        self._answer(200, found) if found else self._answer(404, {"error": "no such release"})

    @property
    def _warehouse(self) -> Warehouse:
        found: Warehouse = self.server.warehouse  # type: ignore[attr-defined]
        return found

    def _answer(self, status: int, said: dict[str, Any]) -> None:
        raw = json.dumps(said).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""
