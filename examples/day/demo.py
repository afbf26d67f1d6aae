"""Play one business day of a multi-channel distributor: import every feed of this folder, then report what does not tie out."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

HERE = Path(__file__).parent
OUT = Path("demo-out")


def tieout(*arguments: str) -> None:
    """Run the command line as a user would."""
    subprocess.run([sys.executable, "-m", "tieout", "-p", str(OUT), *arguments], check=True)  # noqa: S603 - our own command


def play(console: Console) -> None:
    """Import the day, feed by feed, through the Python API."""
    from tieout.app import opened
    from tieout.runtime.intake import import_places

    feeds = sorted(folder for folder in HERE.iterdir() if folder.is_dir() and folder.name != "mappings")
    columns = (TextColumn("{task.description:<22}"), BarColumn(), MofNCompleteColumn(), TextColumn("feeds"), TimeElapsedColumn())
    console.print("Starting the embedded PostgreSQL ...")
    with opened(OUT) as project, Progress(*columns, console=console) as progress:
        task = progress.add_task("playing the day", total=len(feeds))
        for feed in feeds:
            progress.update(task, description=f"reading {feed.name}")
            import_places(project.connection, project.configuration, project.systems[feed.name], [os.path.relpath(feed)])
            progress.advance(task)


def main() -> None:
    """Make a fresh project in demo-out, play the day, report."""
    console = Console()
    started = time.perf_counter()
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir()
    shutil.copy(HERE / "tieout.toml", OUT)
    shutil.copytree(HERE / "mappings", OUT / "mappings")
    play(console)
    console.print()
    tieout("status")
    print(flush=True)
    tieout("report")
    tieout("report", "--html", str(OUT / "report"))
    console.print(f"\nThe whole day took {time.perf_counter() - started:.1f} s. Look around:")
    console.print(f"  open {OUT}/report/index.html")
    console.print(f"  .venv/bin/tieout -p {OUT} cases")
    console.print(f"  .venv/bin/tieout -p {OUT} explain <subject of a case>")


if __name__ == "__main__":
    main()
