"""Control numbers on a real database: no gap, no number twice, whoever fails or comes at the same time; and the same bytes again."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from tieout.connectors import Address, Numbers, System
from tieout.connectors.x12 import send
from tieout.core.command import Act, Command, Rejected
from tieout.core.facts import Line
from tieout.core.values import Decimal, Role, Side, ref
from tieout.runtime.numbers import Outgoing, numbered, outgoing, written
from tieout.store.database import Database

NOW = datetime(2025, 6, 10, 13, 5, tzinfo=UTC)
EDI = System(
    "edi", "x12", Role.PARTNER, options={"identifiers": ["ZZ:US"], "partners": {"BIGBOX": {}, "HOMEHUB": {"first_control_number": 700}}}
)


def answer(number: int, partner: str = "BIGBOX", **more: object) -> Command:
    order = ref("edi", "order", f"{partner}:PO-{number}")
    line = Line("1", order, "KETTLE", "1", Decimal(2), "EA", Decimal(50))
    data = {"order_date": "2025-06-09", "sales_order": f"SO-{number}"} | more
    return Command(Act.ACKNOWLEDGE_ORDER, "edi", "TBK", Side.DEBIT, order, 1, (line,), currency="USD", data=data)  # type: ignore[arg-type]


def sent(connection: psycopg.Connection, command: Command, now: datetime = NOW) -> Outgoing:
    made = written(connection, send, command, EDI, now)
    assert isinstance(made, Outgoing), made
    return made


def numbers(database: Database, receiver: str = "ZZ:BIGBOX") -> list[int]:
    with database.session() as connection:
        rows = connection.execute("select interchange from outgoing where receiver = %s order by 1", [receiver]).fetchall()
    return [number for (number,) in rows]


def test_documents_for_a_partner_are_numbered_from_one_or_from_where_another_program_stopped(database: Database) -> None:
    with database.session() as connection:
        made = [sent(connection, answer(n)) for n in (1, 2)] + [sent(connection, answer(n, "HOMEHUB")) for n in (1, 2)]
    assert [(one.receiver, one.interchange, one.group, one.set) for one in made] == [
        ("ZZ:BIGBOX", 1, 1, 1), ("ZZ:BIGBOX", 2, 2, 2), ("ZZ:HOMEHUB", 700, 700, 700), ("ZZ:HOMEHUB", 701, 701, 701),
    ]  # fmt: skip
    assert [one.raw.split(b"*")[13] for one in made] == [b"000000001", b"000000002", b"000000700", b"000000701"]
    assert made[0].file == "ZZ%3AUS_ZZ%3ABIGBOX_000000001.edi"


def test_the_same_command_is_written_once_and_sent_again_byte_for_byte(database: Database) -> None:
    with database.session() as connection:
        first = sent(connection, answer(1))
        sent(connection, answer(2))
        again = sent(connection, answer(1, line="changed since"), NOW + timedelta(days=3))
        assert again == first == outgoing(connection, answer(1).key)
        assert numbered(connection, "ZZ:US", "ZZ:BIGBOX", 1) == [first]
        assert numbered(connection, "ZZ:US", "ZZ:BIGBOX", 3) == []
    assert numbers(database) == [1, 2]


def test_what_cannot_be_written_takes_no_number(database: Database) -> None:
    with database.session() as connection:
        assert isinstance(written(connection, send, answer(1, order_date="soon"), EDI, NOW), Rejected)
        assert isinstance(written(connection, send, answer(1, "NOBODY"), EDI, NOW), Rejected)
        assert connection.execute("select count(*) from control_number").fetchone() == (0,)
        assert sent(connection, answer(2)).interchange == 1


def test_a_transaction_that_fails_gives_its_number_back(database: Database) -> None:
    with database.session() as connection:
        with pytest.raises(ZeroDivisionError), connection.transaction():
            assert sent(connection, answer(1)).interchange == 1
            _ = 1 / 0
        with connection.transaction():
            assert sent(connection, answer(2)).interchange == 1
            assert isinstance(written(connection, send, answer(3, order_date="soon"), EDI, NOW), Rejected)
            assert sent(connection, answer(4)).interchange == 2
    assert numbers(database) == [1, 2]


def waits_for_a_lock(database: Database, pid: int) -> None:
    """Return once that session waits for another one's lock."""
    with psycopg.connect(database.conninfo, autocommit=True) as watch:
        for _ in range(200_000):
            if watch.execute("select cardinality(pg_blocking_pids(%s)) > 0", [pid]).fetchone() == (True,):
                return
    raise AssertionError(f"session {pid} waits for nobody")


