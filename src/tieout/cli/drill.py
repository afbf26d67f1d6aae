"""`tieout drill`: a fire drill in a simulated company with faulty partners, graded against the truth."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer
from rich.table import Table

from tieout.app import opened
from tieout.cli import project as projects
from tieout.cli import show
from tieout.cli.options import Json, counter
from tieout.errors import OperatorError
from tieout.simulate import drill_page, loop, scenario
from tieout.simulate.drill import Drill, make_project, run
from tieout.simulate.drill import play as play_drill
from tieout.simulate.driving import PORT, address_of, drive_project
from tieout.simulate.grade import Grade
from tieout.simulate.mix import mix_of
from tieout.simulate.remote import Remote, Target
from tieout.simulate.shrink import Recipe, recipe_of
from tieout.simulate.shrink import again as drive_again
from tieout.simulate.shrink import shrink as shrink_world
from tieout.simulate.world import World

SECONDS_FINE, SECONDS_COARSE = 3600, 86400
SECONDS_DRIVEN, SECONDS_DRIVEN_COARSE = 600, 1800
"""Where Tieout drives, it must hear of things while there is still time to act."""
SHOWN_MAX = 20


def drill(
    seed: Annotated[str, typer.Option("--seed", help="Any text; the same seed is always the same drill.")] = "1",
    days: Annotated[int, typer.Option("--days", min=1, max=365, help="On how many days orders are placed.")] = 3,
    orders_per_day: Annotated[int, typer.Option("--orders-per-day", min=1, max=100_000, help="How many orders each day.")] = 100,
    faults: Annotated[Path | None, typer.Option("--faults", help="Which faults, how often (TOML); else all there are.")] = None,
    against: Annotated[
        str,
        typer.Option(
            "--against",
            help="`embedded`; the PostgreSQL URL of a database for the drill; or the http(s) URL of a running `tieout serve`. That one WRITES: "
            "thousands of invented messages go into the ledger that is served there, and stay. It has to be empty.",
        ),
    ] = "embedded",
    is_rehearsal: Annotated[
        bool, typer.Option("--yes-this-is-a-rehearsal", help="Drill against a running Tieout although its ledger is not empty.")
    ] = False,
    company: Annotated[
        Path | None, typer.Option("--company", help="Your own version of the simulated company; a new folder gets a copy.")
    ] = None,
    drive: Annotated[
        bool,
        typer.Option("--drive", help="Leave booking, shipping, billing and crediting to Tieout: the simulated systems do what it tells them."),
    ] = False,
    coarse: Annotated[bool, typer.Option("--coarse", help="Look more seldom: once a day, with --drive every half hour. Quicker.")] = False,
    keep: Annotated[Path | None, typer.Option("--keep", help="Keep project, truth and all files in this new folder.")] = None,
    shrink: Annotated[Path | None, typer.Option("--shrink", help="If it fails: the few messages that show it, in this new folder.")] = None,
    play: Annotated[Path | None, typer.Option("--scenario", help="Play a kept or shrunk folder again, and nothing else.")] = None,
    html: Annotated[Path | None, typer.Option("--html", help="Write the grade as a page to this file.")] = None,
    as_json: Json = False,
) -> None:
    """Would it have been caught? Play a distributor with faulty partners, and grade what was found.

    Your own ledger is not touched, and nothing is sent anywhere, unless you name a running Tieout with --against: it takes its keys from
    TIEOUT_DRILL_KEY (messages) and TIEOUT_DRILL_PERSON_KEY (the API).
    """
    if play is not None:
        _play(play, against)
        return
    if company is not None and not company.exists():
        _make_company(company, drive=drive)
        return
    mix = mix_of(faults)
    is_remote = against.startswith(("http://", "https://"))
    _refuse(against if is_remote else "", drive=drive, shrink=shrink, company=company)
    world = World(seed, days, orders_per_day, mix, is_driven=drive)
    with _folder(keep) as folder:
        make_project(folder, "embedded" if is_remote else against, company=company)
        planned = Drill(
            world, folder, _slice(drive=drive, coarse=coarse or is_remote), is_fine=not (coarse or is_remote), keeps_feeds=keep is not None
        )
        with counter("Drilling", "seconds of the world") as tell:
            if is_remote:
                remote = _remote(against, company or folder, folder, world.end, is_rehearsal=is_rehearsal)
                remote.is_driving, port = drive, urlsplit(address_of(folder)).port
                grade = loop.run_against(planned, world, remote, port or PORT, tell) if drive else play_drill(planned, remote, tell)
            else:
                grade = loop.run(planned, world, tell) if drive else run(planned, tell)
    if html is not None:
        drill_page.write(grade, html, seed=seed)
    if as_json:
        show.as_json(grade.written())
    else:
        _show(grade)
    if shrink is not None and grade.differences:
        _shrink(World(seed, days, orders_per_day, mix, is_driven=drive), grade, shrink, company, against)
    if not grade.is_clean:
        raise typer.Exit(1)


def _make_company(company: Path, *, drive: bool) -> None:
    """The simulated company in a new folder; one that drives is made to be served, with the address of the simulated systems."""
    make_project(company)
    next_step = f"Change its settings, and drill again with --company {company}."
    if drive:
        drive_project(company, f"http://127.0.0.1:{PORT}", is_served=True)
        next_step += f" Its ERP, warehouse and shop answer on port {PORT} of this machine while `tieout drill --drive` runs."
    show.console.print(f"The simulated company is in {company}. {next_step}", markup=False)


def _refuse(url: str, *, drive: bool, shrink: Path | None, company: Path | None) -> None:
    """What cannot be done together; `url` is that of a running Tieout. Raises OperatorError."""
    if url and shrink is not None:
        raise OperatorError(
            f"A drill against {url} cannot be shrunk: that plays hundreds of drills, and each wants a ledger that is empty.",
            "Drill the same seed and --company without --against, and shrink that.",
        )
    is_driving = company is not None and bool(address_of(company))
    if url and drive and not is_driving:
        raise OperatorError(
            f"The Tieout at {url} has to know where it finds the simulated systems that it drives.",
            "Make a company that does (`tieout drill --drive --company NEW`), serve that, and name it with --company.",
        )
    if is_driving and not drive:
        raise OperatorError(f"The company in {company} drives its systems.", "Add --drive, or name one that does not.")


def _remote(url: str, company: Path, folder: Path, end: int, *, is_rehearsal: bool) -> Remote:
    """The running Tieout at an address, if it may be written to. Raises OperatorError."""
    found = Remote(Target.of(url, company), folder, end)
    if not is_rehearsal and not found.is_empty():
        raise OperatorError(
            f"The ledger at {url} is not empty, and a drill writes thousands of invented messages into it, which stay there.",
            "Serve an empty project, or add --yes-this-is-a-rehearsal if all of that ledger may be thrown away.",
        )
    return found


def _slice(*, drive: bool, coarse: bool) -> int:
    """Seconds between two looks."""
    if drive:
        return SECONDS_DRIVEN_COARSE if coarse else SECONDS_DRIVEN
    return SECONDS_COARSE if coarse else SECONDS_FINE


@contextmanager
def _folder(wanted: Path | None) -> Iterator[Path]:
    """A new folder, or one that is thrown away with its server."""
    if wanted is not None:
        if wanted.exists() and any(wanted.iterdir()):
            raise OperatorError(f"{wanted} is not empty.", "Name a new folder.")
        yield wanted
        return
    folder = Path(tempfile.mkdtemp(prefix="tieout-drill-"))
    try:
        yield folder
    finally:
        server = projects.embedded_of(folder)
        if server is not None:
            server.remove()
        shutil.rmtree(folder, ignore_errors=True)


def _shrink(world: World, grade: Grade, folder: Path, company: Path | None, against: str) -> None:
    first = grade.differences[0]
    with _folder(folder):
        make_project(folder, against, company=company)
        with counter("Shrinking", "drills") as tell:
            left = shrink_world(world, folder, first, tell)
        server = projects.embedded_of(folder)
        if server is not None:
            server.remove()
    what = "orders (or other transactions)" if world.is_driven else "messages"
    show.console.print(f"{left} {what} show {first.name}. They are in {folder}: `tieout drill --scenario {folder}`.", markup=False)


def _play(kept: Path, against: str) -> None:
    recipe = recipe_of(kept)
    if recipe is not None:
        _drive_again(kept, recipe)
        return
    expected = scenario.expected_of(kept)
    with _folder(None) as folder:
        shutil.copytree(kept, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".tieout"))
        with opened(folder) as project:
            found = scenario.play(project, folder)
    differing = list(scenario.differences(found, expected))
    for text in differing:
        show.console.print(text, markup=False, style="red")
    show.console.print(f"{len(expected):,} exceptions expected, {len(found):,} found, {len(differing):,} differ.")
    if differing:
        raise typer.Exit(1)


def _show(grade: Grade) -> None:
    table = Table(box=None, pad_edge=False)
    for name in ("fault", "injected", "expected", "found", "class", "owner", "amount", "p95 s", "cleared"):
        table.add_column(name, justify="left" if name == "fault" else "right")
    for name, kind in sorted(grade.kinds.items()):
        row = kind.written()
        table.add_row(name, *("" if value is None else f"{value:,}" for value in row.values()), style="" if kind.is_right else "red")
    show.console.print(table if grade.kinds else "No fault was injected.")
    closed = (("Not made exactly once", grade.not_once), ("Wrong documents", grade.wrong_documents)) if grade.documents else ()
    for title, found in (
        ("False alarms", grade.false_alarms), ("Double claims", grade.double_claims), ("Missed beside these", grade.missed),
        ("Balances that differ from the auditor's", grade.unbalanced), *closed,
    ):  # fmt: skip
        show.console.print(f"{title}: {len(found):,}", style="red" if found else "")
        for each in found[:SHOWN_MAX]:
            show.console.print(f"  {each}", markup=False)
    if grade.documents:
        show.console.print(
            "Documents made in the simulated systems: " + ", ".join(f"{many:,} {what}" for what, many in grade.documents.items())
        )
    for missed, reason in grade.expected_misses.items():
        show.console.print(f"Expected miss: {missed}: {reason}", markup=False)
    show.console.print(f"ledger {grade.ledger_hash or 'hash not told by the interface'}")


def _drive_again(kept: Path, recipe: Recipe) -> None:
    """Play a shrunk drill that drives."""
    with _folder(None) as folder:
        make_project(folder, company=kept)
        with counter("Drilling", "seconds of the world") as tell:
            found = drive_again(folder, recipe, tell)
    for each in found[:SHOWN_MAX]:
        show.console.print(str(each), markup=False, style="red")
    shows = any(each.name == recipe.wanted for each in found)
    show.console.print(
        f"{len(recipe.orders):,} transactions driven again; {recipe.wanted} {'still differs' if shows else 'no longer differs'}.", markup=False
    )
    if found:
        raise typer.Exit(1)
