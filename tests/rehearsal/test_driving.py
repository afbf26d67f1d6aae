"""Driving as the project's settings say it: who may be told what, after which wait, and what a decision table holds."""

from pathlib import Path

import pytest

from acme import SETTINGS, make
from tieout.app import Tieout, opened
from tieout.runtime.outcome import Rehearsal, Sum

DRIVES = SETTINGS.replace('role = "erp"', 'role = "erp"\ndrive = ["book_order"]')
HELD = """version = "2026-01"
valid_from = 2026-01-01
[[checkpoint]]
act = "book_order"
amount = "> 50.00 USD"
result = "hold"
role = "finance"
"""
UNBOOKED = "order,placed,sku,quantity,price,net\n3,2026-03-20T09:00:00,A,7,10,9\n4,2026-03-20T09:00:00,A,1,10,9\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("driving") / "acme", {"exports/late.csv": UNBOOKED})


def rehearse(folder: Path, project: Tieout, name: str, **files: str) -> Rehearsal:
    """Rehearse with a folder of changed files."""
    above = folder.parent / name
    above.mkdir(exist_ok=True)
    for file, text in files.items():
        (above / f"{file}.toml").write_text(text)
    return project.rehearse(policy=above)


def test_driving_switched_on_in_the_settings(folder: Path) -> None:
    with opened(folder) as project:
        found = rehearse(folder, project, "on", tieout=DRIVES)
        assert found.commands.before.count == 0
        assert found.commands.appear.classes["book_order"] == Sum(4, {"USD": "181"})
        waits = rehearse(folder, project, "waits", tieout=DRIVES + '[[waits]]\naccount = "to_book"\ndays = 100000\n')
        assert waits.commands.after.count == 0


def test_a_decision_table_in_the_folder_holds_what_is_large(folder: Path) -> None:
    with opened(folder) as project:
        settings = DRIVES + '[policy]\ncheckpoints = "checkpoints.toml"\n[people.ann]\nroles = ["finance"]\n'
        found = rehearse(folder, project, "held", tieout=settings, checkpoints=HELD)
        held = {example.subject: "held" in example.after for example in found.commands.appear.examples}
        assert held == {f"TBK+ shop/order/{n} 1": large for n, large in ((1, True), (2, False), (3, True), (4, False))}
