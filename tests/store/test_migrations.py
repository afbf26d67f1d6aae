"""Migrations: safe twice and together, refused on what they do not know; and what the schema itself enforces."""

import threading
from collections.abc import Callable

import psycopg
import pytest

from servers import Server
from tieout.errors import StoreError
from tieout.store import migrate as module
from tieout.store.database import Database
from tieout.store.migrate import LEDGER, migrate, migrations
from world import World, line, say


def owner(database: Database) -> psycopg.Connection:
    connection = psycopg.connect(database.conninfo, autocommit=True)
    connection.execute(f"set search_path to {database.schema}")
    return connection


def test_a_second_run_applies_nothing(database: Database) -> None:
    with owner(database) as connection:
        assert migrate(connection, database.schema) == []
        rows = connection.execute("select number, name from migration order by 1").fetchall()
    assert rows == [(number, name) for number, name, _ in migrations()]


def test_every_step_from_an_empty_schema_leads_to_the_newest(server: Server) -> None:
    database = server.make(migrated=False)
    try:
        with psycopg.connect(database.conninfo, autocommit=True) as connection:
            for number, name, _ in migrations():
                assert migrate(connection, database.schema, until=number) == [f"{number:04d}_{name}"]
            assert migrate(connection, database.schema) == []
    finally:
        server.drop(database)


def test_two_processes_migrate_at_once(server: Server) -> None:
    database = server.make(migrated=False)
    applied: list[list[str]] = []

    def run() -> None:
        with psycopg.connect(database.conninfo, autocommit=True) as connection:
            applied.append(migrate(connection, database.schema))

    try:
        threads = [threading.Thread(target=run) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(applied) == [[], [], [], [f"{n:04d}_{name}" for n, name, _ in migrations()]]
    finally:
        server.drop(database)


def test_a_newer_schema_is_refused_and_left_alone(database: Database) -> None:
    with owner(database) as connection:
        connection.execute("insert into migration (number, name, hash) values (9000, 'future', 'x')")
        with pytest.raises(StoreError, match=r"is at version 9000, this Tieout knows up to \d+"):
            migrate(connection, database.schema)
    with pytest.raises(StoreError, match="Install the newer Tieout"):
        database.open()


def test_an_altered_migration_is_refused(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    shipped = migrations()
    monkeypatch.setattr(module, "migrations", lambda: [(n, name, text + "\n-- altered") for n, name, text in shipped])
    with owner(database) as connection, pytest.raises(StoreError, match="is not the one this Tieout ships"):
        migrate(connection, database.schema)


def test_a_migration_that_fails_leaves_nothing(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    database = server.make(migrated=False)
    shipped = migrations()
    monkeypatch.setattr(module, "migrations", lambda: [*shipped, (9999, "broken", "create table half (a int); select 1/0")])
    try:
        with psycopg.connect(database.conninfo, autocommit=True) as connection:
            with pytest.raises(psycopg.errors.DivisionByZero):
                migrate(connection, database.schema)
            found = connection.execute("select count(*) from pg_tables where schemaname = %s", [database.schema]).fetchone()
        assert found == (0,)
    finally:
        server.drop(database)


def test_an_older_server_than_15_is_refused() -> None:
    class Info:
        server_version = 140011

    class Old:
        info = Info()

    with pytest.raises(StoreError, match="PostgreSQL 14 is too old"):
        migrate(Old(), "x")  # type: ignore[arg-type]


CHANGE = {
    "batch": "seq = 0", "outgoing": "set_ = 0", "command_event": "who = 'nobody'", "action": "who = 'nobody'", "action_seal": "actions = 0",
    "work_event": "who = 'nobody'", "work_file": "who = 'nobody'", "work_consent": "who = 'nobody'",
    "work_file_removed": "who = 'nobody'", "work_decertified": "why = ''",
}  # fmt: skip
"""What to change in a table that has no column `batch` of its own."""


@pytest.mark.parametrize("table", LEDGER)
def test_the_application_role_may_only_add_to_the_ledger(world: World, table: str) -> None:
    world.apply([say("OrderPlaced", "shop", "1", 0, [line(1, "shop/order/1", "A", 1, 1)])])
    for statement in (
        f"delete from {table}",
        f"truncate {table}",
        f"update {table} set {CHANGE.get(table, 'batch = 0')}",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            world.connection.execute(statement)


@pytest.mark.parametrize("table", LEDGER)
def test_the_owner_is_stopped_by_a_trigger(world: World, table: str) -> None:
    world.apply([say("OrderPlaced", "shop", "1", 0, [line(1, "shop/order/1", "A", 1, 1)])])
    with owner(world.database) as connection:
        for statement in (
            f"delete from {table}",
            f"truncate {table}",
            f"update {table} set {CHANGE.get(table, 'batch = 0')}",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege, match=f"the table {table} is append-only"):
                connection.execute(statement)


def test_the_application_role_cannot_alter_the_schema(world: World) -> None:
    for statement in (
        "drop table posting",
        "alter table fact disable trigger all",
        "create table t (a int)",
        "delete from migration",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            world.connection.execute(statement)


def test_rule_29_is_a_constraint_of_the_batch_table(world: World) -> None:
    with pytest.raises(psycopg.errors.CheckViolation):
        world.connection.execute("insert into batch values (1, 1, now(), 'x', 3, 1, 0, 0, 0, 0, 1, 0, 0, 0, '{}', '', '')")


def test_an_unreachable_database_is_one_sentence_with_a_next_step(tmp_path_factory: pytest.TempPathFactory) -> None:
    database = Database(f"postgresql://nobody@/x?host={tmp_path_factory.mktemp('nowhere')}", "s", tmp_path_factory.mktemp("f"))
    with pytest.raises(StoreError, match=r"The database cannot be reached: .*Check `database` in tieout.toml"):
        database.open()
    with pytest.raises(StoreError, match="is not a connection string"):
        Database("mysql:=//x y", "s", tmp_path_factory.mktemp("g")).open()


def test_worlds_of_one_server_share_nothing(world_of: Callable[..., World]) -> None:
    one, other = world_of(), world_of()
    one.apply([say("OrderPlaced", "shop", "1", 0, [line(1, "shop/order/1", "A", 1, 1)])])
    assert one.net()
    assert other.net() == {}


def test_every_migration_has_a_number_of_its_own() -> None:
    numbers = [number for number, _, _ in migrations()]
    assert numbers == list(range(1, len(numbers) + 1))
