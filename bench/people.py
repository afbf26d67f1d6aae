"""A hundred people working on one machine while messages come in: a project with a backlog, `tieout serve`, and a process that plays them.

What is measured is what a person waits for: every page, part of a page, act and sign-in, from the first byte sent to the last received.
"""

import json
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench import backlog
from bench.place import FOLDER
from tieout.api import keys
from tieout.app import opened
from tieout.people import accounts, password
from tieout.store.database import Database, run

PEOPLE = 100
PASSWORD = "the tide comes in at nine"
SETTINGS = """[project]
name = "Bench"
database = "{database}"
schema = "{schema}"
environment = "test"

[systems.shop]
connector = "canonical"
role = "channel"
states = ["OrderPlaced"]

[systems.erp]
connector = "canonical"
role = "erp"
states = ["OrderBooked", "Invoiced", "CashApplied"]

[systems.wms]
connector = "canonical"
role = "wms"
states = ["Allocated", "Shipped"]
"""
ENDS_IN = 20


def measure(orders: int, seconds: int, per_second: int = 200) -> dict[str, Any]:
    """Milliseconds that people wait, what failed, and the streams that said nothing any more."""
    database = Database("embedded", f"people_{secrets.token_hex(4)}", FOLDER / ".tieout")
    database.open()
    try:
        return played(project(database, orders), database, seconds, per_second)
    finally:
        database.drop()
        database.close()


def project(database: Database, orders: int) -> Path:
    """A project folder over a schema with a backlog and people who may work on it."""
    folder = FOLDER / "people"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tieout.toml").write_text(SETTINGS.format(database=database.conninfo, schema=database.schema), "utf-8")
    with opened(folder) as made:
        made.configuration.work = backlog.work()
        backlog.build(made.connection, made.configuration, orders, datetime.now(UTC))
        invite(database, PEOPLE)
    return folder


def invite(database: Database, many: int) -> None:
    """So many analysts, all with one password."""
    now, kept = datetime.now(UTC), password.hashed(PASSWORD)
    with database.session() as connection:
        for number in range(many):
            added = accounts.add(connection, f"person{number}", f"Person {number}", now, by=None)
            accounts.set_roles(connection, added, ["analyst"], [], now, by=None)
            run(connection, "set_password", kept, now, added.person.id)


def played(folder: Path, database: Database, seconds: int, per_second: int) -> dict[str, Any]:
    """Serve a project and let them work for so many seconds."""
    with database.session() as connection:
        key = keys.add(connection, "bench", ("shop",), datetime.now(UTC))
        refs = [ref for (ref,) in connection.execute("select ref from work where state <> 'resolved' order by md5(ref) limit 5000")]
        ((many,),) = connection.execute("select count(*) from work where state <> 'resolved'").fetchall()
    with served(folder) as url:
        task = {
            "url": url,
            "key": key,
            "people": PEOPLE,
            "seconds": seconds,
            "per_second": per_second,
            "password": PASSWORD,
            "open": many,
            "refs": refs,
        }
        (folder / "task.json").write_text(json.dumps(task), "utf-8")
        client = subprocess.run(
            [sys.executable, "-m", "bench.people_client", str(folder / "task.json")], stdout=subprocess.PIPE, text=True, check=True
        )
    return {"people_open": many, **json.loads(client.stdout)}


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of a project while one process does all its work."""
    with (folder / "serve.log").open("w", encoding="utf-8") as log:
        command = [sys.executable, "-m", "tieout", "--project", str(folder), "serve", "--port", "0"]
        serving = subprocess.Popen(command, stderr=log)
    try:
        yield _address(folder / "serve.log", serving)
    finally:
        serving.terminate()
        serving.wait(ENDS_IN)


def _address(log: Path, serving: "subprocess.Popen[bytes]") -> str:
    while serving.poll() is None:
        for text in log.read_text("utf-8").splitlines():
            event = json.loads(text)
            if event["event"] == "at work":
                return str(event["url"])
        time.sleep(0.1)
    raise RuntimeError(log.read_text("utf-8"))
