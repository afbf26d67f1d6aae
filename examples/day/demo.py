"""Play one business day of a multi-channel distributor: import every feed of this folder, report what does not tie out, serve the console.

`SERVE=0` ends after the report, `SERVE=1` always serves. Without either it serves at a terminal only: a script gets its prompt back.
"""

import contextlib
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

HERE = Path(__file__).parent
OUT = Path("demo-out")
PORT = 8477


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


def people() -> str:
    """Somebody for each role, all with one new password: an analyst, an approver, an engineer. Gives the password."""
    from tieout.app import opened
    from tieout.cases.follow import follow
    from tieout.people import accounts

    password, now = f"day-{secrets.token_hex(4)}-{secrets.token_hex(2)}", datetime.now(UTC)
    with opened(OUT) as project:
        for login, name, role in (("ana", "Ana Novak", "analyst"), ("bo", "Bo Lind", "approver"), ("chen", "Chen Wei", "engineer")):
            made = accounts.add(project.connection, login, name, now, by=None, zone=project.settings.project.timezone)
            accounts.set_roles(project.connection, made, [role], [], now, by=None)
            accounts.set_password(project.connection, made, password, now, by=None)
            if role == "analyst":
                accounts.set_limit(project.connection, made, "USD", Decimal(250), now, by=None)
        follow(project.connection, project.configuration, now)
    return password


def serve(console: Console) -> None:
    """Serve the console until Ctrl-C, on the usual port or, if that is taken, on a free one."""
    with socket.socket() as tried:
        port = PORT if tried.connect_ex(("127.0.0.1", PORT)) else 0
        if not port:
            tried.close()
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                port = free.getsockname()[1]
    password = people()
    console.print(f"\nThe console:  http://127.0.0.1:{port}/exceptions")
    console.print(f"  sign in as ana (analyst), bo (approver) or chen (engineer), password {password}", soft_wrap=True, highlight=False)
    console.print("  Ctrl-C ends it.", highlight=False)
    with contextlib.suppress(KeyboardInterrupt):
        tieout("serve", "--port", str(port), "--roles", "receive,tick,work,people,console")


def wants_serving() -> bool:
    """What SERVE says; else whether somebody sits at a terminal."""
    said = os.environ.get("SERVE", "")
    return said != "0" if said else sys.stdin.isatty() and sys.stdout.isatty() and not os.environ.get("CI")


def main() -> None:
    """Make a fresh project in demo-out, play the day, report, serve."""
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
    if wants_serving():
        serve(console)
    else:
        console.print("  make demo SERVE=1   plays the day again and serves the console")


if __name__ == "__main__":
    main()
