"""No violation of WCAG 2.0 to 2.2, A and AA, on any page, in both themes, with data, empty, filtered empty and refused."""

from collections.abc import Callable
from datetime import UTC, datetime

from browsing import Seat, violations
from console_people import invite
from console_server import serving
from playwright.sync_api import expect

from tieout.console.desk import Desk
from tieout.people import accounts
from tieout.store.database import Database
from tieout.store.pool import Pool

PAGES = (
    "/exceptions", "/exceptions?item=EX-1", "/exceptions?group=cause", "/exceptions?q=nothing-like-it&owner=me", "/exceptions?colour=red",
    "/exceptions/EX-1", "/exceptions/EX-1/snooze", "/exceptions/EX-1/accept", "/exceptions/filter", "/causes/1", "/approvals", "/settings/profile",
    "/settings/keys", "/settings/views", "/settings/api-keys", "/settings/second-factor", "/settings/delegations", "/settings/calendars",
    "/settings/policies", "/connectors", "/views/new", "/help/keys", "/exceptions/EX-999999",
    "/process/o2c", "/process/o2c?with=Shipped", "/process/nothing", "/process/o2c/cases",
    "/approvals/delegations", "/exceptions/print?class=SNI%2B", "/exceptions/EX-1/print",
    "/exports/new", "/exceptions/EX-1/edit", "/exceptions?as_of=2026-01-01T00:00:00%2B00:00", "/exceptions/EX-1/assign", "/approvals?show=done",
)  # fmt: skip


def test_axe_finds_nothing(few: str, database: Database, sit: Callable[..., Seat]) -> None:
    seat = sit(few, database)
    wrong = {}
    for path in PAGES:
        page = seat.go(path)
        page.locator("main").wait_for()
        if found := violations(page):
            wrong[path] = found
    with database.session() as session:
        accounts.set_roles(session, accounts.account(session, "ana"), ["admin", "engineer"], [], datetime.now(UTC), by=None)
    for path in ("/settings/people", "/settings/people/bo", "/settings/people/ana", "/audit", "/operations"):
        wrong |= {path: found} if (found := violations(seat.go(path))) else {}
    page = seat.go("/exceptions")
    page.locator("#rows tr.cursor").wait_for()
    for key in ("x", "a"):
        page.keyboard.press(key)
    page.locator("#sheet select").wait_for()
    wrong |= {"dialog": found} if (found := violations(page)) else {}
    page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    page.locator("#palette-list li").first.wait_for()
    wrong |= {"palette": found} if (found := violations(page)) else {}
    signed_out = sit(few, database, "")
    wrong |= {"sign-in": found} if (found := violations(signed_out.go("/sign-in"))) else {}
    assert wrong == {}


def test_axe_finds_nothing_where_nothing_is(database: Database, sit: Callable[..., Seat]) -> None:
    invite(database, datetime.now(UTC))
    with serving(Desk(Pool(database.connect), "Nordwind")) as base:
        seat = sit(base, database)
        for path in ("/exceptions", "/exceptions?group=cause", "/approvals", "/process/o2c", "/process/o2c/cases"):
            page = seat.go(path)
            expect(page.locator(".empty")).to_be_visible()
            assert violations(page) == [], path


def test_axe_is_really_asked_in_both_themes(few: str, database: Database, sit: Callable[..., Seat]) -> None:
    page = sit(few, database).go("/help/keys")
    page.locator("main p").first.evaluate("(node) => node.classList.add('faint')")
    for theme, colour in (("light", "light-dark(#eee, #fff)"), ("dark", "light-dark(#000, #222)")):
        page.evaluate("(colour) => { document.querySelector('.faint').style.color = colour; }", colour)
        assert {one.partition(":")[0] for one in violations(page)} == {f"{theme} color-contrast"}


def test_320_pixels_are_enough(few: str, database: Database, sit: Callable[..., Seat]) -> None:
    seat = sit(few, database)
    seat.page.set_viewport_size({"width": 320, "height": 640})
    for path in PAGES:
        page = seat.go(path)
        wide = page.evaluate("() => document.documentElement.scrollWidth")
        assert wide <= 320, f"{path} is {wide} wide"


def test_reduced_motion_moves_nothing_and_forced_colours_keep_the_words(few: str, database: Database, sit: Callable[..., Seat]) -> None:
    page = sit(few, database, reduced_motion="reduce", forced_colors="active").go("/exceptions")
    page.locator("#rows tr.cursor").wait_for()
    assert page.evaluate("() => document.getAnimations().length") == 0
    expect(page.locator("#rows .sla").first).to_contain_text("overdue")
    page.locator(".jump").focus()
    assert page.evaluate("() => getComputedStyle(document.activeElement).outlineStyle") != "none"


def test_the_plain_table_is_a_plain_table(few: str, database: Database, sit: Callable[..., Seat]) -> None:
    seat = sit(few, database)
    page = seat.go("/settings/profile")
    page.get_by_label("Lists as plain tables").check()
    page.get_by_role("button", name="Save").click()
    seat.go("/exceptions")
    assert page.locator("#rows tr").count() == 200
    page.get_by_role("link", name="Next 200").click()
    expect(page).to_have_url(f"{few}/exceptions?offset=200")
    assert page.locator("#rows tr").count() == 200
