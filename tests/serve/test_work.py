"""Processes under load, killed and ended: what was acknowledged is there once, whatever happens to who took it."""

import http.client
import json
import random
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from at_work import Process, Project, Within, shipped, until

CALLERS = 12


def load(port: int, key: str, numbers: list[int], acknowledged: dict[int, int], broken: threading.Event | None = None) -> None:
    """Send messages one after the other until all are, or the server is gone; by number, the message each was acknowledged as."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    for number in numbers:
        try:
            headers = {"authorization": f"Bearer {key}", "idempotency-key": f"k{number}"}
            connection.request("POST", "/v1/messages/wms", shipped(number), headers)
            answer = connection.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException):
            return
        if answer.status in (200, 202):
            acknowledged[number] = json.loads(text)["messages"][0]["message"]


def all_at_once(ports: list[int], key: str, numbers: range) -> tuple[list[threading.Thread], dict[int, int]]:
    acknowledged: dict[int, int] = {}
    threads = [
        threading.Thread(target=load, args=(ports[n % len(ports)], key, list(numbers[n::CALLERS]), acknowledged)) for n in range(CALLERS)
    ]
    for thread in threads:
        thread.start()
    return threads, acknowledged


def test_what_was_acknowledged_before_a_kill_is_there_and_a_repetition_is_a_duplicate(project: Project, start: Callable[..., Process]) -> None:
    key, chance = project.key("wms"), random.Random(5)
    total: dict[int, int] = {}
    for round_ in range(3):
        process = start("serve", "--port", "0", key=key)
        numbers = range(round_ * 1000, round_ * 1000 + 1000)
        threads, acknowledged = all_at_once([process.port], key, numbers)
        enough = chance.randrange(20, 200)
        until(lambda: len(acknowledged) >= enough)  # noqa: B023
        process.end(signal.SIGKILL)
        for thread in threads:
            thread.join()
        assert len(acknowledged) < 1000, "the kill has to come before the end"
        stored = dict(project.ask("select convert_from(key, 'UTF8'), id from message"))
        assert {f"k{n}": id_ for n, id_ in acknowledged.items()}.items() <= stored.items()
        total |= acknowledged
    process = start("serve", "--port", "0", key=key)
    threads, again = all_at_once([process.port], key, range(3000))
    for thread in threads:
        thread.join()
    assert len(again) == 3000
    assert total.items() <= again.items()
    assert project.ask("select count(*), count(distinct key) from message") == [(3000, 3000)]
    assert project.ask("select count(*), count(distinct identity) from fact") == [(3000, 3000)]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_gracefully_under_load(project: Project, start: Callable[..., Process], number: int) -> None:
    key = project.key("wms")
    process = start("serve", "--port", "0", key=key)
    threads, acknowledged = all_at_once([process.port], key, range(100_000))
    until(lambda: len(acknowledged) >= 50)
    assert process.end(number) == 0
    for thread in threads:
        thread.join()
    assert {f"k{n}" for n in acknowledged} <= {name for _, name in project.messages}
    assert process.log[-1]["event"] == "ended"
    assert process.log[-1]["late"] == []


def test_two_processes_on_one_database_keep_each_message_once(project: Project, start: Callable[..., Process]) -> None:
    key = project.key("wms")
    ports = [start("serve", "--port", "0", key=key).port for _ in range(2)]
    answers: list[dict[int, int]] = []
    with ThreadPoolExecutor(4) as pool:
        for port in ports * 2:
            answers.append({})
            pool.submit(load, port, key, list(range(150)), answers[-1])
    assert [len(each) for each in answers] == [150] * 4
    assert answers[0] == answers[1] == answers[2] == answers[3]
    assert project.ask("select count(*) from message") == [(150,)]
    assert project.ask("select sum(posted), sum(facts) from batch") == [(150, 150)]


def test_a_database_that_goes_away_is_come_back_to(project: Project, served: Within) -> None:
    """All connections are cut under a running server: nobody is told a lie, and it works again by itself."""
    assert served.post("wms", shipped(1)).status == 202
    for connection in served.sessions:
        project.ask("select pg_terminate_backend(%s)", connection.info.backend_pid)
    seen = {served.post("wms", shipped(2)).status}
    until(lambda: seen.add(served.post("wms", shipped(2)).status) or seen & {200, 202})
    assert seen <= {200, 202, 503}
    assert len(project.messages) == 2
    until(lambda: served.get("/healthz").status == 200)
    assert served.metric('tieout_role_restarts_total{role="apply"}') >= 1
    assert served.get("/readyz").status == 200


def test_a_delivery_that_breaks_us_fails_alone(project: Project, served: Within) -> None:
    """A trigger makes the database refuse one message as no check of ours does; those that were gathered with it are kept."""
    with served.project.database.owner() as owner:
        owner.execute(f"set search_path to {project.database.schema}")
        owner.execute(
            "create function no() returns trigger language plpgsql as $$ begin if new.key = 'bad' then raise 'no %', new.key; end if; return new; end $$"
        )
        owner.execute("create trigger no before insert on message for each row execute function no()")
    served.post("wms", shipped(98), idempotency_key="before")
    waits = "select 1 from pg_locks where not granted and relation = 'message'::regclass"
    with ThreadPoolExecutor(9) as pool:
        with project.locked():
            first = pool.submit(served.post, "wms", shipped(0))
            until(lambda: project.ask(waits))
            found = [pool.submit(served.post, "wms", shipped(n), idempotency_key="bad" if n == 4 else f"good{n}") for n in range(1, 8)]
            reused = pool.submit(served.post, "wms", shipped(99), idempotency_key="before")
            until(lambda: served.metric("tieout_queue_depth") == 8)
        answers = [first.result(), *(each.result() for each in found)]
    assert [answer.status for answer in answers] == [202, 202, 202, 202, 500, 202, 202, 202]
    assert answers[4].json["rule"] == "http/fault"
    assert reused.result().status == 409
    assert len(project.messages) == 1 + 7


def test_logs_are_json_lines_without_secrets_and_without_what_is_in_messages(project: Project, start: Callable[..., Process]) -> None:
    key = project.key("wms")
    process = start("serve", "--port", "0", key=key)
    process.post("wms", shipped(1, customer="Jane Doe", note="4111 1111 1111 1111"))
    process.post("wms", b'{"event": "Jane Doe"}')
    process.post("wms", shipped(2), authorization=f"Bearer {key}x")
    process.call("POST", "/v1/webhooks/shop", b"Jane Doe", x_shopify_hmac_sha256="AAAA")
    with process.raw() as connection:
        connection.sendall(b"Jane Doe\r\n\r\n")
        connection.recv(1000)
    metrics = process.get("/metrics").body.decode()
    assert process.end() == 0
    assert [{"at", "level", "role", "event"} <= line.keys() for line in process.log]
    written = "".join(process.lines) + metrics
    for secret in ("Jane", "4111", key, key.split("_")[2], "the-shop-secret"):
        assert secret not in written


# Command line ------------------------------------------------------------------------------------------------------------


def test_an_address_others_can_reach_needs_a_key(project: Project, start: Callable[..., Process]) -> None:
    done = project.tieout("serve", "--host", "0.0.0.0", "--port", "0")
    assert done.returncode == 2
    assert "no key says who may send" in done.stderr
    project.key("wms")
    process = start("serve", "--host", "0.0.0.0", "--port", "0")
    assert process.get("/healthz").status == 200


def test_what_cannot_be_started_says_why(project: Project, start: Callable[..., Process]) -> None:
    process = start("serve", "--port", "0")
    for words, said in (
        (("serve", "--port", str(process.port)), "cannot be listened on"),
        (("serve", "--roles", "recieve"), "There is no role recieve"),
        (("worker", "--roles", "apply"), "in the same process"),
        (("worker", "--roles", "receive"), "has to listen somewhere"),
        (("worker", "--roles", "poll"), "No system is to be polled"),
    ):
        done = project.tieout(*words)
        assert done.returncode == 2, words
        assert said in done.stderr
    del project.environment["SHOP_SECRET"]
    done = project.tieout("serve", "--port", "0")
    assert done.returncode == 2
    assert "SHOP_SECRET is not set" in done.stderr


def test_keys_are_shown_once_and_listed_without_their_secret(project: Project) -> None:
    key = project.key("wms", "edi")
    listed = project.tieout("keys", "list", "--json")
    (shown,) = json.loads(listed.stdout)
    assert (shown["id"], shown["systems"], shown["revoked"]) == (key.split("_")[1], ["wms", "edi"], None)
    assert key.split("_", 2)[2] not in listed.stdout
    assert key not in str(project.ask("select * from access_key"))
    assert project.tieout("keys", "revoke", shown["id"]).returncode == 0
    assert project.tieout("keys", "revoke", shown["id"]).returncode == 2
    assert project.tieout("keys", "add", "x", "-s", "nowhere").returncode == 2


def test_a_worker_without_receive_tells_only_how_it_is_doing(start: Callable[..., Process]) -> None:
    process = start("worker", "--roles", "tick", "--port", "0")
    assert process.get("/healthz").json == {"roles": {"watch": "works", "tick": "works"}}
    assert process.post("wms", shipped(1)).status == 404
    assert process.end() == 0
