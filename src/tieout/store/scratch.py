"""Scratch schemas: made beside a project's own, thrown away at the end, and found again if whoever made them was killed."""

import hashlib
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import sql as compose

from tieout.store.database import Database, fetch
from tieout.store.migrate import migrate

MARK = "_scratch_"


@contextmanager
def scratch(of: Database, purpose: str) -> Iterator[Database]:
    """A migrated, empty schema on the same server, dropped at the end whatever happens; those that killed processes left go first."""
    with of.owner() as owner:
        drop_leftovers(owner, of.schema)
        made = of.beside(f"{of.schema}{MARK}{purpose}_{secrets.token_hex(3)}")
        fetch(owner, "hold_scratch", _lock(made.schema))  # held by this session: it ends with the process, however that ends
        try:
            migrate(owner, made.schema)
            yield made
        finally:
            _drop(owner, made.schema)


def drop_leftovers(owner: "psycopg.Connection[tuple[Any, ...]]", schema: str) -> list[str]:
    """Drop the scratch schemas of a project that no living process holds; their names."""
    dropped = []
    for (name,) in fetch(owner, "scratch_schemas", f"{schema}{MARK}"):
        ((is_free,),) = fetch(owner, "try_scratch", _lock(name))
        if is_free:
            _drop(owner, name)
            fetch(owner, "leave_scratch", _lock(name))
            dropped.append(name)
    return dropped


def _drop(owner: "psycopg.Connection[tuple[Any, ...]]", schema: str) -> None:
    owner.execute("set client_min_messages to warning")
    owner.execute(compose.SQL("drop schema if exists {} cascade").format(compose.Identifier(schema)))


def _lock(schema: str) -> int:
    return int.from_bytes(hashlib.sha256(schema.encode()).digest()[:8], "big", signed=True)
