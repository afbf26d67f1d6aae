"""Migrations: numbered SQL files applied once, in order, under a lock; a newer schema than ours is refused."""

import hashlib
import re
from importlib.resources import files

import psycopg
from psycopg import sql as compose

from tieout.errors import StoreError

APP_ROLE = "tieout_app"
LEDGER = ("batch", "message", "fact", "posting", "refusal", "close", "case_event", "outgoing", "command_event", "action", "action_seal",
          "work_event", "work_file", "work_file_removed", "work_consent", "work_decertified")  # fmt: skip
_LOCK = 0x7469_656F


def migrations() -> list[tuple[int, str, str]]:
    """(number, name, text) of every migration, in order."""
    found = []
    for file in files("tieout.store").joinpath("migrations").iterdir():
        match = re.fullmatch(r"(\d{4})_(\w+)\.sql", file.name)
        if match:
            found.append((int(match[1]), match[2], file.read_text("utf-8")))
    return sorted(found)


def migrate(connection: psycopg.Connection, schema: str, *, until: int | None = None) -> list[str]:
    """Bring a schema to the newest version and give the application role its rights; names what was applied.

    Safe to run twice and from two processes at once. Raises StoreError on a newer or an altered schema, or when the
    server is older than PostgreSQL 15.
    """
    if connection.info.server_version < 150000:
        raise StoreError(f"PostgreSQL {connection.info.server_version // 10000} is too old.", "Tieout needs version 15 or newer.")
    applied: list[str] = []
    name = compose.Identifier(schema)
    with connection.transaction():
        connection.execute("select pg_advisory_xact_lock(%s)", [_LOCK])
        connection.execute(compose.SQL("create schema if not exists {}").format(name))
        connection.execute(compose.SQL("set local search_path to {}").format(name))
        connection.execute(
            "create table if not exists migration"
            " (number integer primary key, name text not null, hash text not null, applied timestamptz not null default now())"
        )
        done = {n: (title, h) for n, title, h in connection.execute("select number, name, hash from migration")}
        known = migrations()
        _refuse_strangers(done, known, schema)
        for number, title, text in known:
            if number in done or (until is not None and number > until):
                continue
            connection.execute(text)
            connection.execute("insert into migration values (%s, %s, %s)", [number, title, _hash(text)])
            applied.append(f"{number:04d}_{title}")
        _grant(connection, schema)
    return applied


def _refuse_strangers(done: dict[int, tuple[str, str]], known: list[tuple[int, str, str]], schema: str) -> None:
    newest = max((n for n, _, _ in known), default=0)
    if done and max(done) > newest:
        raise StoreError(
            f"The schema {schema} is at version {max(done)}, this Tieout knows up to {newest}.",
            "Install the newer Tieout that wrote it; nothing was changed.",
        )
    for number, title, text in known:
        if number in done and done[number][1] != _hash(text):
            raise StoreError(
                f"Migration {number:04d}_{title} in {schema} is not the one this Tieout ships.",
                "Restore the schema, or use the Tieout that made it; nothing was changed.",
            )


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _grant(connection: psycopg.Connection, schema: str) -> None:
    """The application role may add to the ledger and read it; what is derived it may also change."""
    role, name = compose.Identifier(APP_ROLE), compose.Identifier(schema)
    if not connection.execute("select 1 from pg_roles where rolname = %s", [APP_ROLE]).fetchone():
        try:
            connection.execute(compose.SQL("create role {} nologin").format(role))
        except psycopg.errors.InsufficientPrivilege as bad:
            raise StoreError(
                f"The role {APP_ROLE} does not exist and this user may not create it.",
                f"Let an administrator run: create role {APP_ROLE} nologin; grant {APP_ROLE} to {connection.info.user};",
            ) from bad
    connection.execute(compose.SQL("grant {} to {}").format(role, compose.Identifier(connection.info.user)))
    connection.execute(compose.SQL("grant usage on schema {} to {}").format(name, role))
    for (table,) in connection.execute(
        "select tablename from pg_tables where schemaname = %s and tablename <> 'migration'", [schema]
    ).fetchall():
        rights = "select, insert" if table in LEDGER else "select, insert, update, delete"
        connection.execute(compose.SQL("grant " + rights + " on {}.{} to {}").format(name, compose.Identifier(table), role))
    connection.execute(compose.SQL("grant select on {}.migration, {}.balance, {}.entry to {}").format(name, name, name, role))
    connection.execute(compose.SQL("grant usage on all sequences in schema {} to {}").format(name, role))


def rename_schema(connection: psycopg.Connection, old: str, new: str) -> None:
    """Give a schema another name."""
    connection.execute(compose.SQL("alter schema {} rename to {}").format(compose.Identifier(old), compose.Identifier(new)))


CARRIED = (
    "access_key", "control_number", "outgoing", "command", "command_event", "consider", "lane", "diversion",
    "person", "person_role", "person_scope", "person_limit", "person_second", "person_recovery",
    "login_session", "person_key", "delegation", "action", "action_seal",
    "cause", "cause_split", "work", "work_event", "work_file", "work_file_removed", "work_watch", "work_request", "work_consent", "work_decertified",
    "operation", "operation_item", "operation_file", "operation_message", "saved_view", "default_view", "notice",
)  # fmt: skip
"""What systems were told, and what people did and are, in the order of their references: no message says it, so a rebuilt ledger takes it
over as it is."""


def take_over(connection: psycopg.Connection, old: str, new: str) -> None:
    """Copy what no message says from one schema into another that has none of it yet."""
    with connection.transaction():
        connection.execute(compose.SQL("set local search_path to {}").format(compose.Identifier(new)))  # what triggers write goes with it
        for table in CARRIED:
            columns = compose.SQL(", ").join(
                compose.Identifier(name)
                for (name,) in connection.execute(
                    "select column_name from information_schema.columns where table_schema = %s and table_name = %s and is_generated = 'NEVER'"
                    " order by ordinal_position",
                    [old, table],
                ).fetchall()
            )
            names = {"to": compose.Identifier(new, table), "of": compose.Identifier(old, table), "columns": columns}
            connection.execute(compose.SQL("insert into {to} ({columns}) overriding system value select {columns} from {of}").format(**names))
            sequence = connection.execute("select column_name from information_schema.columns where table_schema = %s and table_name = %s"
                                          " and is_identity = 'YES'", [new, table]).fetchone()  # fmt: skip
            if sequence is not None:
                identity = {**names, "id": compose.Identifier(sequence[0]), "table": f'"{new}"."{table}"', "name": sequence[0]}
                connection.execute(
                    compose.SQL("select setval(pg_get_serial_sequence({table}, {name}), m) from (select max({id}) as m from {to}) x where m is not null")
                    .format(**{k: v if isinstance(v, compose.Composable) else compose.Literal(v) for k, v in identity.items()})
                )  # fmt: skip
