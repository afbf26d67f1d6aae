"""The page on the API is true: its examples run against the served interface, its tables are those of the code."""

import os
import re
import shutil
import subprocess
import tomllib
from decimal import Decimal
from pathlib import Path

import pytest

from analysts import ordered, shipped
from api_of import Api, served
from tieout.api.v1 import app, bounds, caller
from tieout.api.v1.ask import KEPT
from tieout.api.v1.project import Project
from tieout.cases.follow import follow
from tieout.people import accounts, keys
from tieout.people.person import RIGHTS, Right
from tieout.policy import CompanyPolicy
from tieout.runtime.configuration import Configuration
from tieout.settings import load
from tieout.store.pool import Pool
from world import NOW, World

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "use-the-api.md"
TEXT = PAGE.read_text("utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", TEXT, re.M | re.S)


@pytest.fixture
def api(world: World, monkeypatch: pytest.MonkeyPatch):
    for number in range(3):
        world.apply([ordered(str(number), 2, f"{number + 1}0.00"), shipped(str(number), 2)])
    world.complete(24 * 30)
    follow(world.connection, world.configuration, NOW)

    def configure(session):
        made = Configuration(world.systems.values(), CompanyPolicy({}))
        made.system_ids = world.configuration.system_ids
        return made

    project = Project(Pool(world.database.connect), configure, world.systems, {}, {}, clock=lambda: NOW)
    with served(world.database, project) as made:
        key = made.key("ana", "analyst")
        with world.database.session() as session:
            accounts.set_limit(session, accounts.account(session, "ana"), "USD", Decimal(250), NOW, by=None)
        monkeypatch.setenv("TIEOUT", f"http://127.0.0.1:{made.port}")
        monkeypatch.setenv("KEY", key)
        yield made


def test_the_python_of_the_page_runs_in_its_order(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, object] = {}
    for block in blocks("python"):
        exec(compile(block, PAGE.name, "exec"), names)
    said = capsys.readouterr().out.splitlines()

    assert said[0] == "60 on 3 cases"
    assert said[1].startswith("done now at version ")
    assert said[2] == said[3]
    assert said[4].startswith("done ")
    assert said[5].startswith("change the tags: 2 exceptions")
    assert said[6] == "queued"


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl here")
def test_the_curl_of_the_page_runs(api: Api) -> None:
    for line in "".join(blocks("bash")).splitlines():
        done = subprocess.run(
            ["bash", "-c", line.replace("curl -s", "curl -s --fail-with-body")], capture_output=True, text=True, env={**os.environ}
        )
        assert done.returncode == 0, (line, done.stdout)
        assert done.stdout.startswith("{")


def test_the_settings_of_the_page_are_settings(tmp_path: Path) -> None:
    (block,) = blocks("toml")
    assert tomllib.loads(block)
    (tmp_path / "tieout.toml").write_text(block)
    assert load(tmp_path).sign_in.roles == {"tieout-analysts": ("analyst",), "tieout-leads": ("approver",)}


def test_the_roles_of_the_page_are_those_of_the_table() -> None:
    shown = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", TEXT, re.M))
    assert list(shown) == [role.value for role in RIGHTS]
    words = {Right.APPROVE: "approve or reject", Right.CONNECT: "pause, resume and replay", Right.ADMINISTER: "change people, keys and scopes"}
    for role, rights in RIGHTS.items():
        for right, word in words.items():
            assert (word in shown[role]) == (right in rights), (role, right)
    assert RIGHTS["engineer"] > RIGHTS["analyst"] > RIGHTS["viewer"]  # type: ignore[index]


def test_the_paths_of_the_page_are_there() -> None:
    project = Project(Pool(lambda: None), lambda session: None, {}, {}, {})  # type: ignore[arg-type,return-value]
    paths = {re.sub(r"\{\w+\}", "X", path) for path in app.application(project).openapi()["paths"]}
    rows = re.findall(r"^\| [^|`]+ \| (`[/…][^|]*) \|", TEXT, re.M)
    assert len(rows) >= 10
    for row in rows:
        first, *more = re.findall(r"`([/…][^`]+)`", row.replace("`…", "`/cases/REF", 1) if row.startswith("`…") else row)
        base = re.sub(r"\b(REF|ID|NAME)\b", "X", first)
        assert base in paths, first
        for name in more:
            assert name.replace("…", base.rpartition("/")[0]) in paths, name


def test_the_numbers_of_the_page_are_those_of_the_code() -> None:
    said = " ".join(TEXT.split())
    assert f"more than {caller.RATE.calls} requests a second over time, or {caller.RATE.burst} at once" in said
    assert f"more than {bounds.BODY_MAX // 1024**2} MiB" in said
    assert KEPT.days == 7 and "remembered for seven days" in said
    assert f"in {keys.VOUCHED_FOR.days} days" in said
