"""The frame: what is wrong stands above every page and goes by itself; figures that rest on a late system say so; one name for a zone; offline."""

import json
import re
from collections.abc import Callable, Iterator
from datetime import timedelta

import msgspec
import pytest
from browsing import Seat
from console_day import NOW, ORDER, Console, day
from playwright.sync_api import expect

from tieout.console import banners
from tieout.core.circuit import Asked, Faulted
from tieout.core.lane import Limits
from tieout.runtime import lane as lanes
from tieout.runtime.polling import Health as Polled
from tieout.store.database import run


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    with day(tmp_path_factory.mktemp("shell") / "day") as served:
        yield served


@pytest.fixture
def broken(console: Console) -> Iterator[None]:
    """The way to the ERP is open, the WMS has not answered for eleven minutes; well again afterwards."""
    with console.project.database.session() as session, session.transaction():
        lane = lanes.locked(session, "erp", NOW)
        circuit = lane.circuit
        for n in range(5):
            at = NOW - timedelta(seconds=9 - n)
            circuit = circuit.after(Asked(), at, Limits().circuit).after(Faulted("connection refused"), at, Limits().circuit)
        lanes.keep(session, msgspec.structs.replace(lane, circuit=circuit))
        health = Polled(last_poll=NOW - timedelta(minutes=11), last_fault="timeout: no answer", faults=1, again=NOW + timedelta(seconds=40))
        run(session, "set_meta", "poll:wms", msgspec.json.encode(health).decode())
    _forget(console)
    yield
    with console.project.database.session() as session:
        session.execute("delete from meta where key = 'poll:wms'")
        session.execute("delete from lane where system = 'erp'")
    _forget(console)


def _forget(console: Console) -> None:
    """The figures that the console keeps for some seconds."""
    console.desk.figures._known.clear()


def test_nothing_wrong_shows_no_row(console: Console) -> None:
    assert '<p class="banner' not in console.get("/exceptions").text
    assert "stale" not in console.get("/").text


@pytest.mark.parametrize("path", ["/", "/exceptions", "/connectors", "/settings/profile", "/help/keys"])
def test_what_is_wrong_stands_above_every_page(console: Console, broken: None, path: str) -> None:
    page = console.get(path).text
    assert "erp is down: 5 calls in a row failed, at last: connection refused" in page
    assert 'href="/connectors/erp/waiting"' in page
    assert "Ingest is behind: wms by 11 min." in page


def test_affected_figures_say_of_when_they_are_and_what_is_missing(console: Console, broken: None) -> None:
    tower = console.get("/").text
    assert re.search(r"Data as of <time [^>]*>2025-06-18 11:19 <small>CEST</small></time>: ingest is 11 min behind \(wms\)", tower)
    assert re.search(r'data-figure="open">≥ \d', tower) and "wms 11 min behind" in tower
    assert json.loads(console.get("/live/counters").text)["least"] == ["exceptions"]
    queue = console.get("/exceptions").text
    assert re.search(r"<strong>≥ \d+</strong> open", queue) and "ingest is 11 min behind (wms)" in queue
    assert "ingest is 11 min behind (wms)" in console.get(f"/transactions/{ORDER}").text


def test_a_connector_that_is_down_says_why_what_is_next_and_leads_to_what_waits(console: Console, broken: None) -> None:
    listed = console.get("/connectors", "chen").text
    assert "circuit open: 5 calls in a row failed" in listed and "probe " in listed
    assert "timeout: no answer" in console.get("/connectors/wms", "chen").text
    page = console.get("/connectors/erp", "chen").text
    assert "Next try in <b data-due=" in page
    assert console.get("/connectors/erp/waiting", "chen").status == 200
    assert console.get("/connectors/erp/waiting", "shopkeeper").status == 403, "what waits is of all channels"


def test_a_locked_period_and_a_database_that_takes_no_changes_are_told(console: Console) -> None:
    with console.project.database.session() as session:
        found = banners.look(session, console.desk, NOW)
        assert found.notices == () and not found.read_only
        session.execute("set default_transaction_read_only = on")
        found = banners.look(session, console.desk, NOW)
    assert found.read_only and found.notices[0].text.startswith("Read-only: nothing can be changed for now.")


def test_one_name_for_a_zone_and_u_turns_everything(console: Console, sit: Callable[..., Seat]) -> None:
    seat = sit(console.base, console.project.database, "")
    seat.context.add_cookies([{"name": "tieout", "value": console.tokens["ana"], "domain": "127.0.0.1", "path": "/"}])
    page = seat.go(f"/transactions/{ORDER}")
    expect(page.locator("[data-live-word]")).to_have_text(re.compile(r"Live · \d\d:\d\d:\d\d CEST$"))
    head = page.locator("[data-zone-name]").first
    expect(head).to_have_text("CEST")
    first = page.locator("[data-event] time").first
    local = first.inner_text()
    axis = page.locator("#timeline svg .axis text").all_inner_texts()
    page.keyboard.press("u")
    expect(head).to_have_text("UTC")
    expect(page.locator("[data-live-word]")).to_have_text(re.compile(r"Live · \d\d:\d\d:\d\d UTC$"))
    assert first.inner_text() != local
    page.wait_for_function("(before) => JSON.stringify([...document.querySelectorAll('#timeline svg .axis text')].map((t) => t.textContent)) !== before",
                           arg=msgspec.json.encode(axis).decode())  # fmt: skip
    page.keyboard.press("u")
    expect(head).to_have_text("CEST")
    expect(first).to_have_text(local)
    assert "GMT" not in page.content() and seat.wrong == []


def test_offline_is_told_and_nothing_is_sent(console: Console, sit: Callable[..., Seat]) -> None:
    seat = sit(console.base, console.project.database, "")
    seat.context.add_cookies([{"name": "tieout", "value": console.tokens["ana"], "domain": "127.0.0.1", "path": "/"}])
    page = seat.go("/settings/profile")
    bar = page.locator(".offline-bar")
    expect(bar).to_be_hidden()
    seat.context.set_offline(True)
    expect(bar).to_contain_text("Offline since")
    expect(bar).to_contain_text("Nothing is queued.")
    before = console.sql("select count(*) from action")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("[data-failed]")).to_contain_text("You are offline: nothing was sent.")
    seat.context.set_offline(False)
    expect(bar).to_be_hidden()
    assert console.sql("select count(*) from action") == before


def test_a_banner_comes_and_goes_without_a_reload(console: Console, sit: Callable[..., Seat]) -> None:
    seat = sit(console.base, console.project.database, "")
    seat.context.add_cookies([{"name": "tieout", "value": console.tokens["ana"], "domain": "127.0.0.1", "path": "/"}])
    page = seat.go("/help/keys")
    with console.project.database.session() as session:
        run(session, "set_meta", "poll:shop", msgspec.json.encode(Polled(NOW - timedelta(hours=1), "timeout: no answer", 4, NOW)).decode())
    _forget(console)
    page.evaluate("() => document.dispatchEvent(new CustomEvent('page'))")
    expect(page.locator(".banner.bad:not(.offline-bar)")).to_contain_text("shop is down: timeout: no answer")
    with console.project.database.session() as session:
        session.execute("delete from meta where key = 'poll:shop'")
    _forget(console)
    page.evaluate("() => document.dispatchEvent(new CustomEvent('page'))")
    expect(page.locator(".banner:not(.offline-bar)")).to_have_count(0, timeout=15000)
