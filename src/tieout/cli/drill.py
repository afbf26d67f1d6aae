"""`tieout drill`: a fire drill in a simulated company with faulty partners, graded against the truth."""

import shutil
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from tieout.cli import show
from tieout.cli.options import Json, counter
from tieout.errors import OperatorError
from tieout.simulate.drill import Drill, make_project, run
from tieout.simulate.grade import Grade
from tieout.simulate.mix import mix_of
from tieout.simulate.world import World

SECONDS_FINE, SECONDS_COARSE = 3600, 86400


def drill(
    seed: Annotated[str, typer.Option("--seed", help="Any text; the same seed is always the same drill.")] = "1",
    days: Annotated[int, typer.Option("--days", min=1, max=365, help="On how many days orders are placed.")] = 3,
    orders_per_day: Annotated[int, typer.Option("--orders-per-day", min=1, max=100_000, help="How many orders each day.")] = 100,
    faults: Annotated[Path | None, typer.Option("--faults", help="Which faults, how often (TOML); else all there are.")] = None,
    against: Annotated[str, typer.Option("--against", help="`embedded`, or the PostgreSQL URL of a database for the drill.")] = "embedded",
    fine: Annotated[bool, typer.Option("--fine/--coarse", help="Look whenever something becomes knowable, or once a day.")] = True,
    keep: Annotated[Path | None, typer.Option("--keep", help="Keep the project, the truth and all files in this new folder.")] = None,
    as_json: Json = False,
) -> None:
    """Would it have been caught? Play a distributor with faulty partners, and grade what was found. Your own ledger is not touched."""
    mix = mix_of(faults)
    if keep is not None and keep.exists() and any(keep.iterdir()):
        raise OperatorError(f"{keep} is not empty.", "Name a new folder.")
    folder = keep or Path(tempfile.mkdtemp(prefix="tieout-drill-"))
    try:
        make_project(folder, against)
        world = World(seed, days, orders_per_day, mix)
        planned = Drill(world, folder, SECONDS_FINE if fine else SECONDS_COARSE, is_fine=fine, keeps_feeds=keep is not None)
        with counter("Drilling", "seconds of the world") as tell:
            grade = run(planned, tell)
    finally:
        if keep is None:
            shutil.rmtree(folder, ignore_errors=True)
    if as_json:
        show.as_json(grade.written())
    else:
        _show(grade)
    if not grade.is_clean:
        raise typer.Exit(1)


def _show(grade: Grade) -> None:
    table = Table(box=None, pad_edge=False)
    for name in ("fault", "injected", "expected", "found", "class", "owner", "amount", "p95 s", "cleared"):
        table.add_column(name, justify="left" if name == "fault" else "right")
    for name, kind in sorted(grade.kinds.items()):
        row = kind.written()
        style = "" if kind.is_right else "red"
        table.add_row(name, *("" if value is None else f"{value:,}" for value in row.values()), style=style)
    show.console.print(table)
    for title, found in (
        ("False alarms", grade.false_alarms), ("Double claims", grade.double_claims), ("Missed beside these", grade.missed),
        ("Balances that differ from the auditor's", grade.unbalanced),
    ):  # fmt: skip
        show.console.print(f"{title}: {len(found):,}", style="red" if found else "")
        for text in found[:20]:
            show.console.print(f"  {text}", markup=False)
    for missed, reason in grade.expected_misses.items():
        show.console.print(f"Expected miss: {missed}: {reason}", markup=False)
    show.console.print(f"ledger {grade.ledger_hash}")
