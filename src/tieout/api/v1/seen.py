"""What of the ledger somebody may see who is kept to scopes: transactions that have, or had, an exception in them. Others see all."""

from typing import Any

from tieout.people.person import Scopes, predicate
from tieout.store.database import Connection
from tieout.store.sql import sql

BY_ROOT = "exists (select from work w where w.root = s.ref and {})"
BY_MESSAGE = "exists (select from work w where w.message = m.id and {})"
BY_ITSELF = "{}"


def rows(connection: Connection, name: str, scopes: Scopes, by: str, **arguments: Any) -> list[tuple[Any, ...]]:
    """The rows of a named statement, `{seen}` in it being what the scopes mean."""
    text = sql(name).replace("{seen}", "true" if scopes.is_all else by.replace("{}", predicate("w")))
    return connection.execute(text, {**arguments, **scopes.arguments()}).fetchall()
