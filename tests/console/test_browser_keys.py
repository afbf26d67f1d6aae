"""Without a pointer: from one page to the other, a range, an action, the next row; and with the single letters switched off, nothing."""

from collections.abc import Callable

from browsing import Seat, cursor
from playwright.sync_api import Page, expect

from tieout.console.keymap import KEYS
from tieout.store.database import Database

ACTIVE = "() => document.activeElement && document.activeElement !== document.body"


def test_a_range_is_assigned_by_keys_and_the_next_row_is_under_the_cursor(few: str, database: Database, sit: Callable[..., Seat]) -> None:
    page = sit(few, database).go("/approvals")
    page.locator("main").focus()
    page.keyboard.press("g")
    page.keyboard.press("e")
    page.locator("#rows tr.cursor").wait_for()
    for key in ("j", "x", "Shift+J", "Shift+J"):
        page.keyboard.press(key)
        assert page.evaluate(ACTIVE)
    expect(page.locator("[data-chosen]")).to_have_text("3 selected")
    chosen = [row.get_attribute("data-ref") for row in page.locator('#rows tr[aria-selected="true"]').all()]
    with database.session() as connection:
        following = [ref for (ref,) in connection.execute("select ref from work where state <> 'resolved' order by due, id limit 1 offset 4")]
    page.keyboard.press("a")
    page.locator("#sheet select").wait_for()
    page.keyboard.press("ArrowDown")
    page.locator("#sheet select").select_option("person:chen")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#sheet .preview")).to_contain_text("3 · allowed")
    assert page.evaluate("() => document.activeElement.textContent") == "Cancel"
    page.keyboard.press("Control+Enter")
    expect(page.locator("[data-said]")).to_contain_text("3 assigned (OP-1)")
    expect(page.locator("#sheet")).not_to_be_visible()
    with database.session() as connection:
        found = [ref for (ref,) in connection.execute("select ref from work where person = 'chen' order by ref")]
    assert found == sorted(ref for ref in chosen if ref)
    (following_one,) = following
    expect(page.locator("#rows tr.cursor")).to_have_attribute("data-ref", following_one)
    assert page.evaluate(ACTIVE)


def test_one_is_taken_and_given_back(few: str, database: Database, sit: Callable[..., Seat]) -> None:
    page = sit(few, database).go("/exceptions?owner=none")
    page.locator("#rows tr.cursor").wait_for()
    ref = cursor(page)
    page.keyboard.press("Shift+A")
    expect(page.locator("[data-said]")).to_contain_text(f"{ref} assigned to you")
    assert owner(database, ref) == "ana"
    expect(page.locator(f'#rows tr[data-ref="{ref}"]')).to_have_class("gone changed")
    expect(page.locator("#rows tr.cursor")).not_to_have_attribute("data-ref", ref)
    page.keyboard.press("z")
    expect(page.locator("[data-said]")).to_contain_text("taken back")
    assert owner(database, ref) == ""


def owner(database: Database, ref: str) -> str:
    with database.session() as connection:
        ((person,),) = connection.execute("select person from work where ref = %s", [ref]).fetchall()
    return str(person)


def test_every_stop_of_the_tab_key_is_seen(few: str, database: Database, sit: Callable[..., Seat]) -> None:
    page = sit(few, database).go("/exceptions")
    page.locator("#rows tr.cursor").wait_for()
    page.evaluate("() => document.body.focus()")
    stops = []
    for _ in range(40):
        page.keyboard.press("Tab")
        stop = page.evaluate(
            "() => { const e = document.activeElement; const at = e.id === 'grid' ? e.closest('.gridbox') : e; const s = getComputedStyle(at);"
            " return [e.tagName + (e.id ? '#' + e.id : ''), s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 2] }"
        )
        if stop[0] == "BODY":
            break
        stops.append(stop)
    assert stops[0] == ["A", True]
    assert ["TABLE#grid", True] in stops
    assert [stop for stop in stops if not stop[1]] == []


def test_with_single_letters_off_they_do_nothing(few: str, database: Database, sit: Callable[..., Seat]) -> None:
    seat = sit(few, database)
    page = seat.go("/settings/keys")
    page.get_by_label("Single letters do something").uncheck()
    page.get_by_role("button", name="Save").click()
    seat.go("/exceptions")
    page.locator("#rows tr.cursor").wait_for()
    before = page.url
    for key in ("j", "x", "a", "s", "Shift+A", "y", "f", "g", "e", "?", "[", ".", "u"):
        page.keyboard.press(key)
    assert page.url == before
    assert page.locator("dialog[open]").count() == 0
    assert page.locator('#rows tr[aria-selected="true"]').count() == 0
    page.keyboard.press("Control+k")
    expect(page.locator("#palette")).to_be_visible()
    with database.session() as connection:
        assert connection.execute("select count(*) from work_event").fetchone() == (0,)


def test_a_key_can_be_changed_but_not_to_mean_two_things(few: str, database: Database, sit: Callable[..., Seat]) -> None:
    seat = sit(few, database)
    page = seat.go("/settings/keys")
    page.locator("#key-assign").fill("s")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("main .problem")).to_contain_text("would mean both")
    page.locator("#key-assign").fill("w")
    page.get_by_role("button", name="Save").click()
    seat.go("/exceptions")
    page.locator("#rows tr.cursor").wait_for()
    page.keyboard.press("w")
    expect(page.locator("#sheet h2")).to_contain_text("Assign")


def test_the_help_is_the_key_map(few: str, database: Database, sit: Callable[..., Seat]) -> None:
    page = sit(few, database).go("/exceptions")
    page.locator("#rows tr.cursor").wait_for()
    page.keyboard.press("?")
    expect(page.locator("#help")).to_be_visible()
    assert names(page, "#help") == [key.name for key in KEYS]
    page.keyboard.press("Escape")
    expect(page.locator("#help")).not_to_be_visible()


def names(page: Page, where: str) -> list[str]:
    found: list[str] = page.evaluate(f"() => [...document.querySelectorAll('{where} [data-key]')].map((row) => row.dataset.key)")
    return found


def test_the_palette_finds_a_reference(few: str, database: Database, sit: Callable[..., Seat]) -> None:
    page = sit(few, database).go("/approvals")
    page.locator("#main").focus()
    page.keyboard.press("Control+k")
    page.keyboard.type("so-20000")
    expect(page.locator("#palette-list li").first).to_contain_text("EX-")
    page.keyboard.press("Enter")
    expect(page.locator("article.item")).to_be_visible()
