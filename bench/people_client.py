"""The hundred: `python -m bench.people_client TASK` plays them against a served project and prints what they waited for, as JSON.

Each signs in, holds the stream of changes open, and goes on with what a person does: lists, filters, scrolls, opens, and acts on what is
open, about the version that was seen. What the page asks for by itself, because the stream said so, is asked for and counted too.
"""

import asyncio
import itertools
import json
import random
import re
import statistics
import sys
import time
import urllib.parse
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpcore

RAMP_SECONDS = 25.0
THINK_SECONDS = (3.0, 9.0)
COUNTERS_EVERY, FRESH_EVERY = 5.0, 3.0
"""As static/js/live.js has it."""
SILENT_SECONDS = 20.0
"""A stream says something at least every 15 seconds."""
TOLD_SECONDS = 5.0
"""What changed last has reached every stream by then, or the stream is stuck."""
TIMEOUT = {"connect": 10.0, "read": 10.0, "write": 10.0, "pool": 10.0}
FILTERS = ("", "?class=SNI%2B", "?class=TBK%2B&channel=shopify", "?owner=me", "?owner=none&sort=-value", "?value=100..900&sort=-value", "?q=sku-013",
           "?class=TSH%2B&warehouse=EAST")  # fmt: skip
SENDERS = 64
FAULTS = (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError)


class Watch:
    """What was asked and how long it took."""

    def __init__(self) -> None:
        self.took: dict[str, list[float]] = {}
        self.errors: Counter[str] = Counter()

    def note(self, what: str, began: float, status: int, wanted: tuple[int, ...], said: bytes = b"") -> None:
        """Remember an answer, and what it said if it is not one of those wanted."""
        self.took.setdefault(what, []).append(1000 * (time.perf_counter() - began))
        if status not in wanted:
            self.errors[f"{what} {status} {said[:200]!r}"] += 1


