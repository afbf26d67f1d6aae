"""Schemathesis against the served description, over a real PostgreSQL: it invents requests, good and bad, and finds nothing."""

import importlib.util
import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from api_of import Api
from tieout.api.v1 import caller
from tieout.core.rate import Rate
from tieout.people import keys, sessions
from world import NOW

EXAMPLES, FEW = 12, 3
"""Invented requests per operation, besides those of the boundary values of every parameter; and in the short run, without those."""
SECONDS = 400
REVOKES = "/me/keys/{key}/revoke"
CONFIG = """
[checks.positive_data_acceptance]
expected-statuses = ["2xx", "3xx", "401", "403", "404", "409", "412", "428", "429"]

[checks.missing_required_header]
expected-statuses = ["400", "401", "403", "422"]
"""
"""A precondition is about what stands in the database, not about the data: 412 and 428 are answers to good data too."""


@pytest.mark.skipif(importlib.util.find_spec("schemathesis") is None, reason="no schemathesis: pip install 'tieout[dev]'")
@pytest.mark.parametrize(
    ("named", "short"),
    [pytest.param(False, False, marks=pytest.mark.long), pytest.param(True, False, marks=pytest.mark.long), (True, True)],
    ids=["any", "there", "short"],
)
def test_schemathesis_finds_nothing(api: Api, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, named: bool, short: bool) -> None:
    """With whatever it makes up, and with the names of what is there, so that it gets behind the 404s."""
    monkeypatch.setattr(caller, "RATE", Rate(100_000, 1, 100_000))
    monkeypatch.setattr(caller, "STRANGERS", Rate(100_000, 1, 100_000))
    key = api.key("robot", "viewer", "analyst", "approver", "engineer", "admin")
    (tmp_path / "schemathesis.toml").write_text((names(api, key) if named else "") + CONFIG)
    done = run(api, tmp_path, "--header", f"Authorization: Bearer {key}", "--exclude-path", REVOKES, short=short)
    assert done.returncode == 0, done.stdout[-200000:] + done.stderr[-2000:]
    assert "Authentication failed" not in done.stdout


def test_schemathesis_finds_nothing_in_a_browser(api: Api, tmp_path: Path) -> None:
    """Keys are made and revoked by a browser; its cookie is sent whatever schemathesis takes away, so that check is left out."""
    with api.database.session() as session:
        robot = api.person("robot", "analyst").person
        token = sessions.begin(session, robot.id, NOW)
        made = keys.add(session, robot, "to be revoked", NOW + timedelta(days=1), NOW).split("_")[1]
    (tmp_path / "schemathesis.toml").write_text(f'parameters = {{ "path.key" = "{made}" }}\n{CONFIG}')
    words = ("--header", f"Cookie: tieout={token}", "--header", f"X-CSRF-Token: {sessions.csrf_of(token)}")
    done = run(api, tmp_path, *words, "--include-path", "/me/keys", "--include-path", REVOKES, "--exclude-checks", "ignored_auth")
    assert done.returncode == 0, done.stdout[-200000:] + done.stderr[-2000:]
    assert api.database.session().__enter__().execute("select count(*) from person_key where revoked is not null").fetchall() == [(1,)]


def names(api: Api, key: str) -> str:
    """What is there: a case, a command, a cause, a message, a system."""
    case, command, cause = (
        api.call("GET", f"/{path}limit=1", key=key).json["items"][0] for path in ("cases?class=SNI%2B&", "commands?", "causes?")
    )
    selection = api.call("POST", "/selections", {"query": "class=SNI%2B"}, key=key).json
    started = {"selection": selection["id"], "action": "tag", "arguments": {"add": ["x"]}, "hash": selection["hash"]}
    operation = api.call("POST", "/operations", started, key=key).json["ref"]
    found = {
        "ref": case["ref"],
        "selection": selection["id"],
        "operation": operation,
        "command": command["id"],
        "cause": cause["id"],
        "name": "erp",
        "message": 1 << 20,
    }
    return "parameters = { " + ", ".join(f'"path.{name}" = {json.dumps(value)}' for name, value in found.items()) + " }\n"


def run(api: Api, folder: Path, *words: str, short: bool = False) -> subprocess.CompletedProcess[str]:
    program = [sys.executable, "-c", "from schemathesis.cli import schemathesis; schemathesis()"]
    how = [
        "--phases",
        "fuzzing" if short else "examples,coverage,fuzzing",
        "--max-examples",
        str(FEW if short else EXAMPLES),
        "--generation-deterministic",
        "--continue-on-failure",
        "--no-color",
    ]
    line = [*program, "--config-file", str(folder / "schemathesis.toml"), "run", f"{api.url}/openapi.json", *how, *words]
    return subprocess.run(line, capture_output=True, text=True, timeout=SECONDS, cwd=folder, check=False)
