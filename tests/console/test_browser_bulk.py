"""Many at once: exactly what was selected, as it was selected; the rest is reported or untouched; the same form twice is one operation."""

import json
import re
import urllib.parse
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from browsing import Seat
from many_exceptions import many
from playwright.sync_api import expect

from tieout.cases import operation
from tieout.store.database import Database
from world import World

WHERE = "class = 'SNI+' and state <> 'resolved'"


def opened(database: Database, number: int) -> None:
    """The history says that the newest were opened."""
    with database.session() as connection:
        connection.execute(
            "insert into work_event (work, at, event, who, detail) select id, now(), 'opened', 'ledger', '{}' from work order by id desc limit %s",
            [number],
        )


def run_all(world: World, database: Database) -> None:
    with database.session() as connection:
        while operation.step(connection, world.configuration, datetime.now(UTC)):
            pass


def test_bulk_does_exactly_what_it_said(few: str, database: Database, world: World, sit: Callable[..., Seat]) -> None:
    many(database, 1000, datetime.now(UTC), first=501)
    page = sit(few, database).go("/exceptions?class=SNI%2B")
    with database.session() as connection:
        ids = [id_ for (id_,) in connection.execute(f"select id from work where {WHERE} order by due, id".encode())]
        ((total, worth),) = connection.execute(f"select count(*), sum(worth) from work where {WHERE}".encode()).fetchall()
    page.locator("#rows tr.cursor").wait_for()
    page.keyboard.press("Control+Shift+A")
    expect(page.locator("[data-chosen]")).to_have_text(f"{total:,} selected · EUR {worth:,.2f} · 1 class")
    assert page.locator('#rows tr[aria-selected="true"]').count() == page.locator("#rows tr").count()
    page.keyboard.press("t")
    page.get_by_label("Tags").fill("looked-at")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#sheet .preview")).to_contain_text(f"Will change the tags: {total} exceptions, EUR {worth:,.2f}.")
    changed = ids[:7]
    many(database, 40, datetime.now(UTC), first=5001)
    with database.session() as connection:
        connection.execute("update work set version = version + 1, priority = 1 where id = any(%s)", [changed])
    page.keyboard.press("Control+Enter")
    expect(page.locator("#sheet h2")).to_contain_text("OP-1 is under way")
    run_all(world, database)
    with database.session() as connection:
        tagged = {id_ for (id_,) in connection.execute("select id from work where tags @> '{looked-at}'")}
        outcomes = dict(connection.execute("select outcome, count(*) from operation_item group by 1").fetchall())
        ((operations,),) = connection.execute("select count(*) from operation").fetchall()
    assert tagged == set(ids) - set(changed)
    assert outcomes == {"done": total - 7, "changed since selection": 7}
    assert operations == 1
    expect(page.locator("[data-progress-text]")).to_have_text(f"{total} of {total}, done")
    page.get_by_role("link", name="Show these exceptions").click()
    expect(page.locator(".chip")).to_contain_text("operation: OP-1")


def test_what_comes_after_the_selection_is_not_shown_as_selected(few: str, database: Database, sit: Callable[..., Seat]) -> None:
    page = sit(few, database).go("/exceptions?class=SNI%2B&sort=opened")
    page.locator("#rows tr.cursor").wait_for()
    page.keyboard.press("Control+Shift+A")
    expect(page.locator('#rows tr[aria-selected="true"]')).to_have_count(120)
    many(database, 40, datetime.now(UTC), first=5001)
    opened(database, 40)
    expect(page.locator("[data-fresh]")).to_have_text("10 new, press .")
    page.keyboard.press(".")
    expect(page.locator(".heading .figures")).to_contain_text("135 open")
    expect(page.locator('#rows tr[aria-selected="true"]')).to_have_count(110)
    expect(page.locator("#rows tr").first).to_have_attribute("aria-selected", "false")


def test_the_same_form_twice_is_one_operation(few: str, database: Database, sit: Callable[..., Seat]) -> None:
    seat = sit(few, database)
    seat.go("/exceptions")
    made = json.loads(_post(seat, "/selections", {"all": "1", "query": "?class=SNI%2B"}, **{"X-Fragment": "count"}))
    preview = _post(seat, f"/selections/{made['id']}/tag", {"tags": "twice"})
    fields = dict(re.findall(r'name="(said|key|hash)" value="([^"]*)"', preview))
    fields = {name: value.replace("&#34;", '"') for name, value in fields.items()} | {"step": "go"}
    for _ in range(2):
        _post(seat, f"/selections/{made['id']}/tag", fields)
    with database.session() as connection:
        assert connection.execute("select count(*) from operation").fetchone() == (1,)
        assert connection.execute("select count(*), count(distinct version) from work where tags @> '{twice}'").fetchone() == (made["many"], 1)


