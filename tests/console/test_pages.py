"""The pages besides the queue, asked of the real server over the day: what they show is what SQL on the same database says."""

import csv
import hashlib
import html
import io
import json
import re
from collections.abc import Iterator
from decimal import Decimal

import pytest
from console_day import NOW, ORDER, Console, day

from tieout.console.pages.tower import OTHERS
from tieout.runtime.looks import tick

PAGES = (
    "/", "/?wall=1", "/?period=30d&channel=shopify", "/transactions", "/transactions?q=IS-50", "/transactions?q=nothing", "/transactions?colour=red",
    f"/transactions/{ORDER}", f"/transactions/{ORDER}?only=differences", f"/transactions/{ORDER}?view=commands", "/transactions/NOBODY-7", "/connectors",
    "/connectors/erp", "/connectors/nobody", "/lifecycles/order_to_cash", "/lifecycles/edi", "/lifecycles/none", "/operations", "/operations/OP-9",
)  # fmt: skip


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    with day(tmp_path_factory.mktemp("day") / "day") as served:
        yield served


def csv_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def exceptions_listed(console: Console, href: str) -> int:
    """How many the list behind a link says it has."""
    found = re.search(r'data-total="(\d+)"', console.get(html.unescape(href)).text)
    return int(found[1]) if found else 0


# Every page ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [*PAGES, "/audit"])
def test_no_page_has_what_the_policy_forbids(console: Console, path: str) -> None:
    seen = console.get(path, "ada" if path == "/audit" else "ana")
    assert seen.status in (200, 404)
    assert not re.search(r"<[^>]* style=|<[^>]* on[a-z]+=|<style|<script(?![^>]* src=)", seen.text)
    assert not re.search(r'(?:src|href)="(?:https?:)?//', seen.text)
    assert seen.headers["Content-Security-Policy"].startswith("default-src 'none'; script-src 'self'")
    assert len(re.findall(r"<h1", seen.text)) == 1
    ids = re.findall(r' id="([^"]+)"', seen.text)
    assert len(ids) == len(set(ids)), "an id stands once"
    assert float(re.search(r"app;dur=([\d.]+)", seen.headers["Server-Timing"])[1]) < 3000  # type: ignore[index]


def test_what_is_not_there_is_told_with_where_we_looked(console: Console) -> None:
    seen = console.get("/transactions/GM77")
    assert seen.status == 404
    assert "Nothing is known of GM77" in seen.text and "inside_sales, shop, edi" in seen.text
    assert ORDER in html.unescape(seen.text), "what begins like it is offered"


# Transactions ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("asked", ["GM7702", "GREENMART:GM7702", "SO-70018", "erp/sales_order/so-70018", ORDER])
def test_a_transaction_answers_to_each_of_its_names(console: Console, asked: str) -> None:
    seen = console.get(f"/transactions/{asked}")
    assert seen.status == 200 and seen.url == f"/transactions/{ORDER}"


def test_transactions_are_found_by_beginning_party_and_date(console: Console) -> None:
    found = csv_of(console.get("/transactions?q=IS-50&csv=1").text)
    assert [row["transaction"] for row in found] == [f"inside_sales/order/IS-50{n}" for n in range(1, 10)]
    found = csv_of(console.get("/transactions?party=greenmart&csv=1").text)
    assert {row["party"] for row in found} == {"GREENMART"} and ORDER in [row["transaction"] for row in found]
    ((count,),) = console.sql("select count(distinct body->>'number') from fact where kind = 'OrderPlaced' and body->>'customer' = 'GREENMART'")
    assert len(found) == count
    found = csv_of(console.get("/transactions?date=2025-06-11..2025-06-11&csv=1").text)
    assert found and all("2025-06-10T22" <= row["first"] < "2025-06-11T22" for row in found), "a day of the person's own zone"
    assert console.get("/transactions?date=2025-06-11&party=").url == "/transactions?date=2025-06-11"


def test_what_stands_open_on_an_account_is_listed_whole(console: Console) -> None:
    ((count,),) = console.sql("select count(distinct root) from balance where account = 'TSH'")
    seen = console.get("/transactions?open=TSH")
    assert f"{count} with TSH open" in seen.text and seen.text.count("data-row=") == count


