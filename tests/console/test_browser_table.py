"""A hundred thousand rows: the right ones are on the screen at once, few are in the page, and no key is lost."""

import time
from collections.abc import Callable

from browsing import Seat, cursor, shown
from playwright.sync_api import expect

from tieout.store.database import Database

ORDER = "select ref from work where state <> 'resolved' order by due, id"


def refs(database: Database, offset: int, limit: int) -> list[str]:
    with database.session() as connection:
        return [ref for (ref,) in connection.execute(f"{ORDER} limit {limit} offset {offset}".encode())]


def test_a_jump_to_row_90000_shows_what_sql_says(big: str, hundred_thousand: Database, how_many: int, sit: Callable[..., Seat]) -> None:
    page = sit(big, hundred_thousand).go("/exceptions")
    page.locator("#rows tr.cursor").wait_for()
    wanted = refs(hundred_thousand, 90_000, 20)
    took = []
    for _ in range(3):
        page.evaluate("() => { document.querySelector('.gridbox').scrollTop = 0 }")
        page.locator('#rows tr[aria-rowindex="2"]').wait_for(state="attached")
        began = time.perf_counter()
        page.evaluate(
            "() => { const box = document.querySelector('.gridbox'); box.scrollTop = 90000 * document.querySelector('#rows tr').offsetHeight }"
        )
        page.locator('#rows tr[aria-rowindex="90002"]').wait_for()
        took.append(time.perf_counter() - began)
    assert min(took) < 0.5
    here = shown(page)
    first = here.index(wanted[0])
    assert here[first : first + 20] == wanted
    assert len(here) <= 250
    assert page.locator("#grid").get_attribute("aria-rowcount") == str(how_many + 1)
    assert page.evaluate("() => document.querySelectorAll('*').length") <= 3000


def test_the_last_row_is_the_last_of_the_list(big: str, hundred_thousand: Database, how_many: int, sit: Callable[..., Seat]) -> None:
    page = sit(big, hundred_thousand).go("/exceptions")
    page.locator("#grid").focus()
    page.keyboard.press("Control+End")
    (last,) = refs(hundred_thousand, how_many - 1, 1)
    expect(page.locator("#rows tr.cursor")).to_have_attribute("data-ref", last)
    expect(page.locator("#rows tr.cursor")).to_be_in_viewport()


def test_three_hundred_rapid_keys_are_three_hundred_rows(big: str, hundred_thousand: Database, how_many: int, sit: Callable[..., Seat]) -> None:
    page = sit(big, hundred_thousand).go("/exceptions")
    page.locator("#rows tr.cursor").wait_for()
    for _ in range(300):
        page.keyboard.press("j")
    (wanted,) = refs(hundred_thousand, 300, 1)
    expect(page.locator("#rows tr.cursor")).to_have_attribute("data-ref", wanted)
    expect(page.locator("#rows tr.cursor")).to_be_in_viewport()
    assert cursor(page) == wanted
    expect(page.locator("[data-where]")).to_have_text(f"row 301 of {how_many:,}")
    blank = page.evaluate(
        "() => { const box = document.querySelector('.gridbox').getBoundingClientRect();"
        " return [...document.querySelectorAll('.space')].some((space) => { const at = space.getBoundingClientRect();"
        " return at.bottom > box.top + 40 && at.top < box.bottom - 10 }) }"
    )
    assert blank is False


def test_the_header_is_what_sql_says(big: str, hundred_thousand: Database, sit: Callable[..., Seat]) -> None:
    page = sit(big, hundred_thousand).go("/exceptions?class=SNI%2B&owner=ana&value=100..2000")
    with hundred_thousand.session() as connection:
        ((many, worth),) = connection.execute(
            "select count(*), sum(worth) from work where state <> 'resolved' and class = 'SNI+' and person = 'ana' and worth between 100 and 2000"
        ).fetchall()
    expect(page.locator(".heading .figures")).to_contain_text(f"{many:,} open · {worth:,.2f} EUR")
    assert page.locator("#grid").get_attribute("aria-rowcount") == str(many + 1)
