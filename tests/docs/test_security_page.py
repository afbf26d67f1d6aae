"""The page on security names evidence that is there."""

import ast
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "explanation" / "security.md").read_text("utf-8")
ROWS = re.findall(r"^\| ([^|]+) \| ([^|]+) \| (.+) \|$", TEXT, re.M)
STATES = {"met", "partly", "gap", "yours", "n. a."}


@cache
def known_in(path: Path) -> set[str]:
    return {node.name for node in ast.parse(path.read_text("utf-8")).body if isinstance(node, ast.FunctionDef)}


def test_every_piece_of_evidence_is_there() -> None:
    named = re.findall(r"`((?:tests|src|checks)/[\w/]+\.py)(?:::(\w+))?`", TEXT)
    assert len(named) > 60
    for path, test in named:
        assert (ROOT / path).is_file(), path
        assert not test or test in known_in(ROOT / path), f"{path}::{test}"


def test_every_row_has_a_state_and_what_is_met_has_evidence() -> None:
    for what, state, evidence in ROWS:
        if state in ("state", "---"):
            continue
        assert state in STATES, what
        assert state != "met" or re.search(r"`[\w/.]+(::\w+)?`|there is nobody|same test|one strict parser|nothing of the kind", evidence), what


def test_every_chapter_of_the_standard_is_walked_through() -> None:
    assert re.findall(r"^## (V\d+) ", TEXT, re.M) == [f"V{number}" for number in range(1, 18)]
    assert any(state == "gap" for _, state, _ in ROWS)
