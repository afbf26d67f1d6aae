"""The loop closed by one process: an order comes in over HTTP, the ERP is told, and its own statement confirms it."""

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from at_work import Process, Project, Within, until
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from tieout.telemetry.traces import Traced

sys.path.insert(0, str(Path(__file__).parents[1] / "systems"))
from small_erp import CLIENT, small_erp
from test_rest_how_to import mapping_text

SETTINGS = """
[project]
name = "driven"
clock = "wall"

[systems.shop]
connector = "canonical"
role = "channel"
lines = true
states = ["OrderPlaced"]

[systems.erp]
connector = "rest"
role = "erp"
lines = true
mapping = "erp.toml"
poll_seconds = 1
drive = ["book_order"]
sending = { settle_seconds = 1, longest_seconds = 2, concurrency = 1, rate = 1000, burst = 100 }
secrets = { client_secret = "env:ERP_SECRET" }

[systems.erp.options]
base = "BASE"
"""


def order(number: int) -> bytes:
    line = {"line": "1", "subject": f"shop/order/{number}", "item": "BOLT-8", "quantity": 10, "value": 4.5}
    return json.dumps({
        "kind": "OrderPlaced", "system": "shop", "type": "order", "number": str(number), "happened": "2026-03-02T08:00:00Z",
        "currency": "EUR", "customer": "C-7", "lines": [line],
    }).encode()  # fmt: skip


@pytest.fixture
def erp(project: Project) -> Iterator[Any]:
    with small_erp() as server:
        project.write(SETTINGS.replace("BASE", server.base))
        (project.folder / "erp.toml").write_text(mapping_text())
        project.environment["ERP_SECRET"] = CLIENT[1]
        yield server


def test_a_key_memory_that_the_target_cannot_have_is_refused_before_anything_is_sent(project: Project, erp: Any) -> None:
    path = project.folder / "tieout.toml"
    path.write_text(path.read_text().replace("settle_seconds = 1", "settle_seconds = 1, remembers_hours = 24"))
    done = project.tieout("status")
    assert done.returncode != 0
    assert "remembers_hours`: book_order goes to erp without a key that it knows again" in done.stderr


def test_an_order_is_booked_once_and_proven_by_the_target(project: Project, erp: Any, start: Callable[..., Process]) -> None:
    erp.state["faults"] += ["lost answer", None, "lost request"]
    served = start(key=project.key("shop"))
    for number in range(1, 6):
        assert served.post("shop", order(number)).status == 202
    until(lambda: project.ask("select count(*) from command where state = 'confirmed'") == [(5,)])
    assert sorted(one["external_ref"] for one in erp.state["orders"]) == sorted({one["external_ref"] for one in erp.state["orders"]})
    assert len(erp.state["orders"]) == 5
    assert project.ask("select count(*) from command where state not in ('confirmed')") == [(0,)]
    assert served.metric('tieout_circuit_closed{system="erp"}') == 1
    assert served.end() == 0


def test_what_waits_and_why_is_among_the_figures(project: Project, erp: Any, start: Callable[..., Process]) -> None:
    erp.state["secret"] = "another than ours"
    served = start(key=project.key("shop"))
    for number in range(1, 10):
        assert served.post("shop", order(number)).status == 202
    until(lambda: 'tieout_circuit_closed{system="erp"} 0.0' in served.get("/metrics").body.decode())
    assert served.metric('tieout_commands{state="to_send",system="erp"}') == 9
    assert [served.metric(f'tieout_commands{{state="{state}",system="erp"}}') for state in ("held", "in_doubt", "unproven")] == [0, 0, 0]
    assert served.metric('tieout_oldest_command_age_seconds{system="erp"}') > 0
    assert erp.state["orders"] == []


def test_a_trace_leads_from_the_message_to_the_command_it_caused(
    project: Project, erp: Any, within: Callable[..., Within], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ERP_SECRET", CLIENT[1])
    exporter = InMemorySpanExporter()
    traces = Traced(exporter)
    served = within("receive", "apply", "tick", "dispatch", traces=traces)
    served.key = project.key("shop")
    senders = {number: f"00-{number:032x}-b7ad6b7169203331-01" for number in (1, 2)}
    erp.state["faults"] += ["lost answer"]
    for number, parent in senders.items():
        assert served.post("shop", order(number), traceparent=parent).status == 202
    until(lambda: project.ask("select count(*) from command where state = 'accepted'") == [(2,)])
    traces.close()
    spans = exporter.get_finished_spans()
    for number in senders:
        mine = [span for span in spans if span.context.trace_id == number]
        assert {"receive", "translate", "send"} <= {span.name for span in mine}
        (received,) = (span for span in mine if span.name == "receive")
        for span in mine:
            if span.name in ("send", "probe"):
                assert span.parent.span_id == received.context.span_id
                assert span.attributes == {"system": "erp", "act": "book_order", "command": f"TBK+ shop/order/{number} 1"}
    told = {f"00-{span.context.trace_id:032x}-{span.context.span_id:016x}-01" for span in spans if span.name == "send"}
    assert told == set(erp.state["traces"]), "the target is told whose part it is"
    assert [span.name for span in spans].count("probe") >= 1, "a look after a lost answer belongs to the trace too"
