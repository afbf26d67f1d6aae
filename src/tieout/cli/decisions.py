"""`tieout decide`: what people decide about links, write-offs and matches."""

from typing import Annotated

import typer

from tieout.cli import project as projects
from tieout.cli import show
from tieout.cli.options import open_project


def link(
    first: Annotated[str, typer.Argument(help="A reference: system/type/number.")],
    second: Annotated[str, typer.Argument(help="Another name of the same transaction.")],
    who: Annotated[str, typer.Option("--who", help="Who decides.")],
    why: Annotated[str, typer.Option("--why", help="The reason.")] = "",
    withdraw: Annotated[bool, typer.Option("--withdraw", help="Take the link back.")] = False,
) -> None:
    """Say that two references name the same transaction."""
    with open_project() as project:
        projects.link(project, first, second, who, why, withdraw=withdraw)
        show.console.print(f"{'Withdrew the link of' if withdraw else 'Linked'} {first} and {second}.")


def write_off(
    case: Annotated[str, typer.Argument(help="The case's name, as `tieout cases` shows it.")],
    who: Annotated[str, typer.Option("--who", help="Who decides.")],
    why: Annotated[str, typer.Option("--why", help="The reason.")],
    withdraw: Annotated[bool, typer.Option("--withdraw", help="Take the write-off back.")] = False,
) -> None:
    """Accept exactly the residual of a case; it lapses as soon as the residual is another."""
    with open_project() as project:
        projects.write_off(project, case, who, why, withdraw=withdraw)
        show.console.print(f"{'Withdrew the write-off of' if withdraw else 'Wrote off'} {case}.")


def match(
    record: Annotated[str, typer.Argument(help="The identity of the bank entry that waits.")],
    parts: Annotated[list[str], typer.Argument(help="INVOICE-REFERENCE=AMOUNT, one or more; they must sum to the entry.")],
    who: Annotated[str, typer.Option("--who", help="Who decides.")],
    why: Annotated[str, typer.Option("--why", help="The reason.")] = "",
) -> None:
    """Say what a bank entry without reference pays. The entry can be claimed once; the claim lapses when the entry changes."""
    with open_project() as project:
        projects.match(project, record, parts, who, why)
        show.console.print(f"Matched {record} to {', '.join(parts)}.")
