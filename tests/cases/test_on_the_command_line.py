"""`tieout work`: the morning of an analyst, on the command line and on a project of files."""

import json
from pathlib import Path
from typing import Any

from acme import SETTINGS, make, run_in

WORK = """
[work]
routing = "routing.toml"
url = "https://tieout.example"
[work.teams.sales]
email = "sales@example.com"
[calendars.default]
opens = 07:30:00
closes = 16:00:00
"""
ROUTING = 'version = "1"\n[[route]]\nclass = "TBK*"\nteam = "sales"\npriority = 2\nworking_hours = 3\n'


def tieout(folder: Path, *words: str) -> str:
    done = run_in(folder, *words)
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


def listed(folder: Path, *words: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(tieout(folder, "work", "list", "--json", *words))
    return found


def test_the_morning_of_an_analyst(tmp_path: Path) -> None:
    make(tmp_path, {"tieout.toml": SETTINGS + WORK, "routing.toml": ROUTING})
    found = listed(tmp_path)
    (item,) = found["items"]
    assert (item["team"], item["priority"], item["rule"], item["worth"]) == ("sales", 2, "routing 1 row 1", "10")
    assert found["totals"]["many"] == 1
    for login, role in (("ana", "analyst"), ("bo", "approver")):
        tieout(tmp_path, "people", "add", login, "--name", login.title(), "--role", role)
    ref = item["ref"]
    assert tieout(tmp_path, "work", "assign", ref, "--who", "ana", "--to", "ana") == f"{ref}: done\n"
    tieout(tmp_path, "work", "comment", ref, "Net and gross, as always.", "--who", "ana")
    assert listed(tmp_path, "owner=ana")["totals"]["many"] == 1
    assert "waiting for approval" in tieout(tmp_path, "work", "accept", ref, "--who", "ana", "--reason", "agreed")
    (waiting,) = json.loads(tieout(tmp_path, "work", "requests", "--json"))
    own = run_in(tmp_path, "work", "approve", str(waiting["id"]), "--who", "ana", "--hash", waiting["hash"])
    assert (own.returncode, "ana may not approve" in own.stderr) == (2, True)
    assert "approved and posted" in tieout(tmp_path, "work", "approve", str(waiting["id"]), "--who", "bo", "--hash", waiting["hash"])
    assert listed(tmp_path)["items"] == []
    assert json.loads(tieout(tmp_path, "cases", "--json")) in ([], {"cases": []})
    shown = tieout(tmp_path, "work", "show", ref)
    for words in ("resolved", "accepted by ana", "approval asked by ana", "commented by ana Net and gross, as always.", "opened by ledger"):
        assert words in shown, shown
    assert "ana is taken back" in tieout(tmp_path, "work", "take-back", ref, "--who", "ana", "--reason", "mistake")
    assert listed(tmp_path)["items"][0]["state"] == "regressed"
    assert "0 yours" not in tieout(tmp_path, "work", "digest", "ana")


def test_what_is_wrong_is_said_in_a_sentence(tmp_path: Path) -> None:
    make(tmp_path, {"tieout.toml": SETTINGS + WORK, "routing.toml": ROUTING})
    for words, said in (
        (("work", "list", "colour=red"), "There is no filter 'colour'."),
        (("work", "list", "due=soon"), "is no time"),
        (("work", "list", "--sort", "colour"), "There is no sort"),
        (("work", "show", "EX-999"), "There is no exception 'EX-999'."),
        (("work", "assign", "EX-1", "--who", "nobody", "--to", "x"), "There is nobody with the login"),
    ):
        done = run_in(tmp_path, *words)
        assert (done.returncode, said in done.stderr) == (2, True), done.stderr
    (tmp_path / "routing.toml").write_text(ROUTING.replace("sales", "sails"))
    done = run_in(tmp_path, "status")
    assert (done.returncode, done.stderr) == (2, "tieout: routing.toml: row 1: column team: there is no team 'sails'. Did you mean 'sales'?\n")
