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