class Person:
    """One of them, at a browser of their own."""

    def __init__(self, task: dict[str, Any], number: int, watch: Watch, pool: httpcore.AsyncConnectionPool) -> None:
        self.task, self.number, self.watch, self.pool = task, number, watch, pool
        self.random = random.Random(number)
        self.cookie = self.csrf = ""
        self.newest = 0
        self.heard = 0.0
        self.query = ""
        self.wakes: dict[str, float] = {}

    async def ask(
        self, what: str, path: str, *, body: bytes | None = None, wanted: tuple[int, ...] = (200,), **headers: str
    ) -> httpcore.Response:
        """One request, its answer read whole."""
        sent = {"Cookie": self.cookie, "Sec-Fetch-Site": "same-origin", "Accept-Encoding": "gzip", **headers}
        began = time.perf_counter()
        try:
            answer = await self.pool.request(
                "POST" if body is not None else "GET",
                self.task["url"] + path,
                headers=list(sent.items()),
                content=body,
                extensions={"timeout": TIMEOUT},
            )
        except FAULTS as fault:
            self.watch.note(f"{what} {type(fault).__name__}", began, 0, wanted)
            raise
        self.watch.note(what, began, answer.status, wanted, answer.content)
        return answer

    async def work(self, end: float) -> None:
        """From the sign-in to the end of the day."""
        await asyncio.sleep(self.number * RAMP_SECONDS / self.task["people"])
        await self.ask("sign-in page", "/sign-in")
        form = urllib.parse.urlencode({"login": f"person{self.number}", "password": self.task["password"], "next": "/exceptions"}).encode()
        answer = await self.ask("sign in", "/sign-in", body=form, wanted=(303,))
        given = dict(answer.headers).get(b"set-cookie") or dict(answer.headers)[b"Set-Cookie"]
        self.cookie = given.decode().partition(";")[0]
        page = (await self.ask("list", "/exceptions", **{"Accept-Encoding": "identity"})).content.decode()
        self.csrf = re.findall(r'data-csrf="([^"]+)"', page)[0]
        others = [asyncio.create_task(self.listen()), asyncio.create_task(self.look_on())]
        while (thinks := self.random.uniform(*THINK_SECONDS)) < end - time.monotonic():
            await asyncio.sleep(thinks)
            await self.step()
        await asyncio.sleep(end - time.monotonic())
        others[1].cancel()
        while self.newest < self.task.get("last", 1 << 62) and time.monotonic() < end + TOLD_SECONDS:
            await asyncio.sleep(0.1)
        others[0].cancel()

    async def step(self) -> None:
        """What a person does next."""
        drawn = self.random.random()
        if drawn < 0.25:
            self.query = self.random.choice(FILTERS)
            await self.ask("filter", f"/exceptions{self.query}", **{"X-Fragment": "main"})
        elif drawn < 0.40:
            offset = self.random.randrange(0, self.task["open"], 120)
            await self.ask("scroll", f"/exceptions?offset={offset}", **{"X-Fragment": "rows"})
        elif drawn < 0.45:
            await self.ask("tower", "/", **{"X-Fragment": "main"})
        else:
            await self.treat(self.random.choice(self.task["refs"]), drawn)

    async def treat(self, ref: str, drawn: float) -> None:
        """Open one, read it, and do something about it."""
        shown = await self.ask("open", f"/exceptions?item={ref}", **{"X-Fragment": "pane", "Accept-Encoding": "identity"})
        if ref.encode() not in shown.content:
            self.watch.errors["open: not shown"] += 1
        await asyncio.sleep(self.random.uniform(1, 3))
        if drawn < 0.65:
            form = {"csrf": self.csrf, "text": f"looked at by {self.number}"}
            body = urllib.parse.urlencode(form).encode()
            await self.ask("comment", f"/exceptions/{ref}/comment", body=body, wanted=(204,), **{"X-Fragment": "act"})
        elif drawn < 0.80:
            form = {"csrf": self.csrf, "tags": f"seen-{self.number}"}
            await self.ask(
                "act", f"/exceptions/{ref}/tag", body=urllib.parse.urlencode(form).encode(), wanted=(204, 409), **{"X-Fragment": "act"}
            )
        else:
            await self.act_on_version(ref)

    async def act_on_version(self, ref: str) -> None:
        """By the interface: about the version that was read. Somebody who was quicker makes it 412, having it already 409: answers both."""
        seen = await self.ask("read one", f"/api/v1/cases/{ref}", **{"Accept-Encoding": "identity"})
        tag = {name.lower(): value for name, value in seen.headers}.get(b"etag", b"").decode()
        headers = {
            "If-Match": tag,
            "X-CSRF-Token": self.csrf,
            "Content-Type": "application/json",
            "Idempotency-Key": f"{self.number}-{time.monotonic_ns()}",
        }
        body = json.dumps({"person": f"person{self.number}"}).encode()
        await self.ask("act on a version", f"/api/v1/cases/{ref}/assign", body=body, wanted=(200, 409, 412), **headers)

    async def listen(self) -> None:
        """The stream of changes."""
        headers = [("Cookie", self.cookie), ("Accept", "text/event-stream")]
        timeout = {**TIMEOUT, "read": SILENT_SECONDS}
        try:
            async with self.pool.stream("GET", f"{self.task['url']}/live?after=0", headers=headers, extensions={"timeout": timeout}) as answer:
                async for part in answer.aiter_stream():
                    self.heard = time.monotonic()
                    for text in part.decode().splitlines():
                        if text.startswith("id: "):
                            self.newest = max(self.newest, int(text[4:]))
                        elif text.startswith("data: ") and json.loads(text[6:])["t"] in ("exceptions", "counters", "reset"):
                            now = time.monotonic()
                            self.wakes = {"counters": now, "fresh": now}
        except FAULTS as fault:
            self.watch.errors[f"stream {type(fault).__name__}"] += 1

    async def look_on(self) -> None:
        """What the page asks for by itself."""
        asked = {"counters": 0.0, "fresh": 0.0}
        while True:
            await asyncio.sleep(0.4)
            now = time.monotonic()
            for name, every, path in (
                ("counters", COUNTERS_EVERY, "/live/counters"),
                ("fresh", FRESH_EVERY, f"/exceptions/fresh{self.query}{'&' if self.query else '?'}after={self.newest}"),
            ):
                if self.wakes.get(name) and now - asked[name] >= every:
                    self.wakes[name], asked[name] = 0.0, now
                    await self.ask(name, path)


