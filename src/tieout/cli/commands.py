"""The commands. Each opens the project, asks the Python API, and shows the answer."""

import contextlib
import re
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from tieout.app import Tieout, find_project, opened
from tieout.cli import project as projects
from tieout.cli import show
from tieout.cli.inspect import describe
from tieout.connectors import System, delimited
from tieout.core.facts import Refusal
from tieout.errors import InputMissing, OperatorError
from tieout.formats.archive import Broken, files, open_all
from tieout.report import tables
from tieout.report.explain import explain as explain_subject
from tieout.runtime.batch import Counts

app = typer.Typer(
    help="Tieout keeps orders, shipments, invoices, returns, stock and payouts tied out across systems.\n\n"
    "Begin with `tieout init DIR`, then `tieout import`, then `tieout report`.\n\n"
    "Exit codes: 0 done; 1 something was found wrong (check, audit); 2 the command line, a file or a setting; "
    "3 the database; 4 the ledger does not prove.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
audit_app = typer.Typer(help="Prove that the ledger was not changed behind its back.", no_args_is_help=True)
decide_app = typer.Typer(help="Decisions of people: links, write-offs, matches; each is a fact that can be withdrawn.", no_args_is_help=True)
app.add_typer(audit_app, name="audit")
app.add_typer(decide_app, name="decide")

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


@app.callback()
def main_options(
    project: Annotated[Path | None, typer.Option("--project", "-p", help="The project's folder; else the one you stand in.")] = None,
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")] = False,
) -> None:
    """Options before the command."""
    _state["project"] = project


@contextlib.contextmanager
def _project() -> Iterator[Tieout]:
    folder = _state["project"] or find_project(Path.cwd())
    with opened(folder) as found:
        if found.needs_rebuild:
            show.notes.print("[yellow]The settings changed how accounts are kept; run `tieout rebuild --replace`.[/]")
        yield found


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
            return datetime.combine(date.fromisoformat(text), datetime.min.time(), UTC) + timedelta(days=1)
        moment = datetime.fromisoformat(text)
    except ValueError as bad:
        raise OperatorError(f"{text!r} is no time.", "Write 2026-03-31 (the whole day) or 2026-03-31T17:00+02:00.") from bad
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


@app.command()
def init(folder: Annotated[Path, typer.Argument(help="A new or empty folder.")]) -> None:
    """Make a commented project in a folder: settings, a mapping to start from, a place for exports."""
    made = projects.create(folder)
    show.console.print(f"Made {', '.join(made)} in {folder}.")
    show.console.print("Next: put an export into `exports/`, fit `mappings/orders.toml` to it, then")
    show.console.print(f"  tieout -p {folder} import {folder}/exports --system shop --mapping {folder}/mappings/orders.toml --dry-run")


@app.command()
def check(as_json: Json = False) -> None:
    """Check settings, mappings, connectors and the database; says what is wrong and what is not observed."""
    with _project() as project:
        feeds = project.configuration.feeds
        unobserved = sorted({m for m, names in feeds.items() if not names})
        answer = {
            "ok": not project.needs_rebuild,
            "systems": {n: list(s) for n, s in project.configuration.states.items()},
            "not_observed": unobserved,
            "needs_rebuild": project.needs_rebuild,
        }
        if as_json:
            show.as_json(answer)
        else:
            for name, states in project.configuration.states.items():
                show.console.print(f"{name}: states {', '.join(states) or 'nothing yet'}")
            show.console.print(
                f"Settings and database are in order; {len(feeds) - len(unobserved)} of {len(feeds)} account sides are observed."
            )
        if project.needs_rebuild:
            raise typer.Exit(1)


@app.command("import")
def import_(
    places: Annotated[list[str], typer.Argument(metavar="PATHS", help="Files, folders, patterns, .zip, .gz, or - for standard input.")],
    system: Annotated[str | None, typer.Option("--system", "-s", help="Which system speaks; a mapping may name it.")] = None,
    mapping: Annotated[Path | None, typer.Option("--mapping", "-m", help="A mapping file (TOML) for CSV, TSV, fixed-width, Parquet.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be read; nothing is stored.")] = False,
    complete_to: Annotated[str | None, typer.Option("--complete-to", help="The export is complete up to this time (its watermark).")] = None,
    as_json: Json = False,
) -> None:
    """Read documents into the ledger. Interrupted, run it again: nothing is imported twice."""
    from tieout.runtime.intake import import_places, missing

    missing(places)
    declared = _moment(complete_to)
    text = _mapping_text(mapping)
    if dry_run:
        _preview(places, _system_for_preview(system, text, mapping), as_json=as_json)
        return
    with _project() as project:
        chosen = project.use(_system(project, system, text, mapping))
        with _bar("Reading", sum(f.stat().st_size for place in places if place != "-" for f in files(place))) as advance:
            counts = import_places(
                project.connection, project.configuration, chosen, places,
                stdin=sys.stdin.buffer, declared=declared, progress=lambda origin, size, total: advance(size, total),
            )  # fmt: skip
        answer = {n: getattr(counts, n) for n in counts.__struct_fields__} | {"open_cases": len(project.ledger().cases)}
        if as_json:
            show.as_json(answer)
        else:
            _imported(counts, int(answer["open_cases"]))


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
    try:
        return mapping.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as bad:
        raise InputMissing(f"The mapping {mapping} cannot be read: {bad}.", "Save it as UTF-8.") from bad


def _system_for_preview(name: str | None, text: str | None, mapping: Path | None) -> System:
    if text is not None:
        return delimited.system_of(text, str(mapping))
    with _project() as project:
        return _system(project, name, None, None)


def _system(project: Tieout, name: str | None, text: str | None, mapping: Path | None) -> System:
    """The system that speaks: the settings', with the mapping given; or the one the mapping describes."""
    import msgspec

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
    from tieout.connectors import Refused
    from tieout.runtime.configuration import connector
    from tieout.runtime.intake import documents

    module = connector(system.connector)
    facts: dict[str, int] = {}
    rules: dict[str, int] = {}
    first: list[Any] = []
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
                first += [statement] if facts[statement.kind] <= 2 else []
    if as_json:
        show.as_json({"documents": count, "facts": facts, "refusals": rules, "first_facts": first, "first_refusals": refused})
        return
    show.console.print(f"{count:,} documents, nothing stored. Facts: " + (", ".join(f"{n:,} {k}" for k, n in sorted(facts.items())) or "none"))
    for fact in first:
        show.console.print_json(_plain(fact))
    for refusal in refused:
        show.console.print(f"{refusal.source}: {refusal.reason} ({refusal.rule}) {refusal.next_step}", style="yellow", markup=False)
    if rules:
        show.console.print("Refused: " + ", ".join(f"{n:,} × {rule}" for rule, n in sorted(rules.items())), markup=False)


def _plain(value: Any) -> str:
    import msgspec

    return msgspec.json.encode(value).decode()


@contextlib.contextmanager
def _bar(title: str, total: int) -> Iterator[Callable[[int, Counts], None]]:
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


@app.command()
def inspect(file: Annotated[str, typer.Argument(help="A file, or - for standard input.")], as_json: Json = False) -> None:
    """Say what a document is: envelope, sets, validity, the acknowledgments it calls for. Needs no project."""
    if file != "-" and not files(file):
        raise InputMissing(f"{file} names no file.", "Check the path.")
    answers = []
    for found in open_all(file, sys.stdin.buffer):
        if isinstance(found, Broken):
            answers.append({"origin": found.origin, "kind": "unreadable", "reason": found.fault, "next_step": found.next_step})
        else:
            answers.append(describe(found.origin, found.stream))
    if as_json:
        show.as_json(answers if len(answers) != 1 else answers[0])
        return
    for answer in answers:
        show.console.print_json(_plain(answer))


@app.command()
def status(as_of: AsOf = None, as_json: Json = False) -> None:
    """Counts of statements and what became of them, feeds, open cases, and the ledger hash."""
    with _project() as project:
        figures = dict(project.status(_moment(as_of)))
        if as_json:
            show.as_json(figures)
        else:
            show.status(figures)


@app.command()
def report(
    html_folder: Annotated[Path | None, typer.Option("--html", help="Write a self-contained page into this folder.")] = None,
    as_of: AsOf = None,
    as_json: Json = False,
) -> None:
    """Where it does not tie out, how much money it is, who owes the next step."""
    with _project() as project:
        ledger = project.ledger(_moment(as_of))
        if html_folder is not None:
            from tieout.report import html

            path = html.write(ledger, html_folder, title=project.settings.project.name)
            show.notes.print(f"Wrote {path}.")
            if not as_json:
                return
        if as_json:
            show.as_json({"status": ledger.status(), "shares": ledger.shares(), "accounts": ledger.accounts})
            return
        shares = ledger.shares()
        figures = ledger.status()
        if not figures["received"]:
            show.console.print("Nothing was known then." if as_of else "Nothing has been imported yet; begin with `tieout import --help`.")
            return
        total = shares["subjects"] or 1
        show.console.print(
            f"[bold]{project.settings.project.name}[/] as of {ledger.now.isoformat(timespec='minutes')}: {figures['facts']:,} facts on"
            f" {shares['subjects']:,} subjects; [bold]{100 * shares['tied_out'] / total:.1f} % tied out[/],"
            f" {100 * shares['in_time'] / total:.1f} % in time, {100 * shares['exceptions'] / total:.1f} % exceptions."
        )
        show.console.print()
        show.accounts(ledger.accounts, ledger.now)
        if not ledger.cases:
            show.console.print("No open exceptions.")
            return
        show.classes(ledger.cases, ledger)
        show.console.print("[bold]The five largest, explained[/]")
        largest = sorted((c for c in ledger.cases if c.account), key=lambda c: (-c.worth, c.case))[:5]
        for case in largest:
            show.console.rule(f"{case.case}", align="left")
            show.explanation(explain_subject(ledger, case.subject), only_open=True)


@app.command()
def cases(
    limit: Annotated[int, typer.Option(help="How many to show; 0 for all.")] = show.FIRST,
    account: Annotated[str | None, typer.Option(help="Only this account, by code or name.")] = None,
    owed_by: Annotated[str | None, typer.Option("--owed-by", help="Only what this party owes.")] = None,
    as_of: AsOf = None,
    as_json: Json = False,
) -> None:
    """The open exceptions, due soonest first."""
    with _project() as project:
        ledger = project.ledger(_moment(as_of))
        if limit and not as_json and not (account or owed_by or as_of):
            first, count = ledger.first_cases(limit)
            show.cases(first, ledger.now, count)
            return
        found = [c for c in ledger.cases if account in (None, c.code, c.account) and owed_by in (None, c.owed_by)]
        if as_json:
            show.as_json([tables.case_json(case) for case in found])
        else:
            show.cases(found[: limit or None], ledger.now, len(found))


@app.command()
def explain(
    subject: Annotated[str, typer.Argument(help="`system/type/number`, `…#key`, a bare number, or a case's name.")],
    as_of: AsOf = None,
    as_json: Json = False,
) -> None:
    """The T-accounts of a subject: debits left, credits right, the residual, every line with its source."""
    with _project() as project:
        found = explain_subject(project.ledger(_moment(as_of)), subject.rpartition(" ")[2])
        if as_json:
            show.as_json(found)
        else:
            show.explanation(found)


@app.command()
def quarantine(as_json: Json = False) -> None:
    """What could not be read: source, place, rule, reason and next step; and the lines that wait for a link."""
    with _project() as project:
        from tieout.store.database import fetch

        bad = [
            {"message": m, "system": s, "origin": o, "line": line, "byte": byte, "place": place, "rule": rule, "reason": reason, "next_step": step}
            for _, s, o, line, byte, place, rule, reason, step, _, m in fetch(project.connection, "quarantined")
        ]  # fmt: skip
        waits = [
            {"identity": i, "line": line, "on": on, "reason": reason, "since": since}
            for i, line, on, reason, _, since in fetch(project.connection, "all_waiting")
        ]
        if as_json:
            show.as_json({"quarantined": bad, "waiting": waits})
            return
        if not bad and not waits:
            show.console.print("Nothing is quarantined and nothing waits.")
        for each in bad:
            where = ", ".join(str(x) for x in (each["origin"], each["line"] and f"line {each['line']}", each["place"]) if x)
            show.console.print(f"{where}\n  {each['reason']} ({each['rule']})\n  {each['next_step']}", markup=False)
        for each in waits:
            show.console.print(f"{each['identity']} line {each['line'] or '-'} waits for {each['on']}: {each['reason']}", markup=False)


@app.command()
def export(
    what: Annotated[str, typer.Argument(help="facts, entries, balances or cases.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The file; its ending says the format: .csv, .parquet, .xlsx.")],
    as_of: AsOf = None,
) -> None:
    """Write a table as CSV, Parquet or Excel."""
    from tieout.report import export as exports

    moment = _moment(as_of)
    with _project() as project:
        makers: dict[str, Callable[[], tables.Table]] = {
            "facts": project.facts,
            "entries": lambda: tables.entries(project.connection),
            "balances": lambda: project.balances(moment),
            "cases": lambda: project.cases(moment),
        }
        if what not in makers:
            raise OperatorError(f"There is nothing called {what!r} to export.", f"Choose one of {', '.join(makers)}.")
        if moment is not None and what in ("facts", "entries"):
            raise OperatorError(f"{what} are a log: every row says when it was recorded.", "Leave out --as-of and filter by `recorded`.")
        table = makers[what]()
        exports.write(table, out, None)
        show.console.print(f"Wrote {len(table):,} rows to {out}.")


@app.command()
def replay(
    system: Annotated[str | None, typer.Option("--system", "-s", help="Only this system's messages.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All messages, not only those with something in quarantine.")] = False,
    mapping: Annotated[Path | None, typer.Option("--mapping", "-m", help="Read by this mapping from now on.")] = None,
    as_json: Json = False,
) -> None:
    """Translate stored messages anew after a fix; what is read differently becomes a revision."""
    from tieout.runtime.intake import replay as run_replay

    with _project() as project:
        text = _mapping_text(mapping)
        if text is not None:
            system = project.use(_system(project, system, text, mapping)).name
        if system is not None and system not in project.systems:
            raise OperatorError(f"There is no system {system!r}.", f"Known: {', '.join(project.systems)}.")
        with _bar("Reading anew", 0) as advance:
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


@app.command()
def rebuild(
    replace: Annotated[
        bool, typer.Option("--replace", help="Let the rebuilt ledger take the present one's place; the old one is kept.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Apply all stored messages again in a schema of its own and compare the ledger hash."""
    with _project() as project, _bar("Rebuilding", 0):
        answer = projects.rebuild(project, replace=replace)
        if as_json:
            show.as_json(answer)
        else:
            same = "the same ledger" if answer["equal"] else "ANOTHER ledger"
            show.console.print(f"{answer['messages']:,} messages give {same}: {answer['rebuilt_hash']}")
            if answer["kept_as"]:
                show.console.print(f"The ledger before is kept in the schema {answer['kept_as']}.")
    if not answer["equal"] and not replace:
        raise typer.Exit(4)


@app.command()
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
    with _project() as project:
        cut = projects.close(project, last, who)
        if as_json:
            show.as_json({"period_end": last, "commit": cut})
        else:
            show.console.print(f"Closed to {last} at commit {cut}.")


@decide_app.command("link")
def decide_link(
    first: Annotated[str, typer.Argument(help="A reference: system/type/number.")],
    second: Annotated[str, typer.Argument(help="Another name of the same transaction.")],
    who: Annotated[str, typer.Option("--who", help="Who decides.")],
    why: Annotated[str, typer.Option("--why", help="The reason.")] = "",
    withdraw: Annotated[bool, typer.Option("--withdraw", help="Take the link back.")] = False,
) -> None:
    """Say that two references name the same transaction."""
    with _project() as project:
        projects.link(project, first, second, who, why, withdraw=withdraw)
        show.console.print(f"{'Withdrew the link of' if withdraw else 'Linked'} {first} and {second}.")


@decide_app.command("write-off")
def decide_write_off(
    case: Annotated[str, typer.Argument(help="The case's name, as `tieout cases` shows it.")],
    who: Annotated[str, typer.Option("--who", help="Who decides.")],
    why: Annotated[str, typer.Option("--why", help="The reason.")],
    withdraw: Annotated[bool, typer.Option("--withdraw", help="Take the write-off back.")] = False,
) -> None:
    """Accept exactly the residual of a case; it lapses as soon as the residual is another."""
    with _project() as project:
        projects.write_off(project, case, who, why, withdraw=withdraw)
        show.console.print(f"{'Withdrew the write-off of' if withdraw else 'Wrote off'} {case}.")


@decide_app.command("match")
def decide_match(
    record: Annotated[str, typer.Argument(help="The identity of the bank entry that waits.")],
    parts: Annotated[list[str], typer.Argument(help="INVOICE-REFERENCE=AMOUNT, one or more; they must sum to the entry.")],
    who: Annotated[str, typer.Option("--who", help="Who decides.")],
    why: Annotated[str, typer.Option("--why", help="The reason.")] = "",
) -> None:
    """Say what a bank entry without reference pays. The entry can be claimed once; the claim lapses when the entry changes."""
    with _project() as project:
        projects.match(project, record, parts, who, why)
        show.console.print(f"Matched {record} to {', '.join(parts)}.")


@audit_app.command("verify")
def audit_verify(as_json: Json = False) -> None:
    """Work out the chain of batches again from the stored rows, and every message's hash."""
    from tieout.runtime.audit import verify

    with _project() as project:
        found = verify(project.connection)
    if as_json:
        show.as_json(found)
    else:
        for finding in found.findings:
            show.console.print(f"commit {finding.commit}: {finding.what}", style="red")
        state = "proves" if not found.findings else f"does NOT prove: {len(found.findings)} findings"
        show.console.print(f"{found.batches:,} batches, {found.messages:,} messages: the ledger {state}.")
    if found.findings:
        raise typer.Exit(4)
