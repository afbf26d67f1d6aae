"""What a wrong mapping says, and that schema, examples and the how-to agree with what is read."""

import io
import json
import re
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tieout.connectors import System, delimited
from tieout.connectors.delimited import mapping as structs
from tieout.connectors.delimited.check import parse
from tieout.connectors.delimited.mapping import Mapping
from tieout.core.facts.kinds import KINDS
from tieout.core.values import Role
from tieout.errors import SettingsError

ROOT = Path(__file__).parents[2]
FOLDER = Path(delimited.__file__).parent

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


def depot():
    return (FOLDER / "fixtures/mapping.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            'match = "orders*.csv"',
            'macth = "orders*.csv"',
            "erp.toml: file: macth: there is no such key. Did you mean 'match'?",
        ),
        (
            'quantity = "Qty"',
            'quantiy = "Qty"',
            "file: fact: line: quantiy: there is no such key. Did you mean 'quantity'?",
        ),
        (
            'kind = "OrderBooked"',
            'kind = "OrderBoked"',
            "fact 1 (OrderBoked): kind: there is no fact type 'OrderBoked'. Did you mean 'OrderBooked'?",
        ),
        ('kind = "OrderBooked"', 'kind = "WrittenOff"', "a mapping cannot state WrittenOff"),
        ('revision = "arrival"\n', "", "fact 1 (OrderBooked): revision: say what makes a version the later one"),
        ('revision = "arrival"', "revision = {}", "revision: give one of `number` and `time`"),
        ('revision = "arrival"', 'revision = "newest"', "file 1: fact 1: revision:"),
        ('role = "erp"', 'role = "boss"', "mapping: role: Invalid enum value 'boss'"),
        ('role = "erp"', 'role = "erp"\ntimezone = "Mars"', "'Mars' is no IANA zone"),
        ('role = "erp"', 'role = "erp"\ntimezone = "../../etc/passwd"', "is no IANA zone"),
        ('role = "erp"', 'role = "erp"\ncurrency = "Dollar"', "'Dollar' is no ISO 4217 code"),
        ('system = "erp"', 'system = "E/R"', "'E/R' is no system name"),
        ('quantity = "Qty"', 'quantity = "Qty / 2"', "there is no division"),
        ('number = "{Order}"', 'number = "{Order"', "a brace is not closed"),
        ('number = "{Order}"', 'number = "Day"', "number: 'Day' is a fixed text here. Write '{Day}' for the column."),
        ('subject = "{system}/sales_order/{Order}"', 'subject = "{Order}"', "'{Order}' is no reference"),
        ('format = "csv"', 'format = "csv"\nheader = false', "`columns` names the columns where `header = false`"),
        (
            'format = "csv"',
            'format = "csv"\ncolumns = ["Order", "Line", "Day", "Qty", "Prices"]',
            "there is no column 'Price'. Did you mean 'Prices'?",
        ),
        ('format = "csv"', 'format = "csv"\ndelimiter = "||"', "`delimiter` is one character"),
        ('format = "csv"', 'format = "csv"\ndates = ["%d.%m."]', "'%d.%m.' does not say year, month and day"),
        ('format = "csv"', 'format = "fixed"', "a fixed-width file needs `columns` and as many `widths`"),
        ('happened = "Day"', 'happened = { on = "someday" }', "'someday' is no day"),
        ('happened = "Day"', 'happened = "Day"\nwhen = { column = "Qty" }', "needs exactly one test"),
        (
            'happened = "Day"',
            'happened = "Day"\nwhen = { column = "Qty", not_zero = true, equals = "1" }',
            "needs exactly one test",
        ),
        ("[mapping]", "[mapping", "this is not TOML"),
    ],
)
def test_wrong_mapping_names_file_key_rule_and_next_step(old, new, said):
    assert old in SMALL
    with pytest.raises(SettingsError) as raised:
        parse(SMALL.replace(old, new, 1), "erp.toml")
    assert str(raised.value).startswith("erp.toml: ")
    assert said in str(raised.value)
    assert raised.value.next_step


LISTED = """
[[file.list]]
type = "sales_order"
number = "{Order}"
as_of = { file = "orders-%Y-%m-%d.csv" }
"""


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('number = "{Order}"', 'number = "Order"', "number: say which document a row names. Write it like"),
        ('number = "{Order}"', 'number = "{Day}"', "number: it is '{Day}' here and '{Order}' in OrderBooked"),
        ('number = "{Order}"', 'number = "{Order}"\npartner = "{Day}"', "partner: it is '{Day}' here and '' in OrderBooked"),
        ('number = "{Order}"', 'nummer = "{Order}"', "list: nummer: there is no such key. Did you mean 'number'?"),
        ('type = "sales_order"', 'type = "Sales Order"', "'Sales Order' is no document type"),
        ("%Y-%m-%d", "%Y-%m", "as_of: 'orders-%Y-%m.csv' does not say year, month and day"),
        ('{ file = "orders-%Y-%m-%d.csv" }', '""', "as_of: name the column that says as of when"),
        ("as_of = ", 'when = { column = "Qty" }\nas_of = ', "needs exactly one test"),
    ],
)
def test_a_list_that_would_void_by_mistake_is_refused(old, new, said):
    assert old in LISTED
    with pytest.raises(SettingsError) as raised:
        parse(SMALL + LISTED.replace(old, new, 1), "erp.toml")
    assert said in str(raised.value)
    assert raised.value.next_step


