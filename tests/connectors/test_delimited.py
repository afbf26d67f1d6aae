"""Files to facts by a mapping, as its user meets it: what is stated, what is refused, and where a file is cut."""

import io
import sys
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import msgspec
import pyarrow
import pyarrow.parquet
from hypothesis import given
from hypothesis import strategies as st

from tieout.connectors import Document, Refused, System, delimited
from tieout.connectors.delimited.split import ROWS_MAX
from tieout.core.facts import Fact, Line, Refusal
from tieout.core.values import Role, SourceRef

FIXTURES = Path(delimited.__file__).parent / "fixtures"

SMALL = """
[mapping]
system = "erp"
role = "erp"

[[file]]
match = "orders*.csv"
format = "csv"

[[file.fact]]
kind = "OrderBooked"
type = "sales_order"
number = "{Order}"
scope = "{Line}"
revision = "arrival"
happened = "Day"

[[file.fact.line]]
subject = "{system}/sales_order/{Order}"
order_line = "{Line}"
quantity = "Qty"
value = "Qty * Price"
"""
HEADER = b"Order,Line,Day,Qty,Price\n"


def system(text=SMALL):
    return delimited.system_of(text)


def statements(raw, origin="orders.csv", text=SMALL):
    found = []
    for piece in delimited.split(io.BytesIO(raw), origin, system(text)):
        found += [piece.refusal] if isinstance(piece, Refused) else delimited.translate(piece, system(text))
    return found


def facts(*args, **kwargs):
    found = statements(*args, **kwargs)
    assert [each for each in found if isinstance(each, Refusal)] == []
    return found


def refusal(*args, **kwargs):
    (found,) = [each for each in statements(*args, **kwargs) if isinstance(each, Refusal)]
    return found


def fixture(name):
    return (FIXTURES / name).read_bytes()


def depot():
    return (FIXTURES / "mapping.toml").read_text(encoding="utf-8")


# What rows state


def test_a_row_becomes_a_fact_with_its_line_and_place():
    assert facts(HEADER + b"4711,1,2024-03-01,10,2.50\n") == [
        Fact(
            kind="OrderBooked",
            system="erp",
            type="sales_order",
            number="4711",
            scope="1",
            happened=datetime(2024, 3, 1, tzinfo=UTC),
            day=True,
            revision="@arrival",
            currency="USD",
            lines=(
                Line(
                    line="1",
                    subject="erp/sales_order/4711",
                    order_line="1",
                    quantity=Decimal(10),
                    unit="EA",
                    value=Decimal(25),
                ),
            ),
            source=SourceRef("orders.csv", line=2, byte=25),
        )
    ]


def test_fixture_with_everything_in_it_states_what_a_reader_would():
    first, second, unreadable, cancelled, short = statements(fixture("shipments/input.csv"), "shipments.csv", depot())
    assert first == Fact(
        kind="Shipped",
        system="depot",
        type="shipment",
        number="S-1",
        scope="1",
        happened=datetime(2024, 3, 31, 0, 30, tzinfo=UTC),
        revision="n000000000001",
        currency="EUR",
        lines=(
            Line(
                line="1",
                subject="erp/sales_order/4711",
                item="A-100",
                order_line="1",
                quantity=Decimal(1200),
                value=Decimal(300),
                due=datetime(2024, 4, 2, 22, tzinfo=UTC),
            ),
        ),
        customer="Müller",
        warehouse="BER",
        parcels=("00340434",),
        links=(("depot/shipment/S-1", "erp/sales_order/4711"),),
        source=SourceRef("shipments.csv", line=2, byte=105),
    )
    line = second.lines[0]
    assert (line.quantity, line.unit, line.value, line.due) == (Decimal(8), "CA", None, None)
    assert second.happened == datetime(2024, 3, 31, 12, 5, tzinfo=UTC)
    assert (cancelled.void, cancelled.customer, cancelled.revision) == (True, "Schmidt; Söhne", "n000000000002")
    assert unreadable == Refusal(
        SourceRef("shipments.csv", line=4, byte=263, place="Picked"),
        "mapping/number",
        "'many' is not a number.",
        "Correct the row, or see `decimal` and `thousands`.",
    )
    assert (short.source.line, short.rule) == (6, "delimited/columns")
    assert short.reason == "The row has 7 cells, the file 15 columns; it starts 'S-4'."


