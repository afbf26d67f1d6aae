"""The commands that take care of a project: make it, check it, rebuild it, close a period, prove it."""

from datetime import date
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from tieout.app import Tieout
from tieout.cli import project as projects
from tieout.cli import show
from tieout.cli.options import Json, counter, open_project
from tieout.errors import OperatorError
from tieout.people import audit as actions
from tieout.runtime.audit import verify
from tieout.runtime.configuration import connector


def init(folder: Annotated[Path, typer.Argument(help="A new or empty folder.")]) -> None:
    """Make a commented project in a folder: settings, a mapping to start from, a place for exports."""
    made = projects.create(folder)
    show.console.print(f"Made {', '.join(made)} in {folder}.")
    show.console.print("Next: put an export into `exports/`, fit `mappings/orders.toml` to it, then")
    show.console.print(f"  tieout -p {folder} import {folder}/exports --system shop --mapping {folder}/mappings/orders.toml --dry-run")


def check(as_json: Json = False) -> None:
    """Check settings, mappings, connectors and the database; says what is wrong and what is not observed."""
    with open_project() as project:
        feeds = project.configuration.feeds
        unobserved = sorted({m for m, names in feeds.items() if not names})
        answer: dict[str, Any] = {
            "ok": not project.needs_rebuild,
            "systems": {n: list(s) for n, s in project.configuration.states.items()},
            "not_observed": unobserved,
            "needs_rebuild": project.needs_rebuild,
            "may_be_told": {one.name: sorted(one.acts | one.stand_in) for one in project.driving.systems if one.acts | one.stand_in},
            "policy": _tables(project),
            "warnings": _unable(project) + project.driving.warnings,
        }
        if as_json:
            show.as_json(answer)
        else:
            for name, states in project.configuration.states.items():
                show.console.print(f"{name}: states {', '.join(states) or 'nothing yet'}")
            show.console.print(
                f"Settings and database are in order; {len(feeds) - len(unobserved)} of {len(feeds)} account sides are observed."
            )
            for name, acts in answer["may_be_told"].items():
                show.console.print(f"{name}: may be told to {', '.join(acts)}", markup=False)
            for line in answer["policy"]:
                show.console.print(line, markup=False)
            for warning in answer["warnings"]:
                show.console.print(f"warning: {warning}", style="yellow", markup=False, soft_wrap=True)
        if project.needs_rebuild:
            raise typer.Exit(1)


def _tables(project: Tieout) -> list[str]:
    """The decision tables, each with its version, rows and time."""
    driving = project.driving
    made = [f"{one.place}: {one.form.name} {one.version}, {len(one.rows)} rows, {one.time}" for one in driving.checkpoints.tables]
    return made + [f"{one.place}: {one.form.name} {one.version}, {len(one.rows)} rows, {one.time}" for one in driving.fallbacks.tables]


def _unable(project: Tieout) -> list[str]:
    """Acts that a system may be told and its connector cannot do."""
    made = []
    for one in project.driving.systems:
        system = project.systems[one.name]
        acts = sorted((one.acts | one.stand_in) - set(connector(system.connector).MANIFEST.acts))
        if acts:
            made.append(f"the connector {system.connector} of {one.name} cannot {', '.join(acts).replace('_', ' ')}: nothing would be sent.")
    return made


def rebuild(
    replace: Annotated[
        bool, typer.Option("--replace", help="Let the rebuilt ledger take the present one's place; the old one is kept.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Apply all stored messages again in a schema of its own and compare the ledger hash."""
    with open_project() as project, counter("Rebuilding", "messages") as tell:
        answer = projects.rebuild(project, replace=replace, progress=tell)
        if as_json:
            show.as_json(answer)
        else:
            same = "the same ledger" if answer["equal"] else "ANOTHER ledger"
            show.console.print(f"{answer['messages']:,} messages give {same}: {answer['rebuilt_hash']}")
            if answer["kept_as"]:
                show.console.print(f"The ledger before is kept in the schema {answer['kept_as']}.")
    if not answer["equal"] and not replace:
        raise typer.Exit(4)


def close(
    day: Annotated[str, typer.Argument(help="The last day of the period, such as 2026-03-31.")],
    who: Annotated[str, typer.Option("--who", help="Who closes it.")] = "",
    as_json: Json = False,
) -> None:
    """Close a period: its figures stand at this commit; what comes late is booked on the first open day."""
    try:
        last = date.fromisoformat(day)
    except ValueError as bad:
        raise OperatorError(f"{day!r} is no date.", "Write 2026-03-31.") from bad
    with open_project() as project:
        cut = projects.close(project, last, who)
        if as_json:
            show.as_json({"period_end": last, "commit": cut})
        else:
            show.console.print(f"Closed to {last} at commit {cut}.")


def remove(
    folder: Annotated[Path, typer.Argument(help="The project's folder.")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Remove a project's ledger: its embedded server and all data. Settings, mappings and exports stay."""
    found = projects.embedded_of(folder)
    belongings = found.belongings() if found is not None else {}
    if found is None or not belongings:
        show.console.print(f"{folder} has no ledger of its own; there is nothing to remove.", markup=False)
        return
    found.refuse_if_used()
    show.console.print("This would be removed for good:")
    for path, size in belongings.items():
        show.console.print(f"  {path}  {size / 1024**2:,.1f} MB", markup=False, soft_wrap=True)
    if not yes and not typer.confirm("Remove it?"):
        show.console.print("Nothing was removed.")
        raise typer.Exit(1)
    found.remove()
    show.console.print(f"Removed. tieout.toml and what else is in {folder} stay; an import begins anew.", markup=False)


def audit_verify(as_json: Json = False) -> None:
    """Work out the chain of batches again from the stored rows, every message's hash, and the chain of what people did."""
    with open_project() as project, counter("Reading", "rows") as tell:
        found = verify(project.connection, tell)
        acted = actions.verify(project.connection)
    if as_json:
        show.as_json({**msgspec.to_builtins(found), "actions": acted})
    else:
        for finding in found.findings:
            show.console.print(f"commit {finding.commit}: {finding.what}", style="red")
        for finding_ in acted:
            show.console.print(finding_, style="red")
        wrong = len(found.findings) + len(acted)
        state = "proves" if not wrong else f"does NOT prove: {wrong} findings"
        show.console.print(f"{found.batches:,} batches, {found.messages:,} messages: the ledger {state}.")
    if found.findings or acted:
        raise typer.Exit(4)
