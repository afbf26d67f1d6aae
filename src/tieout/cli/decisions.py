"""`tieout decide`: what people decide about links, write-offs, matches and corrections. What others have to consent to waits in `tieout work requests`."""

from datetime import UTC
from pathlib import Path
from typing import Annotated

import typer

from tieout.app import Tieout
from tieout.cases import request
from tieout.cli import deciding, show
from tieout.cli.options import open_project
from tieout.people.person import Person, Role

Who = Annotated[
    str, typer.Option("--as", "--who", help="Who decides: a login of `tieout people`; while there is none, a name in `\\[people]`.")
]
Why = Annotated[str, typer.Option("--why", help="The reason.")]


def link(
    first: Annotated[str, typer.Argument(help="A reference: system/type/number.")],
    second: Annotated[str, typer.Argument(help="Another name of the same transaction.")],
    who: Who,
    why: Why = "",
    withdraw: Annotated[bool, typer.Option("--withdraw", help="Take the link back.")] = False,
) -> None:
    """Say that two references name the same transaction. A checkpoint may want others to consent."""
    with open_project() as project:
        number = deciding.link(project, first, second, deciding.person_of(project, who), why, withdraw=withdraw)
        _say(project, number, f"{'Withdrew the link of' if withdraw else 'Linked'} {first} and {second}.")


def write_off(
    case: Annotated[str, typer.Argument(help="The case's name, as `tieout cases` shows it.")],
    who: Who,
    why: Why,
    withdraw: Annotated[bool, typer.Option("--withdraw", help="Take the write-off back.")] = False,
) -> None:
    """Accept exactly the residual of a case; it lapses as soon as the residual is another. A limit or a checkpoint may want others to consent."""
    with open_project() as project:
        person = deciding.person_of(project, who)
        if withdraw:
            deciding.unwrite(project, case, person, why)
            show.console.print(f"Withdrew the write-off of {case}.")
            return
        outcome = deciding.write_off(project, case, person, why)
        _say(project, deciding.request_about(project, outcome), f"Wrote off {case}.")


def correct(
    file: Annotated[Path, typer.Argument(help="One fact in JSON, as the neutral feed writes it, without `system`.")],
    who: Who,
    why: Why,
) -> None:
    """State by hand what a system should have stated. A checkpoint may want others to consent."""
    with open_project() as project:
        fact, number = deciding.correct(project, file, deciding.person_of(project, who), why)
        _say(project, number, f"Stated {fact.kind} {fact.type}/{fact.number}.")


def match(
    record: Annotated[str, typer.Argument(help="The identity of the bank entry that waits.")],
    parts: Annotated[list[str], typer.Argument(help="INVOICE-REFERENCE=AMOUNT, one or more; they must sum to the entry.")],
    who: Who,
    why: Why = "",
) -> None:
    """Say what a bank entry without reference pays. The entry can be claimed once; the claim lapses when the entry changes."""
    with open_project() as project:
        number = deciding.match(project, record, parts, deciding.person_of(project, who), why)
        _say(project, number, f"Matched {record} to {', '.join(parts)}.")


def _say(project: Tieout, number: int | None, done: str) -> None:
    """What was done; or, where others have to consent, that it waits for them, and how they do."""
    if number is None:
        project.tick(everything=True)
        show.console.print(done, markup=False, soft_wrap=True)
        return
    everybody = Person(0, "command line", "", roles=frozenset({Role.ANALYST}))
    one = request.one(project.connection, everybody, number)
    assert one is not None, "it was asked for in this very command"
    show.console.print(f"Request {one.id}: {one.action} {one.ref}. {one.rule}.", markup=False, soft_wrap=True)
    show.console.print(
        f"It waits for {one.approvers} with the role {one.role} until {one.expires.astimezone(UTC):%Y-%m-%d %H:%M} UTC: "
        f"tieout work approve {one.id} --as NAME --hash {one.hash[:12]}",
        markup=False, soft_wrap=True,
    )  # fmt: skip
