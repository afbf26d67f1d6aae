import io
import json
from collections.abc import Iterator
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tieout.formats.json_stream import CHUNK_MAX, KEPT, NO_JSON, VALUE_MAX, Piece, cut, decode_exact, why

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
objects = st.dictionaries(st.text(), values, max_size=4)


def pieces(raw: bytes, limit: int = VALUE_MAX) -> list[Piece]:
    return list(cut(io.BytesIO(raw), limit))


def texts(raw: bytes) -> list[bytes]:
    return [piece.raw for piece in pieces(raw)]


class Pattern(io.RawIOBase):
    """`count` bytes that are made up while they are read; remembers the largest read."""

    def __init__(self, head: bytes, count: int, tail: bytes = b"") -> None:
        self.parts = self._parts(head, count, tail)
        self.rest = b""
        self.largest = 0
        self.total = 0

    def _parts(self, head: bytes, count: int, tail: bytes) -> Iterator[bytes]:
        yield head
        block = b"x" * 65536
        for _ in range(count // len(block)):
            yield block
        yield tail

    def read(self, size: int = -1) -> bytes:
        assert size > 0
        self.largest = max(self.largest, size)
        while not self.rest:
            part = next(self.parts, None)
            if part is None:
                return b""
            self.rest = part
        data, self.rest = self.rest[:size], self.rest[size:]
        self.total += len(data)
        return data


def test_lines_are_cut_with_line_and_byte() -> None:
    assert pieces(b'{"a":1}\n\n  {"b":2}\r\n{"c":3}') == [
        Piece(b'{"a":1}', 1, 0),
        Piece(b'{"b":2}', 3, 11),
        Piece(b'{"c":3}', 4, 20),
    ]


def test_an_array_is_cut_into_its_elements() -> None:
    assert pieces(b'[{"a":[1,{"x":"]"}]},\n {"b":2}, 3, "x,]" ,[1]]') == [
        Piece(b'{"a":[1,{"x":"]"}]}', 1, 1),
        Piece(b'{"b":2}', 2, 23),
        Piece(b"3", 2, 32),
        Piece(b'"x,]"', 2, 35),
        Piece(b"[1]", 2, 42),
    ]


def test_pretty_printed_objects_are_one_value_each() -> None:
    assert texts(b'\xef\xbb\xbf{\n"a":1\n}\n{\n"b":"}\\""}\n') == [b'{\n"a":1\n}', b'{\n"b":"}\\""}']


def test_a_bracket_at_the_end_of_the_first_line_does_not_make_it_a_value() -> None:
    assert texts(b'{"a": {}\n}') == [b'{"a": {}\n}']


def test_a_broken_first_line_does_not_swallow_the_file() -> None:
    assert texts(b'{"a":1\n{"b":2}\n') == [b'{"a":1', b'{"b":2}']


@pytest.mark.parametrize("raw", [b"", b"\n \n", b"[]", b" [ ] \n"])
def test_nothing_gives_nothing(raw: bytes) -> None:
    assert pieces(raw) == []


@pytest.mark.parametrize(
    ("raw", "rule"),
    [
        (b'[{"a":1}', "json/cut-off"),
        (b'[{"a":1}, {"b"', "json/cut-off"),
        (b'{\n"a": "x', "json/cut-off"),
        (b"[] x", "json/trailing"),
        (b"hello\nworld", "json/not-json"),
        (b"\xff\xfe{\x00}\x00", "json/encoding"),
        (b"[" + b"[" * 65 + b"]" * 65 + b"]", "json/too-deep"),
        (b'{"a":' * 65 + b"1" + b"}" * 65, "json/too-deep"),
    ],
)
def test_what_cannot_be_cut_says_why(raw: bytes, rule: str) -> None:
    assert pieces(raw)[-1].rule == rule
    assert pieces(raw)[-1].fault


def test_depth_is_counted_in_brackets_outside_of_texts() -> None:
    assert pieces(b'{"a":"' + b"[" * 500 + b'"}')[0].rule == ""
    assert pieces(b'{"a":' * 64 + b"1" + b"}" * 64)[0].rule == ""


def test_a_line_of_200_megabytes_is_refused_and_the_next_one_read() -> None:
    stream = Pattern(b'{"a":1}\n{"a":"', 200_000_000, b'"}\n{"b":2}\n')

    found = list(cut(stream))  # type: ignore[arg-type]

    assert [piece.rule for piece in found] == ["", "json/too-long", ""]
    assert [piece.line for piece in found] == [1, 2, 3]
    assert found[2].raw == b'{"b":2}'
    assert len(found[1].raw) == KEPT
    assert stream.largest <= CHUNK_MAX


@pytest.mark.parametrize("head", [b'[{"a":"', b'{\n"a":"'])
def test_a_value_of_200_megabytes_is_refused_without_reading_it_all(head: bytes) -> None:
    stream = Pattern(head, 200_000_000)

    found = list(cut(stream))  # type: ignore[arg-type]

    assert [piece.rule for piece in found] == ["json/too-long"]
    assert stream.total <= VALUE_MAX + 2 * CHUNK_MAX


def test_numbers_are_exact() -> None:
    text = b'{"a":0.1,"b":12345678901234567890.123,"c":1e3,"d":123456789012345678901234567890}'

    assert decode_exact(text) == {
        "a": Decimal("0.1"),
        "b": Decimal("12345678901234567890.123"),
        "c": Decimal("1000"),
        "d": 123456789012345678901234567890,
    }


def test_typed_numbers_are_exact() -> None:
    read = msgspec.json.Decoder(dict[str, Decimal]).decode

    assert read(b'{"a":0.1,"b":12345678901234567890.123}') == {
        "a": Decimal("0.1"),
        "b": Decimal("12345678901234567890.123"),
    }


@pytest.mark.parametrize("raw", [b'{"a":NaN}', b'{"a":Infinity}', b"[" * 100_000, b'"\\ud800"', b'"\xff"', b"1e9999999999999999999"])
def test_what_is_no_json_is_one_kind_of_error_with_a_reason(raw: bytes) -> None:
    with pytest.raises(NO_JSON) as caught:
        decode_exact(raw)
    assert why(caught.value)


@given(st.lists(objects, max_size=6), st.sampled_from(["lines", "array", "pretty"]))
def test_every_layout_gives_back_its_values(written: list[dict[str, object]], layout: str) -> None:
    if layout == "lines":
        raw = "\n".join(json.dumps(value) for value in written).encode()
    elif layout == "array":
        raw = json.dumps(written, indent=1, ensure_ascii=False).encode()
    else:
        written = [value for value in written if value]
        raw = "\n".join(json.dumps(value, indent=2) for value in written).encode()

    found = pieces(raw)

    assert [json.loads(piece.raw) for piece in found] == written
    for piece in found:
        assert raw[piece.byte : piece.byte + len(piece.raw)] == piece.raw
        assert piece.line == 1 + raw.count(b"\n", 0, piece.byte)


@given(st.binary(max_size=300) | st.text(alphabet='{}[]",:\\\n 1a', max_size=300).map(str.encode))
def test_any_bytes_are_cut_without_an_error(raw: bytes) -> None:
    end = 0
    for piece in pieces(raw, limit=100):
        assert len(piece.raw) <= 100 or piece.rule
        assert piece.byte >= end
        assert raw[piece.byte : piece.byte + len(piece.raw)] == piece.raw
        end = piece.byte


class Trickle(io.BytesIO):
    """Gives its bytes one at a time, as a slow pipe may."""

    def read(self, size: int | None = -1) -> bytes:
        return super().read(1)


@given(st.binary(max_size=80) | st.text(alphabet='{}[]",:\\\n 1a', max_size=80).map(str.encode))
def test_how_the_bytes_arrive_does_not_matter(raw: bytes) -> None:
    assert list(cut(Trickle(raw))) == pieces(raw)
