"""`tieout decide`: what a checkpoint holds of people's own decisions waits for others, and is done only when exactly that still stands."""

import json
from pathlib import Path
from typing import Any

import pytest
from test_commands import ERP, Project

SETTINGS = """
[project]
name = "acme"

[systems.shop]
connector = "canonical"
role = "channel"
states = ["OrderPlaced"]

[systems.erp]
connector = "canonical"
role = "erp"
states = ["OrderBooked"]

[policy]
checkpoints = "c.toml"

[people.ann]
roles = ["controller"]
[people.bob]
roles = ["controller"]
[people.cid]
roles = ["controller"]
limit = "100.00 USD"
[people.dan]
roles = ["desk"]
"""
CHECKPOINTS = """
version = "2026-11"
role = "controller"

[[checkpoint]]
act = "write_off"
amount = "> 50.00 USD"
result = "hold"
approvers = 2

[[checkpoint]]
act = "manual_correction"
result = "hold"
"""
SHOP = "shop/order/1001"
BIG, SMALL = f"TBK+ {SHOP}#SKU-2", f"TBK+ {SHOP}#SKU-3"
WRITE_OFF = f"write_off {BIG} 1"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """An order of which the ERP has booked the first line only."""
    (tmp_path / "tieout.toml").write_text(SETTINGS)
    (tmp_path / "c.toml").write_text(CHECKPOINTS)
    made = Project(tmp_path)
    goods = [("1", "SKU-1", 10, 45), ("2", "SKU-2", 1, 120), ("3", "SKU-3", 2, 20)]
    lines = [{"line": n, "subject": SHOP, "item": item, "quantity": many, "value": value} for n, item, many, value in goods]
    placed = {
        "kind": "OrderPlaced", "system": "shop", "type": "order", "number": "1001", "happened": "2026-03-02T09:00:00Z", "currency": "USD",
        "customer": "C1", "lines": lines,
    }  # fmt: skip
    say(made, "shop", placed)
    say(made, "erp", ERP)
    return made


def say(project: Project, system: str, fact: dict[str, Any]) -> None:
    feed = project.folder / f"{system}.jsonl"
    feed.write_text(json.dumps(fact) + "\n")
    project.json("import", str(feed), "--system", system)


def open_cases(project: Project) -> set[str]:
    return {case["case"] for case in project.json("cases")}  # type: ignore[attr-defined]


def refused(project: Project, *arguments: str) -> str:
    done = project.run(*arguments)
    assert done.returncode == 2, done.stdout
    return " ".join(done.stderr.split())


def done(project: Project, *arguments: str) -> str:
    found = project.run(*arguments)
    assert found.returncode == 0, found.stderr
    return " ".join(found.stdout.split())


def facts(project: Project, out: Path) -> str:
    done(project, "export", "facts", "--out", str(out))
    return out.read_text()


def test_a_write_off_over_the_tolerance_takes_two_others_and_a_small_one_none(project: Project, tmp_path: Path) -> None:
    assert done(project, "decide", "write-off", SMALL, "--as", "dan", "--why", "breakage") == f"Wrote off {SMALL}."
    said = done(project, "decide", "write-off", BIG, "--as", "ann", "--why", "customer keeps it")
    assert said.startswith(
        f"Proposed: {WRITE_OFF}. checkpoints 2026-11 row 1 decided because write-off 120.00 USD > 50.00 USD and act is write_off."
    )
    assert "It waits for 2 with the role controller until " in said
    assert open_cases(project) == {BIG}
    assert "waits already" in refused(project, "decide", "write-off", BIG, "--as", "ann", "--why", "again")
    approve = ("decide", "approve", WRITE_OFF, "--as")
    assert "ann proposed it: another person has to approve" in refused(project, *approve, "ann")
    assert "dan has not the role controller" in refused(project, *approve, "dan")
    assert "cid may approve up to 100.00 USD, this is 120.00 USD" in refused(project, *approve, "cid")
    assert "nobody called 'zoe'" in refused(project, *approve, "zoe")
    assert "1 more with the role controller must" in done(project, *approve, "bob")
    assert open_cases(project) == {BIG}
    (tmp_path / "tieout.toml").write_text(SETTINGS.replace('limit = "100.00 USD"', ""))
    assert done(project, *approve, "cid") == f"Approved {WRITE_OFF} by bob, cid."
    assert open_cases(project) == set()
    kept = facts(project, tmp_path / "facts.csv")
    assert "WrittenOff" in kept
    (found,) = project.json("decide", "list")  # type: ignore[misc]
    assert (found["state"], found["consents"], found["proposed_by"]) == ("approved", ["bob", "cid"], "ann")
    assert "is approved" in refused(project, *approve, "bob")


