"""What goes to the server by our own encoding: long arrays, and COPY while the caller computes."""

import psycopg
import pytest

from tieout.store.arrays import sent
from tieout.store.database import Database, Sending, copy_rows
from tieout.store.rows import wake_row


@pytest.mark.parametrize("value", [["a", "", 'b"{,}\\', "ü\n"], ["x", None, "y"], [b"\x00\xff", b""], [1, 2]])
def test_a_list_arrives_as_it_was_sent(database: Database, value: list[object]) -> None:
    with database.session() as connection:
        row = connection.execute("select %s", [sent(value)]).fetchone()
    assert row is not None
    assert row[0] == value


def test_rows_are_stored_while_the_block_computes(database: Database) -> None:
    many = [wake_row(b"erp", n, b"root/%d" % n) for n in range(50_000)]
    with database.session() as connection:
        with connection.transaction(), Sending(connection, [("wake", many), ("wake", []), ("wake", many[:7])]) as sending:
            for _ in range(20):
                sending.push()
        assert connection.execute("select count(*), count(distinct root) from wake").fetchone() == (50_007, 50_000)


def test_an_error_in_the_block_stores_nothing_and_leaves_the_session_usable(database: Database) -> None:
    with database.session() as connection:
        with pytest.raises(ZeroDivisionError), connection.transaction(), Sending(connection, [("wake", [wake_row(b"f", 1, b"r")])]):
            _ = 1 / 0
        assert connection.execute("select count(*) from wake").fetchone() == (0,)
        with pytest.raises(psycopg.Error), connection.transaction():
            copy_rows(connection, "wake", [b"\x00\x01broken"])
        assert connection.execute("select 1").fetchone() == (1,)
