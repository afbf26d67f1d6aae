"""Roles in threads: one that fails is started again and shows it; the groups of a crew end in turn."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import pytest
from at_work import Project, Within, shipped, until

from tieout.errors import OperatorError
from tieout.runtime import roles
from tieout.runtime.roles import Crew, Loop, Step, my_turn
from tieout.serving import roles_of
from tieout.telemetry.metrics import Metrics


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roles, "BACKOFF_FIRST", 0.01)


def test_a_role_that_fails_is_unhealthy_and_comes_back(caplog: pytest.LogCaptureFixture) -> None:
    opened: list[str] = []
    may_work = threading.Event()

    @contextmanager
    def opening(end: threading.Event) -> Iterator[Step]:
        opened.append("open")

        def step(now: datetime) -> float:
            if not may_work.is_set():
                raise OperatorError("The ERP's mapping is wrong.", "Correct it.")
            return 60.0

        try:
            yield step
        finally:
            opened.append("closed")

    metrics = Metrics()
    loop = Loop("poll erp", opening, metrics)
    loop.start()
    until(lambda: opened.count("closed") >= 2 and loop.fault == "The ERP's mapping is wrong. Correct it.")
    may_work.set()
    until(lambda: loop.fault == "")
    loop.end()
    assert loop.join(5)
    assert opened == ["open", "closed"] * (len(opened) // 2)
    assert loop.fault == "It has ended."
    assert metrics.registry.get_sample_value("tieout_role_restarts_total", {"role": "poll erp"}) == len(opened) // 2 - 1
    assert {record.message for record in caplog.records if record.name == "tieout"} == {"role failed, is started again"}


def test_a_role_that_cannot_even_be_opened_is_tried_again() -> None:
    tries: list[int] = []

    @contextmanager
    def opening(end: threading.Event) -> Iterator[Step]:
        tries.append(1)
        if len(tries) < 3:
            raise RuntimeError
        yield lambda now: 60.0

    loop = Loop("x", opening, Metrics())
    loop.start()
    until(lambda: loop.fault == "")
    loop.end()
    assert loop.join(5)
    assert len(tries) == 3


def test_groups_end_one_after_the_other_and_the_late_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roles, "GRACE", 0.2)
    ended: list[str] = []
    release = threading.Event()

    def opening_of(name: str, *, stuck: bool = False):
        @contextmanager
        def opening(end: threading.Event) -> Iterator[Step]:
            yield lambda now: float(release.wait(20)) if stuck else 60.0
            ended.append(name)

        return opening

    crew = Crew(
        [Loop("receive", opening_of("receive"), Metrics()), Loop("poll", opening_of("poll", stuck=True), Metrics())],
        [Loop("apply", opening_of("apply"), Metrics())],
    )
    crew.start()
    until(lambda: crew.faults["apply"] == "" and crew.faults["receive"] == "")
    assert crew.end() == ["poll"]
    assert ended == ["receive", "apply"]
    release.set()
    until(lambda: "poll" in ended)


def test_one_process_at_a_time_has_the_turn(project: Project) -> None:
    with project.database.session() as one, project.database.session() as other:
        with my_turn(one, "tick") as first, my_turn(other, "tick") as second, my_turn(other, "poll/erp") as third:
            assert (first, second, third) == (True, False, True)
        with my_turn(other, "tick") as after:
            assert after


def test_roles_are_named_in_a_list() -> None:
    assert roles_of("receive, tick") == ("receive", "tick", "apply")
    assert roles_of("tick,tick,poll") == ("tick", "poll")
    for wrong in ("", ",", "send", "apply", "receive tick"):
        with pytest.raises(OperatorError):
            roles_of(wrong)


def test_a_closed_period_is_closed_for_a_server_that_runs(project: Project, served: Within) -> None:
    """Closed by another process: what comes late takes the first open date (rule 31)."""
    served.post("wms", shipped(1))
    assert project.tieout("close", "2026-03-31").returncode == 0
    served.post("wms", shipped(2))
    found = dict(project.ask("select root, booked::text from posting order by id"))
    assert found == {"erp/sales_order/1": "2026-03-02", "erp/sales_order/2": "2026-04-01"}


def test_what_is_due_becomes_a_case_without_anybody_asking(served: Within) -> None:
    served.post("wms", b"{}")
    until(lambda: served.metric('tieout_open_cases{class="QUA"}') == 1)
