"""A real Chromium on a real server. Without Chromium these tests say so and are skipped; `TIEOUT_BROWSER=required` fails instead.

The tests at size read 100,000 open exceptions that are made set-based in seconds; with `TIEOUT_CONSOLE_SIZE=full`, which `make
test-console` sets, they read a ledger of two million facts whose more than 100,000 exceptions came the way of every message.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from bench import backlog
from bench.place import STATES, configuration
from browsing import ARGUMENTS, Seat
from console_people import invite, token
from console_server import serving
from many_exceptions import many
from playwright.sync_api import Browser, sync_playwright

from servers import Server
from tieout.console.desk import Desk
from tieout.store.database import Database, fetch
from tieout.store.pool import Pool

FOUND = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
MANY = 100_000
ORDERS = 412_000
"""Two million facts: 4.91 an order, as some are never invoiced."""


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if FOUND is None:
        said = "Chromium is not installed, so the console is not tried in a browser: apt-get install chromium"
        if os.environ.get("TIEOUT_BROWSER") == "required":
            pytest.fail(said)
        pytest.skip(said)
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=FOUND, args=ARGUMENTS)
        yield made
        made.close()


@pytest.fixture(scope="session")
def two_million(server: Server) -> Iterator[Database]:
    """Two million facts and more than 100,000 open exceptions, through the real path; made once for a run, in some minutes."""
    made = server.make()
    now = datetime.now(UTC)
    with made.session() as connection:
        for name in STATES:
            fetch(connection, "set_system", name, "{}")
    known = configuration(made)
    known.work = backlog.work()
    with made.session(writer=True) as connection:
        backlog.build(connection, known, ORDERS, now)
    with made.owner() as connection:
        connection.execute(f"set search_path to {made.schema}")  # type: ignore[arg-type]
        connection.execute("vacuum analyze")
    invite(made, now)
    yield made
    server.drop(made)


@pytest.fixture(scope="session")
def hundred_thousand(server: Server, request: pytest.FixtureRequest) -> Iterator[Database]:
    """A database with at least 100,000 open exceptions."""
    if os.environ.get("TIEOUT_CONSOLE_SIZE") == "full":
        yield request.getfixturevalue("two_million")
        return
    made = server.make()
    now = datetime.now(UTC)
    many(made, MANY, now)
    invite(made, now)
    yield made
    server.drop(made)


@pytest.fixture(scope="session")
def how_many(hundred_thousand: Database) -> int:
    """How many exceptions stand open there."""
    with hundred_thousand.session() as connection:
        ((number,),) = connection.execute("select count(*) from work where state <> 'resolved'").fetchall()
    assert number >= MANY
    return int(number)


@pytest.fixture(scope="session")
def big(hundred_thousand: Database) -> Iterator[str]:
    """The console over it; tests leave it as they found it."""
    with serving(Desk(Pool(hundred_thousand.connect), "Nordwind", "test", configuration=configuration(hundred_thousand))) as base:
        yield base


@pytest.fixture
def few(database: Database) -> Iterator[str]:
    """A console over 500 exceptions that a test may do anything with."""
    now = datetime.now(UTC)
    many(database, 500, now)
    invite(database, now)
    with serving(Desk(Pool(database.connect), "Nordwind", "test")) as base:
        yield base


@pytest.fixture
def sit(browser: Browser) -> Iterator[Callable[..., Seat]]:
    """Somebody signed in, at a browser of their own: `sit(base, database, "ana")`."""
    taken: list[Seat] = []

    def take(base: str, database: Database, login: str = "ana", *, zone: str = "Europe/Berlin", **context: object) -> Seat:
        made = browser.new_context(viewport={"width": 1440, "height": 860}, timezone_id=zone, **context)  # type: ignore[arg-type]
        made.set_default_timeout(15_000)
        if login:
            cookie = {"name": "tieout", "value": token(database, login, datetime.now(UTC)), "domain": "127.0.0.1", "path": "/"}
            made.add_cookies([{**cookie, "httpOnly": True, "sameSite": "Strict"}])  # type: ignore[list-item]
        taken.append(Seat(base, made))
        return taken[-1]

    yield take
    for seat in taken:
        seat.context.close()
