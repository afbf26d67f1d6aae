"""Engineers at a connector: replay in three steps, a test, credentials that are never shown; nobody else, and nothing half done."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from console_day import NOW, Console, day

from tieout.cases import operation
from tieout.runtime.credentials import Access


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    with day(tmp_path_factory.mktemp("connectors") / "day") as served:
        yield served


def run_all(console: Console) -> None:
    with console.project.database.session() as session:
        configuration = console.project.fresh_configuration()
        for minute in range(3):
            while operation.step(session, configuration, NOW + timedelta(minutes=minute)):
                pass


def planned(page: str) -> dict[str, str]:
    return dict(re.findall(r'data-plan="(\w+)">([\d,]+)<', page))


def test_a_replay_is_tried_confirmed_and_done_and_changes_nothing_that_is_known(console: Console) -> None:
    ((many, statements),) = console.sql("select count(*), sum(statements) from message m join system s on s.id = m.system where s.name = 'wms'")
    before = console.sql("select count(*) from fact"), console.sql("select count(*) from operation")
    page = console.get("/connectors/wms/replay?which=all", "chen").text
    assert planned(page) == {"many": f"{many:,}", "duplicates": f"{statements:,}", "changed": "0", "unread": "0"}
    assert (console.sql("select count(*) from fact"), console.sql("select count(*) from operation")) == before
    found = re.search(r'name="key" value="([^"]+)"', page)
    assert found is not None
    fields = {"which": "all", "rate": "6000", "key": found[1]}
    assert console.post("/connectors/wms/replay", "chen", count="3", **fields).status == 422
    assert console.post("/connectors/wms/replay", "ana", count=str(many), **fields).status == 403
    begun = console.post("/connectors/wms/replay", "chen", count=str(many), **fields)
    assert begun.url.startswith("/operations/OP-") and "replay messages" in begun.text
    assert console.post("/connectors/wms/replay", "chen", count=str(many), **fields).url == begun.url, "sent twice, one operation"
    run_all(console)
    done = console.get(begun.url, "chen").text
    assert f"done {many}" in re.sub(r"\s+", " ", done) and "message " in done
    assert console.sql("select count(*) from fact") == before[0]


def test_messages_are_replayed_and_edited_from_the_queue(console: Console) -> None:
    rows = console.sql(
        "select w.ref, w.id || ':' || w.version, s.name from work w join message m on m.id = w.message join system s on s.id = m.system"
        " where w.kind = 'quarantine' and w.state <> 'resolved' order by s.name"
    )
    ref, item, name = next(row for row in rows if row[2] == "edi")
    page = console.post("/selections", "chen", action="replay", item=item)
    assert page.url.startswith(f"/connectors/{name}/replay?selection=") and planned(page.text)["many"] == "1"
    assert console.post("/selections", "ana", action="edit", item=item).url == f"/exceptions/{ref}/edit"
    everything = console.post("/selections", "ana", all="1", query="?kind=quarantine", action="edit")
    assert (everything.status, len(rows) > 1) == (422, True) and "one at a time" in everything.text
    assert console.post("/selections", "ana", action="replay", item=item).status == 403
    ((other,),) = console.sql("select id || ':' || version from work where message is null and state <> 'resolved' order by id limit 1")
    assert "about a message" in console.post("/selections", "chen", action="replay", item=other).text
    assert "needs the role engineer" in console.get("/exceptions", "ana").text


def test_what_cannot_be_read_is_counted_and_a_range_is_kept(console: Console) -> None:
    ((unread,),) = console.sql(
        "select count(distinct q.message) from quarantine q join message m on m.id = q.message join system s on s.id = m.system where s.name = 'edi'"
    )
    plan = planned(console.get("/connectors/edi/replay?which=unread", "chen").text)
    assert (plan["many"], plan["unread"]) == (str(unread), str(unread))
    nothing = console.get("/connectors/edi/replay?which=all&until=2001-01-01T00:00", "chen").text
    assert "No message is in this range" in nothing
    assert console.get("/connectors/edi/replay?which=some", "chen").status == 422
    for who in ("ana", "bo", "vera", "ada"):
        assert console.get("/connectors/edi/replay", who).status == 403
        for path in ("test", "credentials", "replay"):
            assert console.post(f"/connectors/edi/{path}", who).status == 403


def test_a_system_that_nobody_calls_says_so_when_it_is_tested(console: Console) -> None:
    seen = console.post("/connectors/bank/test", "chen")
    assert seen.status == 409 and "only listens" in seen.text
    assert console.sql("select detail->>'well' from action where action = 'system tested' order by id desc limit 1") == [("false",)]


def test_credentials_are_never_shown_and_stay_when_the_new_ones_fail(console: Console, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("old-and-secret")
    desk, before = console.desk, console.desk.access
    msgspec.structs.force_setattr(
        desk, "access", Access(lambda name: {"token": (tmp_path / "token").read_text()}, {"shop": {"token": "file:token", "webhook": "env:HOOK"}}, tmp_path)
    )  # fmt: skip
    try:
        page = console.get("/connectors/shop", "chen").text
        assert "old-and-secret" not in page and "in token" in page and "The sender signs with it" in page
        assert console.get("/connectors/shop", "ana").text.count("Engineers change credentials.") >= 1
        refused = console.post("/connectors/shop/credentials", "chen", **{"secret-token": "new-and-secret"})
        assert refused.status == 422 and "new-and-secret" not in refused.text and "The old ones are still in use" in refused.text
        assert (tmp_path / "token").read_text() == "old-and-secret"
        assert "new-and-secret" not in str(console.sql("select a::text from action a"))
    finally:
        msgspec.structs.force_setattr(desk, "access", before)


def test_the_list_says_rates_errors_and_what_is_next(console: Console) -> None:
    listed = console.get("/connectors", "chen").text
    for head in ("In / out per min", "Errors 1 h", "Credentials end", "Circuit, what is next"):
        assert head in listed
    rows = console.get("/connectors?csv=1", "chen").text.splitlines()
    assert rows[0].endswith("in per minute,out per minute,errors in an hour,next,next at,credentials end") and len(rows) == 11
