"""`tieout commands`, `systems` and `dispatch`, as somebody at a terminal meets them."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from tieout.app import opened
from tieout.connectors import canonical
from tieout.people.audit import actions
from tieout.runtime.apply import apply
from tieout.runtime.statements import Arrival
from world import line, say, text

SETTINGS = """
[project]
name = "acme"
clock = "wall"

[systems.shop]
connector = "canonical"
role = "channel"
states = ["OrderPlaced"]

[systems.erp]
connector = "rest"
role = "erp"
mapping = "erp.toml"
states = ["OrderBooked"]
drive = ["book_order"]
secrets = { token = "env:ACME_TOKEN" }

[systems.erp.sending]
rate = 20

[policy]
checkpoints = "checkpoints.toml"

[people.ann]
roles = ["sales"]

[people.bob]
roles = ["sales"]

[people.cid]
roles = ["sales"]
limit = "10.00 USD"

[people.dan]
roles = ["returns"]
"""
CHECKPOINTS = """
version = "2026"
[[checkpoint]]
act = "book_order"
customer = "C2"
result = "hold"
role = "sales"
approvers = 2
"""
MAPPING = """
[rest]
base = "http://127.0.0.1:9"
plain_http = true

[auth]
scheme = "bearer"

[act.book_order]
url = "/orders"
body = '{"order": "{group.number}"}'
documents = [{ type = "sales_order", path = "number" }]
idempotency = { header = "Idempotency-Key" }
"""
TOKEN = "t0p-s3cret"
RULE = "checkpoints 2026 row 1 decided because act is book_order and customer is C2"
BOOK = "TBK+ shop/order/{} 1"


class Project:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {k: v for k, v in os.environ.items() if not k.startswith("TIEOUT")} | {"ACME_TOKEN": TOKEN}
        words = [sys.executable, "-m", "tieout", "-p", str(self.folder), *arguments]
        return subprocess.run(words, capture_output=True, text=True, env=environment, check=False)

    def json(self, *arguments: str) -> Any:
        done = self.run(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """Two orders that the ERP is owed; the second waits for an approver."""
    folder = tmp_path_factory.mktemp("telling") / "acme"
    folder.mkdir()
    (folder / "tieout.toml").write_text(SETTINGS)
    (folder / "erp.toml").write_text(MAPPING)
    (folder / "checkpoints.toml").write_text(CHECKPOINTS)
    with opened(folder) as found:
        raw = b"".join(text(say("OrderPlaced", "shop", n, 0, [line(1, f"shop/order/{n}", "A", 5, 50)], customer=f"C{n}")) for n in (1, 2))
        shop = found.systems["shop"]
        documents = [Arrival(document, shop, datetime.now(UTC)) for document in canonical.split(BytesIO(raw), "test", shop)]
        apply(found.connection, found.configuration, documents, datetime.now(UTC))
    yield Project(folder)


def test_commands_are_listed_and_shown_with_their_whole_life(project: Project) -> None:
    found = {one["key"]: one["state"] for one in project.json("commands", "list")}
    assert found == {BOOK.format(1): "queued", BOOK.format(2): "held"}
    assert project.json("commands") == project.json("commands", "list")
    assert [one["key"] for one in project.json("commands", "list", "--state", "held", "--system", "erp")] == [BOOK.format(2)]
    assert project.json("commands", "list", "--subject", "shop/order/9") == []
    shown = project.json("commands", "show", BOOK.format(2))
    assert (shown["rule"], [step["event"] for step in shown["life"]]) == (RULE, ["hold"])
    plain = project.run("commands", "show", BOOK.format(2)).stdout
    assert f"held by: {RULE}" in plain
    assert "needs 2 with the role sales by " in plain
    assert f"payload {shown['approval']['payload'][:12]}" in plain


def test_a_ledger_that_is_made_anew_still_knows_what_was_told(project: Project) -> None:
    before = project.json("commands", "show", BOOK.format(2))
    assert project.run("systems", "pause", "erp", "--reason", "month end", "--until", "2099-01-01", "--who", "ann").returncode == 0
    done = project.run("rebuild", "--replace")
    assert done.returncode == 0, done.stderr
    assert project.json("commands", "show", BOOK.format(2)) == before
    assert [one["health"] for one in project.json("systems")] == ["paused"]


def test_a_dry_run_shows_the_requests_masks_secrets_and_sends_nothing(project: Project) -> None:
    (shown,) = project.json("dispatch", "--dry-run")
    assert shown["request"] == "POST http://127.0.0.1:9/orders"
    assert json.loads(shown["body"]) == {"order": "1"}
    assert shown["headers"]["Authorization"] == "***"
    plain = project.run("dispatch", "--dry-run")
    assert TOKEN not in plain.stdout + plain.stderr
    assert project.json("commands", "list", "--state", "queued")[0]["key"] == BOOK.format(1)


def test_a_pause_has_a_reason_and_an_end_and_is_ended(project: Project) -> None:
    past = project.run("systems", "pause", "erp", "--reason", "month end", "--until", "2020-01-01", "--who", "ann")
    assert (past.returncode, "is over already" in past.stderr) == (2, True)
    assert project.run("systems", "pause", "erp", "--reason", "month end", "--until", "2099-01-01", "--who", "ann").returncode == 0
    (erp,) = project.json("systems", "list")
    assert (erp["health"], erp["backlog"], erp["held"]) == ("paused", 1, 1)
    assert "by ann until" in erp["why"]
    assert erp["drained_at"] > "2099"
    nobody = project.run("systems", "resume", "erp")
    assert (nobody.returncode, "--who" in nobody.stderr) == (2, True)
    stranger = project.run("systems", "resume", "erp", "--who", "zoe")
    assert (stranger.returncode, "There is nobody called 'zoe'" in stranger.stderr) == (2, True)
    assert project.json("systems")[0]["health"] == "paused"
    assert project.run("systems", "resume", "erp", "--who", "bob").stdout == "erp is told things again; ann had paused it.\n"
    (erp,) = project.json("systems")
    assert (erp["health"], erp["resumed_by"], erp["resumed_at"] <= f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.999999}") == ("well", "bob", True)
    assert "bob ended the last pause" in " ".join(project.run("systems").stdout.split())
    again = project.run("systems", "resume", "erp", "--who", "ann")
    assert (again.returncode, again.stdout) == (0, "erp was not paused; nothing was changed.\n")
    with opened(project.folder) as found:
        written = [(one.action, one.who) for one in reversed(actions(found.connection, object_="erp"))]
    assert written[-2:] == [("system paused", "ann"), ("system resumed", "bob")]


def test_help_names_the_tables_of_the_settings(project: Project) -> None:
    people = [("commands", "approve"), ("systems", "resume"), ("work", "assign"), ("decide", "link")]
    for words, named in (*((words, "`[people]`") for words in people), (("policy",), "`[policy]`")):
        assert named in project.run(*words, "--help").stdout, words


def test_a_system_is_asked_something_harmless_and_its_fault_is_named(project: Project) -> None:
    done = project.run("systems", "test", "erp")
    assert done.returncode == 2
    assert "(connect)" in done.stderr
    assert TOKEN not in done.stderr
    assert "has no harmless call" in project.run("systems", "test", "shop").stderr


def test_people_approve_reject_and_let_again_by_name(project: Project) -> None:
    held = BOOK.format(2)
    payload = project.json("commands", "show", held)["approval"]["payload"]
    for who, why in (
        ("tieout", "There is nobody called 'tieout'. Known are ann, bob, cid, dan"),
        ("dan", "dan has not the role sales, nor a delegation of it that is in force. It needs 2 with the role sales"),
        ("cid", "cid may approve up to 10.00 USD, this is 50.00 USD"),
    ):
        done = project.run("commands", "approve", held, "--as", who)
        assert (done.returncode, why in " ".join(done.stderr.split())) == (2, True), done.stderr
    other = project.run("commands", "approve", held, "--as", "ann", "--payload", "0" * 12)
    assert (other.returncode, "changed, review again" in other.stderr) == (2, True)
    first = project.run("commands", "approve", held, "--as", "ann", "--payload", payload[:12])
    assert (first.returncode, "1 more with the role sales must" in first.stdout) == (0, True)
    assert [(one["key"], one["waits_for"][:7]) for one in project.json("commands", "list", "--state", "held")] == [(held, "1 sales")]
    again = project.run("commands", "approve", held, "--as", "Ann")
    assert (again.returncode, "has consented already" in again.stderr) == (2, True)
    assert project.run("commands", "approve", held, "--as", "bob").returncode == 0
    assert project.run("commands", "reject", held, "--as", "bob", "--why", "wrong customer").returncode == 0
    assert project.run("commands", "retry", held, "--as", "cid").returncode == 0
    shown = project.json("commands", "show", held)
    assert (shown["state"], shown["approved_by"], shown["reason"]) == ("refused", "ann, bob", "wrong customer")
    assert [(step["event"], step["who"]) for step in shown["life"]] == [
        ("hold", "tieout"), ("consented", "ann"), ("approved", "bob"), ("denied", "bob"), ("retried", "cid"),
    ]  # fmt: skip
    lost = project.run("commands", "cancel", "X", "--as", "ann", "--why", "none")
    assert (lost.returncode, "There is no command 'X'" in lost.stderr) == (2, True)


def test_nothing_is_taken_in_or_sent_while_accounts_would_be_kept_otherwise(project: Project) -> None:
    settings, more = project.folder / "tieout.toml", project.folder / "more.jsonl"
    more.write_bytes(text(say("OrderPlaced", "shop", 3, 0, [line(1, "shop/order/3", "A", 5, 50)], customer="C3")))
    before = project.json("commands", "list")
    settings.write_text(re.sub(r"(states = .*)", r"\1\nlines = true", SETTINGS))
    for words in (("import", str(more), "--system", "shop"), ("replay", "--all"), ("dispatch", "--once")):
        refused = project.run(*words)
        assert (refused.returncode, "run `tieout rebuild --replace`" in " ".join(refused.stderr.split())) == (2, True), refused.stderr
    assert project.json("commands", "list") == before
    settings.write_text(SETTINGS)
    assert project.json("import", str(more), "--system", "shop")["posted"] == 1
