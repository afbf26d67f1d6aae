"""Every way in which a call can end, on real sockets: its name, whether a write is in doubt, and what is never told."""

import logging
import ssl
import threading
import time
import tracemalloc
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
import trustme
from hostile import Hostile, refusing, serving, silent
from hypothesis import given, settings
from hypothesis import strategies as st

from tieout.core.command import Call, Failed, Reply
from tieout.runtime.transport import Transport

SOON = 0.3
SECRET = "s3cret"


@pytest.fixture(scope="module")
def server() -> Iterator[Hostile]:
    with serving() as running:
        yield running


@pytest.fixture
def transport() -> Iterator[Transport]:
    with Transport() as made:
        yield made


def one(call: Call) -> Generator[Call, Reply, Reply]:
    return (yield call)


def several(*calls: Call) -> Generator[Call, Reply, list[Reply]]:
    replies = []
    for call in calls:
        replies.append((yield call))
    return replies


def post(url: str, **more: object) -> Call:
    return Call("POST", url, {"Authorization": f"Bearer {SECRET}"}, b'{"total": 1}', writes=True, **more)


def test_an_answer_is_given_whole_with_lower_case_headers(server: Hostile, transport: Transport) -> None:
    reply = transport.perform(one(post(f"{server.base}/well?a=%20b")))

    assert isinstance(reply, Reply)
    assert (reply.status, reply.body) == (201, b'{"number": "SO-1"}')
    assert reply.headers["content-type"] == "application/json"
    got = server.seen[-1]
    assert (got.method, got.path, got.body) == ("POST", "/well?a=%20b", b'{"total": 1}')
    assert got.headers["content-length"] == "12"
    assert got.headers["host"] == server.base.removeprefix("http://")


def test_headers_that_stand_twice_are_joined(server: Hostile, transport: Transport) -> None:
    reply = transport.perform(one(Call("GET", f"{server.base}/cookies")))
    assert isinstance(reply, Reply)
    assert reply.headers["set-cookie"] == "sid=s3cret, other=1"


@pytest.mark.parametrize(("path", "fault"), [("zipped", None), ("packed", "truncated"), ("bomb", "too-large")])
def test_who_asks_for_gzip_is_given_what_it_unpacks_to_and_no_more_than_that(
    server: Hostile, transport: Transport, path: str, fault: str | None
) -> None:
    outcome = transport.perform(one(Call("GET", f"{server.base}/{path}", {"accept-encoding": "gzip"})))
    assert (outcome.body if isinstance(outcome, Reply) else outcome.fault) == (fault or b'{"ok": true}')
    assert transport.perform(one(Call("GET", f"{server.base}/{path}"))).fault == "encoding"


FAULTS = [
    ("html_400", None, None),
    ("status/404", None, None),
    ("status/409", None, None),
    ("status/422", None, None),
    ("status/304", None, None),
    ("error_inside", None, None),
    ("truncated_json", None, None),
    ("redirect", "redirect", True),
    ("redirect_keeping", "redirect", False),
    ("status/401", "credentials", False),
    ("status/403", "credentials", False),
    ("busy", "rate-limit", False),
    ("status/500", "status", True),
    ("status/502", "status", True),
    ("down", "status", True),
    ("short_body", "truncated", True),
    ("broken_chunk", "truncated", True),
    ("cut_chunk", "truncated", True),
    ("drip_body", "timeout", True),
    ("drip_head", "timeout", True),
    ("late", "timeout", True),
    ("ten_gigabytes", "too-large", True),
    ("endless_head", "not-http", True),
    ("hang_up", "closed", True),
    ("garbage", "not-http", True),
    ("packed", "encoding", True),
    ("surplus", "not-http", True),
    ("surplus_chunk", "not-http", True),
]


@pytest.mark.parametrize(("path", "fault", "in_doubt"), FAULTS)
def test_each_answer_has_its_named_outcome(server: Hostile, transport: Transport, path: str, fault: str | None, in_doubt: bool) -> None:
    before, started = len(server.seen), time.monotonic()

    outcome = transport.perform(one(post(f"{server.base}/{path}?key={SECRET}", timeout=SOON if fault == "timeout" else 5)))

    assert time.monotonic() - started < 1
    assert len(server.seen) == before + 1, "a call is made exactly once"
    if fault is None:
        assert isinstance(outcome, Reply)
        return
    assert isinstance(outcome, Failed)
    assert (outcome.fault, outcome.in_doubt) == (fault, in_doubt)
    assert outcome.reason.startswith(f"POST {server.base}/{path}")
    assert SECRET not in repr(outcome)