def _post(seat: Seat, path: str, fields: dict[str, str], **headers: str) -> str:
    csrf = seat.page.evaluate("() => document.body.dataset.csrf")
    body = urllib.parse.urlencode({"csrf": csrf, **fields}).encode()
    return seat._ask(path, body, headers).read().decode()


def test_a_forged_or_foreign_form_does_nothing(few: str, database: Database, sit: Callable[..., Seat]) -> None:
    seat = sit(few, database)
    seat.go("/exceptions")
    assert seat.post("/exceptions/EX-1/mine", csrf="0" * 64) == 403
    assert seat._ask("/exceptions/EX-1/mine", b"", {"Sec-Fetch-Site": "cross-site"}).status == 403
    viewer = sit(few, database, "vera")
    viewer.go("/exceptions")
    expect(viewer.page.locator(".bulk .denied").first).to_have_attribute("data-reason", "needs the role analyst or engineer")
    assert viewer.post("/exceptions/EX-1/mine") == 403
    with database.session() as connection:
        assert connection.execute("select count(*) from work_event").fetchone() == (0,)


def test_the_file_is_the_list_and_runs_nothing(few: str, database: Database, sit: Callable[..., Seat], tmp_path: Path) -> None:
    with database.session() as connection:
        connection.execute("update work set summary = '=1+1', party = '@SUM(A1)' where id = 3")
    seat = sit(few, database)
    page = seat.go("/exceptions?sort=-value")
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Export").click()
    assert re.fullmatch(r"exceptions-\d{8}T\d{6}Z\.csv", waiting.value.suggested_filename)
    text = Path(waiting.value.path()).read_bytes().decode()
    rows = [line.split(",") for line in text.split("\r\n") if line]
    with database.session() as connection:
        wanted = connection.execute(
            "select ref, trim_scale(worth)::text from work where state <> 'resolved' order by worth desc, id desc"
        ).fetchall()
    assert rows[0][:4] == ["ref", "class", "title", "what_disagrees"]
    assert [row[0] for row in rows[1:]] == [ref for ref, _ in wanted]
    assert "'=1+1" in text and "'@SUM(A1)" in text and ",=1+1" not in text
    assert seat.get("/exceptions.csv?sort=-value&bom=1").read().startswith(b"\xef\xbb\xbfref,")


def test_the_verdict_is_one_over_all_of_it_with_its_money_and_the_count_is_typed(
    few: str, database: Database, sit: Callable[..., Seat]
) -> None:
    many(database, 1000, datetime.now(UTC), first=501)
    with database.session() as connection:
        connection.execute("update work set tags = '{done}' where id <= 300")
        wanted = "select count(*) filter (where not tags @> '{done}'), count(*) filter (where tags @> '{done}'), sum(worth) filter (where not tags @> '{done}')"
        ((good, left, worth),) = connection.execute(f"{wanted} from work where state <> 'resolved'".encode()).fetchall()
    page = sit(few, database).go("/exceptions")
    page.locator("#rows tr.cursor").wait_for()
    page.keyboard.press("Control+Shift+A")
    expect(page.locator("[data-chosen]")).to_contain_text("1,500 selected")
    page.keyboard.press("t")
    page.get_by_label("Tags").fill("done")
    page.keyboard.press("Control+Enter")
    sheet = page.locator("#sheet .preview")
    expect(sheet).to_contain_text(f"Will change the tags: {good:,} exceptions, EUR {worth:,.2f}. {good:,} of the 1,500 selected.")
    expect(sheet).to_contain_text(f"{left} · its tags are so already")
    expect(sheet).to_contain_text(f"{good:,} · allowed · {worth:,.2f}")
    page.keyboard.press("Control+Enter")
    assert page.locator("#typed").evaluate("(field) => field.validity.valueMissing")
    page.locator("#typed").fill("1500")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#sheet h2")).to_contain_text("OP-1 is under way")
