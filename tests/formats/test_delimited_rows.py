"""Rows with their places: quoting, encodings, fixed widths, bounds, and what happens to a line that is no row."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tieout.formats.delimited import KEPT, LINE_MAX, RECORD_LINES_MAX, Dialect, Fault, Row, begin, rows


class Endless(io.RawIOBase):
    """A stream of one line of `size` bytes that never exists in memory, followed by one more line."""

    def __init__(self, size):
        self.left, self.tail, self.largest = size, b"\nlast,row\n", 0

    def read(self, size=-1):
        assert 0 < size <= LINE_MAX, "a reader asks for bounded pieces"
        if self.left:
            count = min(size, self.left)
            self.left -= count
            return b"x" * count
        piece, self.tail = self.tail[:size], self.tail[size:]
        return piece


def read(raw, dialect=None, **place):
    stream = io.BytesIO(raw)
    found, head, byte = begin(stream, dialect or Dialect())
    return list(rows(stream, found, byte=byte, head=head, **place))


def cells(raw, dialect=None):
    return [row.cells if isinstance(row, Row) else row.rule for row in read(raw, dialect)]


def test_rows_carry_line_and_byte():
    found = read(b"a,b\r\n\r\nc,d\nlast,one")
    assert [(row.line, row.byte, row.cells) for row in found] == [
        (1, 0, ["a", "b"]),
        (2, 5, []),
        (3, 7, ["c", "d"]),
        (4, 11, ["last", "one"]),
    ]
    assert b"".join(row.raw for row in found) == b"a,b\r\n\r\nc,d\nlast,one"


def test_quoted_cell_holds_delimiter_quote_and_line_break():
    found = read(b'1,"a,""b""\nc"\n2,x\n')
    assert [(row.line, row.byte, row.cells) for row in found] == [(1, 0, ["1", 'a,"b"\nc']), (3, 14, ["2", "x"])]


def test_unclosed_quote_costs_only_its_own_line():
    assert cells(b'1,"open\n2,b\n3,c\n') == ["delimited/quotes", ["2", "b"], ["3", "c"]]


def test_text_after_a_closing_quote_is_refused_and_the_next_line_read():
    assert cells(b'1,"a"b\n2,c\n') == ["delimited/quotes", ["2", "c"]]


def test_row_over_too_many_lines_is_refused_at_its_first_line():
    found = read(b'1,"' + b"x\n" * RECORD_LINES_MAX + b'"\n')
    assert isinstance(found[0], Fault)
    assert (found[0].rule, found[0].line) == ("delimited/quotes", 1)
    assert [row.line for row in found] == list(range(1, RECORD_LINES_MAX + 2))


def test_without_quoting_quotes_are_plain_text():
    assert cells(b'5" pipe;"x\n', Dialect(delimiter=";", quote="")) == [['5" pipe', '"x']]


def test_inch_marks_inside_a_cell_are_plain_text():
    assert cells(b'5" pipe,3\n') == [['5" pipe', "3"]]


@pytest.mark.parametrize(
    ("raw", "declared"),
    [
        (b"\xef\xbb\xbf\xc3\xa9,1\n", "utf-8"),
        (b"\xef\xbb\xbf\xc3\xa9,1\n", "cp1252"),
        (b"\xc3\xa9,1\n", "utf-8-sig"),
        (b"\xff\xfe" + "é,1\n".encode("utf-16-le"), "utf-8"),
        (b"\xfe\xff" + "é,1\n".encode("utf-16-be"), "utf-16"),
        ("é,1\n".encode("utf-16-le"), "utf-16"),
        (b"\xe9,1\n", "latin-1"),
        (b"\xe9,1\n", "cp1252"),
    ],
)
def test_a_byte_order_mark_wins_over_the_declared_encoding(raw, declared):
    assert cells(raw, Dialect(encoding=declared)) == [["é", "1"]]


def test_two_byte_encodings_find_line_ends_only_at_whole_characters():
    text = "\u0a0a,\u0d0a\nsecond,row\n"
    found = read(b"\xff\xfe" + text.encode("utf-16-le"))
    assert [(row.line, row.byte, row.cells) for row in found] == [
        (1, 2, ["\u0a0a", "\u0d0a"]),
        (2, 10, ["second", "row"]),
    ]


def test_undecodable_line_is_a_fault_that_names_the_byte():
    found = read(b"ok,1\nb\xe9d,2\nok,3\n")
    assert [row.cells if isinstance(row, Row) else row.rule for row in found] == [
        ["ok", "1"],
        "delimited/encoding",
        ["ok", "3"],
    ]
    assert found[1].reason == "Byte 2 of the line (e9 64 2c 32) is not utf-8"


@pytest.mark.parametrize("raw", [b"a\x00,b\n", b'"a\x00",b\n', b"a\rb,c\n"])
def test_control_characters_are_refused(raw):
    assert cells(raw + b"fine,row\n") == ["delimited/control-character", ["fine", "row"]]


def test_too_many_columns_are_refused():
    assert cells(b"," * 2000 + b"\nfine\n") == ["delimited/columns-max", ["fine"]]


def test_fixed_width_cells_are_trimmed_and_may_end_early():
    dialect = Dialect(widths=(4, 3, 3))
    assert cells(b"AB   12  x\nAB  1\n\nABCD12345678\n", dialect) == [
        ["AB", "12", "x"],
        ["AB", "1", ""],
        [],
        "delimited/width",
    ]


def test_line_of_200_megabytes_is_never_held():
    size = 200 * 1024 * 1024
    found = list(rows(Endless(size), Dialect()))
    assert isinstance(found[0], Fault)
    assert (found[0].rule, found[0].size, len(found[0].raw)) == ("delimited/line-too-long", size + 1, KEPT)
    assert found[1] == Row(2, size + 1, b"last,row\n", ["last", "row"])


def test_last_line_too_long_without_line_end():
    found = read(b"x" * (LINE_MAX + 70_000))
    assert [(row.rule, row.size) for row in found] == [("delimited/line-too-long", LINE_MAX + 70_000)]


DIALECTS = st.builds(
    Dialect,
    encoding=st.sampled_from(["utf-8", "utf-16", "utf-16-be", "latin-1", "cp1252"]),
    delimiter=st.sampled_from([",", "\t", ";"]),
    quote=st.sampled_from(['"', "", "'"]),
    widths=st.sampled_from([(), (1, 2), (3,)]),
)
BYTES = st.lists(st.sampled_from([b",", b'"', b"\n", b"\r\n", b"a", b"\x00", b"\xff\xfe", b"'", b"\xe9"])).map(b"".join)


@given(BYTES | st.binary(max_size=300), DIALECTS)
def test_any_bytes_become_rows_or_faults_that_cover_them_exactly(raw, dialect):
    stream = io.BytesIO(raw)
    found, head, start = begin(stream, dialect)
    byte, line, held = start, 1, []
    for row in rows(stream, found, byte=start, head=head):
        assert (row.byte, row.line) == (byte, line)
        newline = "\n".encode(found.encoding)
        byte += len(row.raw)
        line += max(1, sum(1 for at in range(0, len(row.raw), len(newline)) if row.raw[at : at + len(newline)] == newline))
        held.append(row.raw)
    assert b"".join(held) == raw[start:]


@given(
    st.lists(
        st.lists(
            st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\x00\r"), max_size=8),
            min_size=2,
            max_size=3,
        )
    )
)
def test_what_the_standard_writer_wrote_is_read_back(table):
    import csv

    text = io.StringIO()
    csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows(table)
    raw = b"\xef\xbb\xbf" + text.getvalue().encode()
    assert cells(raw) == table
