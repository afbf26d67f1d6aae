"""Traces, logs and secrets: what a process tells, and what it never does."""

import json
import logging
import sys
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import psycopg
import pytest
from at_work import Project, Within, shipped, until
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from tieout.errors import SettingsError
from tieout.settings import load, secrets_of
from tieout.telemetry import logs
from tieout.telemetry.traces import Traced, Untraced, traces_of

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def test_a_message_is_one_trace_from_its_sender_to_its_commit(project: Project, within: Callable[..., Within]) -> None:
    exporter = InMemorySpanExporter()
    traces = Traced(exporter)
    served = within(traces=traces)
    served.key = project.key("wms")
    assert served.post("wms", shipped(1), traceparent=PARENT).status == 202
    traces.close()
    spans = {span.name: span for span in exporter.get_finished_spans()}
    assert spans.keys() == {"receive", "translate", "apply"}
    assert {f"{span.context.trace_id:032x}" for span in spans.values()} == {PARENT.split("-")[1]}
    assert f"{spans['receive'].parent.span_id:016x}" == PARENT.split("-")[2]
    assert spans["translate"].parent.span_id == spans["apply"].parent.span_id == spans["receive"].context.span_id
    ((meta,),) = project.ask("select meta from message")
    assert meta["traceparent"] == f"00-{PARENT.split('-')[1]}-{spans['receive'].context.span_id:016x}-01"
    assert all(set(span.attributes or {}) <= {"system", "documents"} for span in spans.values())


def test_what_nobody_foresaw_is_a_problem_too(served: Within, monkeypatch: pytest.MonkeyPatch) -> None:
    """Our own error, provoked by taking the figures away."""
    monkeypatch.setattr(served.metrics, "queue_depth", None)
    answer = served.get("/metrics")
    assert (answer.status, answer.json["rule"]) == (500, "http/fault")
    assert answer.headers["content-type"] == "application/problem+json"


def test_without_the_extra_a_senders_trace_is_handed_on_and_no_other_is_made(project: Project, served: Within) -> None:
    served.post("wms", shipped(1), traceparent=PARENT)
    served.post("wms", shipped(2), traceparent="garbage\u00e9".encode().decode("latin-1"))
    served.post("wms", shipped(3))
    metas = [meta for (meta,) in project.ask("select meta from message order by id")]
    assert [meta.get("traceparent", "") for meta in metas] == [PARENT, "", ""]
    assert isinstance(traces_of({}), Untraced)


def test_traces_that_are_asked_for_without_the_extra_are_a_warning(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    asked = {"OTEL_EXPORTER_OTLP_ENDPOINT": "https://otel.example.com"}
    made = traces_of(asked)
    assert isinstance(made, Traced)
    made.close()
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    assert isinstance(traces_of(asked), Untraced)
    assert "tieout[otel]" in caplog.text


def test_an_error_of_a_library_is_logged_without_its_words(project: Project) -> None:
    stream = StringIO()
    root = logging.getLogger()
    before = root.handlers[:], root.level
    try:
        logs.start("info", stream)
        try:
            project.ask("select 'Jane Doe'::int")
        except psycopg.Error as error:
            logs.LOG.error("failed", extra=logs.fields(system="wms"), exc_info=error)
        try:
            raise ValueError("Jane Doe")
        except ValueError as error:
            logs.LOG.error("failed", exc_info=error)
    finally:
        root.handlers[:], level = before
        root.setLevel(level)
    first, second = map(json.loads, stream.getvalue().splitlines())
    assert (first["error"], first["system"]) == ("The database refused: InvalidTextRepresentation 22P02", "wms")
    assert second["error"] == "This is our fault: ValueError"
    assert second["where"][-1].startswith("test_telling.py:")
    assert "Jane" not in stream.getvalue()


SYSTEM = """
[systems.erp]
connector = "wms_json"
role = "erp"
"""


def settings_of(folder: Path, more: str) -> None:
    (folder / "tieout.toml").write_text(SYSTEM + more)


@pytest.mark.parametrize("value", ["s3cret", "sk_live_51H", "env:", "env:A B", "ENV:X", "file:", "https://x/y"])
def test_a_secret_itself_in_the_settings_is_refused_and_not_shown(tmp_path: Path, value: str) -> None:
    settings_of(tmp_path, f'secrets = {{ token = "{value}" }}\n')
    with pytest.raises(SettingsError) as error:
        load(tmp_path)
    assert "`systems.erp.secrets.token` does not say where the secret lies" in str(error.value)
    assert value.removeprefix("env:").removeprefix("file:") == "" or value not in str(error.value)


def test_secrets_are_fetched_from_where_they_lie(tmp_path: Path) -> None:
    settings_of(tmp_path, 'secrets = { token = "env:ERP_TOKEN", password = "file:secret" }\n')
    settings = load(tmp_path)
    (tmp_path / "secret").write_text("pass word \n")
    assert secrets_of(settings, "erp", tmp_path, {"ERP_TOKEN": "t"}) == {"token": "t", "password": "pass word "}
    assert secrets_of(settings, "a system of no settings", tmp_path, {}) == {}
    with pytest.raises(SettingsError, match="ERP_TOKEN is not set"):
        secrets_of(settings, "erp", tmp_path, {})
    (tmp_path / "secret").write_text("\n")
    with pytest.raises(SettingsError, match="secret is empty"):
        secrets_of(settings, "erp", tmp_path, {"ERP_TOKEN": "t"})
    (tmp_path / "secret").unlink()
    with pytest.raises(SettingsError, match="secret cannot be read"):
        secrets_of(settings, "erp", tmp_path, {"ERP_TOKEN": "t"})


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ('webhook = "standard"', "has no secret to check them with"),
        ('webhook = "github"\nsecrets = { webhook = "env:X" }', "Write one of shopify, standard"),
        ("poll_seconds = 0", "Write a number from 1 to"),
    ],
)
def test_other_settings_that_cannot_be(tmp_path: Path, more: str, said: str) -> None:
    settings_of(tmp_path, more + "\n")
    with pytest.raises(SettingsError, match=said):
        load(tmp_path)


def test_a_system_that_cannot_be_asked_is_not_polled(project: Project) -> None:
    project.write("[project]\n" + SYSTEM + "poll_seconds = 5\n")
    done = project.tieout("worker", "--roles", "poll")
    assert done.returncode == 2
    assert "the connector wms_json cannot be asked for news" in done.stderr


def test_a_log_level_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "tieout.toml").write_text('[project]\nlog_level = "loud"\n')
    with pytest.raises(SettingsError, match="debug, info, warning, error"):
        load(tmp_path)


def test_the_key_of_a_message_is_told_apart_by_its_id_and_compared_as_a_hash(project: Project, served: Within) -> None:
    one, other = project.key("wms").split("_", 2), project.key("wms").split("_", 2)
    until(lambda: served.post("wms", shipped(1), authorization=f"Bearer {'_'.join(one)}").status == 202, seconds=10)
    assert served.post("wms", shipped(1), authorization=f"Bearer tieout_{one[1]}_{other[2]}").status == 401
