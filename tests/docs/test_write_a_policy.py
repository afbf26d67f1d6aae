"""The page on policies is true: its settings and tables are those of the example project, its answer is what is answered."""

import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tieout.errors import SettingsError
from tieout.policy.cell import Column
from tieout.policy.checkpoints import FORM as CHECKPOINTS
from tieout.policy.fallback import FORM as FALLBACKS
from tieout.policy.written import read_table
from tieout.settings import driving_of, load

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples/policy"
PAGE = (ROOT / "docs/how-to/write-a-policy.md").read_text("utf-8")
BLOCKS = {kind: re.findall(rf"^```{kind}\n(.*?)^```", PAGE, re.M | re.S) for kind in ("toml", "csv", "text", "console")}


def test_the_settings_stand_in_the_example() -> None:
    example = tomllib.loads((EXAMPLE / "tieout.toml").read_text())
    for block in (one for one in BLOCKS["toml"] if not one.startswith("version")):
        for table, said in tomllib.loads(block).items():
            if isinstance(said, list):
                assert all(row in example[table] for row in said)
                continue
            for key, value in said.items():
                found = example[table][key]
                if isinstance(value, dict) and "drive" in value:
                    assert set(value.pop("drive")) <= set(found["drive"])
                    assert value.items() <= found.items()
                else:
                    assert found == value


def test_the_tables_stand_in_the_example() -> None:
    checkpoints, fallbacks = (one for one in BLOCKS["toml"] if one.startswith("version"))
    whole = read_table((EXAMPLE / "policy/checkpoints-2026-11.toml").read_text(), "c.toml", CHECKPOINTS, "UTC")
    part = read_table(checkpoints, "c.toml", CHECKPOINTS, "UTC")
    assert part.rows == whole.rows[: len(part.rows)]
    assert read_table(fallbacks, "c.toml", FALLBACKS, "UTC").rows == read_table(
        (EXAMPLE / "policy/fallbacks.toml").read_text(), "c.toml", FALLBACKS, "UTC"
    ).rows  # fmt: skip
    assert BLOCKS["csv"] == [(EXAMPLE / "policy/checkpoints-2026-10.csv").read_text()]


def test_the_example_has_nothing_to_warn_of() -> None:
    assert driving_of(load(EXAMPLE), EXAMPLE).warnings == []


def test_the_columns_are_those_of_the_tables() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| (.*) \|$", PAGE, re.M)
    columns: list[Column] = [*CHECKPOINTS.conditions, *FALLBACKS.conditions]
    assert rows == [(column.name, column.kind.value, column.meaning) for column in columns]


def test_the_answer_is_what_is_answered() -> None:
    first, _, rest = BLOCKS["console"][0].partition("\n")
    command = shlex.split(first.removeprefix("$ tieout "))
    done = subprocess.run([sys.executable, "-m", "tieout", *command], capture_output=True, text=True, cwd=ROOT, check=False)
    assert (done.stderr, done.stdout) == ("", rest)


def test_the_mistake_is_told_like_that() -> None:
    text = 'version = "1"\n[[checkpoint]]\namount = "> 500"\nresult = "pass"\n'
    with pytest.raises(SettingsError) as wrong:
        read_table(text, "policy/checkpoints.toml", CHECKPOINTS, "UTC")
    assert f"{wrong.value}\n" == BLOCKS["text"][0]
