"""Decision tables: what a cell means, which row decides, which version, what can never be reached, and what bad tables are told."""

from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tieout.declared import Wrong
from tieout.errors import SettingsError
from tieout.policy.cell import Column, Kind, Measure, Value, Words, read_cell
from tieout.policy.checkpoints import FORM as CHECKPOINTS
from tieout.policy.reach import unreachable
from tieout.policy.table import Facts, Form, Row, Table, versions
from tieout.policy.written import read_table

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
COLUMNS = {kind: Column("c", kind, "") for kind in Kind}


class Mark(msgspec.Struct, frozen=True):
    result: str


SMALL: Form[Mark] = Form("small", "row", (Column("a", Kind.WORD, ""), Column("b", Kind.MONEY, ""), Column("c", Kind.FLAG, "")), Mark)


def small(*rows: dict[str, Any], columns: Form[Mark] = SMALL) -> Table[Mark]:
    made = []
    for n, row in enumerate(rows, 1):
        cells = {c.name: cell for c in columns.conditions if (cell := read_cell(c, row.get(c.name, ""))) is not None}
        made.append(Row(n, cells, Mark("x")))
    return Table(columns, "1", "small.toml", tuple(made))


@pytest.mark.parametrize(
    ("kind", "cell", "value", "fits"),
    [
        (Kind.WORD, "BIG", "BIG", True),
        (Kind.WORD, "BIG", "big", False),
        (Kind.WORD, "BIG*", "BIGBOX", True),
        (Kind.WORD, "*B*X", "BIGBOX", True),
        (Kind.WORD, "AB*BA", "ABA", False),
        (Kind.WORD, ["A", "B"], "B", True),
        (Kind.WORD, "RCR", ("RCR", "to_credit"), True),
        (Kind.WORD, "A", "", False),
        (Kind.WORD, "A", None, None),
        (Kind.TEXT, "*out of stock*", "Item is OUT OF STOCK.", True),
        (Kind.FLAG, True, "yes", True),
        (Kind.FLAG, "false", "yes", False),
        (Kind.MONEY, "> 500.00 USD", Measure(Decimal("500.00"), "USD"), False),
        (Kind.MONEY, ">= 500.00 USD", Measure(Decimal("500"), "USD"), True),
        (Kind.MONEY, ">= 500.00 and < 900.00 USD", Measure(Decimal("899.99"), "USD"), True),
        (Kind.MONEY, ">= 500.00 and < 900.00 USD", Measure(Decimal("900"), "USD"), False),
        (Kind.MONEY, ["> 500 USD", "> 450 EUR"], Measure(Decimal("460"), "EUR"), True),
        (Kind.MONEY, "> 500 USD", Measure(Decimal("10000"), "EUR"), None),
        (Kind.MONEY, "> 500 USD", None, None),
        (Kind.PERCENT, "< 12 %", Measure(Fraction(100, 9), "%"), True),
        (Kind.PERCENT, "< 12.5 %", Measure(Fraction(25, 2), "%"), False),
        (Kind.COUNT, ">= 3", Measure(Decimal(3)), True),
        (Kind.SPAN, ">= 2 h", Measure(Decimal(119), "min"), False),
        (Kind.SPAN, ">= 2 h", Measure(Decimal(120), "min"), True),
        (Kind.SPAN, ">= 1 h and < 1 h", None, "no amount satisfies"),
        (Kind.MONEY, "500.00 USD", None, "is not a comparison"),
        (Kind.MONEY, "> 1,000.00 USD", None, "is not a comparison"),
        (Kind.MONEY, "> 500.00", None, "a currency is wanted"),
        (Kind.MONEY, "> 500.00 usd", None, "a currency is wanted"),
        (Kind.MONEY, "> 1e3 USD", None, "is not a comparison"),
        (Kind.MONEY, "> 1 USD and < 5 EUR", None, "several units"),
        (Kind.MONEY, "> 500 and < 100 USD", None, "no amount satisfies"),
        (Kind.MONEY, 500, None, "is not text"),
        (Kind.MONEY, 500.5, None, "is not text"),
        (Kind.PERCENT, "< 12", None, "% is wanted"),
        (Kind.COUNT, "> 3 EA", None, "no unit is wanted"),
        (Kind.FLAG, "maybe", None, "neither true nor false"),
        (Kind.WORD, ["A", ""], None, "an empty text"),
    ],
)
def test_a_cell_says_yes_no_or_not_known_and_a_bad_one_is_named(kind: Kind, cell: object, value: Value, fits: bool | str | None) -> None:
    if isinstance(fits, str):
        with pytest.raises(Wrong, match=fits):
            read_cell(COLUMNS[kind], cell)
        return
    read = read_cell(COLUMNS[kind], cell)
    assert read is not None
    assert read.judge(value) is fits


