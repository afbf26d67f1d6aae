"""`tieout people` as an operator meets it: passwords come from a pipe, and every mistake is one sentence."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from servers import Server

GOOD = "harbour lantern quince 7"


@pytest.fixture
def run(tmp_path: Path, server: Server):
    database = server.make()
    (tmp_path / "tieout.toml").write_text(f'[project]\nschema = "{database.schema}"\n')
    environment = {**os.environ, "TIEOUT_DATABASE": database.conninfo}

    def command(*words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        line = [sys.executable, "-m", "tieout", "-p", str(tmp_path), "people", *words]
        return subprocess.run(line, input=stdin, capture_output=True, text=True, env=environment, check=False)

    yield command
    server.drop(database)


def test_somebody_is_added_and_changed_and_disabled(run) -> None:
    assert run("add", "Ana", "--name", "Ana Moreno", "-r", "analyst", "--zone", "Europe/Madrid").returncode == 0
    assert run("role", "ana", "--give", "approver", "--take", "analyst").stdout == "ana: approver.\n"
    assert (
        run("scope", "ana", "--team", "Finance", "--warehouse", "W1", "--limit", "EUR=250").stdout == "ana sees teams Finance; warehouses W1.\n"
    )
    assert run("scope", "ana", "--all", "--channel", "web").stdout == "ana sees channels web.\n"
    assert run("password", "ana", stdin=GOOD + "\n").returncode == 0
    assert run("reset-second-factor", "ana").stdout == "The second factor of ana is taken away.\n"
    assert run("disable", "ana", "--why", "left").returncode == 0
    (found,) = json.loads(run("list", "--json").stdout)
    assert found["disabled"]
    assert {**found, "disabled": None} == {
        "login": "ana", "name": "Ana Moreno", "email": "", "zone": "Europe/Madrid", "roles": ["approver"], "teams": [], "channels": ["web"],
        "warehouses": [], "limits": {"EUR": "250"}, "issuer": "", "has_password": True, "disabled": None,
    }  # fmt: skip
    assert run("disable", "ana", "--enable").stdout == "ana is enabled.\n"
    assert "Ana Moreno" in run("list").stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("add", "ana", "--name", "Ana", "-r", "king"), "There is no role 'king'. The roles are viewer, analyst, approver, engineer, admin."),
        (("add", "a b", "--name", "Ana"), "'a b' is no login."),
        (("add", "ana", "--name", "Ana", "--zone", "Mars"), "'Mars' is no time zone."),
        (("add", "bo", "--name", "Another Bo"), "There is somebody with the login bo already."),
        (("role", "nobody", "--give", "admin"), "There is nobody with the login 'nobody'. `tieout people list` shows who there is."),
        (("role", "bo"), "Nothing was given or taken. Write --give ROLE or --take ROLE."),
        (("scope", "bo"), "No scope was named."),
        (("scope", "bo", "--limit", "EUR=lots"), "'EUR=lots' is no limit. Write EUR=250"),
        (("scope", "bo", "--limit", "euros=5"), "'EUROS' is no currency."),
        (("password", "bo"), "A password has 12 to 128 characters; this one has 5."),
    ],
)
def test_mistakes_are_one_sentence_and_change_nothing(run, words: tuple[str, ...], said: str) -> None:
    run("add", "bo", "--name", "Bo")
    before = run("list", "--json").stdout
    done = run(*words, stdin="short\n")
    assert done.returncode == 2
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
    assert "short" not in done.stderr
    assert run("list", "--json").stdout == before
