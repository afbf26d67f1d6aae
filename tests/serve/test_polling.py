"""Polling a small ERP over HTTP: nothing is lost between two polls, the cursor and what it stands for are one transaction."""

import json
import re
import sys
from collections.abc import Callable, Generator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from at_work import DEADLINE, Process, Project, Within, shipped, until
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from tieout.connectors import Document, Secrets, System
from tieout.core.command import Call, Failed, Polled, Reply
from tieout.core.values import Role
from tieout.runtime.polling import Health, Polls, health_of
from tieout.runtime.transport import Transport
from tieout.telemetry.traces import Traced

sys.path.insert(0, str(Path(__file__).parents[1] / "systems"))
from small_erp import CLIENT, small_erp
from test_rest_how_to import mapping_text

SETTINGS = """
[project]
name = "polls"
clock = "wall"

[systems.erp]
connector = "rest"
role = "erp"
lines = true
mapping = "erp.toml"
poll_seconds = 1
secrets = { client_secret = "env:ERP_SECRET" }

[systems.erp.options]
base = "BASE"
"""


def order(number: int) -> dict[str, Any]:
    lines = [{"pos": "10", "sku": "BOLT-8", "qty": 100, "unit": "EA", "price": "0.45"}]
    moment = f"2026-03-02T08:{number:02}:00Z"
    return {
        "number": f"O{number:04}", "external_ref": f"r{number}", "customer_po": str(number), "customer": "C-7", "currency": "EUR", "state": "open",
        "created_at": moment, "updated_at": moment, "lines": lines,
    }  # fmt: skip


@pytest.fixture
def erp(project: Project) -> Iterator[Any]:
    with small_erp() as server:
        project.write(SETTINGS.replace("BASE", server.base))
        (project.folder / "erp.toml").write_text(mapping_text())
        project.environment["ERP_SECRET"] = CLIENT[1]
        yield server


@pytest.fixture
def worker(project: Project, erp: Any, within: Callable[..., Within], monkeypatch: pytest.MonkeyPatch) -> Callable[[], Within]:
    monkeypatch.setenv("ERP_SECRET", CLIENT[1])
    return lambda: within("poll")


def booked(project: Project) -> list[str]:
    return [number.split("/")[-2] for (number,) in project.ask("select distinct identity from fact where kind = 'OrderBooked' order by 1")]


def test_news_is_fetched_at_the_interval_and_the_feed_is_complete_to_the_poll(project: Project, erp: Any, worker: Callable[[], Within]) -> None:
    erp.state["orders"] += [order(1), order(2), order(3)]
    served = worker()
    until(lambda: project.ask("select count(*) from fact where kind = 'OrderBooked'") == [(3,)])
    erp.state["orders"].append(order(4))
    until(lambda: project.ask("select count(*) from fact where kind = 'OrderBooked'") == [(4,)])
    assert project.ask("select count(*), count(distinct hash) from message") == [(4, 4)]
    ((declared,),) = project.ask("select declared from feed where system = 'erp'")
    assert (datetime.now(UTC) - declared).total_seconds() < 3600
    health = health_of(served.project.connection, "erp")
    assert (health.last_fault, health.faults) == ("", 0)
    assert health.last_poll is not None
    until(lambda: served.metric('tieout_last_poll_timestamp_seconds{system="erp"}') > 0)
    assert served.get("/healthz").json["roles"]["poll erp"] == "works"


def test_a_target_that_fails_is_asked_again_later_and_its_fault_is_shown(project: Project, erp: Any, worker: Callable[[], Within]) -> None:
    erp.state["orders"].append(order(1))
    project.write(SETTINGS.replace("BASE", "http://127.0.0.1:9"))
    served = worker()
    health = until(lambda: (found := health_of(served.project.connection, "erp")).faults and found)
    assert health.last_fault.startswith("connect: ")
    assert health.again is not None
    assert 3 < (health.again - datetime.now(UTC)).total_seconds() <= 5
    assert served.metric('tieout_poll_faults_total{fault="connect",system="erp"}') == 1
    assert project.ask("select * from meta where key = 'cursor:erp'") == []
    assert served.get("/readyz").json["polls"] == {"erp": {"last_poll": "", "last_fault": "connect"}}
    assert served.get("/healthz").status == 200, "the role works; it is the target that does not"
    (erp_,) = (one for one in json.loads(project.tieout("systems", "--json").stdout) if one["system"] == "erp")
    assert erp_["health"] == "failing"
    assert re.match(r"\d+ polls in a row failed, at last connect: ", erp_["why"])


class Told:
    """A poller that says what the test wants it to say."""

    def __init__(self, *outcomes: tuple[list[bytes], Polled | Failed]) -> None:
        self.outcomes = list(outcomes)
        self.cursors: list[str] = []

    def poll(self, system: System, secrets: Secrets, cursor: str, found: list[Document]) -> Generator[Call, Reply, Polled | Failed]:
        self.cursors.append(cursor)
        raws, outcome = self.outcomes.pop(0)
        found += [Document(raw, "told", contract="rest/order") for raw in raws]
        return outcome
        yield


