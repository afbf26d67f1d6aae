"""The PostgreSQL servers that tests run on, and schemas made on them."""

import os
import secrets
from pathlib import Path

import psycopg
from psycopg import sql

from tieout.store.database import Database

MORE = int(os.environ.get("TIEOUT_TEST_MORE", "1"))
"""How many times the usual number of examples the properties on the database try."""
NAMED = os.environ.get("TIEOUT_TEST_DATABASE", "")
SERVERS = ["embedded", *(["named"] if NAMED else [])]


class Server:
    """A PostgreSQL to make schemas on."""

    def __init__(self, where: str, folder: Path) -> None:
        self.where = where
        self.folder = folder

    def make(self, *, migrated: bool = True) -> Database:
        """A database in a new schema."""
        database = Database(self.where, f"t_{secrets.token_hex(5)}", self.folder)
        if migrated:
            database.open()
        elif database.embedded is not None:
            database.embedded.start()
        return database

    def hurry(self, database: Database) -> None:
        """Spare the disc: what these servers hold is gone with the run, and no test cuts the power of the machine."""
        with psycopg.connect(database.conninfo, autocommit=True) as connection:
            connection.execute("alter system set fsync = off")
            connection.execute("select pg_reload_conf()")

    def drop(self, database: Database) -> None:
        """Forget a database's schema."""
        with psycopg.connect(database.conninfo, autocommit=True) as connection:
            connection.execute("set client_min_messages to error")
            connection.execute(sql.SQL("drop schema if exists {} cascade").format(sql.Identifier(database.schema)))
        database.close()
