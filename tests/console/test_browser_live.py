"""What happens elsewhere is seen and disturbs nothing; eight tabs share one stream, and it survives its tab and its server."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

from browsing import Seat, shown
from console_server import serving
from many_exceptions import many
from playwright.sync_api import Page, expect

from tieout.cases import act
from tieout.cases.item import Target
from tieout.console.desk import Desk
from tieout.people.accounts import account
from tieout.policy.work import Work
from tieout.store.database import Database
from tieout.store.pool import Pool


def give(database: Database, refs: list[str], whom: str = "chen") -> None:
    """Somebody else gives these to chen."""
    with database.session() as connection:
        bo = account(connection, "chen").person
        act.assign(connection, bo, [Target(int(ref[3:])) for ref in refs], datetime.now(UTC), Work(), to=whom)


def opened(database: Database, number: int) -> None:
    """So many more exceptions are opened."""
    now = datetime.now(UTC)
    many(database, number, now, first=9001)
    with database.session() as connection:
        connection.execute(
            "insert into work_event (work, at, event, who, detail) select id, %s, 'opened', 'ledger', '{}' from work order by id desc limit %s",
            [now, number],
        )


def settled(page: Page) -> dict[str, object]:
    """What must not move."""
    found: dict[str, object] = page.evaluate(
        "() => ({ top: document.querySelector('.gridbox').scrollTop, pane: document.getElementById('pane').scrollTop,"
        " chosen: document.querySelectorAll('#rows tr[aria-selected=true]').length, text: document.querySelector('.comment textarea').value,"
        " caret: document.querySelector('.comment textarea').selectionStart, open: document.querySelector('#pane details').open,"
        " focus: document.activeElement.tagName })"
    )
    return found


def test_fifty_changes_disturb_nothing(few: str, database: Database, sit: Callable[..., Seat]) -> None:
    page = sit(few, database).go("/exceptions")
    page.locator("#rows tr.cursor").wait_for()
    expect(page.locator("[data-live-word]")).to_contain_text("Live ·")
    for key in ["j"] * 30 + ["x", "Shift+J", "Shift+J"]:
        page.keyboard.press(key)
    page.keyboard.press("Space")
    page.locator(".comment textarea").fill("half a sent")
    page.locator("#pane details summary").click()
    page.locator(".comment textarea").focus()
    page.evaluate("() => document.querySelector('.comment textarea').setSelectionRange(4, 4)")
    before, here = settled(page), shown(page)
    visible = [ref for ref in here if ref][20:70]
    give(database, visible)
    opened(database, 12)
    expect(page.locator(f'#rows tr[data-ref="{visible[5]}"]')).to_contain_text("chen")
    expect(page.locator(f'#rows tr[data-ref="{visible[49]}"]')).to_contain_text("chen")
    expect(page.locator("[data-fresh]")).to_have_text("12 new, press .")
    assert settled(page) == before
    assert shown(page) == here
    page.locator("#grid").focus()
    page.keyboard.press(".")
    expect(page.locator(".heading .figures")).to_contain_text("512 open")


def test_a_server_that_starts_again_is_caught_up_with(database: Database, sit: Callable[..., Seat]) -> None:
    from console_people import invite

    now = datetime.now(UTC)
    many(database, 200, now)
    invite(database, now)
    with serving(Desk(Pool(database.connect), "Nordwind")) as base:
        port = int(base.rsplit(":", 1)[1])
        page = sit(base, database).go("/exceptions")
        expect(page.locator("[data-live-word]")).to_contain_text("Live ·")
        give(database, shown(page)[:1])
        expect(page.locator("#rows tr").first).to_contain_text("chen")
    expect(page.locator("[data-live-word]")).to_have_text("Reconnecting…")
    give(database, shown(page)[3:5])
    with serving(Desk(Pool(database.connect), "Nordwind"), port):
        expect(page.locator("#rows tr").nth(3)).to_contain_text("chen")
        expect(page.locator("#rows tr").nth(4)).to_contain_text("chen")
        expect(page.locator("[data-live-word]")).to_contain_text("Live ·")


def test_eight_tabs_share_one_stream_and_hand_it_over(few: str, database: Database, sit: Callable[..., Seat]) -> None:
    seat = sit(few, database)
    streams: list[float] = []
    lock = threading.Lock()

    def asked(url: str) -> None:
        with lock:
            if "/live?" in url:
                streams.append(time.monotonic())

    seat.context.on("request", lambda request: asked(request.url))
    pages = [seat.page, *(seat.open() for _ in range(7))]
    for page in pages:
        page.goto(few + "/exceptions")
        expect(page.locator("[data-live-word]")).to_contain_text("Live ·")
    assert len(streams) == 1
    closed = time.monotonic()
    pages[0].close()
    give(database, shown(pages[1])[:1])
    for page in pages[1:]:
        expect(page.locator("#rows tr").first).to_contain_text("chen", timeout=20_000)
    assert len(streams) == 2
    assert streams[1] - closed < 5
