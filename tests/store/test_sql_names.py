"""Every statement that the code names is there."""

import re
from pathlib import Path

import tieout
from tieout.store.sql import statements

CALL = re.compile(r'\b(?:fetch|fetch_by|run|run_by)\(\s*(?:[\w.]+,\s*)?"([a-z_]+)"')
ELSEWHERE = {"initdb", "pg_ctl"}
"""Programs that the embedded server runs."""


def test_every_named_statement_is_there() -> None:
    named = {name for file in Path(tieout.__file__).parent.rglob("*.py") for name in CALL.findall(file.read_text("utf-8"))}
    assert len(named) > 300
    assert named - statements().keys() - ELSEWHERE == set()