@pytest.mark.parametrize("cell", ["", "*", [], ["A", "*"]])
def test_an_empty_cell_is_no_condition(cell: object) -> None:
    assert read_cell(COLUMNS[Kind.WORD], cell) is None


def test_of_a_currency_that_a_row_does_not_name_nothing_can_be_said_even_if_another_row_does() -> None:
    """A row for euros further down must not let an amount in euros slip past a limit in dollars."""
    table = small({"b": "> 500 USD"}, {"b": "<= 450 EUR"}, {})
    found = table.possible(Facts({"b": Measure(Decimal(9000), "EUR")}), NOON)
    assert [(f.row.number, bool(f.unknown)) for f in found] == [(1, True), (3, False)]


def test_the_first_row_that_surely_fits_ends_the_search_and_says_why() -> None:
    table = small({"a": "x", "b": "> 5 USD"}, {"a": "x*"}, {})
    facts = Facts({"a": "x", "b": Measure(Decimal("812"), "USD")}, {"b": "credit"})
    assert [str(f) for f in table.possible(facts, NOON)] == ["small 1 row 1 decided because credit 812.00 USD > 5.00 USD and a is x"]
    assert [str(f) for f in table.possible(Facts({"a": "xy", "b": None}), NOON)] == ["small 1 row 2 decided because a is xy (x*)"]
    assert [str(f) for f in table.possible(Facts({"a": "z"}), NOON)] == ["small 1 row 3 decided because it is for everything"]
    assert [str(f) for f in table.possible(Facts({"a": "x"}), NOON)] == [
        "small 1 row 1 may decide because b is not known and a is x", "small 1 row 2 decided because a is x (x*)",
    ]  # fmt: skip


# Written tables -----------------------------------------------------------------------------------------------------------

TOML = """version = "2026-11"
valid_from = 2026-11-01
role = "finance"
[[checkpoint]]
act = "issue_credit"
amount = "> 500.00 USD"
result = "hold"
approvers = 2
[[checkpoint]]
act = ["issue_credit", "issue_refund"]
valid_to = 2026-11-30
result = "pass"
"""
CSV = """# version,2026-11,
# valid_from,2026-11-01
# role,finance
act,amount,result,approvers,valid_to
issue_credit,> 500.00 USD,hold,2,
issue_credit | issue_refund,,pass,,2026-11-30
"""


