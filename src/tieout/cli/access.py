"""`tieout keys`: who may send messages, and as which system."""

from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.table import Table

from tieout.api import keys
from tieout.cli import show
from tieout.cli.options import Json, open_project
from tieout.errors import OperatorError


def add(
    name: Annotated[str, typer.Argument(help="Whose key it is, such as a partner or a script.")],
    system: Annotated[list[str], typer.Option("--system", "-s", help="A system it may speak for; may be given again.")],
    as_json: Json = False,
) -> None:
    """Make a key. It is shown once and kept only as a hash; to replace one, add the new, change the sender, revoke the old."""
    with open_project() as project:
        strange = [each for each in system if each not in project.systems]
        if strange:
            raise OperatorError(f"There is no system {strange[0]!r}.", f"Known: {', '.join(project.systems) or 'none'}.")
        token = keys.add(project.connection, name, tuple(dict.fromkeys(system)), datetime.now(UTC))
        if as_json:
            show.as_json({"key": token, "name": name, "systems": system})
            return
        show.notes.print(f"The key of {name} for {', '.join(system)}. It is not shown again:", markup=False)
        typer.echo(token)


def list_(as_json: Json = False) -> None:
    """Show all keys: whose they are, what they open, whether they are revoked. Never the keys themselves."""
    with open_project() as project:
        found = keys.keys(project.connection)
        if as_json:
            shown = [{n: getattr(key, n) for n in ("id", "name", "systems", "created", "revoked")} for key in found]
            show.as_json(shown)
            return
        table = Table("id", "name", "systems", "created", "revoked", box=None, pad_edge=False)
        for key in found:
            revoked = key.revoked.isoformat(timespec="seconds") if key.revoked else ""
            table.add_row(key.id, key.name, ", ".join(key.systems), key.created.isoformat(timespec="seconds"), revoked)
        show.console.print(table)


def revoke(id_: Annotated[str, typer.Argument(metavar="ID", help="The key's id, as `tieout keys list` shows it.")]) -> None:
    """Take a key back. Processes that run refuse it within five seconds."""
    with open_project() as project:
        if not keys.revoke(project.connection, id_, datetime.now(UTC)):
            raise OperatorError(f"There is no key {id_!r} that works.", "`tieout keys list` shows them.")
        show.console.print(f"{id_} is revoked.", markup=False)