@pytest.mark.parametrize("path", ["redirect", "status/500", "hang_up", "late", "short_body"])
def test_a_read_is_never_in_doubt(server: Hostile, transport: Transport, path: str) -> None:
    outcome = transport.perform(one(Call("GET", f"{server.base}/{path}", timeout=SOON)))
    assert isinstance(outcome, Failed)
    assert not outcome.in_doubt


def test_an_earlier_write_leaves_the_conversation_in_doubt(server: Hostile, transport: Transport) -> None:
    read = Call("GET", f"{server.base}/late", timeout=SOON)

    outcome = transport.perform(several(post(f"{server.base}/well"), read))
    refused = transport.perform(several(post(f"{server.base}/status/401", judges=(401,)), read))

    assert isinstance(outcome, Failed) and isinstance(refused, Failed)
    assert (outcome.fault, outcome.in_doubt) == ("timeout", True)
    assert (refused.fault, refused.in_doubt) == ("timeout", False)


def test_nothing_listens(transport: Transport) -> None:
    with refusing() as base:
        outcome = transport.perform(one(post(f"{base}/well")))
    assert outcome == Failed("connect", f"POST {base}/well: Connection refused.")


def test_a_host_of_several_addresses_is_reached_at_the_one_that_answers(
    server: Hostile, transport: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the resolver's answer is made up: at the first address nothing listens."""
    monkeypatch.setattr("tieout.runtime.wire._addresses", lambda host, port: ["127.0.0.2", "127.0.0.1"])
    reply = transport.perform(one(post(server.base.replace("127.0.0.1", "erp.example") + "/well")))
    assert isinstance(reply, Reply)
    assert server.seen[-1].headers["host"].startswith("erp.example:")


def test_no_such_host(transport: Transport) -> None:
    outcome = transport.perform(one(post("http://erp.invalid/orders")))
    assert isinstance(outcome, Failed)
    assert (outcome.fault, outcome.in_doubt) == ("dns", False)


def test_a_handshake_that_never_ends_is_a_connection_never_made(transport: Transport) -> None:
    with silent() as base:
        outcome = transport.perform(one(post(f"{base}/well", timeout=SOON)))
    assert outcome == Failed("connect", f"POST {base}/well: no connection within {SOON} seconds.")


def test_tls_is_verified(tmp_path: Path) -> None:
    """A stranger's certificate, one for another host, a server without TLS; and one that is right."""
    ours, strangers = trustme.CA(), trustme.CA()
    authorities = tmp_path / "ca.pem"
    ours.cert_pem.write_to_path(str(authorities))

    def outcome(issuer: trustme.CA, name: str) -> Reply | Failed:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        issuer.issue_cert(name).configure_cert(context)
        with serving(tls=context) as server, Transport(authorities=authorities) as transport:
            got = transport.perform(one(post(server.base.replace("http:", "https:") + "/well")))
            assert bool(server.seen) is isinstance(got, Reply)
            return got

    assert isinstance(outcome(ours, "127.0.0.1"), Reply)
    for issuer, name, said in ((strangers, "127.0.0.1", "unable to get local issuer"), (ours, "other.example", "IP address mismatch")):
        failed = outcome(issuer, name)
        assert isinstance(failed, Failed)
        assert (failed.fault, failed.in_doubt) == ("tls", False)
        assert said in failed.reason
    with serving() as plain, Transport(authorities=authorities) as transport:
        failed = transport.perform(one(post(plain.base.replace("http:", "https:") + "/well", timeout=SOON)))
        assert isinstance(failed, Failed) and failed.fault == "tls"


@pytest.mark.parametrize(
    ("path", "wait"),
    [("busy", 7.0), ("busy_until", 90.0), ("down", 120.0), ("status/429", None), ("status/500", None)],
)
def test_the_wait_that_the_target_asks_for_is_kept(server: Hostile, transport: Transport, path: str, wait: float | None) -> None:
    outcome = transport.perform(one(post(f"{server.base}/{path}")))
    assert isinstance(outcome, Failed)
    assert outcome.retry_after == wait


def test_an_endless_answer_is_cut_at_the_limit_with_flat_memory(server: Hostile) -> None:
    limit = 1024 * 1024
    with Transport(answer_max=limit) as transport:
        tracemalloc.start()
        outcome = transport.perform(one(post(f"{server.base}/endless", timeout=20)))
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert isinstance(outcome, Failed)
    assert (outcome.fault, outcome.in_doubt) == ("too-large", True)
    assert peak < 4 * limit


def test_a_connection_is_kept_alive_and_given_up_after_a_fault(server: Hostile, transport: Transport) -> None:
    before = server.connections
    assert isinstance(transport.perform(several(*[post(f"{server.base}/well")] * 5)), list)
    assert server.connections == before + 1
    transport.perform(one(post(f"{server.base}/drip_body", timeout=SOON)))
    transport.perform(one(post(f"{server.base}/well")))
    assert server.connections == before + 2


@pytest.mark.parametrize("path", ["surplus", "surplus_chunk", "surplus_204"])
def test_what_follows_an_answer_is_never_taken_for_the_next_one(server: Hostile, transport: Transport, path: str) -> None:
    """Else every command from here on would get the document number of the one before it."""
    before = server.connections
    first, second = transport.perform(one(post(f"{server.base}/{path}"))), transport.perform(one(post(f"{server.base}/well")))
    assert isinstance(first, Failed) or first == Reply(204, {"content-length": "12"}, b"")
    assert isinstance(second, Reply) and second.body == b'{"number": "SO-1"}'
    assert server.connections == before + 2


@pytest.mark.parametrize(("path", "body"), [("chunks", b"{} "), ("status/204", b""), ("status/304", b"")])
def test_every_form_of_answer_keeps_its_connection(server: Hostile, transport: Transport, path: str, body: bytes) -> None:
    before = server.connections
    replies = transport.perform(several(*[post(f"{server.base}/{path}")] * 3, post(f"{server.base}/well")))
    assert isinstance(replies, list)
    assert [reply.body for reply in replies] == [body] * 3 + [b'{"number": "SO-1"}']
    assert server.connections == before + 1


def test_a_connection_that_the_server_gave_up_in_between_is_not_used_again(server: Hostile, transport: Transport) -> None:
    before = server.connections
    assert isinstance(transport.perform(one(post(f"{server.base}/quits"))), Reply)
    assert server.quit.wait(1)
    assert isinstance(transport.perform(one(post(f"{server.base}/well"))), Reply)
    assert server.connections == before + 2


def test_a_server_that_does_not_read_ends_at_the_deadline(transport: Transport) -> None:
    with silent() as base:
        call = Call("POST", base.replace("https:", "http:") + "/well", {}, b"x" * 32_000_000, writes=True, timeout=SOON)
        outcome = transport.perform(one(call))
    assert isinstance(outcome, Failed)
    assert (outcome.fault, outcome.in_doubt) == ("timeout", True)


def test_who_waits_for_a_free_connection_has_sent_nothing(server: Hostile) -> None:
    begun = len(server.seen)
    with Transport(connections_max=1) as transport:
        slow = threading.Thread(target=lambda: transport.perform(one(post(f"{server.base}/late", timeout=2 * SOON))))
        slow.start()
        while len(server.seen) == begun:
            slow.join(0.01)
            assert slow.is_alive(), "it ended without being asked"
        outcome = transport.perform(one(post(f"{server.base}/well", timeout=SOON / 2)))
        slow.join()
    assert isinstance(outcome, Failed)
    assert (outcome.fault, outcome.in_doubt) == ("connect", False)


def test_threads_have_deadlines_of_their_own(server: Hostile, transport: Transport) -> None:
    outcomes: dict[str, object] = {}

    def run(path: str, timeout: float) -> None:
        outcomes[path] = transport.perform(one(post(f"{server.base}/{path}", timeout=timeout)))

    threads = [threading.Thread(target=run, args=each) for each in (("late", SOON), ("well", 5.0), ("drip_body", SOON * 2))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert isinstance(outcomes["well"], Reply)
    assert [outcomes[path].fault for path in ("late", "drip_body")] == ["timeout", "timeout"]


@pytest.mark.parametrize(
    "call",
    [
        Call("POST", "ftp://erp.example/orders"),
        Call("POST", "https:///orders"),
        Call("POST", "/orders"),
        Call("POST", f"https://user:{SECRET}@erp.example/orders"),
        Call("POST", "https://erp.example:99999/orders"),
        Call("POST", "https://erp.example/a b"),
        Call("POST", "https://erp.example/ü"),
        Call("POST", "http://127.0.0.1:9/x", {"X-Key": f"{SECRET}\r\nX-Other: 1"}),
        Call("POST", "http://127.0.0.1:9/x", {"X-Key": f"{SECRET} €"}),
    ],
    ids=lambda call: call.url[:30],
)
def test_what_http_cannot_carry_never_leaves_us(transport: Transport, call: Call, server: Hostile) -> None:
    call = Call(call.method, call.url.replace("http://127.0.0.1:9", server.base), call.headers, b"{}", writes=True)
    before = len(server.seen)

    outcome = transport.perform(one(call))

    assert isinstance(outcome, Failed)
    assert (outcome.fault, outcome.in_doubt) == ("request", False)
    assert SECRET not in repr(outcome)
    assert len(server.seen) == before


PIECES = [
    b"HTTP/1.1 ", b"HTTP/1.0 ", b"200 OK", b"204 No Content", b"100 Continue", b"101 Switching", b"599 x", b"999 y", b"302 Found", b"429 x",
    b"\r\n", b"\r\n\r\n", b"\n", b"Content-Length: 5", b"Content-Length: -1", b"Content-Length: 99999999999999999999999", b": ",
    b"Transfer-Encoding: chunked", b"Transfer-Encoding: gzip", b"5\r\nhello\r\n", b"0\r\n\r\n", b"fffffffff\r\n", b"Retry-After: 1e9",
    b"Location: //\xff", b"Content-Encoding: ", b"hello", b"\x00", b"\xff\xfe",
]  # fmt: skip


@settings(max_examples=150)
@given(st.lists(st.sampled_from(PIECES) | st.binary(max_size=4), max_size=12))
def test_whatever_bytes_come_there_is_an_outcome(server: Hostile, transport: Transport, pieces: list[bytes]) -> None:
    server.state["bytes"] = b"".join(pieces)
    outcome = transport.perform(one(post(f"{server.base}/bytes", timeout=1)))
    assert isinstance(outcome, Reply | Failed)
    if isinstance(outcome, Failed):
        assert outcome.fault in {"closed", "not-http", "truncated", "too-large", "encoding", "status", "redirect", "rate-limit"}
        assert outcome.in_doubt is (outcome.fault != "rate-limit")


def test_how_a_request_is_framed_is_not_the_connectors_business(server: Hostile, transport: Transport) -> None:
    framed = {"Content-Length": "5", "transfer-encoding": "chunked", "Connection": "close"}
    assert isinstance(transport.perform(several(Call("GET", f"{server.base}/well", framed), Call("PUT", f"{server.base}/well", framed))), list)
    got = server.seen[-1]
    assert (got.method, got.headers["content-length"], got.body) == ("PUT", "0", b"")


def test_a_conversation_without_end_is_ended(server: Hostile, transport: Transport, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tieout.runtime.transport.CALLS_MAX", 5)

    def for_ever() -> Generator[Call, Reply, None]:
        while True:
            yield Call("GET", f"{server.base}/well")

    outcome = transport.perform(for_ever())
    assert isinstance(outcome, Failed)
    assert (outcome.fault, outcome.in_doubt) == ("endless", False)


def test_a_fault_closes_the_conversation(server: Hostile, transport: Transport) -> None:
    closed = []

    def conversation() -> Generator[Call, Reply, None]:
        try:
            yield Call("GET", f"{server.base}/status/500")
        finally:
            closed.append(True)

    transport.perform(conversation())
    assert closed == [True]


def test_secrets_are_in_no_repr_and_no_log(server: Hostile, transport: Transport, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    call = Call("POST", f"{server.base}/cookies?api_key={SECRET}", {"Authorization": SECRET}, SECRET.encode(), writes=True)

    reply = transport.perform(one(call))

    assert isinstance(reply, Reply)
    assert SECRET not in repr(call) + str(call) + repr(reply) + str(reply)
    assert SECRET not in caplog.text