def test_what_is_written_off_must_be_what_still_stands(project: Project) -> None:
    done(project, "decide", "write-off", BIG, "--as", "ann", "--why", "x")
    placed = json.loads((project.folder / "shop.jsonl").read_text())
    placed["lines"][1] |= {"quantity": 2, "value": 240}
    say(project, "shop", {**placed, "revision": "n000000000002"})
    said = refused(project, "decide", "approve", WRITE_OFF, "--as", "bob")
    assert "has changed, review again: 1 EA were to be written off, 2 EA stand open now" in said
    (found,) = project.json("decide", "list", "--state", "changed")  # type: ignore[misc]
    assert found["key"] == WRITE_OFF


def test_a_proposal_is_rejected_by_who_might_approve_it_and_taken_back_by_who_made_it(project: Project) -> None:
    done(project, "decide", "write-off", BIG, "--as", "dan", "--why", "x")
    assert "zoe" in refused(project, "decide", "reject", WRITE_OFF, "--as", "zoe", "--why", "no")
    done(project, "decide", "reject", WRITE_OFF, "--as", "dan", "--why", "my mistake")
    done(project, "decide", "write-off", BIG, "--as", "dan", "--why", "x")
    done(project, "decide", "reject", f"write_off {BIG} 2", "--as", "bob", "--why", "ask the shop")
    assert [one["reason"] for one in project.json("decide", "list")] == ["bob: ask the shop", "dan: my mistake"]  # type: ignore[attr-defined]
    assert BIG in open_cases(project)


def test_a_manual_correction_waits_and_then_is_a_statement_like_any_other(project: Project, tmp_path: Path) -> None:
    file = tmp_path / "booked.json"
    file.write_text(json.dumps({**ERP, "number": "BY-HAND", "links": [], "lines": [
        {"line": "1", "subject": SHOP, "item": "SKU-2", "quantity": 1, "value": 120},
    ]}))  # fmt: skip
    said = done(project, "decide", "correct", str(file), "--as", "dan", "--why", "the feed lost it")
    key = "manual_correction sales_order/BY-HAND 1"
    assert said.startswith(f"Proposed: {key}. checkpoints 2026-11 row 2 decided because act is manual_correction.")
    assert BIG in open_cases(project)
    done(project, "decide", "approve", key, "--as", "ann")
    assert BIG not in open_cases(project)
    explained = json.dumps(project.json("explain", "1001"))
    assert "corrections/sales_order//BY-HAND" in explained


def test_what_is_no_statement_is_refused_with_its_place(project: Project, tmp_path: Path) -> None:
    file = tmp_path / "fix.json"
    for text, says in (
        ("nothing", "is no JSON"),
        ("[1]", "is not one JSON object"),
        ('{"kind": "Guessed", "type": "x", "number": "1", "happened": "2026-03-05T10:00:00Z"}', "There is no fact type 'Guessed'"),
        ('{"kind": "Shipped", "number": "1"}', "missing required field"),
    ):
        file.write_text(text)
        said = refused(project, "decide", "correct", str(file), "--as", "ann", "--why", "x")
        assert says in said
        assert "Traceback" not in said
    assert "cannot be read" in refused(project, "decide", "correct", str(tmp_path / "none.json"), "--as", "ann", "--why", "x")


def test_a_correction_moves_no_clock_and_nobody_waits_for_it(project: Project, tmp_path: Path) -> None:
    file = tmp_path / "shipped.json"
    file.write_text(json.dumps({
        "kind": "Shipped", "type": "shipment", "number": "P1", "happened": "2026-09-01T10:00:00Z", "currency": "USD",
        "lines": [{"line": "1", "subject": SHOP, "item": "SKU-1", "quantity": 1}],
    }))  # fmt: skip
    done(project, "decide", "correct", str(file), "--as", "dan", "--why", "x")
    done(project, "decide", "approve", "manual_correction shipment/P1 1", "--as", "ann")
    assert open_cases(project) == {BIG, SMALL}, "nobody has to explain why the feeds have not said more since March"
