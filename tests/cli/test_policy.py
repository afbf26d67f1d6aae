"""`tieout policy explain` and what `tieout check` says of a policy, as an operator meets them."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def tieout(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("TIEOUT")}
    return subprocess.run(
        [sys.executable, "-m", "tieout", "-p", str(folder), *arguments], capture_output=True, text=True, env=environment, check=False
    )


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    shutil.copytree(ROOT / "examples/policy", tmp_path / "p")
    yield tmp_path / "p"


def test_explain_starts_from_its_own_example_and_answers_in_json(folder: Path) -> None:
    (folder / "c.json").write_text(tieout(folder, "policy", "explain", "--example").stdout)
    done = tieout(folder, "policy", "explain", str(folder / "c.json"), "--at", "2026-11-20", "--json")
    answer = json.loads(done.stdout)
    assert (answer["verdict"], answer["approval"]) == ("passes", [])
    assert answer["why"].startswith("checkpoints 2026-11 row 2 decided because credit 812.00 USD <= 1000.00 USD and act is issue_credit")
    assert not (folder / ".tieout").exists()


def test_explain_takes_what_is_known_besides(folder: Path) -> None:
    order = json.loads((folder / "credit.json").read_text()) | {"act": "book_order", "account": "TBK"}
    (folder / "c.json").write_text(json.dumps(order))
    verdicts = {}
    for known in ((), ("--new-customer",), ("--known-customer",)):
        answer = json.loads(tieout(folder, "policy", "explain", str(folder / "c.json"), "--at", "2026-11-20", "--json", *known).stdout)
        verdicts[known] = answer["verdict"]
    assert verdicts == {(): "held", ("--new-customer",): "held", ("--known-customer",): "no row speaks of it"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "cannot be read: No such file or directory. Check the path."),
        ("{", "is no command: "),
        ('{"act": "issue_credits"}', "is no command: Invalid enum value 'issue_credits' - at `$.act`"),
        ('{"act": "issue_credit"}', "is no command: Object missing required field `system`"),
    ],
)
def test_a_command_that_is_none_is_told_so(folder: Path, text: str | None, said: str) -> None:
    if text is not None:
        (folder / "c.json").write_text(text)
    done = tieout(folder, "policy", "explain", str(folder / "c.json"))
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_check_shows_the_tables_and_warns(folder: Path) -> None:
    table = folder / "policy/checkpoints-2026-11.toml"
    table.write_text(table.read_text() + '\n[[checkpoint]]\nact = "issue_credit"\nresult = "hold"\nrole = "cfo"\n')
    settings = folder / "tieout.toml"
    settings.write_text(settings.read_text().replace('drive = ["confirm_fulfilment", ', 'stand_in = ["release_shipment"]\ndrive = ['))
    try:
        done = tieout(folder, "check", "--json")
        assert done.returncode == 0, done.stderr
        answer = json.loads(done.stdout)
        assert answer["may_be_told"]["wms"] == ["release_shipment"]
        assert answer["policy"][0] == "policy/checkpoints-2026-10.csv: checkpoints 2026-10, 4 rows, in force to 2026-11-01 05:00 UTC"
        assert answer["warnings"] == [
            "the connector shopify of shop cannot release shipment: nothing would be sent.",
            "policy/checkpoints-2026-11.toml: row 12 can never decide: row 4 above it takes all that it is for.",
            "policy/checkpoints-2026-11.toml: row 12 needs 1 with the role cfo, nobody in `[people]` has it: what it holds can only expire.",
        ]
        table.write_text(table.read_text().replace('"cfo"', '"cfo"\namounts = "> 5 USD"'))
        wrong = tieout(folder, "check")
        assert wrong.returncode == 2
        assert "policy/checkpoints-2026-11.toml: row 12: column amounts: there is no such column. Did you mean 'amount'?" in wrong.stderr
    finally:
        tieout(folder, "remove", str(folder), "--yes")
