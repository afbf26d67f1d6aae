"""The next most urgent is claimed by button and by key; the one who is suggested comes first, with why and how much everybody has."""

from collections.abc import Callable

from browsing import Seat
from playwright.sync_api import expect

from tieout.store.database import Database

NEXT = "select ref from work where person = '' and state not in ('resolved', 'snoozed') and {} order by priority, due, id limit 1"


def first(database: Database, where: str = "true") -> str:
    with database.session() as connection:
        ((ref,),) = connection.execute(NEXT.format(where).encode()).fetchall()
    return str(ref)


def test_the_next_is_claimed_by_key_and_by_button(few: str, database: Database, sit: Callable[..., Seat]) -> None:
    page = sit(few, database).go("/exceptions")
    page.locator("#rows tr.cursor").wait_for()
    wanted = first(database)
    page.keyboard.press("Shift+C")
    expect(page.locator("[data-said]")).to_contain_text(f"{wanted} is yours.")
    expect(page.locator("#pane .ref code").first).to_have_text(wanted)
    expect(page).to_have_url(f"{few}/exceptions?item={wanted}")
    page.goto(f"{few}/exceptions?class=INP%2B")
    wanted = first(database, "class = 'INP+'")
    page.get_by_role("button", name="Claim next").click()
    expect(page.locator("[data-said]")).to_contain_text(f"{wanted} is yours.")
    with database.session() as connection:
        assert connection.execute("select person from work where ref = %s", [wanted]).fetchone() == ("ana",)


def test_a_viewer_cannot_and_sees_why(few: str, database: Database, sit: Callable[..., Seat]) -> None:
    vera = sit(few, database, "vera")
    page = vera.go("/exceptions")
    expect(page.locator('[data-name="claim"]')).to_have_attribute("data-reason", "needs the role analyst or engineer")
    assert vera.post("/claim", query="") == 403


def test_the_suggested_owner_comes_first_with_why(few: str, database: Database, sit: Callable[..., Seat]) -> None:
    with database.session() as connection:
        connection.execute(
            "update work set state = 'resolved', resolved = now(), person = 'chen' where id in (select id from work where cause = (select cause from work"
            " where id = 1) and id <> 1 limit 3)"
        )
    page = sit(few, database).go("/exceptions/EX-1/assign")
    expect(page.locator(".sheet .soft").nth(1)).to_contain_text("Suggested: Chen Wei")
    expect(page.locator(".sheet .soft").nth(1)).to_contain_text("brought 3 of the same cause to an end in 90 days")
    assert page.locator("#to option").first.inner_text().endswith("open · suggested")
    page.get_by_role("button", name="Assign").click()
    expect(page.locator("[data-said]")).to_contain_text("EX-1 assigned")
    with database.session() as connection:
        assert connection.execute("select person from work where id = 1").fetchone() == ("chen",)
