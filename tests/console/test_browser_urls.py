"""The URL is the state: what is clicked together can be opened elsewhere, and back and forward restore it."""

from collections.abc import Callable

from browsing import Seat, cursor, shown
from playwright.sync_api import expect

from tieout.store.database import Database


def test_what_is_clicked_together_is_a_link(big: str, hundred_thousand: Database, sit: Callable[..., Seat]) -> None:
    page = sit(big, hundred_thousand).go("/exceptions")
    page.locator("#rows tr.cursor").wait_for()
    for field, value in (("class", "SNI+"), ("channel", "shopify"), ("warehouse", "EAST")):
        page.keyboard.press("f")
        page.locator("#sheet").get_by_role("link", name=field, exact=True).click()
        page.locator("#sheet").get_by_role("link", name=value).click()
        expect(page.locator(".chip", has_text=f"{field}: {value}")).to_be_visible()
    page.keyboard.press("f")
    page.locator("#sheet").get_by_role("link", name="value", exact=True).click()
    page.get_by_label("Value", exact=True).fill("100..900")
    page.keyboard.press("Enter")
    expect(page.locator(".chip", has_text="100 to 900")).to_be_visible()
    page.get_by_label("Sort").select_option("-value")
    expect(page).to_have_url(f"{big}/exceptions?class=SNI%2B&channel=shopify&warehouse=EAST&value=100..900&sort=-value")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("Space")
    expect(page.locator("#pane h2")).to_be_visible()
    other = sit(big, hundred_thousand, "vera").go(page.url.removeprefix(big))
    assert shown(other)[:60] == shown(page)[:60]
    assert other.url == page.url
    expect(other.locator("#pane .ref code").first).to_have_text(cursor(page))
    with hundred_thousand.session() as connection:
        wanted = [ref for (ref,) in connection.execute(
            "select ref from work where class = 'SNI+' and channel = 'shopify' and warehouse = 'EAST' and worth between 100 and 900"
            " and state <> 'resolved' order by worth desc, id desc limit 60")]  # fmt: skip
    assert shown(other)[:60] == wanted


def test_back_restores_rows_and_cursor_and_scroll(big: str, hundred_thousand: Database, sit: Callable[..., Seat]) -> None:
    page = sit(big, hundred_thousand).go("/exceptions")
    page.locator("#rows tr.cursor").wait_for()
    for _ in range(40):
        page.keyboard.press("j")
    wanted = cursor(page)
    page.wait_for_function("() => history.state?.grid?.cursor === 40")
    top = page.evaluate("() => document.querySelector('.gridbox').scrollTop")
    assert top > 0
    page.keyboard.press("o")
    expect(page.locator("article .ref code").first).to_have_text(wanted)
    page.go_back()
    expect(page.locator("#rows tr.cursor")).to_have_attribute("data-ref", wanted)
    assert page.evaluate("() => document.querySelector('.gridbox').scrollTop") == top
    page.go_forward()
    expect(page.locator("article .ref code").first).to_have_text(wanted)


def test_an_unknown_filter_is_shown_on_reading_and_refused_for_many(few: str, database: Database, sit: Callable[..., Seat]) -> None:
    seat = sit(few, database)
    page = seat.go("/exceptions?colour=red")
    expect(page.locator(".chip.wrong")).to_contain_text("ignored: colour: red")
    assert seat.post("/selections", all="1", query="?colour=red", action="assign") == 422
    with database.session() as connection:
        assert connection.execute("select count(*) from selection").fetchone() == (0,)


def test_equal_states_redirect_to_one_url(few: str, database: Database, sit: Callable[..., Seat]) -> None:
    answer = sit(few, database).get("/exceptions?sort=due&owner=me&class=B&class=A")
    assert (answer.status, answer.headers["location"]) == (302, "/exceptions?class=A&class=B&owner=me")


def test_a_view_is_a_name_for_a_url(few: str, database: Database, sit: Callable[..., Seat]) -> None:
    page = sit(few, database).go("/exceptions?class=SNI%2B&owner=me")
    page.locator("#rows tr.cursor").wait_for()
    page.keyboard.press("v")
    page.get_by_label("Name").fill("Late, mine")
    page.keyboard.press("Control+Enter")
    expect(page).to_have_url(f"{few}/exceptions?class=SNI%2B&owner=me&view=v/late-mine")
    expect(page.locator(".menu.view summary").first).to_have_text("Late, mine")
    page.locator(".chip .off").first.click()
    expect(page.locator(".menu.view summary").first).to_have_text("Late, mine, changed")