@pytest.mark.parametrize("commits", [True, False])
@pytest.mark.parametrize("same", [True, False])
def test_a_second_writer_waits_for_the_first_and_takes_the_number_it_leaves(database: Database, commits: bool, same: bool) -> None:
    found: list[Outgoing] = []
    other = answer(1 if same else 2)
    with database.session() as one, database.session() as two:
        second = threading.Thread(target=lambda: found.append(sent(two, other)))
        with one.transaction() as mine:
            first = sent(one, answer(1))
            second.start()
            waits_for_a_lock(database, two.info.backend_pid)
            if not commits:
                raise psycopg.Rollback(mine)
        second.join()
    if commits and same:
        assert found == [first]
    else:
        assert [one.interchange for one in found] == [2 if commits else 1]
    assert numbers(database) == ([1, 2] if commits and not same else [1])


def test_two_writers_at_once_leave_no_gap_although_some_of_them_fail(database: Database) -> None:
    """Every third document cannot be written, every fifth transaction is rolled back: what is kept counts 1, 2, 3, …"""
    failed: list[BaseException] = []

    def write(first: int) -> None:
        try:
            with database.session() as connection:
                for n in range(first, 120, 2):
                    with connection.transaction() as whole:
                        bad = {"order_date": "soon"} if n % 3 == 0 else {}
                        made = written(connection, send, answer(n, **bad), EDI, NOW)
                        assert isinstance(made, Rejected if bad else Outgoing)
                        if n % 5 == 0:
                            raise psycopg.Rollback(whole)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=write, args=(first,)) for first in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    kept = sum(1 for n in range(120) if n % 3 and n % 5)
    assert numbers(database) == list(range(1, kept + 1))


def test_after_the_largest_number_comes_one_again_and_both_documents_are_kept(database: Database) -> None:
    with database.session() as connection:
        first = sent(connection, answer(1))
        connection.execute("update control_number set interchange = 999999998, group_ = 999999999, set_ = 5")
        assert [(one.interchange, one.group, one.set) for one in (sent(connection, answer(2)), sent(connection, answer(3)))] == [
            (999999999, 1, 6), (1, 2, 7),
        ]  # fmt: skip
        assert [one.command for one in numbered(connection, "ZZ:US", "ZZ:BIGBOX", 1)] == [first.command, answer(3).key]


@pytest.mark.parametrize("session", [lambda database: database.session(), lambda database: database.owner()], ids=["application", "owner"])
def test_nobody_changes_what_was_sent(database: Database, session: Callable[[Database], object]) -> None:
    with database.session() as connection:
        sent(connection, answer(1))
    for statement in ("delete from outgoing", "update outgoing set raw = ''", "truncate outgoing"):
        with session(database) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):  # type: ignore[attr-defined]
            connection.execute(f"set search_path to {database.schema}")
            connection.execute(statement)


def test_a_writer_that_breaks_leaves_the_session_usable(database: Database) -> None:
    class Broken:
        def address(self, command: Command, system: System) -> Address | Rejected:
            return Address("A", "B")

        def document(self, command: Command, system: System, numbers: Numbers) -> bytes | Rejected:
            raise RuntimeError(f"number {numbers.interchange} is lost?")

    with database.session() as connection:
        with pytest.raises(RuntimeError, match="number 1 is lost"):
            written(connection, Broken(), answer(1), EDI, NOW)
        assert connection.execute("select count(*) from control_number").fetchone() == (0,)
