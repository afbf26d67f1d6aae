"""`tieout import` and `tieout replay`: documents become facts, for the first time or anew after a fix."""

import sys
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from tieout.app import Tieout, mapping_text
from tieout.cli import show
from tieout.cli.options import Json, bar, moment, open_project
from tieout.connectors import Refused, System, delimited
from tieout.core.facts import Fact, Refusal
from tieout.errors import InputMissing, OperatorError
from tieout.formats.archive import files
from tieout.runtime.batch import Counts
from tieout.runtime.configuration import connector
from tieout.runtime.intake import documents, import_places, missing
from tieout.runtime.intake import replay as run_replay


def import_(
    places: Annotated[list[str], typer.Argument(metavar="PATHS", help="Files, folders, patterns, .zip, .gz, or - for standard input.")],
    system: Annotated[str | None, typer.Option("--system", "-s", help="Which system speaks; a mapping may name it.")] = None,
    mapping: Annotated[Path | None, typer.Option("--mapping", "-m", help="A mapping file (TOML) for CSV, TSV, fixed-width, Parquet.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be read; nothing is stored.")] = False,
    complete_to: Annotated[str | None, typer.Option("--complete-to", help="The export is complete up to this time (its watermark).")] = None,
    as_json: Json = False,
) -> None:
    """Read documents into the ledger. Interrupted, run it again: nothing is imported twice."""
    missing(places)
    declared = moment(complete_to)
    text = _mapping_text(mapping)
    if dry_run:
        _preview(places, _system_for_preview(system, text, mapping), as_json=as_json)
        return
    with open_project() as project:
        chosen = project.use(_system(project, system, text, mapping))
        project.refuse_unless_rebuilt()
        with bar("Reading", sum(f.stat().st_size for place in places if place != "-" for f in files(place))) as advance:
            counts = import_places(
                project.connection, project.configuration, chosen, places,
                stdin=sys.stdin.buffer, declared=declared, progress=lambda origin, size, total: advance(size, total),
            )  # fmt: skip
        project.follow()
        answer = {n: getattr(counts, n) for n in counts.__struct_fields__} | {"open_cases": len(project.ledger().cases)}
        if as_json:
            show.as_json(answer)
        else:
            _imported(counts, int(answer["open_cases"]))


def replay(
    system: Annotated[str | None, typer.Option("--system", "-s", help="Only this system's messages.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All messages, not only those with something in quarantine.")] = False,
    mapping: Annotated[Path | None, typer.Option("--mapping", "-m", help="Read by this mapping from now on.")] = None,
    as_json: Json = False,
) -> None:
    """Translate stored messages anew after a fix; what is read differently becomes a revision."""
    with open_project() as project:
        text = _mapping_text(mapping)
        if text is not None:
            system = project.use(_system(project, system, text, mapping)).name
        if system is not None and system not in project.systems:
            raise OperatorError(f"There is no system {system!r}.", f"Known: {', '.join(project.systems)}.")
        project.refuse_unless_rebuilt()
        with bar("Reading anew", 0) as advance:
            read, counts = run_replay(
                project.connection, project.configuration, system=system, everything=everything,
                progress=lambda origin, size, total: advance(size, total),
            )  # fmt: skip
        if as_json:
            show.as_json({"messages": read} | {n: getattr(counts, n) for n in counts.__struct_fields__})
        else:
            show.console.print(
                f"Read {read:,} messages anew: {counts.facts:,} new versions, {-counts.quarantined:,} fewer in quarantine, {counts.posted:+,} posted."
            )


def _imported(counts: Counts, cases: int) -> None:
    show.console.print(
        f"{counts.received:,} statements from {counts.messages:,} new documents ({counts.repeated:,} known before): {counts.posted:,} posted,"
        f" {counts.without_effect:,} without effect, {counts.superseded:,} superseded, {counts.waiting:,} waiting,"
        f" {counts.quarantined:,} quarantined, {counts.duplicate:,} duplicates."
    )
    if counts.quarantined > 0:
        show.console.print("`tieout quarantine` says why, and what to do.")
    show.console.print(f"{cases:,} open cases. `tieout report` shows where the money is.")


