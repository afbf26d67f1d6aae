"""A process at work takes changed files between two batches, whole or not at all; what it decides bears the new version."""

from collections.abc import Callable
from typing import Any

import pytest
from at_work import Process, Project, until
from test_loop_closed import SETTINGS, erp, order  # noqa: F401  the fixture of a small ERP

TABLE = """
version = "{version}"
team = "finance"
expires_hours = 24

[[checkpoint]]
act = "book_order"
customer = "{held}"
result = "hold"
role = "finance"
"""
WITH_POLICY = SETTINGS + '\n[policy]\ncheckpoints = "checkpoints.toml"\n\n[people.ann]\nroles = ["finance"]\n'


@pytest.fixture
def held(project: Project, erp: Any, start: Callable[..., Process]) -> Process:  # noqa: F811
    """At work with a checkpoint that holds the orders of nobody who orders."""
    project.write(WITH_POLICY.replace("BASE", erp.base))
    (project.folder / "checkpoints.toml").write_text(TABLE.format(version="v1", held="C-99"))
    return start(key=project.key("shop"))


def states(project: Project) -> list[tuple[str, str]]:
    """Of the commands that were not withdrawn, oldest first: one may still be decided by the old version, and is judged anew."""
    return project.ask("select state, rule from command where state <> 'cancelled' order by created, key")


def events(process: Process, event: str) -> list[dict[str, Any]]:
    return [line for line in process.log if line["event"] == event]


def test_a_changed_table_is_taken_while_it_runs_and_stamps_what_it_decides(project: Project, held: Process) -> None:
    assert held.post("shop", order(1)).status == 202
    until(lambda: [state for state, _ in states(project)] == ["confirmed"])
    (project.folder / "checkpoints.toml").write_text(TABLE.format(version="v2", held="C-7"))
    until(lambda: events(held, "changed files are taken"))
    assert events(held, "changed files are taken")[0]["policy"] == ["v2"]
    assert held.post("shop", order(2)).status == 202
    until(lambda: [state for state, _ in states(project)] == ["confirmed", "held"])
    assert "v2 row 1" in states(project)[1][1]
    assert held.metric('tieout_role_restarts_total{role="dispatch"}') == 0
    (project.folder / "checkpoints.toml").write_text(TABLE.format(version="v3", held="C-99"))
    until(lambda: len(states(project)) > 1 and [state for state, _ in states(project)][-1] == "confirmed")
    assert held.end() == 0


def test_a_file_that_does_not_validate_is_a_case_and_the_old_one_works_on(project: Project, held: Process) -> None:
    (project.folder / "checkpoints.toml").write_text(TABLE.format(version="v2", held="C-7").replace("result", "resolt"))
    until(lambda: events(held, "changed files are not taken"))
    assert "checkpoints.toml" in events(held, "changed files are not taken")[0]["fault"]
    until(lambda: project.ask("select code, owed_by, state from case_ where code = 'SET'") == [("SET", "us", "open")])
    until(lambda: project.ask("select title from work where class = 'SET'") == [("Changed settings are not taken",)])
    assert held.post("shop", order(1)).status == 202
    until(lambda: [state for state, _ in states(project)] == ["confirmed"])
    (project.folder / "checkpoints.toml").write_text(TABLE.format(version="v2", held="C-7"))
    until(lambda: project.ask("select state from case_ where code = 'SET'") == [("closed",)])
    assert held.post("shop", order(2)).status == 202
    until(lambda: [state for state, _ in states(project)] == ["confirmed", "held"])
    assert held.end() == 0


def test_what_cannot_change_while_it_runs_is_refused_whole(project: Project, held: Process) -> None:
    path = project.folder / "tieout.toml"
    before = path.read_text()
    (project.folder / "checkpoints.toml").write_text(TABLE.format(version="v2", held="C-7"))
    path.write_text(before.replace("poll_seconds = 1\n", ""))
    until(lambda: events(held, "changed files are not taken"))
    fault = events(held, "changed files are not taken")[-1]["fault"]
    assert "systems.erp.poll_seconds cannot change while this runs. Start it again, or take that change back." in fault
    assert held.post("shop", order(1)).status == 202
    until(lambda: [state for state, _ in states(project)] == ["confirmed"])  # not v2, which came with it
    path.write_text(before)
    until(lambda: events(held, "changed files are taken"))
    assert held.end() == 0


MAPPING = """
[mapping]
system = "book"
role = "erp"
currency = "EUR"
lines = true

[[file]]
match = "*"
format = "csv"
dates = ["%Y-%m-%d"]

[[file.fact]]
kind = "OrderBooked"
type = "sales_order"
number = "{id}"
revision = "arrival"
happened = "at"

[[file.fact.line]]
subject = "{system}/sales_order/{id}"
order_line = "1"
item = "{item}"
quantity = "QUANTITY"
"""


def test_a_changed_mapping_reads_what_comes_next(project: Project, start: Callable[..., Process]) -> None:
    project.write('[project]\nclock = "wall"\n\n[systems.book]\nconnector = "delimited"\nrole = "erp"\nlines = true\nmapping = "book.toml"\n')
    path = project.folder / "book.toml"
    path.write_text(MAPPING.replace("QUANTITY", "ordered"))
    served = start(key=project.key("book"))
    rows = b"id,at,item,ordered,kept\n1,2026-03-02,BOLT,10,7\n"
    assert served.post("book", rows).json["quarantined"] == 0
    path.write_text(MAPPING.replace("QUANTITY", "kept"))
    until(lambda: events(served, "changed files are taken"))
    for number in range(2, 40):
        assert served.post("book", rows.replace(b"\n1,", f"\n{number},".encode())).status == 202
    found = project.ask("select f.body::json->>'number', f.body::json#>>'{lines,0,quantity}' from fact f order by f.id")
    assert (found[0][1], found[-1][1]) == ("10", "7")
    assert project.ask("select count(*) from meta where key like 'mapping:%'") == [(2,)]
    assert served.end() == 0
