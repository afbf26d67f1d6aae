"""Callers that mean harm or are broken: each has a named end, and nobody else notices."""

import socket
import threading
import time

import pytest
from at_work import Project, Within, shipped, until

from tieout.api import body, routes, server
from tieout.runtime import gather


def head(served: Within, *lines: str) -> bytes:
    return "\r\n".join(["POST /v1/messages/wms HTTP/1.1", "Host: x", f"Authorization: Bearer {served.key}", *lines, "", ""]).encode()


def answered(connection: socket.socket) -> bytes:
    """All that comes until the other side closes."""
    parts = []
    while part := connection.recv(65536):
        parts.append(part)
    return b"".join(parts)


def test_a_body_announced_too_large_is_refused_before_it_is_sent(project: Project, served: Within) -> None:
    with served.raw() as connection:
        connection.sendall(head(served, f"Content-Length: {body.BODY_MAX + 1}"))
        answer = answered(connection)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b'"rule":"http/too-large"' in answer
    assert project.messages == []


def test_a_body_that_grows_too_large_is_refused_while_reading(project: Project, served: Within, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body, "BODY_MAX", 100_000)
    with served.raw() as connection:
        connection.sendall(head(served, "Transfer-Encoding: chunked"))
        for _ in range(20):
            connection.sendall(b"2710\r\n" + b"x" * 10_000 + b"\r\n")
        connection.sendall(b"0\r\n\r\n")
        answer = answered(connection)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert project.messages == []
    assert served.post("wms", shipped(1)).status == 202


def test_the_largest_body_is_taken(project: Project, served: Within) -> None:
    filler = shipped(1, note="x" * (body.BODY_MAX - len(shipped(1, note=""))))
    assert len(filler) == body.BODY_MAX
    assert served.post("wms", filler).status == 202
    assert project.ask("select length(raw) from message") == [(body.BODY_MAX,)]


def test_a_body_that_trickles_is_given_up(project: Project, served: Within, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body, "BODY_SECONDS", 0.3)
    over = threading.Event()
    with served.raw() as connection:
        connection.sendall(head(served, "Content-Length: 1000"))

        def trickle() -> None:
            while not over.wait(0.02):
                try:
                    connection.sendall(b" ")
                except OSError:
                    return

        thread = threading.Thread(target=trickle)
        thread.start()
        answer = connection.recv(65536)
        over.set()
        thread.join()
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert project.messages == []


def test_a_head_that_trickles_is_given_up_and_holds_nobody_back(served: Within, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "HEAD_SECONDS", 0.5)
    slow = [served.raw() for _ in range(100)]
    for connection in slow:
        connection.sendall(b"POST /v1/messages/wms HTTP/1.1\r\nHost: x\r\nX-A: ")
    began = time.monotonic()
    assert served.post("wms", shipped(1)).status == 202
    assert time.monotonic() - began < 5
    for connection in slow:
        assert connection.recv(100) == b""
        connection.close()


def test_a_second_request_on_a_connection_has_the_same_deadline(served: Within, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "HEAD_SECONDS", 0.5)
    with served.raw() as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-A: ")
        assert b"HTTP/1.1" not in answered(connection)


def test_a_body_shorter_than_announced_is_not_kept(project: Project, served: Within) -> None:
    with served.raw() as connection:
        connection.sendall(head(served, "Content-Length: 1000") + shipped(1))
        connection.shutdown(socket.SHUT_WR)
        answered(connection)
    until(lambda: served.metric('tieout_requests_refused_total{rule="http/cut-off"}') == 1)
    assert project.messages == []


def test_a_body_longer_than_announced_is_no_second_request(project: Project, served: Within) -> None:
    one = shipped(1)
    with served.raw() as connection:
        connection.sendall(head(served, f"Content-Length: {len(one)}") + one + b"garbage that is no request\r\n\r\n")
        answer = answered(connection)
    assert answer.startswith(b"HTTP/1.1 202 ")
    assert b"HTTP/1.1 400 " in answer
    assert len(project.messages) == 1


@pytest.mark.parametrize(
    "lines",
    [
        ("Content-Length: -5",),
        ("Content-Length: 1e3",),
        ("Content-Length: 5", "Content-Length: 6"),
        ("Transfer-Encoding: chunked, chunked",),
        ("Bad Header: x",),
        ("X: " + "y" * 100_000,),
    ],
    ids=["negative", "exponent", "two", "chunked twice", "name", "long"],
)
def test_a_head_that_is_no_http_is_refused(project: Project, served: Within, lines: tuple[str, ...]) -> None:
    with served.raw() as connection:
        connection.sendall(head(served, *lines) + b"{}")
        connection.shutdown(socket.SHUT_WR)
        answer = answered(connection)
    assert answer[:12] in (b"HTTP/1.1 400", b"HTTP/1.1 501")
    assert project.messages == []


@pytest.mark.parametrize("garbage", [b"\x16\x03\x01\x02\x00\x01", b"\x00" * 1000, b"GET\r\n\r\n", b"\r\n" * 1000])
def test_what_is_no_http_at_all_ends_its_connection_only(served: Within, garbage: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "HEAD_SECONDS", 0.5)
    with served.raw() as connection:
        connection.sendall(garbage)
        assert answered(connection)[:12] in (b"", b"HTTP/1.1 400")
    assert served.get("/healthz").status == 200


def test_a_delivery_of_too_many_documents_is_refused_whole(project: Project, served: Within, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gather, "DOCUMENTS_MAX", 10)
    answer = served.post("wms", b"{}\n" * 11)
    assert (answer.status, answer.json["rule"]) == (413, "http/too-many")
    assert project.messages == []


def test_a_full_line_sends_callers_away_for_a_moment(project: Project, served: Within, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gather, "QUEUE_MAX", 0)
    answer = served.post("wms", shipped(1))
    assert (answer.status, answer.json["rule"], answer.headers["retry-after"]) == (503, "http/busy", "1")
    assert served.get("/readyz").status == 503
    monkeypatch.undo()
    assert served.post("wms", shipped(1)).status == 202
    assert len(project.messages) == 1


def test_bodies_together_have_a_bound_and_give_their_room_back(project: Project, within, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body.Room.__init__, "__defaults__", (50_000,))
    served = within()
    served.key = project.key("wms")
    for _ in range(3):
        assert served.post("wms", b" " * 60_000).json["rule"] == "http/busy"
    for n in range(3):
        assert served.post("wms", shipped(n, note="x" * 40_000)).status == 202


def test_who_waits_too_long_is_told_to_come_again(project: Project, served: Within, monkeypatch: pytest.MonkeyPatch) -> None:
    """The writer waits for a lock that somebody else holds; when it is free, what was sent is kept after all."""
    monkeypatch.setattr(routes, "COMMIT_SECONDS", 0.3)
    with project.locked():
        answer = served.post("wms", shipped(1))
    assert (answer.status, answer.json["rule"], answer.headers["retry-after"]) == (503, "http/busy", "5")
    until(lambda: served.post("wms", shipped(1)).status == 200)
    assert len(project.messages) == 1
