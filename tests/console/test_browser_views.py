"""Saved views: personal and of a team, opened first, renamed, shared and removed."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from browsing import Seat
from console_people import invite
from console_server import serving
from many_exceptions import many
from playwright.sync_api import expect

from tieout.console.desk import Desk
from tieout.policy import CompanyPolicy
from tieout.policy.work import TeamTable, Work, WorkTable
from tieout.runtime.configuration import Configuration
from tieout.store.database import Database
from tieout.store.pool import Pool


@pytest.fixture
def teams(database: Database) -> Iterator[str]:
    """A console with a team."""
    now = datetime.now(UTC)
    many(database, 60, now)
    invite(database, now)
    configuration = Configuration((), CompanyPolicy({}))
    configuration.work = Work(WorkTable(teams={"finance": TeamTable()}))
    with serving(Desk(Pool(database.connect), "Nordwind", "test", configuration=configuration)) as base:
        yield base


def test_a_view_is_saved_opened_first_renamed_shared_and_removed(teams: str, database: Database, sit: Callable[..., Seat]) -> None:
    ana, chen = sit(teams, database, "ana"), sit(teams, database, "chen")
    page = ana.go("/exceptions?class=SNI%2B&sort=-value")
    page.locator("#rows tr.cursor").wait_for()
    page.keyboard.press("v")
    page.get_by_label("Name").fill("Big ones")
    page.get_by_label("Open it first").check()
    page.keyboard.press("Control+Enter")
    expect(page).to_have_url(f"{teams}/exceptions?class=SNI%2B&sort=-value&view=v/big-ones")
    ana.go("/exceptions")
    expect(page).to_have_url(f"{teams}/exceptions?class=SNI%2B&sort=-value&view=v/big-ones")
    ana.go("/settings/views")
    expect(page.locator("tbody tr")).to_contain_text("opens first")
    page.locator("summary", has_text="Rename").click()
    page.get_by_label("New name").fill("Largest, to invoice")
    page.get_by_role("button", name="Keep").click()
    expect(page.locator("tbody tr th")).to_contain_text("Largest, to invoice")
    page.locator("summary", has_text="Share").click()
    page.get_by_label("With").select_option("team:finance")
    page.locator("details[open]").get_by_role("button", name="Share").click()
    expect(page.locator("tbody tr")).to_have_count(2)
    expect(page.locator("tbody tr").nth(1)).to_contain_text("finance")
    other = chen.go("/exceptions")
    other.locator(".menu.view summary").first.click()
    other.get_by_role("link", name="Largest, to invoice finance").click()
    expect(other).to_have_url(f"{teams}/exceptions?class=SNI%2B&sort=-value&view=t/largest-to-invoice")
    page.get_by_role("button", name="Do not open it first").click()
    ana.go("/exceptions")
    expect(page).to_have_url(f"{teams}/exceptions")
    ana.go("/settings/views")
    for left in (1, 0):
        page.get_by_role("button", name="Remove").first.click()
        expect(page.locator("tbody tr")).to_have_count(left)
    with database.session() as connection:
        actions = [row[0] for row in connection.execute("select action from action where action like '%view%' order by id")]
    assert actions == ["save view", "delete view"]


def test_who_may_not_share_keeps_views_of_his_own(teams: str, database: Database, sit: Callable[..., Seat]) -> None:
    ana, vera = sit(teams, database, "ana"), sit(teams, database, "vera")
    ana.go("/exceptions")
    assert ana.post("/views", name="Theirs", query="class=SNI%2B", whose="all") == 303
    page = vera.go("/settings/views")
    expect(page.locator("tbody tr .denied")).to_have_count(2)
    with database.session() as connection:
        ((id_,),) = connection.execute("select id from saved_view").fetchall()
    assert vera.post(f"/views/{id_}/rename", name="mine") == 403
    assert vera.post(f"/views/{id_}/remove") == 403
    assert vera.post("/views", name="Own", query="class=SNI%2B", whose="me") == 303
    with database.session() as connection:
        ((own,),) = connection.execute("select id from saved_view where owner = 'vera'").fetchall()
    assert vera.post(f"/views/{own}/share", whose="all") == 403
    assert vera.post(f"/views/{own}/rename", name="Owned") == 303
