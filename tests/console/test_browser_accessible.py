"""What assistive technology is told of the queue and the pane; text at twice its size; forced colours; the whole way by keys."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from browsing import Seat, cursor
from console_server import serving
from playwright.sync_api import Locator, expect

from analysts import join, not_invoiced, target
from tieout.cases import resolve
from tieout.cases.resolve import Said
from tieout.console.desk import Desk
from tieout.store.database import Database
from tieout.store.pool import Pool
from world import World

STORED = Path(__file__).parent / "aria"
PAGES = ("/exceptions", "/exceptions?item=EX-7", "/exceptions/EX-7", "/exceptions?group=cause", "/causes/1", "/approvals", "/approvals/delegations",
         "/exceptions/print?class=SNI%2B", "/settings/views")  # fmt: skip
ACTIVE = "() => document.activeElement && document.activeElement !== document.body"


def told(place: Locator) -> str:
    """What a screen reader is told, less what differs from day to day: numbers, times and zones."""
    text = place.aria_snapshot()
    text = re.sub(r"\d[\d,.:]*( [hmd]\b)?( \d+\b)?( [hmd]\b)?", "0", text)
    return re.sub(r"−?0(-0-0)?|\bCES?T\b", "0", text) + "\n"


@pytest.mark.parametrize(
    ("name", "path", "place"), [("queue", "/exceptions?q=SO-200007", ".queue"), ("pane", "/exceptions?q=SO-200007&item=EX-7", "#pane")]
)
def test_what_is_told_is_what_is_stored(few: str, database: Database, sit: Callable[..., Seat], name: str, path: str, place: str) -> None:
    page = sit(few, database).go(path)
    page.locator("#rows tr.cursor").wait_for()
    found, stored = told(page.locator(place)), STORED / f"{name}.yaml"
    if not stored.exists():
        stored.parent.mkdir(exist_ok=True)
        stored.write_text(found)
        pytest.fail(f"{stored} was not there; it is written now: read it, then keep it")
    assert found == stored.read_text()


def test_text_at_twice_its_size_needs_no_scrolling_to_the_side(few: str, database: Database, sit: Callable[..., Seat]) -> None:
    seat = sit(few, database)
    seat.page.set_viewport_size({"width": 720, "height": 430})  # a screen of 1440 by 860 at 200 %
    for path in PAGES:
        page = seat.go(path)
        assert page.evaluate("() => document.documentElement.scrollWidth") <= 720, path
        for button in page.locator("main .bar button:visible, main .bar a.button:visible").all()[:30]:
            assert button.evaluate("(one) => one.scrollWidth <= one.clientWidth + 1"), f"{path}: {button.inner_text()} is cut off"


def test_forced_colours_keep_focus_states_and_kinds(few: str, database: Database, sit: Callable[..., Seat]) -> None:
    page = sit(few, database, forced_colors="active").go("/exceptions?item=EX-7")
    page.locator("#rows tr.cursor").wait_for()
    expect(page.locator("#rows .sla").first).to_contain_text("overdue")
    page.locator("#grid").focus()
    page.keyboard.press("x")
    assert page.locator('#rows tr[aria-selected="true"]').first.evaluate("(row) => getComputedStyle(row).outlineStyle") == "solid"
    for stop in ("#search", ".claim button", "#pane .acts a.button"):
        page.locator(stop).first.focus()
        page.keyboard.press("Shift+Tab")
        page.keyboard.press("Tab")
        assert page.evaluate("() => getComputedStyle(document.activeElement).outlineStyle") != "none", stop


def test_the_whole_way_without_a_pointer(world: World, sit: Callable[..., Seat]) -> None:
    ana = join(world, "ana", "analyst", limit="5.00")
    join(world, "kim", "analyst", "approver")
    found = not_invoiced(world, *map(str, range(1, 7)))
    now = datetime.now(UTC)
    asked = [
        resolve.accept(world.connection, world.configuration, ana, [target(found[n])], now, Said("agreed", "phone"))[0].ref for n in ("1", "2")
    ]
    with serving(Desk(Pool(world.database.connect), "Books", configuration=world.configuration)) as base:
        page = sit(base, world.database, "kim").go("/")
        page.keyboard.press("Tab")
        page.keyboard.press("g")
        page.keyboard.press("e")
        page.locator("#rows tr.cursor").wait_for()
        for key in ("j", "x", "Shift+J"):
            page.keyboard.press(key)
            assert page.evaluate(ACTIVE), key
        chosen = {row.get_attribute("data-ref") for row in page.locator('#rows tr[aria-selected="true"]').all()}
        assert len(chosen) == 2
        page.keyboard.press("a")
        page.locator("#sheet select").wait_for()
        page.locator("#sheet select").select_option("person:kim")
        page.keyboard.press("Control+Enter")
        expect(page.locator("#sheet .preview")).to_contain_text("2 · allowed")
        page.keyboard.press("Control+Enter")
        expect(page.locator("[data-said]")).to_contain_text("2 assigned")
        assert page.evaluate(ACTIVE)
        mine = {ref for (ref,) in world.connection.execute("select ref from work where person = 'kim'")}
        assert mine == chosen
        opened = cursor(page)
        page.keyboard.press("o")
        expect(page.locator("article .ref code").first).to_have_text(opened)
        page.keyboard.press("g")
        page.keyboard.press("a")
        expect(page.locator("article")).to_have_count(2)
        assert page.evaluate(ACTIVE)
        page.keyboard.press("j")
        assert page.evaluate("() => document.activeElement.dataset.item") == asked[0]
        page.keyboard.press("y")
        page.locator("#sheet button.main").wait_for()
        assert page.evaluate("() => document.activeElement.textContent") == "Cancel"
        page.keyboard.press("Control+Enter")
        expect(page.locator("article")).to_have_count(1)
        expect(page.locator("[data-said]")).to_contain_text("approved and posted")
        assert page.evaluate(ACTIVE)
        page.keyboard.press("j")
        assert page.evaluate("() => document.activeElement.dataset.item") == asked[1]
    states = world.connection.execute("select state from work_request order by id").fetchall()
    assert states == [("approved",), ("waiting",)]
