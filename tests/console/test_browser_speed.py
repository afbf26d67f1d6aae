"""Fast enough for eight hours a day, with 100,000 open: the time of the server, what comes over the wire, when the page can be used."""

import gzip
import re
import statistics
import time
from collections.abc import Callable

import pytest
from browsing import Seat
from playwright.sync_api import Response

from tieout.store.database import Database

ROUNDS = 3
"""The best of some rounds counts: what else a machine does meanwhile is not what is measured."""


def p95(seat: Seat, path: str, loads: int, **headers: str) -> float:
    took = []
    for _ in range(loads):
        answer = seat.get(path, **headers)
        found = re.search(r"app;dur=([\d.]+)", answer.headers["Server-Timing"])
        assert answer.status == 200 and found is not None
        took.append(float(found[1]))
    return statistics.quantiles(took, n=20)[18]


@pytest.mark.long
def test_the_server_answers_in_a_tenth_of_a_second(big: str, hundred_thousand: Database, sit: Callable[..., Seat]) -> None:
    seat = sit(big, hundred_thousand)
    seat.get("/exceptions").read()
    with hundred_thousand.session() as connection:
        ((ref,),) = connection.execute("select ref from work where state <> 'resolved' order by id limit 1 offset 70").fetchall()
    assert min(p95(seat, "/exceptions", 50) for _ in range(ROUNDS)) < 100
    assert min(p95(seat, "/exceptions?offset=50000", 50, **{"X-Fragment": "rows"}) for _ in range(ROUNDS)) < 40
    assert min(p95(seat, f"/exceptions?item={ref}", 20) for _ in range(ROUNDS)) < 120


def test_the_page_is_small_and_soon_there(big: str, hundred_thousand: Database, sit: Callable[..., Seat]) -> None:
    seat = sit(big, hundred_thousand)
    assert len(seat.get("/exceptions", **{"Accept-Encoding": "gzip"}).read()) < 60_000
    sizes: dict[str, int] = {}

    def came(response: Response) -> None:
        kind = response.request.resource_type
        if kind in ("document", "script", "stylesheet", "image"):
            sizes[kind] = sizes.get(kind, 0) + len(gzip.compress(response.body(), 9, mtime=0))

    seat.page.on("response", came)
    began = time.perf_counter()
    seat.go("/exceptions").locator("#rows tr.cursor").wait_for()
    usable = time.perf_counter() - began
    assert sizes["script"] <= 25_000
    assert sizes["stylesheet"] <= 12_000
    assert sum(sizes.values()) <= 120_000
    assert usable < 1.5
    assert seat.page.evaluate("() => document.querySelectorAll('*').length") <= 3000


def test_a_key_is_painted_at_once(big: str, hundred_thousand: Database, sit: Callable[..., Seat]) -> None:
    page = sit(big, hundred_thousand).go("/exceptions")
    page.locator("#rows tr.cursor").wait_for()
    took = page.evaluate(
        "async () => { const times = []; for (let i = 0; i < 20; i++) { const began = performance.now();"
        " document.getElementById('grid').dispatchEvent(new KeyboardEvent('keydown', { key: i % 2 ? 'x' : 'j', bubbles: true, cancelable: true }));"
        " await new Promise((done) => requestAnimationFrame(() => setTimeout(done))); times.push(performance.now() - began); }"
        " return times.sort((a, b) => a - b)[18]; }"
    )
    assert took < 100