def test_rule_5_rows_without_number_are_told_apart_by_content_and_occurrence():
    found = facts(fixture("stock/input.txt"), "stock.txt", depot())
    assert [(fact.source.line, fact.number[-2:], fact.revision) for fact in found] == [
        (1, "-1", ""),
        (2, "-2", ""),
        (5, "-3", ""),
    ]
    assert len({fact.number[:-2] for fact in found}) == 1


def test_occurrences_are_counted_over_the_whole_file_and_not_per_document():
    raw = b"A-100     BER        520240402\n" * (ROWS_MAX + 3)
    pieces = list(delimited.split(io.BytesIO(raw), "stock.txt", system(depot())))
    assert len(pieces) == 2
    assert len({piece.key for piece in pieces}) == 2
    numbers = [fact.number for piece in pieces for fact in delimited.translate(piece, system(depot()))]
    assert [int(text.rpartition("-")[2]) for text in numbers] == list(range(1, ROWS_MAX + 4))


def test_one_row_may_state_several_facts_and_an_unreadable_one_costs_only_itself():
    text = (
        SMALL
        + """
[[file.fact]]
kind = "Allocated"
type = "allocation"
number = "{Order}"
scope = "{Line}"
revision = "arrival"
happened = "Day"
[[file.fact.line]]
subject = "{system}/sales_order/{Order}"
quantity = "Qty"
"""
    )
    first, second = statements(HEADER + b"1,1,2024-03-01,2,x\n", text=text)
    assert (first.source, first.reason) == (SourceRef("orders.csv", 2, 25, "Price"), "'x' is not a number.")
    assert (second.kind, second.lines[0].quantity) == ("Allocated", Decimal(2))


def test_the_same_refusal_is_said_once_per_row():
    text = SMALL + SMALL[SMALL.index("[[file.fact]]") :].replace("OrderBooked", "Allocated").replace(
        'sales_order"\nnumber', 'allocation"\nnumber'
    )
    assert [each.reason for each in statements(HEADER + b"1,1,never,2,3\n", text=text)] == ["'never' is not a time as ISO 8601."]


def test_read_to_trusts_the_cells_before_a_broken_quote():
    text = SMALL.replace('format = "csv"', 'format = "csv"\nread_to = "Price"')
    raw = b"Order,Line,Day,Qty,Price,Address\n1,1,2024-03-01,2,3,Main St, 5\n2,1,2024-03-01,2,3,Main St\n3,1,2024-03-01\n"
    found = statements(raw, text=text)
    assert [fact.number for fact in found[:2]] == ["1", "2"]
    assert found[2].reason == "The row has 3 cells, the file 5 columns; it starts '3'."


def test_columns_may_rename_a_header():
    text = SMALL.replace('format = "csv"', 'format = "csv"\nheader = true\ncolumns = ["Order", "Line", "Day", "Qty", "Price"]')
    (fact,) = facts(b"Auftrag,Pos,Datum,Menge,Preis\n1,1,2024-03-01,2,3\n", text=text)
    assert (fact.number, fact.source.line) == ("1", 2)
    assert refusal(b"Auftrag,Pos\n1,1\n", text=text).reason == "The header has 2 columns, the mapping names 5."


def test_file_name_can_be_part_of_an_identity_and_then_of_the_key():
    text = SMALL.replace('scope = "{Line}"', 'scope = "{file}"')
    raw = HEADER + b"1,1,2024-03-01,2,3\n"
    assert facts(raw, "in/orders-b.csv", text)[0].scope == "ORDERS-B.CSV"
    keys = [next(iter(delimited.split(io.BytesIO(raw), name, system(text)))).key for name in ("orders-a.csv", "orders-b.csv")]
    assert keys[0] != keys[1]


