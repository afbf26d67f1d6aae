"""Complete lists by a mapping: what they say, when they are refused, and what they void through the real import (rule 28)."""

import gzip
import io
import json
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import permutations
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest

from tieout.connectors import Refused, System, delimited
from tieout.connectors.delimited.split import ROWS_MAX
from tieout.core.facts import Fact, Refusal, Statement
from tieout.runtime.intake import import_places
from world import World

MAPPING = """
[mapping]
system = "erp"
role = "erp"
timezone = "Europe/Berlin"
currency = "USD"

[[file]]
match = "orders*.csv*"
format = "csv"
nulls = ["-"]

[[file.fact]]
kind = "OrderBooked"
type = "sales_order"
number = "{Order}"
scope = "{Line}"
revision = { time = "Changed" }
happened = "Changed"
when = { column = "Qty", not_zero = true }

[[file.fact.line]]
subject = "{system}/sales_order/{Order}"
item = "{Item}"
quantity = "Qty"

[[file.list]]
type = "sales_order"
number = "{Order}"
as_of = { file = "orders-%Y-%m-%d.csv" }
"""
HEADER = "Order,Line,Item,Qty,Changed\n"
MONDAY = HEADER + "S1,1,A,10,2026-03-01T08:00\nS2,1,A,4,2026-03-01T09:00\n"
TUESDAY = HEADER + "s2,1,A,4,2026-03-01T09:00\nS3,1,A,1,2026-03-02T10:00\n"


def system(text: str = MAPPING) -> System:
    return delimited.system_of(text)


def statements(raw: str | bytes, origin: str = "orders-2026-03-03.csv", text: str = MAPPING) -> list[Statement]:
    found: list[Statement] = []
    for piece in delimited.split(io.BytesIO(raw if isinstance(raw, bytes) else raw.encode()), origin, system(text)):
        found += [piece.refusal] if isinstance(piece, Refused) else delimited.translate(piece, system(text))
    return found


def lists(found: list[Statement]) -> list[Fact]:
    return [each for each in found if isinstance(each, Fact) and each.kind == "Listed"]


def refusal(found: list[Statement]) -> Refusal:
    (one,) = [each for each in found if isinstance(each, Refusal) and each.rule.startswith("list/")]
    assert lists(found) == []
    return one


def test_a_file_names_its_documents_once_and_its_name_says_as_of_when() -> None:
    (listed,) = lists(statements(TUESDAY + "S3,2,B,1,2026-03-02T10:00\nS4,1,A,0,2026-03-02T10:00\n"))
    assert listed.happened == datetime(2026, 3, 2, 23, tzinfo=UTC)
    assert (listed.identity, listed.revision) == ("erp/complete_list//sales_order", "t20260302T230000000000.000000000000")
    assert listed.data == {"system": "erp", "type": "sales_order", "partner": "", "numbers": "S2\nS3\nS4"}


def test_a_column_says_as_of_when_and_the_newest_counts() -> None:
    (listed,) = lists(statements(TUESDAY, text=MAPPING.replace('{ file = "orders-%Y-%m-%d.csv" }', '"Changed"')))
    assert listed.happened == datetime(2026, 3, 2, 9, tzinfo=UTC)


def test_each_partner_has_a_list_of_its_own() -> None:
    text = MAPPING.replace('number = "{Order}"', 'number = "{Order}"\npartner = "{Item}"')
    found = lists(statements(HEADER + "S1,1,A,1,2026-03-01\nS2,1,B,1,2026-03-01\nS3,1,A,1,2026-03-01\n", text=text))
    assert [(each.partner, each.data["partner"], each.data["numbers"]) for each in found] == [("A", "A", "S1\nS3"), ("B", "B", "S2")]


def test_a_condition_says_which_rows_name_a_document() -> None:
    (listed,) = lists(statements(TUESDAY, text=MAPPING + 'when = { column = "Qty", equals = "4" }\n'))
    assert listed.data["numbers"] == "S2"


def test_a_list_of_many_rows_stays_in_one_piece() -> None:
    rows = "".join(f"S{n},1,A,1,2026-03-01\n" for n in range(ROWS_MAX * 2))
    found = list(delimited.split(io.BytesIO((HEADER + rows).encode()), "orders-2026-03-03.csv", system()))
    assert len(found) == 1
    (listed,) = lists(statements(HEADER + rows))
    assert listed.data["numbers"].count("\n") == ROWS_MAX * 2 - 1


@pytest.mark.parametrize(
    ("rows", "origin", "rule"),
    [
        ("S1,1,A,1,2026-03-01\nS2,1\n", "orders-2026-03-03.csv", "list/unread"),
        ("S1,1,A,1,2026-03-01\n-,1,A,1,2026-03-01\n", "orders-2026-03-03.csv", "list/unread"),
        ('S1,1,A,1,2026-03-01\n"S2,1,A,1,2026-03-01\n', "orders-2026-03-03.csv", "list/unread"),
        ("S1,1,A,1,2026-03-01\n", "orders.csv", "list/name"),
        ("S1,1,A,1,2026-03-01\n", "orders-2026-02-30.csv", "list/name"),
        ("\n", "orders-2026-03-03.csv", "list/empty"),
    ],
)
def test_a_list_that_may_lack_something_by_mistake_is_refused_and_the_facts_go_on(rows: str, origin: str, rule: str) -> None:
    found = statements(HEADER + rows, origin)
    told = refusal(found)
    assert (told.rule, told.source.place) == (rule, "list of sales_order")
    assert told.next_step
    assert [each.number for each in found if isinstance(each, Fact)] == (["S1"] if "S1" in rows else [])


