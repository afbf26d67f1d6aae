"""At size: what a person waits for over two million facts and more than 100,000 open exceptions, and that the figures still are the list.

The clock is the server's own, the best of some rounds: what else the machine does meanwhile is not what is measured.
"""

import csv
import io
import json
import re
import statistics
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from http.client import HTTPResponse

import pytest
from bench.backlog import FIRST
from bench.place import configuration
from console_people import token
from console_server import serving

from tieout.cases.candidates import candidates
from tieout.cases.follow import follow
from tieout.console.desk import Desk
from tieout.people.accounts import account
from tieout.store.database import Database
from tieout.store.pool import Pool

pytestmark = pytest.mark.long
LOADS, ROUNDS = 50, 3
PAGES = ("/", "/exceptions", f"/transactions/shop/order/{FIRST + 3}", "/exceptions?class=SNI%2B&owner=ana&value=100..2000&sort=-value")
SEARCHES = (
    f"/exceptions?q=so-{FIRST + 22}",
    "/exceptions?q=c-003",
    "/find?q=2004",
    f"/transactions?q=SO-{FIRST + 4021}",
    "/transactions?q=2100",
)


@pytest.fixture(scope="module")
def base(two_million: Database) -> Iterator[str]:
    with serving(Desk(Pool(two_million.connect), "Nordwind", "test", configuration=configuration(two_million))) as served:
        yield served


@pytest.fixture(scope="module")
def cookie(two_million: Database) -> str:
    return f"tieout={token(two_million, 'ana', datetime.now(UTC))}"


def get(url: str, cookie: str, **headers: str) -> HTTPResponse:
    request = urllib.request.Request(url, headers={"Cookie": cookie, "Sec-Fetch-Site": "same-origin", **headers})
    return urllib.request.urlopen(request, timeout=60)  # type: ignore[no-any-return]


def p95(url: str, cookie: str, limit: float, **headers: str) -> float:
    """Milliseconds of the server, with the first loads left out; of the first round that keeps the limit, else of the last."""

    def spent() -> float:
        with get(url, cookie, **headers) as answer:
            answer.read()
            found = re.search(r"app;dur=([\d.]+)", answer.headers["Server-Timing"])
        assert found is not None
        return float(found[1])

    for _ in range(3):
        spent()
    found = limit
    for _ in range(ROUNDS):
        found = statistics.quantiles([spent() for _ in range(LOADS)], n=20)[18]
        if found < limit:
            break
    return found


def one(database: Database, text: str) -> tuple[object, ...]:
    with database.session() as connection:
        (row,) = connection.execute(text.encode()).fetchall()
    return row


def test_it_is_as_large_as_it_says(two_million: Database) -> None:
    facts, cases, standing = one(
        two_million,
        "select (select count(*) from fact), (select count(*) from case_ where state <> 'closed' and code <> 'QUA'),"
        " (select count(*) from work where state <> 'resolved' and kind <> 'quarantine')",
    )
    assert int(str(facts)) >= 2_000_000
    assert cases == standing
    assert int(str(standing)) >= 100_000


@pytest.mark.parametrize("path", PAGES)
def test_a_page_takes_less_than_a_tenth_of_a_second(base: str, cookie: str, path: str) -> None:
    assert p95(base + path, cookie, 100) < 100


def test_a_window_of_rows_takes_less_than_40_milliseconds(base: str, cookie: str) -> None:
    assert p95(base + "/exceptions?offset=50000", cookie, 40, **{"X-Fragment": "rows"}) < 40


@pytest.mark.parametrize("path", SEARCHES)
def test_finding_takes_less_than_a_tenth_of_a_second(base: str, cookie: str, path: str) -> None:
    assert p95(base + path, cookie, 100) < 100


def test_candidates_come_in_a_tenth_of_a_second(two_million: Database) -> None:
    with two_million.session() as connection:
        ana = account(connection, "ana").person
        ids = [id_ for (id_,) in connection.execute("select id from work where state <> 'resolved' order by md5(ref) limit 40")]
        took = []
        for id_ in ids:
            began = time.perf_counter()
            candidates(connection, ana, id_)
            took.append(1000 * (time.perf_counter() - began))
    assert statistics.quantiles(took, n=20)[18] < 100


def test_following_nothing_costs_nothing(two_million: Database) -> None:
    known = configuration(two_million)
    with two_million.session(writer=True) as connection:
        took = []
        for _ in range(10):
            began = time.perf_counter()
            assert follow(connection, known, datetime.now(UTC)) == 0
            took.append(1000 * (time.perf_counter() - began))
    assert min(took) < 50


def test_a_selection_of_all_that_match_is_frozen_as_sql_counts_it(two_million: Database, base: str, cookie: str) -> None:
    many, worth = one(two_million, "select count(*), sum(worth) from work where class = 'TSH+' and state <> 'resolved'")
    with get(base + "/help/keys", cookie) as page:
        found = re.search(r'name="csrf" value="([^"]+)"', page.read().decode())
    assert found is not None
    form = urllib.parse.urlencode({"csrf": found[1], "all": "1", "query": "?class=TSH%2B"}).encode()
    request = urllib.request.Request(base + "/selections", form, {"Cookie": cookie, "X-Fragment": "count"}, method="POST")
    with urllib.request.urlopen(request, timeout=60) as answer:
        made = json.loads(answer.read())
    assert made["many"] == many
    assert one(two_million, f"select count(*), sum(w.worth) from selection_item i join work w on w.id = i.work where i.selection = '{made['id']}'") == (
        many, worth,
    )  # fmt: skip


def test_the_file_is_the_list(two_million: Database, base: str, cookie: str) -> None:
    many, worth = one(two_million, "select count(*), sum(worth) from work where class = 'TBK+' and channel = 'phone' and state <> 'resolved'")
    with get(base + "/exceptions.csv?class=TBK%2B&channel=phone", cookie) as answer:
        rows = list(csv.DictReader(io.StringIO(answer.read().decode("utf-8"))))
    assert (len(rows), sum(Decimal(row["value"]) for row in rows)) == (many, worth)
