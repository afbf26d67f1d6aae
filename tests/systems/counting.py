"""A target that counts: every request is written down when it came, every document with the key it was made for.

`ways` says per attempt what becomes of a request: `well`, `dropped` (done, and the connection is cut before the answer), `lost` (cut, and
nothing done), `delayed`
(done only `delay` after the client has hung up or waits no longer), or a status. With `knows_again` it recognises a key and
makes nothing twice, as does one without keys that is asked first; both can be looked up by `GET /documents?ref=KEY`.
"""

import asyncio
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import msgspec

MAPPING = """
[rest]
base = "https://erp.example"
timeout = {timeout}
"""
ACT = """
[act.{act}]
url = "/{act}"
{idempotency}
documents = [{{ type = "{type}", path = "number" }}]
body = '''{{"ref": "{{key}}", "group": "{{group}}"}}'''

[act.{act}.probe]
url = "/documents?ref={{key}}"
records = "items"
path = "ref"
"""
TYPES = {"book_order": "sales_order", "post_shipment": "shipment", "post_invoice": "invoice"}
IDEMPOTENCY = 'idempotency = { header = "Idempotency-Key" }'

Ways = Callable[[str, int], str]


def mapping(*, keys: bool, timeout: int = 5) -> str:
    """How the rest connector speaks to it."""
    acts = [ACT.format(act=act, type=type_, idempotency=IDEMPOTENCY if keys else "") for act, type_ in TYPES.items()]
    return MAPPING.format(timeout=timeout) + "".join(acts)


class Came(msgspec.Struct):
    """One POST: when it came and when it was answered (monotonic), its key and subject, and what became of it."""

    at: float
    key: str
    group: str
    way: str
    done: float = 0.0


class Counting:
    """The server's memory."""

    def __init__(self, *, knows_again: bool, ways: Ways, delay: float, latency: float) -> None:
        self.knows_again = knows_again
        self.ways = ways
        self.delay = delay
        self.latency = latency
        self.base = ""
        self.came: list[Came] = []
        self.looked: list[str] = []
        self.documents: dict[str, list[str]] = {}
        self.attempts: Counter[str] = Counter()
        self.pending = 0

    def make(self, key: str) -> str:
        """Do what was asked: a document, unless the key is known."""
        known = self.documents.setdefault(key, [])
        if not (known and self.knows_again):
            known.append(f"D{sum(map(len, self.documents.values())) + 1}")
        return known[-1]

    def made_twice(self) -> list[str]:
        """Keys for which there is more than one document."""
        return [key for key, documents in self.documents.items() if len(documents) > 1]


class _Wire(asyncio.Protocol):
    """As little HTTP as the tests need: keep-alive, content-length."""

    def __init__(self, counting: Counting) -> None:
        self._counting = counting
        self._data = b""

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._data += data
        while (end := self._data.find(b"\r\n\r\n")) >= 0:
            head = self._data[:end].decode("latin-1")
            lines = head.split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
            size = int(headers.get("content-length", "0"))
            if len(self._data) < end + 4 + size:
                return
            body = self._data[end + 4 : end + 4 + size]
            self._data = self._data[end + 4 + size :]
            method, path, _ = lines[0].split(" ")
            self._asked(method, path, body)

    def _asked(self, method: str, path: str, body: bytes) -> None:
        counting = self._counting
        if method == "GET":
            (key,) = parse_qs(urlsplit(path).query)["ref"]
            counting.looked.append(key)
            self._answer(200, {"items": [{"ref": key, "number": number} for number in counting.documents.get(key, [])]})
            return
        said = json.loads(body)
        key = unquote(said["ref"])
        counting.attempts[key] += 1
        came = Came(time.monotonic(), key, said["group"], counting.ways(key, counting.attempts[key]))
        counting.came.append(came)
        if counting.latency:
            asyncio.get_running_loop().call_later(counting.latency, self._act, came)
        else:
            self._act(came)

    def _act(self, came: Came) -> None:
        counting = self._counting
        came.done = time.monotonic()
        if came.way == "well":
            self._answer(201, {"number": counting.make(came.key)})
        elif came.way == "dropped":
            counting.make(came.key)
            self._transport.close()
        elif came.way == "lost":
            self._transport.close()
        elif came.way == "delayed":
            counting.pending += 1
            asyncio.get_running_loop().call_later(counting.delay, self._late, came.key)
        else:
            self._answer(int(came.way), {"error": f"so it is: {came.way}"})

    def _late(self, key: str) -> None:
        self._counting.pending -= 1
        self._answer(201, {"number": self._counting.make(key)})

    def _answer(self, status: int, value: Any) -> None:
        if self._transport.is_closing():
            return
        body = json.dumps(value).encode()
        head = f"HTTP/1.1 {status} So\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        self._transport.write(head.encode() + body)


@contextmanager
def counting(
    *, knows_again: bool = True, ways: Ways = lambda key, attempt: "well", delay: float = 0.0, latency: float = 0.0
) -> Iterator[Counting]:
    """A counting target on a free port of loopback, until the block ends."""
    made = Counting(knows_again=knows_again, ways=ways, delay=delay, latency=latency)
    loop = asyncio.new_event_loop()
    ready = threading.Event()

    async def serve() -> None:
        server = await loop.create_server(lambda: _Wire(made), "127.0.0.1", 0, backlog=256)
        made.base = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        ready.set()

    def run() -> None:
        asyncio.set_event_loop(loop)
        loop.run_until_complete(serve())
        loop.run_forever()

    thread = threading.Thread(target=run)
    thread.start()
    ready.wait()
    try:
        yield made
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
