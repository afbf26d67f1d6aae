"""The page on rehearsing is true: its commands run, and say what it shows."""

import re
import shlex
from pathlib import Path

import pytest

from acme import MAPPING, SETTINGS, make, run_in

PAGE = (Path(__file__).parents[2] / "docs/how-to/rehearse-a-change.md").read_text("utf-8")
BLOCKS = {kind: re.findall(rf"^```{kind}\n(.*?)^```", PAGE, re.M | re.S) for kind in ("toml", "sh", "text")}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = make(tmp_path_factory.mktemp("how-to") / "acme")
    (made / "new").mkdir()
    (made / "new" / "tieout.toml").write_text(SETTINGS + BLOCKS["toml"][0])
    (made / "new" / "orders.toml").write_text(MAPPING.replace("quantity * price", "quantity * net"))
    return made


def test_the_commands_say_what_the_page_shows(folder: Path) -> None:
    tolerance, mended = (shlex.split(block)[1:] for block in BLOCKS["sh"])
    first = run_in(folder, *tolerance)
    assert [line.rstrip() for line in first.stdout.splitlines()] == [line.rstrip() for line in BLOCKS["text"][0].splitlines()]
    second = run_in(folder, *mended)
    assert "Exceptions: 1 (10 USD) as it is, 0 after the change" in second.stdout
    assert "Within tolerance" not in second.stdout
    assert (folder / "rehearsal.html").is_file()
