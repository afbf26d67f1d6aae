"""Links live and frozen, the past read-only, two who change the same, and lists that are empty: each says what is so and keeps what was typed."""

import re
import time
from collections.abc import Callable

import pytest
from browsing import Seat, shown
from playwright.sync_api import expect

from tieout.store.database import Database


def run(database: Database, text: str, *arguments: object) -> None:
    with database.session() as connection:
        connection.execute(text.encode(), arguments or None)


def test_a_live_link_names_me_and_a_frozen_one_stays_as_it_is(few: str, database: Database, sit: Callable[..., Seat]) -> None:
    run(database, "update work set person = 'ana' where id <= 3")
    seat = sit(few, database, permissions=["clipboard-read", "clipboard-write"])
    page = seat.go("/exceptions?owner=me")
    page.locator("#rows tr.cursor").wait_for()
    page.keyboard.press("Shift+L")
    expect(page.locator("#link")).to_be_visible()
    assert page.evaluate("() => document.activeElement.textContent") == "Live"
    page.keyboard.press("Enter")
    expect(page.locator("[data-said]")).to_have_text("The link is copied.")
    assert page.evaluate("() => navigator.clipboard.readText()") == f"{few}/exceptions?owner=ana"
    page.keyboard.press("Shift+L")
    page.get_by_role("button", name="Frozen").click()
    expect(page.locator("[data-said]")).to_contain_text("frozen")
    frozen = str(page.evaluate("() => navigator.clipboard.readText()")).removeprefix(few)
    assert re.fullmatch(r"/exceptions\?owner=ana&as_of=2\d{3}-\d\d-\d\dT\d\d%3A\d\d%3A\d\d%2B00%3A00", frozen)
    rows = shown(page)
    page.wait_for_function("(until) => Date.now() >= until", arg=(int(time.time()) + 1) * 1000)
    run(database, "update work set state = 'resolved', resolved = now() where id <= 3")
    other = sit(few, database, "chen").go(frozen)
    assert shown(other) == rows
    assert {"EX-1", "EX-2", "EX-3"} <= set(rows)
    expect(other.locator(".past")).to_contain_text("what was open then")
    expect(other.locator(".bulk button:not(.denied):visible")).to_have_count(0)
    expect(other.locator('.bulk [data-name="assign"]')).to_have_attribute("data-reason", "the past cannot be changed")
    other.locator("#grid").focus()
    other.keyboard.press("Space")
    expect(other.locator("#pane .acts .denied").first).to_be_visible()
    expect(other.locator("#pane .acts a.button")).to_have_count(0)
    expect(other.locator("#pane .comment")).to_have_count(0)


def test_who_was_slower_sees_both_versions_and_keeps_what_he_typed(few: str, database: Database, sit: Callable[..., Seat]) -> None:
    run(database, "update work set person = '', state = 'new' where id = 7")
    ana, chen = sit(few, database, "ana"), sit(few, database, "chen")
    page = ana.go("/exceptions/EX-7")
    page.get_by_role("link", name="Snooze").click()
    page.locator("#sheet").get_by_label("so many more of the same cause").check()
    page.locator("#sheet").get_by_label("How many more").fill("33")
    page.locator("#sheet").get_by_label("Why").fill("waits for the carrier")
    chen.go("/exceptions")
    assert chen.post("/exceptions/EX-7/tag", tags="seen") == 303
    assert chen.post("/exceptions/EX-7/mine") == 303
    page.keyboard.press("Control+Enter")
    sheet = page.locator("#sheet")
    expect(sheet.locator(".problem")).to_contain_text("EX-7 was changed since you opened it.")
    expect(sheet.get_by_role("row", name="Owner")).to_contain_text("none")
    expect(sheet.get_by_role("row", name="Owner")).to_contain_text("chen changed by chen")
    expect(sheet.get_by_role("row", name="Tags")).to_contain_text("seen")
    assert sheet.locator("tr.lit").count() == 2 + 1  # owner, tags, and the state that comes with an owner
    expect(sheet.get_by_label("How many more")).to_have_value("33")
    expect(sheet.get_by_label("Why")).to_have_value("waits for the carrier")
    expect(sheet.get_by_label("so many more of the same cause")).to_be_checked()
    page.keyboard.press("Control+Enter")
    expect(page.locator("[data-said]")).to_contain_text("EX-7 snoozed")
    with database.session() as connection:
        found = connection.execute("select person, state, snooze->>'more' from work where id = 7").fetchone()
    assert found == ("chen", "snoozed", "33")