def test_a_column_of_a_list_that_the_file_lacks_is_named_with_the_nearest():
    text = SMALL.replace('format = "csv"', 'format = "csv"\ncolumns = ["Order", "Line", "Day", "Qty", "Price"]')
    with pytest.raises(SettingsError, match=r"list 1 .sales_order.: as_of: there is no column 'Date'"):
        parse(text + LISTED.replace('{ file = "orders-%Y-%m-%d.csv" }', '"Date"'))


def test_two_facts_of_a_row_may_not_share_an_identity():
    again = SMALL[SMALL.index("[[file.fact]]") :]
    with pytest.raises(SettingsError, match="OrderBooked and OrderBooked have the same identity"):
        parse(SMALL + again)


def test_deep_or_long_text_is_refused():
    for text in ("a = " + "[" * 100_000, "#" * 300_000):
        with pytest.raises(SettingsError):
            parse(text)


@given(st.data())
def test_a_damaged_mapping_is_told_or_read_and_never_crashes(data):
    text = depot()
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(text) - 1))
        text = text[:at] + data.draw(st.text(alphabet='"[]{}=.a1\n/', max_size=3)) + text[at + data.draw(st.integers(0, 4)) :]
    try:
        parse(text)
    except SettingsError as told:
        assert str(told).startswith("mapping: ")


def test_system_without_mapping_is_the_operators_error():
    with pytest.raises(SettingsError, match="System x has no mapping"):
        list(delimited.split(io.BytesIO(b""), "orders.csv", System("x", "delimited", Role.ERP)))


def test_system_and_kinds_come_from_the_mapping():
    found = delimited.system_of(depot())
    assert found == System("depot", "delimited", Role.WMS, "Europe/Berlin", "EUR", lines=True, options={"mapping": depot()})
    assert delimited.states(depot()) == ("Shipped", "StockMoved")
    assert set(delimited.states(depot())) <= set(delimited.MANIFEST.states) <= set(KINDS)


def test_schema_of_the_mapping_is_the_one_in_contracts():
    kept = json.loads((FOLDER / delimited.MANIFEST.contracts["mapping"]).read_text(encoding="utf-8"))
    assert {key: kept[key] for key in ("$ref", "$defs")} == json.loads(json.dumps(msgspec.json.schema(Mapping)))


TABLES = {
    "[mapping]": structs.About,
    "[[file]]": structs.FileMapping,
    "[[file.fact]]": structs.FactMapping,
    "[[file.fact.line]]": structs.LineMapping,
    "[[file.list]]": structs.ListMapping,
    "Conditions": structs.Condition,
}


@pytest.mark.parametrize("title", TABLES)
def test_every_key_of_a_mapping_is_explained_in_the_how_to(title):
    page = (ROOT / "docs/how-to/write-a-mapping.md").read_text(encoding="utf-8")
    (section,) = [part for part in page.split("\n### ") if part.split("\n")[0].strip("`") == title]
    explained = {key for row in re.findall(r"^\| (`.*?) \|", section, re.M) for key in re.findall(r"`(\w+)`", row)}
    fields = {field.encode_name for field in msgspec.structs.fields(TABLES[title])}
    assert explained == fields - ({"column"} if title == "Conditions" else set())


@pytest.mark.parametrize("name", ["adventureworks", "northwind", "contoso"])
def test_examples_are_valid_mappings(name):
    path = ROOT / "examples" / name / "mapping.toml"
    assert parse(path.read_text(encoding="utf-8"), str(path)).file


def test_the_how_to_quotes_the_adventureworks_mapping_as_it_is():
    page = (ROOT / "docs/how-to/write-a-mapping.md").read_text(encoding="utf-8")
    example = (ROOT / "examples/adventureworks/mapping.toml").read_text(encoding="utf-8")
    kept = {re.sub(r"\s+#.*", "", line) for line in example.splitlines()}
    *quoted, listed = re.findall(r"```toml\n(.*?)```", page, re.S)
    assert [line for block in quoted for line in block.splitlines() if line and line not in kept] == []
    assert delimited.states('[mapping]\nsystem = "erp"\nrole = "erp"\n' + listed) == ("Listed",)