@pytest.mark.parametrize("root", [ORDER, "shop/order/1012", "erp/purchase_order/PO-7102", "inside_sales/order/IS-506"])
def test_obligations_come_to_what_the_ledger_holds_open(console: Console, root: str) -> None:
    owed = csv_of(console.get(f"/transactions/{root}?csv=obligations").text)
    assert owed
    for row in owed:
        assert Decimal(row["due"]) - Decimal(row["done"]) == Decimal(row["open"])
    mine = {(r["account"], r["key"], r["unit or currency"]): Decimal(r["open"]) for r in owed if r["subject"] == root and Decimal(r["open"])}
    held = {
        (account, key, unit.removeprefix("$")): net
        for account, key, unit, net in console.sql(
            "select account, key, coalesce(unit_or_currency, ''), net from balance where root = %s", root
        )
        if account != "TBL"
    }
    assert mine == held
    page = console.get(f"/transactions/{root}").text
    for measure in {row["unit or currency"] for row in owed}:
        shown = re.search(rf'data-total="{measure}"><b><data value="([^"]+)"', page)
        assert shown is not None
        assert Decimal(shown[1]) == sum(Decimal(row["open"]) for row in owed if row["unit or currency"] == measure)


@pytest.mark.parametrize("root", [ORDER, "shop/order/1012", "inside_sales/order/IS-506", "shop/order/1001"])
def test_only_cells_that_really_differ_are_marked(console: Console, root: str) -> None:
    page = console.get(f"/transactions/{root}").text
    why = set(re.findall(r'title="([A-Z]{3}): [^"]*" data-mark="differs"', page))
    assert why == {
        code for (code,) in console.sql("select distinct code from case_ where root = %s and state <> 'closed' and account <> ''", root)
    }
    for value in re.findall(r'data-mark="differs">.*?(?:<data value="([^"]+)"|not sent)', page):
        assert value in ("", "6", "54", "75", "0")


def test_the_timeline_has_every_statement_command_and_deadline(console: Console) -> None:
    rows = csv_of(console.get(f"/transactions/{ORDER}?csv=timeline").text)
    posted = console.sql("select distinct entries::json->>0 from posting where root = %s", ORDER)
    kinds = console.sql("select f.kind from fact f where f.identity = any(%s)", [identity for (identity,) in posted])
    assert sorted(row["what"] for row in rows if row["kind"] in ("fact", "superseded")) == sorted(
        {"OrderPlaced": "Order placed", "OrderBooked": "Order booked"}.get(kind, kind) for (kind,) in kinds
    )
    assert [row["kind"] for row in rows if "due" in row["what"]] == ["missed", "expected"]
    assert rows == sorted(rows, key=lambda row: row["time"])
    page = console.get(f"/transactions/{ORDER}").text
    assert page.count('<tr class="row-') == len(rows)


def event_of(console: Console, root: str, kind: str) -> tuple[int, int, str]:
    """(fact, message, bytes as text) of the newest statement of a kind on a root."""
    ((fact, message, raw),) = console.sql(
        "select f.id, m.id, m.raw from fact f join message m on m.id = f.message join posting p on p.root = %s and p.entries::json->>0 = f.identity"
        " where f.kind = %s order by f.id desc limit 1", root, kind,
    )  # fmt: skip
    return fact, message, bytes(raw).decode()


@pytest.mark.parametrize("kind", ["OrderPlaced", "OrderBooked", "Shipped"])
def test_the_raw_panel_is_the_bytes_as_they_are_stored(console: Console, kind: str) -> None:
    fact, message, raw = event_of(console, ORDER, kind)
    seen = console.get(f"/transactions/{ORDER}?event={fact}")
    found = re.search(r"data-raw>\n(.*?)</pre>", seen.text, re.DOTALL)
    assert found is not None
    assert html.unescape(re.sub(r"</?mark[^>]*>", "", found[1])) == raw
    assert hashlib.sha256(raw.encode()).hexdigest() in seen.text
    assert console.get(f"/messages/{message}/bytes").raw == raw.encode()


