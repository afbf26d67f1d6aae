"""A morning without a pointer, from the tower to the next row; and the queue in large type and to a screen reader."""

from collections.abc import Callable
from pathlib import Path

from browsing import Seat
from console_server import serving
from playwright.sync_api import Page, expect

from analysts import join, not_invoiced
from tieout.console.desk import Desk
from tieout.store.database import Database
from tieout.store.pool import Pool
from world import World

STORED = Path(__file__).parent / "queue_and_pane.yaml"
HELD = "() => !!document.activeElement && document.activeElement !== document.body"


def pressed(page: Page, *keys: str) -> None:
    """Press some keys; something always has the focus afterwards."""
    for key in keys:
        page.keyboard.press(key)
        page.wait_for_function(HELD)


def test_a_morning_by_keys_alone(world: World, sit: Callable[..., Seat]) -> None:
    join(world, "ana", "analyst", limit="5.00")
    join(world, "bo", "analyst", "approver")
    not_invoiced(world, "100", "200", "300", "400")
    with serving(Desk(Pool(world.database.connect), "Books", configuration=world.configuration)) as base:
        ask(sit(base, world.database, "ana"))
        page = sit(base, world.database, "bo").go("/")
        page.locator("main").focus()
        page.keyboard.press("g")
        page.keyboard.press("e")
        page.locator("#rows tr.cursor").wait_for()
        order = [row.get_attribute("data-ref") for row in page.locator("#rows tr").all()]
        pressed(page, "x", "Shift+J", "a")
        page.locator("#sheet select").select_option("person:bo")
        page.keyboard.press("Control+Enter")
        page.locator("#sheet .preview").wait_for()
        page.keyboard.press("Control+Enter")
        expect(page.locator("[data-said]")).to_contain_text("2 assigned")
        expect(page.locator("#rows tr.cursor")).to_have_attribute("data-ref", str(order[2]))
        pressed(page, "o")
        expect(page.locator("article.item")).to_be_visible()
        pressed(page, "g", "a")
        page.locator("article.approval").first.wait_for()
        for _ in range(60):
            if page.evaluate("() => !!document.activeElement.closest('article.approval')"):
                break
            page.keyboard.press("Tab")
        page.keyboard.press("y")
        page.locator("#sheet").wait_for()
        assert page.evaluate("() => document.activeElement.textContent") == "Cancel"
        page.keyboard.press("Control+Enter")
        expect(page.locator("main .empty")).to_be_visible()
        found = dict(world.connection.execute("select state, count(*) from work_request group by 1").fetchall())
        assert found == {"approved": 1}
        assert world.connection.execute("select ref from work where person = 'bo' order by ref").fetchall() == [
            (ref,) for ref in sorted(map(str, order[:2]))
        ]


def ask(seat: Seat) -> None:
    """The last of the list is accepted by somebody whose limit it is over."""
    page = seat.go("/exceptions?class=SNI%2B")
    refs = [row.get_attribute("data-ref") for row in page.locator("#rows tr").all()]
    seat.go(f"/exceptions/{refs[-1]}/accept")
    page.get_by_label("Reason").select_option("agreed")
    page.get_by_label("In words").fill("said on the phone")
    page.get_by_role("button", name="Accept").click()
    expect(page.locator("[data-said]")).to_contain_text("waiting for approval")


def test_type_of_twice_the_size_hides_nothing(few: str, database: Database, sit: Callable[..., Seat]) -> None:
    seat = sit(few, database)
    for path in ("/", "/exceptions", "/exceptions/EX-1", "/approvals", "/settings/profile"):
        page = seat.go(path)
        page.evaluate(
            "() => [...document.querySelectorAll('body *')].map((e) => [e, parseFloat(getComputedStyle(e).fontSize)])"
            ".forEach(([e, size]) => e.style?.setProperty('font-size', `${2 * size}px`))"
        )
        expect(page.locator("h1")).to_be_visible()
        cut = page.evaluate(
            "() => [...document.querySelectorAll('main h1, main h2, main button, main label, main p, nav a')].filter((e) => e.offsetParent"
            " && getComputedStyle(e).overflow === 'hidden' && e.scrollWidth > e.clientWidth + 1 && !e.title && !e.matches('.hidden'))"
            ".map((e) => e.outerHTML.slice(0, 120))"
        )
        assert cut == [], path
        assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth"), path


def test_the_queue_reads_as_it_always_has(few: str, database: Database, sit: Callable[..., Seat]) -> None:
    """What a screen reader is given: the frame of the queue, its head and first rows, and the pane, against the stored one."""
    with database.session() as connection:
        connection.execute(
            "update work set due = '2030-01-01Z'::timestamptz + make_interval(mins => id::int), since = '2026-01-01Z', opened = '2026-01-01Z'"
        )
    page = sit(few, database).go("/exceptions")
    page.locator("#rows tr.cursor").wait_for()
    page.keyboard.press("Space")
    expect(page.locator("#pane h2")).to_be_visible()
    expect(page.locator("#grid")).to_match_aria_snapshot(STORED.read_text("utf-8").partition("---\n")[0])
    expect(page.locator("#pane")).to_match_aria_snapshot(STORED.read_text("utf-8").partition("---\n")[2])
