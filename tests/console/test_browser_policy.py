"""Nothing from elsewhere, nothing inline, no error, on every page in both themes."""

import re
from collections.abc import Callable

import pytest
from browsing import Seat

from tieout.store.database import Database

PAGES = (
    "/exceptions", "/exceptions?group=cause", "/exceptions?q=nothing-like-it", "/exceptions?colour=red", "/exceptions?item=EX-1", "/exceptions/EX-1",
    "/exceptions/EX-1/assign", "/exceptions/EX-1/snooze", "/exceptions/filter", "/exceptions/filter?field=class", "/causes/1", "/approvals",
    "/settings/profile", "/exceptions/EX-1/edit",
    "/settings/keys", "/settings/views", "/settings/api-keys", "/settings/second-factor", "/settings/delegations", "/settings/calendars",
    "/settings/policies", "/views/new", "/help/keys", "/transactions", "/lifecycles", "/connectors",
    "/process/o2c", "/process/o2c?with=Shipped", "/process/o2c/cases", "/process/p2p",
)  # fmt: skip
INLINE = re.compile(r"<style|<script(?![^>]*\ssrc=)|\sstyle=|\son[a-z]+=", re.IGNORECASE)
EXACT = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types console"
)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_page_keeps_the_policy(few: str, database: Database, sit: Callable[..., Seat], theme: str) -> None:
    seat = sit(few, database, color_scheme=theme)
    for path in PAGES:
        answer = seat.page.goto(few + path, wait_until="load")
        assert answer is not None and answer.status == 200, path
        assert answer.headers["content-security-policy"] == EXACT
        seat.page.locator("main").wait_for()
    assert seat.wrong == []


def test_no_answer_has_anything_inline(few: str, database: Database, sit: Callable[..., Seat]) -> None:
    seat = sit(few, database)
    for path in (*PAGES, "/nowhere", "/sign-in", "/exceptions/EX-999999"):
        text = seat.get(path).read().decode()
        assert INLINE.findall(text) == [], path


def test_a_page_is_complete_without_script(few: str, database: Database, sit: Callable[..., Seat]) -> None:
    seat = sit(few, database, java_script_enabled=False)
    page = seat.go("/exceptions")
    assert page.locator("#rows tr").count() == 120
    page.get_by_role("link", name="Next 120").click()
    assert page.url.endswith("/exceptions?offset=120")
    page.locator("#rows input").first.check()
    page.get_by_role("button", name="Assign").click()
    page.get_by_label("To").select_option("person:ana")
    page.get_by_role("button", name="Preview").click()
    page.get_by_role("button", name="Assign 1").click()
    assert page.url.endswith("?operation=OP-1")
    with database.session() as connection:
        assert connection.execute("select count(*) from operation_item where outcome = 'done'").fetchone() == (1,)