def test_toml_and_csv_say_the_same() -> None:
    from_toml = read_table(TOML, "c.toml", CHECKPOINTS, "America/Chicago")
    from_csv = read_table(CSV, "c.csv", CHECKPOINTS, "America/Chicago")
    semicolons = read_table(CSV.replace(",", ";").replace("\n", "\r\n"), "c.csv", CHECKPOINTS, "America/Chicago")
    assert from_toml.rows == from_csv.rows == semicolons.rows
    assert (from_toml.version, from_toml.since) == (from_csv.version, from_csv.since) == ("2026-11", datetime(2026, 11, 1, 5, tzinfo=UTC))
    assert from_toml.rows[1].until == datetime(2026, 12, 1, 6, tzinfo=UTC)
    assert from_toml.rows[0].result.hold.role == "finance"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("act =", "acts ="), "c.toml: row 1: column acts: there is no such column. Did you mean 'act'?"),
        (('"issue_credit"\n', '"issue_credits"\n'),
         "c.toml: row 1: column act: 'issue_credits' is none of the words this column knows. Did you mean 'issue_credit'?"),
        (("> 500.00 USD", "> 500"),
         "c.toml: row 1: column amount: '> 500' ends in no unit, where a currency is wanted. Write it like `> 500.00 USD`."),
        (('"hold"', '"halt"'), "c.toml: row 1: column result: Invalid enum value 'halt'. See docs/how-to/write-a-policy.md."),
        (('role = "finance"\n', ""), "c.toml: row 1: what is held needs the `role` of its approver. See docs/how-to/write-a-policy.md."),
        (("approvers = 2", "approvers = 3"), "c.toml: row 1: `approvers` is 1 or 2. See docs/how-to/write-a-policy.md."),
        (("approvers = 2", 'approvers = "two"'),
         "c.toml: row 1: column approvers: Expected `int`, got `str`. See docs/how-to/write-a-policy.md."),
        (('result = "pass"\n', ""), "c.toml: row 2: column result: the row does not say it. See docs/how-to/write-a-policy.md."),
        (("2026-11-30", "2026-13-30"), "c.toml: this is not TOML:"),
        (("valid_to = 2026-11-30", 'valid_to = "soon"'), "c.toml: row 2: valid_to: 'soon' is no day. Write a day such as 2026-11-01."),
        (("valid_to = 2026-11-30", "valid_to = 2026-11-30\nvalid_from = 2026-12-01"),
         "c.toml: row 2: valid_to: 2026-11-30 is before valid_from 2026-12-01. Correct one of them."),
        (('version = "2026-11"\n', ""), 'c.toml: version: the file does not say its version. Write version = "2026-11".'),
        (("role =", "rule ="), "c.toml: rule: there is no such key. Did you mean 'role'?"),
        (("[[checkpoint]]", "[[checkpoints]]"), "c.toml: checkpoints: there is no such key. Did you mean 'checkpoint'?"),
        (("[[checkpoint]]", "[checkpoint]"), "c.toml: "),
    ],
)  # fmt: skip
def test_a_wrong_table_is_told_file_row_column_rule_and_next_step(change: tuple[str, str], said: str) -> None:
    text = TOML.replace(*change)
    assert text != TOML
    with pytest.raises(SettingsError) as wrong:
        read_table(text, "c.toml", CHECKPOINTS, "UTC")
    assert str(wrong.value).startswith(said)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("act,amount", "act,act"), "c.csv: the line of columns: it names act twice. Name each column once."),
        (("hold,2,", "hold,2,,,,"), None),
        (("hold,2,", "hold,2,,x"), "c.csv: line 5: 6 cells are more than the 5 columns. Put quotes around text with a comma."),
        (("> 500.00 USD", "> 500.00"), "c.csv: row 1 (line 5): column amount: '> 500.00' ends in no unit"),
        (("hold,2", "hold,two"), "c.csv: row 1 (line 5): column approvers: "),
        (("issue_credit,>", '"issue_credit,>'), "c.csv: line"),
        (("# version,2026-11,\n", ""), "c.csv: version: the file does not say its version."),
    ],
)
def test_a_wrong_csv_is_told_the_line(change: tuple[str, str], said: str | None) -> None:
    text = CSV.replace(*change)
    assert text != CSV
    if said is None:
        assert len(read_table(text, "c.csv", CHECKPOINTS, "UTC").rows) == 2
        return
    with pytest.raises(SettingsError) as wrong:
        read_table(text, "c.csv", CHECKPOINTS, "UTC")
    assert str(wrong.value).startswith(said)


def test_the_version_in_force_is_that_of_the_event_and_two_at_once_are_refused() -> None:
    november = read_table(TOML, "new.toml", CHECKPOINTS, "America/Chicago")
    october = read_table(TOML.replace("2026-11-01", "2026-10-01").replace('"2026-11"', '"2026-10"\nvalid_to = 2026-10-31'), "old.toml", CHECKPOINTS,
                         "America/Chicago")  # fmt: skip
    both = versions([november, october])
    turn = datetime(2026, 11, 1, 5, tzinfo=UTC)
    assert both.at(turn) is november
    assert both.at(turn.replace(hour=4, minute=59)) is october
    assert both.at(datetime(2026, 9, 1, tzinfo=UTC)) is None
    assert both.gaps == []
    with pytest.raises(SettingsError, match=r"old\.toml and new\.toml are both in force from 2026-11-01"):
        versions([november, msgspec.structs.replace(october, until=turn.replace(day=3))])
    gap = versions([november, msgspec.structs.replace(october, until=turn.replace(month=10, day=30))]).gaps
    assert gap == ["nothing is in force from 2026-10-30 05:00 to 2026-11-01 05:00 UTC, between old.toml and new.toml"]
    with pytest.raises(SettingsError, match="has the version '2026-11' too"):
        versions([november, msgspec.structs.replace(october, version="2026-11")])