def test_empty_value_is_none_and_empty_quantity_is_refused():
    (fact,) = facts(HEADER + b"1,1,2024-03-01,2,\n")
    assert (fact.lines[0].quantity, fact.lines[0].value) == (Decimal(2), None)
    found = refusal(HEADER + b"1,1,2024-03-01,,3\n")
    assert (found.rule, found.source.place, found.reason) == ("mapping/empty", "Qty", "Qty is empty.")


def test_parquet_states_the_same_facts_as_csv(tmp_path):
    table = pyarrow.table(
        {
            "Order": ["1", "2"],
            "Line": [1, 1],
            "Day": pyarrow.array([19783, 19784], pyarrow.date32()),
            "Qty": [2, 5],
            "Price": pyarrow.array([Decimal("2.5000"), None], pyarrow.decimal128(19, 4)),
        }
    )
    buffer = io.BytesIO()
    pyarrow.parquet.write_table(table, buffer)
    text = SMALL.replace('match = "orders*.csv"\nformat = "csv"', 'match = "*.parquet"\nformat = "parquet"')
    found = facts(buffer.getvalue(), "orders.parquet", text)
    rows = facts(HEADER + b"1,1,2024-03-01,2,2.5000\n2,1,2024-03-02,5,\n")
    assert [msgspec.structs.replace(fact, source=None) for fact in found] == [msgspec.structs.replace(fact, source=None) for fact in rows]
    assert [str(fact.source) for fact in found] == ["orders.parquet, row 1", "orders.parquet, row 2"]
    assert refusal(b"no parquet", "orders.parquet", text).rule == "parquet/unreadable"


def test_parquet_row_with_a_nul_character_is_refused_alone():
    buffer = io.BytesIO()
    columns = {"Order": ["1\x00", "2"], "Line": [1, 1], "Day": ["2024-03-01"] * 2, "Qty": [2, 5], "Price": [1, 1]}
    pyarrow.parquet.write_table(pyarrow.table(columns), buffer)
    text = SMALL.replace('match = "orders*.csv"\nformat = "csv"', 'match = "*.parquet"\nformat = "parquet"')
    refused, fact = statements(buffer.getvalue(), "orders.parquet", text)
    assert (refused.rule, str(refused.source)) == ("parquet/control-character", "orders.parquet, row 1")
    assert fact.number == "2"


# Cutting


def many(count):
    return HEADER + b"".join(b"%d,1,2024-03-01,2,3\n" % number for number in range(count))


def test_documents_are_cut_at_the_same_rows_every_time_and_keep_every_byte():
    raw = b"\xef\xbb\xbf" + many(4500)
    first = list(delimited.split(io.BytesIO(raw), "orders.csv", system()))
    assert first == list(delimited.split(io.BytesIO(raw), "orders.csv", system()))
    assert [piece.line for piece in first] == [2, 2002, 4002]
    assert b"".join(piece.raw for piece in first) == raw[3 + len(HEADER) :]
    assert [raw[piece.byte : piece.byte + 4] for piece in first] == [piece.raw[:4] for piece in first]
    assert [piece.contract for piece in first] == ["delimited/orders*.csv"] * 3
    assert facts(raw)[4499].source == SourceRef("orders.csv", 4501, raw.rindex(b"4499,"))


def test_a_file_that_grew_meets_its_old_documents_again():
    before = list(delimited.split(io.BytesIO(many(2500)), "orders.csv", system()))
    after = list(delimited.split(io.BytesIO(many(4000)), "orders.csv", system()))
    assert before[0] == after[0]
    assert before[1].key != after[1].key


def test_rows_under_another_header_are_another_message():
    raw, other = many(3), many(3).replace(b"Qty,Price", b"Price,Qty")
    keys = {next(iter(delimited.split(io.BytesIO(each), "orders.csv", system()))).key for each in (raw, other)}
    assert len(keys) == 2