async def send(task: dict[str, Any], watch: Watch, end: float) -> None:
    """Messages at a steady rate: orders, and one in a hundred that nobody can read, which is a new exception."""
    began, turns = time.monotonic(), itertools.count()
    await asyncio.gather(*(_sender(task, watch, turns, began, end) for _ in range(SENDERS)))


async def _sender(task: dict[str, Any], watch: Watch, turns: Iterator[int], began: float, end: float) -> None:
    """One of them, on a connection of its own: a pool of many looks at all of them for every request."""
    pool = httpcore.AsyncConnectionPool(max_connections=1)
    """Whoever is free sends the next when it is due; the time counts from when it was due, not from when somebody got to it."""
    stamp = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    headers = {"Authorization": f"Bearer {task['key']}", "Content-Type": "application/json"}
    for turn in turns:
        due = began + turn / task["per_second"]
        if due >= end or time.monotonic() >= end:
            return
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        number = f"{task['run']}{turn:06d}"
        kind = '"kind":"OrderPlaced",' if turn % 100 else ""
        body = (
            f'{{{kind}"system":"shop","type":"order","number":"{number}","happened":"{stamp}","currency":"EUR","customer":"C-1",'
            f'"lines":[{{"line":"1","subject":"shop/order/{number}","item":"SKU-001","quantity":1,"value":10}}]}}\n'
        ).encode()
        try:
            answer = await pool.request(
                "POST", f"{task['url']}/v1/messages/shop", headers=list(headers.items()), content=body, extensions={"timeout": TIMEOUT}
            )
            watch.note("message", time.perf_counter() - time.monotonic() + due, answer.status, (202,))
        except FAULTS as fault:
            watch.errors[f"message {type(fault).__name__}"] += 1


def p95(values: list[float]) -> float:
    """Nineteen of twenty took no longer."""
    return round(statistics.quantiles(values, n=20)[18], 1) if len(values) > 1 else 0.0


async def play(task: dict[str, Any]) -> dict[str, Any]:
    """All of it; what came out."""
    watch = Watch()
    task["run"] = f"{int(time.time()) % 100_000_000:08d}"
    people = [Person(task, number, watch, httpcore.AsyncConnectionPool(max_connections=6)) for number in range(task["people"])]
    end = time.monotonic() + RAMP_SECONDS + task["seconds"]
    working = [asyncio.create_task(one.work(end)) for one in people]
    await send(task, watch, end)
    task["last"] = max(one.newest for one in people)
    done, late = await asyncio.wait(working, timeout=2 * TOLD_SECONDS)
    for one in late:
        one.cancel()
    watch.errors.update({"did not end": len(late)} if late else {})
    watch.errors.update(f"{type(fault).__name__} {fault}" for one in done if (fault := one.exception()) is not None)
    messages = watch.took.pop("message")
    every = [value for values in watch.took.values() for value in values]
    stuck = sum(1 for one in people if not one.heard or one.newest < task["last"])
    return {
        "people_p95_ms": p95(every), "people_p50_ms": round(statistics.median(every), 1), "people_errors": sum(watch.errors.values()),
        "people_streams_stuck": stuck, "people_requests_per_s": round(len(every) / (RAMP_SECONDS + task["seconds"]), 1),
        "people_messages_per_s": round(len(messages) / (RAMP_SECONDS + task["seconds"])), "people_message_p95_ms": p95(messages),
        "people_by_step": {
            name: {"p50_ms": round(statistics.median(values), 1), "p95_ms": p95(values), "many": len(values)}
            for name, values in sorted(watch.took.items())
        },
        "people_wrong": dict(watch.errors),
    }  # fmt: skip


if __name__ == "__main__":
    print(json.dumps(asyncio.run(play(json.loads(Path(sys.argv[1]).read_text("utf-8"))))))
