"""What commands share: options, the project they open, times as people write them, and a progress bar."""

import contextlib
import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from tieout.app import Tieout, find_project, opened
from tieout.cli import show
from tieout.errors import OperatorError
from tieout.runtime.batch import Counts

Json = Annotated[bool, typer.Option("--json", help="Answer in JSON, for scripts.")]
AsOf = Annotated[
    str | None, typer.Option("--as-of", help="What was known then: a time such as 2026-03-31T17:00 (UTC unless it has an offset).")
]
_state: dict[str, Path | None] = {"project": None}


def _version(wanted: bool) -> None:
    if wanted:
        from tieout import __version__

        typer.echo(f"tieout {__version__}")
        raise typer.Exit


def before_the_command(
    project: Annotated[Path | None, typer.Option("--project", "-p", help="The project's folder; else the one you stand in.")] = None,
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")] = False,
) -> None:
    """Options before the command."""
    _state["project"] = project


def project_folder() -> Path:
    """The folder that `--project` names, or the project around the working folder."""
    return _state["project"] or find_project(Path.cwd())


@contextlib.contextmanager
def open_project() -> Iterator[Tieout]:
    """The project that `--project` names, or the one around the working folder."""
    with opened(project_folder()) as found:
        if found.needs_rebuild:
            show.notes.print("[yellow]The settings changed how accounts are kept; run `tieout rebuild --replace`.[/]")
        yield found


def moment(text: str | None) -> datetime | None:
    """A time as typed; a bare day means its end. Raises OperatorError."""
    if text is None:
        return None
    try:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
            return datetime.combine(date.fromisoformat(text), datetime.min.time(), UTC) + timedelta(days=1)
        found = datetime.fromisoformat(text)
    except ValueError as bad:
        raise OperatorError(f"{text!r} is no time.", "Write 2026-03-31 (the whole day) or 2026-03-31T17:00+02:00.") from bad
    return found if found.tzinfo else found.replace(tzinfo=UTC)


@contextlib.contextmanager
def bar(title: str, total: int) -> Iterator[Callable[[int, Counts], None]]:
    """A progress bar on standard error, in kilobytes read."""
    columns = (
        SpinnerColumn(),
        TextColumn(title),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("KB  {task.fields[facts]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=show.notes, transient=True) as progress:
        task = progress.add_task(title, total=total // 1024 or None, facts="")

        def advance(size: int, counts: Counts) -> None:
            progress.update(task, advance=size // 1024, facts=f"{counts.facts:,} facts")

        yield advance


@contextlib.contextmanager
def spinner(title: str) -> Iterator[None]:
    """Shows on standard error that something without parts goes on, and for how long it has."""
    with Progress(SpinnerColumn(), TextColumn(title), TimeElapsedColumn(), console=show.notes, transient=True) as progress:
        progress.add_task(title, total=None)
        yield


@contextlib.contextmanager
def counter(title: str, things: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on standard error, in things done of things to do."""
    columns = (SpinnerColumn(), TextColumn(title), BarColumn(), MofNCompleteColumn(), TextColumn(things), TimeElapsedColumn())
    with Progress(*columns, console=show.notes, transient=True) as progress:
        task = progress.add_task(title, total=None)

        def tell(done: int, total: int) -> None:
            progress.update(task, completed=done, total=total)

        yield tell
