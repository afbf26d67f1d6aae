"""Where an answer ends by its own account: bytes beyond it must never be read as the answer to the next request."""

import h11
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tieout.formats.http import end_of_answer, media_type

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: x\r\n"


@given(
    st.binary(max_size=60),
    st.lists(st.integers(1, 20), max_size=6),
    st.sampled_from([b"", b"A: b\r\n", b"A: b\r\nC: d\r\n"]),
    st.binary(max_size=9),
)
def test_the_end_is_where_the_parser_stops(body: bytes, sizes: list[int], trailer: bytes, surplus: bytes) -> None:
    pieces, at = [], 0
    for size in sizes:
        if chunk := body[at : at + size]:
            pieces.append(b"%x;x=y\r\n%s\r\n" % (len(chunk), chunk))
        at += size
    for answer in (
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"".join(pieces) + b"0\r\n" + trailer + b"\r\n",
        HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body,
        b"HTTP/1.1 103 Hints\r\nLink: x\r\n\r\n" + HEAD + b"Content-Length: 0\r\n\r\n",
    ):
        assert end_of_answer(answer + surplus, bodiless=False) == len(answer) == stop_of(answer + surplus)


def stop_of(raw: bytes) -> int:
    parser = h11.Connection(h11.CLIENT)
    parser.send(h11.Request(method="GET", target="/", headers=[("Host", "x")]))
    parser.send(h11.EndOfMessage())
    parser.receive_data(raw)
    while not isinstance(parser.next_event(), h11.EndOfMessage):
        pass
    return len(raw) - len(parser.trailing_data[0])


@pytest.mark.parametrize(
    ("raw", "bodiless", "end"),
    [
        (HEAD + b"\r\nall of it", False, len(HEAD) + 11),
        (HEAD + b"Content-Length: 5\r\n\r\nhello", True, len(HEAD) + 21),
        (b"HTTP/1.1 101 Switching\r\n\r\nother", False, 31),
        (b"not even a head", False, 15),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz", False, len(HEAD) + 32),
    ],
)
def test_an_answer_that_does_not_say_ends_with_the_bytes(raw: bytes, bodiless: bool, end: int) -> None:
    assert end_of_answer(raw, bodiless=bodiless) == end


def test_media_type() -> None:
    assert media_type({"content-type": "Application/JSON; charset=utf-8"}) == "application/json"
    assert media_type({}) == ""