def test_a_field_lights_its_bytes_and_what_was_posted_and_no_other(console: Console) -> None:
    fact, _, _ = event_of(console, ORDER, "OrderPlaced")
    page = console.get(f"/transactions/{ORDER}?event={fact}&field=l1-quantity").text
    assert re.findall(r'<mark data-f="[^"]*" class="lit">([^<]*)</mark>', page) == ["6"]
    assert re.findall(r'<tr data-f="([^"]+)" class="lit">', page) == ["l1-quantity"]
    assert re.findall(r'<td class="num lit" data-f="[^"]*"><data value="([^"]+)">', page) == ["72"], "six cases are seventy-two pieces"


def test_who_may_not_unmask_sees_no_bytes_and_who_looks_is_written_down(console: Console) -> None:
    fact, message, raw = event_of(console, ORDER, "OrderPlaced")
    before = console.sql("select count(*) from action where action = 'read masked' and who = 'ana'")
    denied = console.get(f"/transactions/{ORDER}?event={fact}", "vera")
    assert denied.status == 200 and raw[:40] not in denied.text and "analysts, approvers and engineers may see them" in denied.text
    assert console.get(f"/messages/{message}/bytes", "vera").status == 403
    console.get(f"/transactions/{ORDER}?event={fact}", "ana")
    assert console.sql("select count(*) from action where action = 'read masked' and who = 'ana'")[0][0] == before[0][0] + 1
    assert console.sql("select who, object from action where action = 'read masked' order by id desc limit 1") == [
        ("ana", f"message {message}")
    ]


def test_nobody_sees_transactions_outside_of_the_own_scopes(console: Console) -> None:
    assert console.get(f"/transactions/{ORDER}", "shopkeeper").status == 404
    assert console.get(f"/transactions/{ORDER}.json", "shopkeeper").status == 404
    listed = csv_of(console.get("/transactions?csv=1", "shopkeeper").text)
    assert listed and {row["channel"] for row in listed} == {"shopify"}
    fact, message, _ = event_of(console, ORDER, "Shipped")
    assert console.get(f"/messages/{message}/bytes", "shopkeeper").status == 404
    fact, _, raw = event_of(console, "shop/order/1001", "OrderBooked")
    page = console.get(f"/transactions/shop/order/1001?event={fact}", "shopkeeper").text
    shown = re.search(r"data-raw>\n(.*?)</pre>", page, re.DOTALL)
    assert shown is not None and "BIGBOX" in raw and "BIGBOX" not in shown[1], "other rows of the same file are not shown"


def test_the_past_is_what_was_known_then(console: Console) -> None:
    moments = console.sql(
        "select distinct b.recorded from posting p join batch b on b.id = p.batch where p.root = any(%s) order by 1",
        [ORDER, "erp/sales_order/SO-70018"],
    )
    first = moments[0][0]
    page = console.get(f"/transactions/{ORDER}?as_of={first.isoformat().replace('+', '%2B')}").text
    now = console.get(f"/transactions/{ORDER}").text
    assert "As it was known on" in page and page.count('<tr class="row-fact') < now.count('<tr class="row-fact')


def test_the_json_twin_says_the_same(console: Console) -> None:
    found = json.loads(console.get(f"/transactions/{ORDER}.json").text)
    assert found["root"] == ORDER and found["names"] == ["erp/sales_order/SO-70018"]
    assert [item["quantity"] for item in found["items"]] == ["66"]


# The tower -------------------------------------------------------------------------------------------------------------


def test_every_number_of_the_tower_is_the_length_of_its_list(console: Console) -> None:
    page = console.get("/").text
    cells = re.findall(r'<a href="([^"]+)" data-(?:cell|pressing|figure)="(?!worth)[^"]*">([\d,]+)</a>', page)
    assert len(cells) > 12
    for href, shown in cells:
        assert exceptions_listed(console, href) == int(shown.replace(",", "")), href
    ((open_, worth),) = console.sql("select count(*), sum(worth) filter (where priced) from work where state <> 'resolved'")
    assert re.search(rf'data-figure="open">{open_}</a>', page)
    assert re.search(rf'data-figure="worth-USD">≥ <data value="{worth.normalize()}"', page)
    assert sum(int(row["all"]) for row in csv_of(console.get("/?csv=ages").text)) == open_


