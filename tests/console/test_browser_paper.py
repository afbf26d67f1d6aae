"""Paper and files: full rows with a header on each page, a case file with all of its history, and a long list as an operation with a link."""

import csv
import io
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from browsing import Seat
from paper_text import pages
from playwright.sync_api import expect

from tieout.cases import export, operation
from tieout.store.database import Database
from world import World


def test_the_list_on_paper_has_its_header_on_each_page(few: str, database: Database, sit: Callable[..., Seat]) -> None:
    seat = sit(few, database)
    page = seat.go("/exceptions?class=SNI%2B&sort=-value")
    page.locator("#rows tr.cursor").wait_for()
    page.get_by_role("link", name="Print", exact=True).click()
    expect(page.locator("h1")).to_have_text("Exceptions")
    with database.session() as connection:
        wanted = [
            ref
            for (ref,) in connection.execute("select ref from work where class = 'SNI+' and state <> 'resolved' order by worth desc, id desc")
        ]
    assert page.locator("tbody th code").all_inner_texts() == wanted
    found = pages(page.pdf())
    assert len(found) > 2
    for text in found:
        assert "Nordwind·Exceptions·classSNI+·" in text
        assert f"{few}/exceptions/print?class=SNI%2B&sort=-value" in text
        assert "asof2" in text and "printedbyAnaNovak" in text
    assert all(any(ref in text for text in found) for ref in wanted)
    assert seat.wrong == []


def test_a_list_that_is_too_long_for_paper_says_so(big: str, hundred_thousand: Database, sit: Callable[..., Seat]) -> None:
    with hundred_thousand.session() as connection:
        ((many,),) = connection.execute("select count(*) from work where state <> 'resolved'").fetchall()
    assert many >= 100_000
    page = sit(big, hundred_thousand).go("/exceptions/print")
    expect(page.locator("main .lead")).to_contain_text(f"These are the first 2,000 of {many:,}")
    assert page.locator("tbody tr").count() == 2000


def test_a_case_file_has_all_of_its_history_and_its_header_on_each_page(few: str, database: Database, sit: Callable[..., Seat]) -> None:
    with database.session() as connection:
        connection.execute(
            "insert into work_event (work, at, event, who, detail)"
            " select 7, now(), 'commented', 'chen', json_build_object('text', 'word ' || n) from generate_series(1, 120) n"
        )
    page = sit(few, database).go("/exceptions/EX-7")
    page.get_by_role("link", name="Case file").click()
    expect(page.locator(".story li")).to_have_count(120)
    found = pages(page.pdf())
    assert len(found) > 2
    assert all("CasefileEX-7" in text and "printedbyAnaNovak" in text and "/exceptions/EX-7/print" in text for text in found)
    whole = "".join(found)
    assert "word1" in whole and "word120" in whole


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if a list of 100 were a long one."""
    monkeypatch.setattr(export, "SENT_MAX", 100)


@pytest.mark.usefixtures("short")
def test_a_long_list_is_an_operation_with_a_link(few: str, database: Database, world: World, sit: Callable[..., Seat]) -> None:
    seat = sit(few, database)
    page = seat.go("/exceptions?class=SNI%2B&sort=-value")
    page.get_by_role("link", name="Export").click()
    expect(page.locator("h1")).to_contain_text("rows")
    page.get_by_role("button", name="Write the file").click()
    expect(page.locator("main")).to_contain_text("The link is here when it is done.")
    with database.session() as connection:
        while operation.step(connection, world.configuration, datetime.now(UTC)):
            pass
        wanted = connection.execute(
            "select ref, trim_scale(worth)::text from work where class = 'SNI+' and state <> 'resolved' order by worth desc, id desc"
        ).fetchall()
    page.reload()
    with page.expect_download() as waiting:
        page.get_by_role("link", name=f"Download {len(wanted)} rows").click()
    assert waiting.value.suggested_filename == "exceptions-OP-1.csv"
    rows = list(csv.DictReader(io.StringIO(Path(waiting.value.path()).read_bytes().decode())))
    assert [(row["ref"], row["value"]) for row in rows] == wanted
    assert sit(few, database, "bo").get("/operations/OP-1/file").status == 422
    with database.session() as connection:
        assert [row[0] for row in connection.execute("select action from action where object = 'OP-1' order by id")] == [
            "start export",
            "download export",
        ]