def test_without_script_the_conflict_keeps_what_was_typed_too(few: str, database: Database, sit: Callable[..., Seat]) -> None:
    ana, chen = sit(few, database, "ana", java_script_enabled=False), sit(few, database, "chen")
    page = ana.go("/exceptions/EX-7/tag")
    page.get_by_label("Tags").fill("mine too")
    chen.go("/exceptions")
    chen.post("/exceptions/EX-7/prioritise", priority="1")
    page.get_by_role("button", name="Tag").click()
    expect(page.get_by_role("row", name="Priority")).to_contain_text("1 changed by chen")
    expect(page.get_by_label("Tags")).to_have_value("mine too")
    page.get_by_role("button", name="Tag all the same").click()
    with database.session() as connection:
        assert connection.execute("select tags, priority from work where id = 7").fetchone() == (["mine", "too"], 1)


def test_a_refusal_keeps_what_was_typed(few: str, database: Database, sit: Callable[..., Seat]) -> None:
    page = sit(few, database).go("/exceptions/EX-7")
    page.get_by_role("link", name="Tag").click()
    page.locator("#sheet").get_by_label("Tags").fill("x" * 50)
    page.keyboard.press("Control+Enter")
    expect(page.locator("#sheet .problem")).to_contain_text("A tag has 1 to 40 characters.")
    expect(page.locator("#sheet").get_by_label("Tags")).to_have_value("x" * 50)


def test_an_empty_list_says_what_each_chip_leaves_out(few: str, database: Database, sit: Callable[..., Seat]) -> None:
    page = sit(few, database).go("/exceptions?class=SNI%2B&class=SOS%2B&channel=fax")
    empty = page.locator(".empty")
    expect(empty).to_contain_text("0 of 500 match")
    with database.session() as connection:
        ((both,),) = connection.execute("select count(*) from work where class in ('SNI+', 'SOS+')").fetchall()
    expect(empty.locator("li")).to_have_text(["0 without class: SNI+", "0 without class: SOS+", f"{both} without channel: fax"])
    empty.get_by_role("link", name="without channel: fax").click()
    expect(page.locator(".heading .figures")).to_contain_text(f"{both} open")


def test_all_done_says_what_is_due_next(few: str, database: Database, sit: Callable[..., Seat]) -> None:
    run(database, "update work set due = now() + interval '3 days'")
    run(database, "update work set due = now() + interval '2 hours' where id = 5")
    seat = sit(few, database)
    page = seat.go("/exceptions?due=..now")
    expect(page.locator(".empty h2")).to_have_text("Nothing is due then")
    expect(page.locator(".empty")).to_contain_text(re.compile(r"Next due 2\d{3}-\d\d-\d\d \d\d:\d\d"))
    page = seat.go("/exceptions")
    expect(page.locator(".heading .figures")).to_contain_text("0 overdue · next due")


@pytest.mark.parametrize("steps", [1, 3])
def test_after_an_action_the_next_row_in_the_order_is_under_the_cursor(
    few: str, database: Database, sit: Callable[..., Seat], steps: int
) -> None:
    page = sit(few, database).go("/exceptions?sort=-value&owner=none")
    page.locator("#rows tr.cursor").wait_for()
    order = shown(page)
    for _ in range(5):
        page.keyboard.press("j")
    for n in range(steps):
        expect(page.locator("#rows tr.cursor")).to_have_attribute("data-ref", order[5 + n])
        page.keyboard.press("Shift+A")
        expect(page.locator("[data-said]")).to_contain_text(f"{order[5 + n]} assigned to you")
        expect(page.locator("#rows tr.cursor")).to_have_attribute("data-ref", order[6 + n])