def test_line_too_long_is_refused_with_its_place_and_the_rest_is_read():
    long = b"9" * (2 * 1024 * 1024)
    raw = HEADER + b"1,1,2024-03-01,2,3\n" + long + b"\n2,1,2024-03-01,2,3\n"
    pieces = list(delimited.split(io.BytesIO(raw), "orders.csv", system()))
    assert [type(piece).__name__ for piece in pieces] == ["Document", "Refused", "Document"]
    assert (pieces[1].refusal.rule, pieces[1].refusal.source.line) == ("delimited/line-too-long", 3)
    assert len(pieces[1].document.raw) == 4096
    assert (pieces[2].line, pieces[2].byte) == (4, raw.index(b"2,1,"))


def test_file_that_no_entry_fits_is_refused_with_the_patterns_there_are():
    found = refusal(b"x", "stock/other.doc", depot())
    assert found.rule == "mapping/no-file-entry"
    assert found.reason == ("'other.doc' matches no [[file]] entry of the mapping; there are *.csv, *.txt.")


def test_missing_column_refuses_the_file_once():
    found = refusal(b"Order,Line,Day,Qty\n" + b"1,1,2024-03-01,2\n" * 5)
    assert (found.rule, found.reason) == (
        "mapping/missing-column",
        "The file has no column 'Price'; it has Order, Line, Day, Qty.",
    )


def test_ambiguous_header_is_refused():
    assert refusal(b"Order,Line,Day,Qty,Price,Qty\n").reason == "The header has two columns 'Qty'."


def test_empty_file_states_nothing():
    assert statements(b"") == []
    assert statements(HEADER) == []


def test_parquet_beyond_the_largest_document_is_refused(monkeypatch):
    monkeypatch.setattr(sys.modules[delimited.split.__module__], "DOCUMENT_MAX", 10)
    text = SMALL.replace('match = "orders*.csv"\nformat = "csv"', 'match = "*.parquet"\nformat = "parquet"')
    assert refusal(b"x" * 11, "orders.parquet", text).rule == "parquet/too-large"


@given(st.binary(max_size=400), st.sampled_from(["orders.csv", "a.txt", "a.parquet"]))
def test_no_bytes_crash_it(raw, name):
    text = (
        depot()
        + SMALL[SMALL.index("[[file]]") :]
        + SMALL[SMALL.index("[[file]]") :].replace('match = "orders*.csv"\nformat = "csv"', 'match = "*.parquet"\nformat = "parquet"')
    )
    for each in statements(raw, name, text) + statements(HEADER + raw, name, text):
        assert isinstance(each, Fact | Refusal)
        msgspec.json.encode(each)


@given(st.lists(st.sampled_from([b"1", b"A-1", b",", b"2024-03-01", b"9" * 30, b"-", b"\n", b'"', b"1e99", b"0001-01-01", b"9999-12-31"])))
def test_no_row_crashes_it(pieces):
    for each in statements(HEADER + b"".join(pieces)):
        assert isinstance(each, Fact | Refusal)


def test_settings_give_name_and_entity_and_the_mapping_zone_and_currency():
    given = System("depot2", "delimited", Role.WMS, "UTC", "USD", entity="DE01", options={"mapping": depot()})
    (piece,) = delimited.split(io.BytesIO(fixture("shipments/input.csv")), "shipments.csv", given)
    first = next(iter(delimited.translate(piece, given)))
    assert (first.system, first.currency, first.entity) == ("depot2", "EUR", "DE01")
    assert first.happened == datetime(2024, 3, 31, 0, 30, tzinfo=UTC)


def test_document_that_was_not_cut_here_is_refused_and_not_a_crash():
    found = list(delimited.translate(Document(b"1,2,3\n", "orders.csv"), system()))
    assert [each.rule for each in found] == ["mapping/missing-column"]
    found = list(delimited.translate(Document(b"1,2,3\n", "else.csv"), system()))
    assert [each.rule for each in found] == ["mapping/no-file-entry"]


def test_preview_shows_the_first_and_counts_all():
    raw = fixture("shipments/input.csv")
    found = delimited.preview(io.BytesIO(raw), "shipments.csv", system(depot()), limit=1)
    assert (found.documents, len(found.facts), len(found.refusals)) == (1, 1, 1)
    assert found.facts_by_kind == {"Shipped": 3}
    assert found.refusals_by_rule == {"mapping/number": 1, "delimited/columns": 1}