def test_an_unreadable_quantity_does_not_hide_that_the_document_is_there() -> None:
    (listed,) = lists(statements(HEADER + "S1,1,A,many,2026-03-01\n"))
    assert listed.data["numbers"] == "S1"


def test_a_file_too_long_for_one_message_is_read_as_facts_only() -> None:
    rows = "".join(f"S{n},1,{'A' * 250},0,2026-03-01\n" for n in range(64_000))
    found = statements(HEADER + rows)
    assert {each.rule for each in found if isinstance(each, Refusal)} == {"list/cut"}
    assert lists(found) == []


def test_a_document_that_was_cut_before_the_list_was_declared_does_not_state_it() -> None:
    before = system(MAPPING[: MAPPING.index("[[file.list]]")])
    (piece,) = delimited.split(io.BytesIO(MONDAY.encode()), "orders-2026-03-03.csv", before)
    assert not isinstance(piece, Refused)
    assert refusal(list(delimited.translate(piece, system()))).rule == "list/cut"


def test_a_packed_file_keeps_the_time_in_its_name_and_parquet_can_list_too() -> None:
    (listed,) = lists(statements(TUESDAY, "in/day.zip!orders-2026-03-03.csv"))
    assert listed.happened == datetime(2026, 3, 2, 23, tzinfo=UTC)
    file = io.BytesIO()
    table = {"Order": ["S2", "S3"], "Line": ["1", "1"], "Item": ["A", "A"], "Qty": ["4", "1"], "Changed": ["2026-03-01", "2026-03-02"]}
    pyarrow.parquet.write_table(pyarrow.table(table), file)
    text = MAPPING.replace("orders*.csv*", "orders*.parquet").replace('"csv"', '"parquet"').replace("%d.csv", "%d.parquet")
    (listed,) = lists(statements(file.getvalue(), "orders-2026-03-03.parquet", text))
    assert listed.data["numbers"] == "S2\nS3"


# Through the import ------------------------------------------------------------------------------------------------------


def take(world: World, folder: Path, name: str, rows: str) -> None:
    path = folder / name
    path.write_bytes(gzip.compress(rows.encode()) if name.endswith(".gz") else rows.encode())
    import_places(world.connection, world.configuration, world.systems["erp"], [str(path)])


def test_what_a_newer_list_lacks_is_void_in_any_order_of_arrival(world_of: Callable[..., World], tmp_path: Path) -> None:
    days = (("orders-2026-03-02.csv", MONDAY), ("orders-2026-03-03.csv.gz", TUESDAY))
    hashes = set()
    for arranged in permutations(days):
        world = world_of(systems={"erp": system()})
        for name, rows in arranged:
            take(world, tmp_path, name, rows)
        assert world.of("TBK") == {"erp/sales_order/S2 A EA": -4, "erp/sales_order/S3 A EA": -1}
        assert world.quarantine() == []
        hashes.add(world.hash())
    assert len(hashes) == 1


def test_what_is_listed_again_counts_again_and_the_same_rows_of_another_day_are_another_list(
    world_of: Callable[..., World], tmp_path: Path
) -> None:
    world = world_of(systems={"erp": system()})
    take(world, tmp_path, "orders-2026-03-02.csv", MONDAY)
    take(world, tmp_path, "orders-2026-03-03.csv", TUESDAY)
    assert "erp/sales_order/S1 A EA" not in world.of("TBK")
    take(world, tmp_path, "orders-2026-03-04.csv", MONDAY)
    assert world.of("TBK") == {"erp/sales_order/S1 A EA": -10, "erp/sales_order/S2 A EA": -4}
    take(world, tmp_path, "orders-2027-03-04.csv", TUESDAY)
    assert world.of("TBK") == {"erp/sales_order/S2 A EA": -4, "erp/sales_order/S3 A EA": -1}
    assert world.quarantine() == []


def test_a_list_that_is_refused_voids_nothing_and_is_in_quarantine(world_of: Callable[..., World], tmp_path: Path) -> None:
    world = world_of(systems={"erp": system()})
    take(world, tmp_path, "orders-2026-03-02.csv", MONDAY)
    take(world, tmp_path, "orders-2026-03-03.csv", TUESDAY + "broken\n")
    assert world.of("TBK") == {"erp/sales_order/S1 A EA": -10, "erp/sales_order/S2 A EA": -4, "erp/sales_order/S3 A EA": -1}
    assert {rule for rule, _ in world.quarantine()} == {"list/unread", "delimited/columns"}


def test_a_dry_run_shows_the_list_and_what_it_would_do(tmp_path: Path) -> None:
    (tmp_path / "erp.toml").write_text(MAPPING)
    (tmp_path / "orders-2026-03-03.csv").write_text(TUESDAY)
    words = [sys.executable, "-m", "tieout", "import", "orders-2026-03-03.csv", "--mapping", "erp.toml", "--dry-run"]
    shown = subprocess.run(words, capture_output=True, text=True, cwd=tmp_path, check=True).stdout
    said = "Complete list: 2 documents erp/sales_order as of 2026-03-02T23:00:00+00:00. Whatever it lacks and happened before would be void."
    assert said in " ".join(shown.split())
    answer = json.loads(subprocess.run([*words, "--json"], capture_output=True, text=True, cwd=tmp_path, check=True).stdout)
    assert answer["facts"] == {"Listed": 1, "OrderBooked": 2}
    assert answer["lists"] == [{"system": "erp", "type": "sales_order", "partner": "", "as_of": "2026-03-02T23:00:00Z", "documents": 2}]
    assert [fact["kind"] for fact in answer["first_facts"]] == ["OrderBooked", "OrderBooked"]