def _mapping_text(mapping: Path | None) -> str | None:
    if mapping is None:
        return None
    if not mapping.is_file():
        raise InputMissing(f"The mapping {mapping} is not there.", "Check the path.")
    return mapping_text(mapping)


def _system_for_preview(name: str | None, text: str | None, mapping: Path | None) -> System:
    if text is not None:
        return delimited.system_of(text, str(mapping))
    with open_project() as project:
        return _system(project, name, None, None)


def _system(project: Tieout, name: str | None, text: str | None, mapping: Path | None) -> System:
    """The system that speaks: the settings', with the mapping given; or the one the mapping describes."""
    described = delimited.system_of(text, str(mapping)) if text is not None else None
    name = name or (described.name if described is not None else None)
    if name is None:
        known = ", ".join(project.systems) or "none yet"
        raise OperatorError("Which system speaks is not said.", f"Add --system NAME; known: {known}.")
    known_system = project.systems.get(name)
    if described is not None:
        if known_system is not None and name in project.settings.systems:
            return msgspec.structs.replace(known_system, options={**known_system.options, **described.options})
        return msgspec.structs.replace(described, name=name)
    if known_system is None:
        raise OperatorError(
            f"There is no system {name!r}.", f"Name it in tieout.toml, or give --mapping; known: {', '.join(project.systems) or 'none'}."
        )
    if known_system.connector == "delimited" and not known_system.options.get("mapping"):
        raise OperatorError(f"{name} reads files by a mapping, and has none.", "Add `mapping` in tieout.toml, or --mapping FILE.")
    return known_system


def _preview(places: list[str], system: System, *, as_json: bool) -> None:
    """What an import would read: the first facts of each file, and every reason for a refusal."""
    module = connector(system.connector)
    facts: dict[str, int] = {}
    rules: dict[str, int] = {}
    first: list[Any] = []
    lists: list[dict[str, Any]] = []
    refused: list[Refusal] = []
    count = 0
    for each in documents(places, system, sys.stdin.buffer):
        count += 1
        statements = [each.refusal] if isinstance(each, Refused) else module.translate(each, system)
        for statement in statements:
            if isinstance(statement, Refusal):
                rules[statement.rule] = rules.get(statement.rule, 0) + 1
                refused += [statement] if len(refused) < 10 else []
            else:
                facts[statement.kind] = facts.get(statement.kind, 0) + 1
                if statement.kind == "Listed":
                    lists.append(_list_shown(statement))
                else:
                    first += [statement] if facts[statement.kind] <= 2 else []
    if as_json:
        show.as_json({"documents": count, "facts": facts, "refusals": rules, "lists": lists, "first_facts": first, "first_refusals": refused})
        return
    show.console.print(f"{count:,} documents, nothing stored. Facts: " + (", ".join(f"{n:,} {k}" for k, n in sorted(facts.items())) or "none"))
    for fact in first:
        show.console.print_json(show.plain_json(fact))
    for listed in lists:
        show.complete_list(listed)
    for refusal in refused:
        show.console.print(f"{refusal.source}: {refusal.reason} ({refusal.rule}) {refusal.next_step}", style="yellow", markup=False)
    if rules:
        show.console.print("Refused: " + ", ".join(f"{n:,} × {rule}" for rule, n in sorted(rules.items())), markup=False)


def _list_shown(fact: Fact) -> dict[str, Any]:
    """What a complete list says, without its numbers: there may be very many."""
    data = fact.data
    documents = data["numbers"].count("\n") + 1
    return {"system": data["system"], "type": data["type"], "partner": data.get("partner", ""), "as_of": fact.happened, "documents": documents}
