"""`tieout rehearse`: what a change of settings, mappings, policies or accounts would have made of the history, before it is made."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from tieout.cli import show
from tieout.cli.options import Json, counter, moment, open_project
from tieout.errors import OperatorError
from tieout.report import rehearsal_page
from tieout.runtime.outcome import Comparison, Example, Rehearsal


def rehearse(
    policy: Annotated[Path | None, typer.Option("--policy", help="A folder with changed files, named as in the project.")] = None,
    settings: Annotated[Path | None, typer.Option("--settings", help="A file to stand for tieout.toml.")] = None,
    mapping: Annotated[list[str] | None, typer.Option("--mapping", "-m", help="SYSTEM=FILE: read all its messages by this mapping.")] = None,
    since: Annotated[str | None, typer.Option("--since", help="Compare what was open or decided since then (else: ever).")] = None,
    until: Annotated[str | None, typer.Option("--until", help="Leave out what was recorded after that.")] = None,
    flow: Annotated[str, typer.Option("--flow", help="Only the accounts of this flow.")] = "",
    examples: Annotated[int, typer.Option("--examples", min=0, max=1000, help="How many examples of each difference.")] = 5,
    html: Annotated[Path | None, typer.Option("--html", help="Write it as a page to this file.")] = None,
    as_json: Json = False,
) -> None:
    """Play the history again by changed rules, beside the ledger, and show what would differ. Nothing is sent, nothing stays."""
    with open_project() as project, counter("Rehearsing", "messages") as tell:
        found = project.rehearse(
            policy=policy, settings=settings, mappings=dict(_mapping(text) for text in mapping or []), since=_start(since),
            until=moment(until), flow=flow, examples=examples, progress=tell,
        )  # fmt: skip
    if html is not None:
        rehearsal_page.write(found, html, title=project.settings.project.name)
    if as_json:
        show.as_json(found)
        return
    _show(found)
    if html is not None:
        show.console.print(f"Written to {html}.", markup=False)


def _mapping(text: str) -> tuple[str, Path]:
    name, sign, file = text.partition("=")
    if not sign or not name or not file:
        raise OperatorError(f"{text!r} names no mapping.", "Write SYSTEM=FILE, such as shop=new/orders.toml.")
    return name, Path(file)


def _start(text: str | None) -> datetime | None:
    """A time as typed; a bare day means its beginning."""
    found = moment(text)
    try:
        date.fromisoformat(text or "")
    except ValueError:
        return found
    return None if found is None else found - timedelta(days=1)


def _show(found: Rehearsal) -> None:
    over = "" if found.since.year == 1 else f" since {found.since.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    show.console.print(f"{found.messages:,} messages played by both rules{over}; nothing was sent.")
    if found.is_same:
        show.console.print("Nothing would differ.", style="green")
    for name, title in rehearsal_page.PARTS.items():
        _part(title, getattr(found, name))


def _part(title: str, found: Comparison) -> None:
    if not found.before.count and not found.after.count:
        return
    before, after = (f"{one.count:,} ({show.measures(one.value)})" if one.value else f"{one.count:,}" for one in (found.before, found.after))
    show.console.print(f"\n[bold]{title}[/]: {before} as it is, {after} after the change")
    table = Table(box=None, pad_edge=False)
    for name in ("", "class", "number", "value"):
        table.add_column(name, justify="right" if name in ("number", "value") else "left")
    for kind in rehearsal_page.KINDS:
        for class_, one in sorted(getattr(found, kind).classes.items()):
            table.add_row(kind, class_, f"{one.count:,}", show.measures(one.value))
    if table.row_count:
        show.console.print(table)
    for kind in rehearsal_page.KINDS:
        for example in getattr(found, kind).examples:
            _example(kind, example)


def _example(kind: str, example: Example) -> None:
    show.console.print(f"  {kind} [bold]{escape(example.class_)}[/] {escape(example.subject)}", soft_wrap=True)
    for label, text in (("as it is", example.before), ("after", example.after), ("why", example.why)):
        if text:
            show.console.print(f"    {label}: {text}", markup=False, soft_wrap=True)
    for entry in example.entries:
        show.console.print(f"    [dim]{escape(entry)}[/]", soft_wrap=True)
