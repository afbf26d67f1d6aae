"""A transaction's events: through them by keys, as they happened or as we heard of them, duplicates marked, and never all at once."""

import time
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from browsing import Seat
from console_day import ORDER, Console, day
from console_people import invite, token
from console_server import serving
from playwright.sync_api import expect

from tieout.console.desk import Desk
from tieout.people.sessions import PLAIN_COOKIE
from tieout.store.pool import Pool
from world import NOW, World, line, say, text

LONG_MS = 20_000


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    with day(tmp_path_factory.mktemp("events") / "day") as served:
        yield served


@pytest.fixture
def seat(console: Console, sit: Callable[..., Seat]) -> Seat:
    made = sit(console.base, console.project.database, "")
    made.context.add_cookies([{"name": "tieout", "value": console.tokens["ana"], "domain": "127.0.0.1", "path": "/"}])
    return made


def test_keys_go_through_the_events_and_enter_shows_the_lineage(seat: Seat) -> None:
    page = seat.go(f"/transactions/{ORDER}")
    rows = page.locator("[data-event]")
    page.keyboard.press("]")
    assert page.evaluate("() => [...document.querySelectorAll('[data-event]')].indexOf(document.activeElement.closest('[data-event]'))") == 0
    for _ in range(3):
        page.keyboard.press("]")
    page.keyboard.press("[")
    assert page.evaluate("() => [...document.querySelectorAll('[data-event]')].indexOf(document.activeElement.closest('[data-event]'))") == 2
    expect(page.locator("#rail")).to_be_visible()
    while not page.evaluate("() => document.activeElement.matches('a')"):
        page.keyboard.press("]")
    words = page.evaluate("() => document.activeElement.textContent")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=f"Lineage: {words}")).to_be_visible()
    assert rows.count() > 3
    page.wait_for_load_state("load")
    page.keyboard.press("d")
    expect(page.locator('nav[aria-label="Which fields"] [aria-current]')).to_contain_text("differences")
    seat.go("/connectors")
    page.keyboard.press("[")
    expect(page.locator("#rail")).to_be_hidden()
    assert seat.wrong == []


def test_the_slider_takes_the_page_back_in_time(seat: Seat, console: Console) -> None:
    page = seat.go(f"/transactions/{ORDER}")
    slider = page.get_by_role("slider", name="As of")
    assert slider.get_attribute("aria-valuetext") == "now"
    events = page.locator("[data-event]").count()
    slider.focus()
    page.keyboard.press("Home")
    expect(page.locator(".banner.past")).to_contain_text("As it was known on")
    assert "as_of=" in page.url and page.locator("[data-event]").count() <= events
    page.get_by_role("link", name="Back to now").click()
    expect(page.locator(".banner.past")).to_have_count(0)
    assert seat.wrong == []


def test_times_are_those_of_the_event_or_of_its_arrival(console: Console) -> None:
    happened = console.get(f"/transactions/{ORDER}").text
    known = console.get(f"/transactions/{ORDER}?times=known").text
    assert "known " in happened and " later</span>" in happened and "· happened <time" in known and "· happened <time" not in happened


def big(world: World, many: int) -> None:
    """One order of many pieces, shipped one by one."""
    world.apply([say("OrderPlaced", "shop", "BIG", 0, [line(1, "shop/order/BIG", "A", many, f"{many}.00")])])
    for start in range(0, many, 5000):
        world.apply([
            say("Shipped", "wms", f"S{n}", 1 + n / 1000, [line(1, "shop/order/BIG", "A", 1)]) for n in range(start, min(start + 5000, many))
        ])  # fmt: skip


def test_twenty_thousand_events_are_shown_in_windows(world: World, sit: Callable[..., Seat]) -> None:
    big(world, 20_000)
    invite(world.database, NOW)
    desk = Desk(Pool(world.database.connect), "Big", "test", configuration=world.configuration, clock=lambda: NOW + timedelta(days=40))
    with serving(desk) as base:
        seat = sit(base, world.database, "")
        cookie = token(world.database, "ana", NOW + timedelta(days=40))
        seat.context.add_cookies([{"name": PLAIN_COOKIE, "value": cookie, "domain": "127.0.0.1", "path": "/"}])
        began = time.monotonic()
        page = seat.go("/transactions/shop/order/BIG")
        took = time.monotonic() - began
        assert page.locator("[data-event]").count() == 200
        assert page.evaluate("() => document.querySelectorAll('*').length") < 6_000
        expect(page.get_by_text("1 to 200 of 20,00")).to_be_visible()
        page.get_by_role("link", name="Older", exact=True).click()
        expect(page.get_by_text("201 to 400 of 20,00")).to_be_visible(timeout=LONG_MS)
        page.get_by_role("link", name="Newer", exact=True).click()
        expect(page.get_by_text("1 to 200 of 20,00")).to_be_visible(timeout=LONG_MS)
        page.goto(f"{base}/transactions/shop/order/BIG?older=19999")
        assert 1 <= page.locator("[data-event]").count() <= 10
        assert took < LONG_MS / 1000, f"it took {took:.1f} s"
        assert seat.wrong == []


def test_a_statement_that_is_said_twice_is_marked_and_counts_once(world: World) -> None:
    world.apply([say("OrderPlaced", "shop", "1", 0, [line(1, "shop/order/1", "A", 2, "20.00")])])
    placed = say("OrderBooked", "erp", "1", 0, [line(1, "shop/order/1", "A", 2, "20.00")])
    world.apply([text(placed)])
    before = world.hash()
    world.apply([text(placed).rstrip().removesuffix(b"}") + b" }\n"])
    assert world.hash() == before
    assert world.connection.execute("select identity, place from repeat").fetchall() != []
    invite(world.database, datetime.now(UTC))
    desk = Desk(Pool(world.database.connect), "Twice", "test", configuration=world.configuration)
    with serving(desk) as base:
        seen = _get(f"{base}/transactions/shop/order/1", token(world.database, "ana", datetime.now(UTC)))
    assert "duplicate: says word for word what version 1 says, and counts once" in seen


def _get(url: str, cookie: str) -> str:
    with urllib.request.urlopen(urllib.request.Request(url, headers={"Cookie": f"{PLAIN_COOKIE}={cookie}"}), timeout=60) as answer:
        return str(answer.read().decode())