def test_flow_figures_are_those_of_the_orders(console: Console) -> None:
    rows = console.sql(
        """with p as (select root, occurred, entries::json->>2 as kind from posting where sign > 0)
        select root, min(occurred) filter (where kind = 'OrderPlaced'), max(occurred) filter (where kind = 'Shipped') from p
        where root in (select root from p where kind = 'OrderPlaced') group by root"""
    )
    ((last,),) = console.sql("select max(greatest(watermark, coalesce(declared, watermark))) from feed")
    ours = sorted(shipped - placed for _, placed, shipped in rows if placed and shipped and (last - placed).days < 7)
    half = ours[(len(ours) - 1) // 2]
    page = console.get("/").text
    hours, minutes = divmod(int(half.total_seconds()) // 60, 60)
    assert f"<dd>{hours} h {minutes:02}</dd>" in page and f"{len(ours)} shipped" in page


def test_the_wall_has_the_same_figures_and_no_frame(console: Console) -> None:
    wall, page = console.get("/?wall=1").text, console.get("/").text
    assert re.findall(r'data-figure="(\w+)">([^<]+)', wall) == re.findall(r'data-figure="(\w+)">([^<]+)', page)
    assert "<nav" not in wall


def test_the_tower_of_somebody_with_scopes_counts_nothing_else(console: Console) -> None:
    page = console.get("/", "shopkeeper").text
    ((count,),) = console.sql("select count(*) from work where state <> 'resolved' and channel = 'shopify'")
    assert re.search(rf'data-figure="open">{count}</a>', page)
    assert "Order cycle" not in page and "figures of all of it are not shown" in page


def test_every_class_has_words(console: Console) -> None:
    for row in csv_of(console.get("/?csv=ages").text):
        assert row["class"] in OTHERS or row["class"][-1] in "+-"


# Connectors ------------------------------------------------------------------------------------------------------------


def test_a_pause_needs_a_right_a_reason_and_an_end(console: Console) -> None:
    later = "2025-06-18T17:00"
    assert console.post("/connectors/erp/pause", "ana", reason="maintenance", until=later).status == 403
    assert console.post("/connectors/erp/pause", "chen", reason="  ", until=later).status == 422
    assert console.post("/connectors/erp/pause", "chen", reason="maintenance", until="2025-06-18T07:00").status == 422
    assert console.post("/connectors/erp/pause", "chen", reason="maintenance", until="2026-06-18T07:00").status == 422
    assert console.sql("select count(*) from lane where paused_until is not null") == [(0,)]
    assert console.post("/connectors/erp/resume", "chen").status == 409
    seen = console.post("/connectors/erp/pause", "chen", reason="month-end <maintenance>", until=later)
    assert seen.status == 200 and seen.url == "/connectors/erp"
    assert "month-end &lt;maintenance&gt;" in seen.text and "Resume now" in seen.text
    ((until, who, why),) = console.sql("select paused_until, paused_by, paused_why from lane where system = 'erp'")
    assert (until.isoformat(), who, why) == ("2025-06-18T15:00:00+00:00", "chen", "month-end <maintenance>"), (
        "by the clock of Berlin, chen's own"
    )
    assert "paused" in console.get("/connectors").text
    assert 'title="Engineers pause and resume systems."' in console.get("/connectors/erp", "vera").text
    assert console.post("/connectors/erp/resume", "chen").status == 200
    assert console.sql("select paused_until from lane where system = 'erp'") == [(None,)]
    assert [a for (a,) in console.sql("select action from action where object = 'erp' order by id")] == ["system paused", "system resumed"]


def test_figures_of_connectors_are_those_of_the_feeds(console: Console) -> None:
    shown = {row["system"]: row for row in csv_of(console.get("/connectors?csv=1").text)}
    for system, messages in console.sql("select s.name, count(*) from message m join system s on s.id = m.system group by 1"):
        assert int(shown[system]["messages"]) == messages
    ((unread,),) = console.sql("select count(*) from quarantine")
    assert sum(int(row["not read"]) for row in shown.values()) == unread > 0


# Lifecycles ------------------------------------------------------------------------------------------------------------


def test_a_lifecycle_is_the_accounts_with_what_stands_on_them(console: Console) -> None:
    rows = csv_of(console.get("/lifecycles/order_to_cash?csv=1").text)
    accounts = [a for a in console.project.configuration.accounts.values() if a.flow == "order_to_cash"]
    assert {row["class"] for row in rows} == {f"{a.code}{sign}" for a in accounts for sign in "+-"}
    held = {
        (account, is_debit): count
        for account, is_debit, count in console.sql("select account, net > 0, count(distinct root) from balance where net <> 0 group by 1, 2")
    }
    for row in rows:
        assert int(row["here"]) == held.get((row["class"][:3], row["class"][3] == "+"), 0), row
    open_ = dict(console.sql("select class, count(*) from work where state <> 'resolved' group by 1"))
    assert all(int(row["overdue"]) == open_.get(row["class"], 0) for row in rows)
    page = console.get("/lifecycles/order_to_cash").text
    assert page.count("data-status=") == len(rows)
    assert all(f'href="#{a.code}"' in page and f'id="{a.code}"' in page for a in accounts), "each box leads to its row"
    invoice = next(row for row in rows if row["class"] == "SNI+")
    assert (invoice["owned by"], invoice["next step"], invoice["stated by"], invoice["leads to"]) == ("erp", "Invoiced", "erp", "TCO")
    assert invoice["a person is needed"].startswith("after the deadline: billing")


# Audit and operations --------------------------------------------------------------------------------------------------


def test_the_audit_shows_what_was_done_to_those_who_may(console: Console) -> None:
    assert console.get("/audit", "ana").status == 403
    console.get("/audit?who=ana", "bo")
    rows = csv_of(console.get("/audit?csv=1", "bo").text)
    stored = console.sql("select id, who, action, object from action order by id desc")
    assert [(int(r["id"]), r["who"], r["action"], r["object"]) for r in rows] == stored[-len(rows) :]
    assert "ignored: colour: <b>red</b>" in console.get("/audit?colour=red", "bo").text
    assert console.get("/audit?csv=1", "ada").status == 403, "an admin takes no data out"


def test_who_reaches_for_more_than_is_his_is_written_down(console: Console) -> None:
    asked = "select who, object, detail->>'why' from action where action = 'refused' and id > %s order by id"
    ((before,),) = console.sql("select coalesce(max(id), 0) from action")
    assert console.get("/settings/people", "vera").status == 403
    assert console.post("/connectors/erp/pause", "ana", reason="maintenance", until="2030-01-01T10:00").status == 403
    assert console.get("/exceptions", "vera").status == 200
    (looked, paused) = console.sql(asked, before)
    assert looked[:2] == ("vera", "GET /settings/people") and paused[:2] == ("ana", "POST /connectors/erp/pause")
    assert looked[2] and paused[2]


def test_a_check_of_the_chain_says_what_it_read(console: Console) -> None:
    tick(console.project.connection, console.project.configuration, NOW)
    assert console.post("/audit/verify", "ada").status == 200
    for _ in range(600):
        if found := console.sql("select value from meta where key = 'audit:last'"):
            break
        console.get("/audit", "ada")
    check = json.loads(found[0][0])
    assert check["who"] == "ada" and check["findings"] == []
    assert (check["commits"], check["messages"]) == console.sql("select (select count(*) from batch), (select count(*) from message)")[0]
    assert "everything proves" in console.get("/audit", "ada").text and check["newest"] in console.get("/audit", "ada").text


def test_an_operation_is_its_owners(console: Console) -> None:
    assert "You have run none yet" in console.get("/operations").text
    assert console.get("/operations/OP-1").status == 404
    assert console.get("/operations/nonsense").status == 404