# Rows that can never decide -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([{"a": "x"}, {"a": "x", "b": "> 5 USD"}], "row 2 can never decide: row 1 above it takes all that it is for."),
        ([{"a": "x*"}, {"a": "xy*"}], "row 2 can never decide: row 1 above it takes all that it is for."),
        ([{"a": "xy*"}, {"a": "x*"}], None),
        ([{"b": "> 500 USD"}, {"b": "<= 500 USD"}, {"b": "> 700 USD"}], "row 3 can never decide: row 1 above it takes all that it is for."),
        ([{"b": "> 500 USD"}, {"b": "<= 500 USD"}, {"b": "> 0 EUR"}], None),
        ([{"b": "> 500 USD"}, {"b": "<= 500 USD"}, {}], None),
        ([{"b": "> 500 USD"}, {"b": "<= 500 USD"}, {"b": ">= 499 and < 501 USD"}],
         "row 3 can never decide: rows 1, 2 above it take all that it is for."),
        ([{"c": True}, {"c": False, "a": "x"}, {"a": "x"}], None),
        ([{"c": True, "a": "x"}, {"c": False, "a": "x"}, {"a": "x", "c": [True, False]}],
         "row 3 can never decide: rows 1, 2 above it take all that it is for."),
        ([{}, {"a": "x"}], "row 2 can never decide: row 1 above it takes all that it is for."),
    ],
)  # fmt: skip
def test_a_row_that_can_never_decide_is_named_with_those_that_take_its_place(rows: list[dict[str, Any]], said: str | None) -> None:
    assert unreachable(small(*rows)) == ([] if said is None else [f"small.toml: {said}"])


WORDS = st.sampled_from(["", "a", "b", "a*", "ab*", "*b", "*"])
MONEY = st.sampled_from(["", "> 1 USD", "<= 1 USD", ">= 1 and < 2 USD", "= 1 USD", "> 2 USD", "<= 2 USD", "> 1 EUR"])
FLAGS = st.sampled_from(["", "true", "false"])
ROWS = st.lists(st.fixed_dictionaries({"a": WORDS, "b": MONEY, "c": FLAGS}), min_size=1, max_size=5)
VALUES = [
    Facts({"a": a, "b": b, "c": c})
    for a in ("", "a", "b", "ab", "aab", "abb", "ba", "c", "axb")
    for b in [Measure(Decimal(n) / 4, unit) for unit in ("USD", "EUR") for n in range(-1, 12)]
    for c in ("yes", "no")
]


@given(ROWS)
@example([{"a": "a*", "b": "", "c": ""}, {"a": "ab*", "b": "> 1 USD", "c": "true"}])
def test_no_row_that_some_value_reaches_is_called_unreachable_and_every_such_row_that_no_value_reaches_is(rows: list[dict[str, Any]]) -> None:
    """Against plain trying of a grid that has a point in every stretch these cells can tell apart."""
    table = small(*rows)
    found = [one for facts in VALUES for one in table.possible(facts, NOON)]
    reached = {one.row.number for one in found if not one.unknown}
    named = {n for n in range(1, len(rows) + 1) if any(f"row {n} can never" in said for said in unreachable(table))}
    assert named == set(range(1, len(rows) + 1)) - reached


def test_a_wildcard_is_what_a_plain_search_says() -> None:
    import fnmatch

    for pattern in ("*", "a*", "*a", "a*a", "*a*", "a*b*a", "**", "ab"):
        for name in ("", "a", "b", "aa", "ab", "aba", "abba", "bab"):
            assert Words((pattern,)).judge(name) is fnmatch.fnmatchcase(name, pattern), (pattern, name)


def test_a_row_whose_time_is_outside_the_files_is_named() -> None:
    late = TOML.replace("valid_to = 2026-11-30", "valid_to = 2026-10-30")
    assert unreachable(read_table(late, "c.toml", CHECKPOINTS, "UTC")) == ["c.toml: row 2 can never decide: its time is outside the file's."]


def test_rows_of_other_times_do_not_cover_each_other() -> None:
    november = "valid_from = 2026-11-01\nvalid_to = 2026-11-30\n"
    row = '[[checkpoint]]\n{}act = "issue_credit"\nresult = "pass"\n'
    text = 'version = "1"\n' + row.format("valid_to = 2026-10-31\n") + row.format(november)
    assert unreachable(read_table(text, "c.toml", CHECKPOINTS, "UTC")) == []
    text += row.format("valid_from = 2026-10-15\nvalid_to = 2026-11-15\n")
    assert unreachable(read_table(text, "c.toml", CHECKPOINTS, "UTC")) == [
        "c.toml: row 3 can never decide: rows 1, 2 above it take all that it is for."
    ]
