"""Cells, texts and amounts of a mapping: exact, or refused."""

import contextlib
import re
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tieout.connectors.delimited.cells import moment, number
from tieout.connectors.delimited.expression import (
    NotAnExpression,
    columns_of,
    compile_expression,
    parse_expression,
    parse_template,
)


@pytest.mark.parametrize(
    ("text", "decimal", "thousands", "expected"),
    [
        ("12", ".", "", "12"),
        (" -12.50 ", ".", "", "-12.5"),
        ("12.50-", ".", "", "-12.5"),
        (".00", ".", "", "0"),
        ("1.234,56", ",", ".", "1234.56"),
        ("1234,56", ",", ".", "1234.56"),
        ("1,234", ".", ",", "1234"),
        ("5E-5", ".", "", "0.00005"),
    ],
)
def test_numbers_are_read_exactly(text, decimal, thousands, expected):
    assert number(text, decimal, thousands) == Decimal(expected)


@pytest.mark.parametrize(
    ("text", "decimal", "thousands"),
    [
        ("1_000", ".", ""),
        ("12 EA", ".", ""),
        ("1,5", ".", ""),
        ("1.5", ",", ""),
        ("12,34", ".", ","),
        ("NaN", ".", ""),
        ("1e99", ".", ""),
        ("0.1234567891", ".", ""),
        ("٣", ".", ""),
        ("1" * 41, ".", ""),
        ("", ".", ""),
    ],
)
def test_what_is_not_plainly_a_number_is_refused(text, decimal, thousands):
    with pytest.raises(ValueError):
        number(text, decimal, thousands)


@pytest.mark.parametrize(
    ("text", "formats", "whole_day", "utc", "day"),
    [
        ("2024-07-01", (), False, datetime(2024, 6, 30, 22, tzinfo=UTC), True),
        ("2024-07-01 00:00:00.000", (), False, datetime(2024, 6, 30, 22, tzinfo=UTC), False),
        ("2024-07-01 00:00:00.000", (), True, datetime(2024, 6, 30, 22, tzinfo=UTC), True),
        ("2024-07-01T10:00:00Z", (), False, datetime(2024, 7, 1, 10, tzinfo=UTC), False),
        ("20240701", (), False, datetime(2024, 6, 30, 22, tzinfo=UTC), True),
        ("01.07.2024 10:00", ("%d.%m.%Y", "%d.%m.%Y %H:%M"), False, datetime(2024, 7, 1, 8, tzinfo=UTC), False),
        ("2024-10-27 02:30", (), False, datetime(2024, 10, 27, 0, 30, tzinfo=UTC), False),
    ],
)
def test_times_are_local_and_days_start_at_local_midnight(text, formats, whole_day, utc, day):
    found, local = moment(text, "Europe/Berlin", formats, whole_day)
    assert (found, local is not None) == (utc, day)


@pytest.mark.parametrize("text", ["", "soon", "0001-01-01", "2024-13-01", "1899-12-31"])
def test_what_is_no_time_is_refused(text):
    with pytest.raises(ValueError):
        moment(text, "UTC", (), False)


def evaluate(text, **values):
    names = list(values)
    cells = [str(value) for value in values.values()]
    read = compile_expression(parse_expression(text), lambda name: lambda row: Decimal(row[names.index(name)]), "value")
    return read(cells)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a", "2"),
        ("a + b * c", "14"),
        ("(a + b) * c", "20"),
        ("a - b - c", "-5"),
        ("-a * -b", "6"),
        ("a*b*(1-0.05)", "5.7"),
        ("{a} * 2.50", "5"),
    ],
)
def test_amounts_follow_school_arithmetic(text, expected):
    assert evaluate(text, a=2, b=3, c=4) == Decimal(expected)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "missing at the end"),
        ("a /", "no division"),
        ("a b", "'b' is not expected"),
        ("(a", "not closed"),
        ("a)", "not expected"),
        ("* a", "missing before '*'"),
        ("a ** b", "missing before '*'"),
        ("__import__('os')", "cannot be read"),
        ("(" * 40 + "a" + ")" * 40, "more than 20 deep"),
        ("-" * 400 + "a", "more than 20 deep"),
        ("a" * 501, "at most 500"),
    ],
)
def test_what_breaks_the_grammar_is_told(text, said):
    with pytest.raises(NotAnExpression, match=re.escape(said)):
        parse_expression(text)


@given(st.text(alphabet="ab{}()+-* 1.", max_size=40))
def test_no_text_crashes_the_parsers(text):
    for read in (parse_template, lambda given: list(columns_of(parse_expression(given)))):
        with contextlib.suppress(NotAnExpression):
            read(text)