NOW = datetime(2026, 3, 3, tzinfo=UTC)


@pytest.fixture
def polls_of(served: Within) -> Iterator[Callable[[Told], Polls]]:
    with served.place.working() as (connection, configuration), Transport() as transport:
        system = configuration.systems["wms"]
        assert system.role is Role.WMS
        yield lambda told: Polls(served.place, connection, configuration, transport, told, system, 60.0)


def cursor(project: Project) -> list[tuple[Any, ...]]:
    return project.ask("select value from meta where key = 'cursor:wms'")


def test_the_cursor_is_stored_with_what_was_found(project: Project, polls_of: Callable[[Told], Polls]) -> None:
    told = Told(([shipped(1)], Polled("c1", NOW, more=True)), ([shipped(2)], Polled("c2", NOW)))
    polls = polls_of(told)
    assert polls.step(datetime.now(UTC)) == 0.0
    assert cursor(project) == [("c1",)]
    assert polls.step(datetime.now(UTC)) == 60.0
    assert told.cursors == ["", "c1"]
    assert cursor(project) == [("c2",)]
    assert project.ask("select declared from feed") == [(NOW,)]
    assert 59 < polls.step(datetime.now(UTC)) <= 60
    assert told.cursors == ["", "c1"], "it was not time yet"


def test_a_polled_message_keeps_the_trace_of_its_poll(project: Project, within: Callable[..., Within], monkeypatch: pytest.MonkeyPatch) -> None:
    exporter = InMemorySpanExporter()
    served = within("tick", traces=Traced(exporter))
    with served.place.working() as (connection, configuration), Transport() as transport:
        told = Told(([shipped(1)], Polled("c1", NOW)))
        Polls(served.place, connection, configuration, transport, told, configuration.systems["wms"], 60.0).step(datetime.now(UTC))
    served.place.traces.close()
    (span,) = exporter.get_finished_spans()
    assert span.name == "poll"
    ((meta,),) = project.ask("select meta from message")
    assert meta["traceparent"].split("-")[1] == f"{span.context.trace_id:032x}"


def test_what_was_found_is_not_kept_when_its_cursor_is_not(project: Project, polls_of: Callable[[Told], Polls]) -> None:
    """The database refuses the cursor (no text holds a NUL): then the documents of the same transaction are not there either."""
    told = Told(([shipped(1)], Polled("c\0", NOW)), ([shipped(1)], Polled("c1", NOW)))
    polls = polls_of(told)
    with pytest.raises(psycopg.DataError):
        polls.step(datetime.now(UTC))
    assert project.messages == []
    assert cursor(project) == []
    polls.step(datetime.now(UTC))
    assert len(project.messages) == 1


def test_a_poll_that_fails_keeps_what_it_found_and_leaves_the_cursor(project: Project, polls_of: Callable[[Told], Polls]) -> None:
    told = Told(
        ([shipped(1)], Failed("timeout", "GET http://erp: the answer was not complete.")),
        ([shipped(1), shipped(2)], Polled("c1", None)),
    )
    polls = polls_of(told)
    assert polls.step(datetime.now(UTC)) == 5.0
    assert len(project.messages) == 1
    assert cursor(project) == []
    polls._note(Health())
    polls.step(datetime.now(UTC))
    assert told.cursors == ["", ""]
    assert len(project.messages) == 2
    assert cursor(project) == [("c1",)]


def test_faults_in_a_row_wait_longer_and_longer_up_to_a_bound(polls_of: Callable[[Told], Polls]) -> None:
    polls = polls_of(Told(*[([], Failed("status", "500"))] * 12, ([], Failed("rate-limit", "429", retry_after=3600.0))))
    waits = []
    for _ in range(13):
        waits.append(polls.step(datetime.now(UTC)))
        health = health_of(polls._connection, "wms")
        polls._note(Health(faults=health.faults))
    assert waits == [5, 10, 20, 40, 80, 160, 320, 640, 900, 900, 900, 900, 3600]


def test_many_documents_are_applied_in_batches_and_the_cursor_with_the_last(
    project: Project, polls_of: Callable[[Told], Polls], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tieout.runtime.polling.DOCUMENTS_AT_ONCE", 10)
    polls_of(Told(([shipped(n) for n in range(25)], Polled("c1", NOW)))).step(datetime.now(UTC))
    assert project.ask("select messages from batch order by seq") == [(10,), (10,), (5,)]
    assert cursor(project) == [("c1",)]


def test_two_workers_poll_in_turns_and_a_killed_one_is_replaced(project: Project, erp: Any, start: Callable[..., Process]) -> None:
    workers = [start("worker", "--roles", "poll", "--port", "0") for _ in range(2)]
    erp.state["orders"].append(order(1))
    until(lambda: len(project.messages) == 1, DEADLINE)
    workers[0].end(9)
    erp.state["orders"].append(order(2))
    until(lambda: len(project.messages) == 2, DEADLINE)
    assert workers[1].end() == 0
    assert CLIENT[1] not in "".join(workers[0].lines + workers[1].lines)
