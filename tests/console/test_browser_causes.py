"""Causes: merging says its rule, and a split is for good."""

from collections.abc import Callable

from browsing import Seat
from playwright.sync_api import expect

from tieout.store.database import Database


def test_causes_are_merged_with_a_reason_and_split_for_good(few: str, database: Database, sit: Callable[..., Seat]) -> None:
    page = sit(few, database).go("/exceptions?group=cause&class=SNI%2B")
    assert page.locator(".causes tbody tr").count() == 8
    page.get_by_role("link", name="rule, merge, split").first.click()
    page.get_by_label("Causes of the same class").select_option(index=0)
    page.locator("#why-merge").fill("the same price list")
    page.get_by_role("button", name="Merge").click()
    expect(page.locator("main")).to_contain_text("by ana: the same price list")
    page.locator('[id^="why-part"]').fill("another customer after all")
    page.get_by_role("button", name="Split again, for good").click()
    expect(page.locator("main")).not_to_contain_text("the same price list")
    with database.session() as connection:
        assert connection.execute("select count(*) from cause_split").fetchone() == (1,)
        assert connection.execute("select count(*) from cause where merged_into is not null").fetchone() == (0,)


def test_a_cause_rests_with_its_items_and_is_woken(few: str, database: Database, sit: Callable[..., Seat]) -> None:
    page = sit(few, database).go("/causes/1")
    page.get_by_label("so many more of the same cause").check()
    page.get_by_label("How many more").fill("7")
    page.get_by_role("button", name="Snooze the cause").click()
    expect(page.locator("main .banner")).to_contain_text("It rests until 7 more have come")
    with database.session() as connection:
        ((resting, many),) = connection.execute(
            "select count(*) filter (where state = 'snoozed'), count(*) from work where cause = 1"
        ).fetchall()
        ((first,),) = connection.execute("select ref from work where cause = 1 order by id limit 1").fetchall()
    assert resting == many > 0
    page.goto(f"{few}/exceptions/{first}")
    expect(page.locator("article.item")).to_contain_text("as long as its cause CA-1 rests")
    page.goto(f"{few}/causes/1")
    page.get_by_role("button", name="Wake it now").click()
    expect(page.locator("main .banner")).to_have_count(0)
    with database.session() as connection:
        assert connection.execute("select count(*) from work where cause = 1 and state = 'snoozed'").fetchone() == (0,)


def test_a_fix_is_said_with_its_version(few: str, database: Database, sit: Callable[..., Seat]) -> None:
    page = sit(few, database).go("/causes/1")
    page.get_by_label("Fixed in mapping version").fill("2b9c")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("[data-said]")).to_contain_text("Kept.")
    page.goto(f"{few}/exceptions?group=cause")
    expect(page.locator("tbody tr", has_text="fixed in 2b9c")).to_have_count(1)
