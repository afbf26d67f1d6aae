"""The commands that ask: what a file is, where the ledger stands, what is open and why."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from tieout.cli import show
from tieout.cli.inspect import describe
from tieout.cli.options import AsOf, Json, moment, open_project, spinner
from tieout.errors import InputMissing, OperatorError
from tieout.formats.archive import Broken, files, open_all
from tieout.report import tables
from tieout.report.explain import explain as explain_subject

HASHING = "Reading the ledger; its hash is worked out once after each import"


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
        show.console.print_json(show.plain_json(answer))


def status(as_of: AsOf = None, as_json: Json = False) -> None:
    """Counts of statements and what became of them, feeds, open cases, and the ledger hash."""
    with open_project() as project:
        with spinner(HASHING):
            figures = dict(project.status(moment(as_of)))
        if as_json:
            show.as_json(figures)
        else:
            show.status(figures)


def report(
    html_folder: Annotated[Path | None, typer.Option("--html", help="Write a self-contained page into this folder.")] = None,
    as_of: AsOf = None,
    as_json: Json = False,
) -> None:
    """Where it does not tie out, how much money it is, who owes the next step."""
    with open_project() as project:
        ledger = project.ledger(moment(as_of))
        if html_folder is not None:
            from tieout.report import html

            with spinner(HASHING):
                path = html.write(ledger, html_folder, title=project.settings.project.name)
            show.notes.print(f"Wrote {path}.")
            if not as_json:
                return
        with spinner(HASHING):
            figures, shares = ledger.status(), ledger.shares()
        if as_json:
            show.as_json({"status": figures, "shares": shares, "accounts": ledger.accounts})
            return
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


def cases(
    limit: Annotated[int, typer.Option(help="How many to show; 0 for all.")] = show.FIRST,
    account: Annotated[str | None, typer.Option(help="Only this account, by code or name.")] = None,
    owed_by: Annotated[str | None, typer.Option("--owed-by", help="Only what this party owes.")] = None,
    as_of: AsOf = None,
    as_json: Json = False,
) -> None:
    """The open exceptions, due soonest first."""
    with open_project() as project:
        ledger = project.ledger(moment(as_of))
        if limit and not as_json and not (account or owed_by or as_of):
            first, count = ledger.first_cases(limit)
            show.cases(first, ledger.now, count)
            return
        found = [c for c in ledger.cases if account in (None, c.code, c.account) and owed_by in (None, c.owed_by)]
        if as_json:
            show.as_json([tables.case_json(case) for case in found])
        else:
            show.cases(found[: limit or None], ledger.now, len(found))


def explain(
    subject: Annotated[str, typer.Argument(help="`system/type/number`, `…#key`, a bare number, or a case's name.")],
    as_of: AsOf = None,
    as_json: Json = False,
) -> None:
    """The T-accounts of a subject: debits left, credits right, the residual, every line with its source."""
    with open_project() as project:
        found = explain_subject(project.ledger(moment(as_of)), subject.rpartition(" ")[2])
        if as_json:
            show.as_json(found)
        else:
            show.explanation(found)


def quarantine(as_of: AsOf = None, as_json: Json = False) -> None:
    """What could not be read: source, place, rule, reason and next step; and the lines that wait for a link."""
    with open_project() as project:
        ledger = project.ledger(moment(as_of))
        bad = [
            {"message": m, "system": s, "origin": o, "line": line, "byte": byte, "place": place, "rule": rule, "reason": reason, "next_step": step}
            for _, s, o, line, byte, place, rule, reason, step, _, m in ledger.quarantined()
        ]  # fmt: skip
        waits = [
            {"identity": i, "line": line, "on": on, "reason": reason, "since": since} for i, line, on, reason, _, since in ledger.waiting()
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


def export(
    what: Annotated[str, typer.Argument(help="facts, entries, balances or cases.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The file; its ending says the format: .csv, .parquet, .xlsx.")],
    as_of: AsOf = None,
) -> None:
    """Write a table as CSV, Parquet or Excel."""
    from tieout.report import export as exports

    at = moment(as_of)
    with open_project() as project:
        makers: dict[str, Callable[[], tables.Table]] = {
            "facts": project.facts,
            "entries": lambda: tables.entries(project.connection),
            "balances": lambda: project.balances(at),
            "cases": lambda: project.cases(at),
        }
        if what not in makers:
            raise OperatorError(f"There is nothing called {what!r} to export.", f"Choose one of {', '.join(makers)}.")
        if at is not None and what in ("facts", "entries"):
            raise OperatorError(f"{what} are a log: every row says when it was recorded.", "Leave out --as-of and filter by `recorded`.")
        table = makers[what]()
        exports.write(table, out, None)
        show.console.print(f"Wrote {len(table):,} rows to {out}.")
